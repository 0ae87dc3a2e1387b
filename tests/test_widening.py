"""An engine without a rate for a type computes in the next wider one, and every door says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML

import costmodel as cm
from costmodel.cli import main
from costmodel.language import dtypes, shipped

MACHINE = """
name: M
source: s
bandwidth: 1 GB/s
on_chip_memory: 1 B
matrix: {fp32: 1 TFLOPS, fp16: 4 TFLOPS, int8: 8 TOPS}
host: {fp32: 1 GFLOPS, fp16: 2 GFLOPS}
"""
NETWORK = """
name: N
source: s
input: [1000]
layers:
  - dense: {kind: linear, features: 1000, bias: false}
  - relu: {kind: relu}
"""
BFLOAT = "matrix computes bf16 in fp32: the profile states no bf16 rate"
MAPPED = "{weights: int4, maps: bf16, state: bf16}"
# 1000 x 1000 multiply-adds are 2e6 operations of the matrix engine, ReLU is 1000 of the host. The
# dense row moves 1000 in, 1000 out and 1e6 weights, ReLU 1000 in and 1000 out. By type: the rates
# [op/s] in which both engines compute, the bits of a map's element and of a weight's, and the words.
BY_HAND = {
    "fp32": (1e12, 1e9, 32, 32, []),
    "fp16": (4e12, 2e9, 16, 16, []),
    "bf16": (1e12, 1e9, 16, 16, ["matrix computes bf16 in fp32", "host computes bf16 in fp32"]),
    "int8": (8e12, 2e9, 8, 8, ["host computes int8 in fp16"]),
    "uint8": (8e12, 2e9, 8, 8, ["matrix computes uint8 in int8", "host computes uint8 in fp16"]),
    "int4": (8e12, 2e9, 4, 4, ["matrix computes int4 in int8", "host computes int4 in fp16"]),
    "fp8": (4e12, 2e9, 8, 8, ["matrix computes fp8 in fp16", "host computes fp8 in fp16"]),
    "int16": (1e12, 1e9, 16, 16, ["matrix computes int16 in fp32", "host computes int16 in fp32"]),
    "tf32": (1e12, 1e9, 32, 32, ["matrix computes tf32 in fp32", "host computes tf32 in fp32"]),
    MAPPED: (1e12, 1e9, 16, 4, ["matrix computes bf16 in fp32", "host computes bf16 in fp32"]),
}
# Bits of the significand with the leading one, least and greatest exponent of normal numbers.
FLOATS = {
    "fp64": (53, -1022, 1023),
    "fp32": (24, -126, 127),
    # NVIDIA, A100 whitepaper: the exponent of fp32, the significand of fp16
    "tf32": (11, -126, 127),
    "fp16": (11, -14, 15),
    "bf16": (8, -126, 127),
}
EIGHTS = ((4, -6, 8), (3, -14, 15))
"""Of fp8 both formats: E4M3 and E5M2 (Micikevicius et al. 2022, Table 1)."""
WHOLE = {"int4": 3, "int8": 7, "int16": 15, "int32": 31, "int64": 63}
"""Bits of magnitude."""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "m.yaml").write_text(MACHINE)
    (tmp_path / "n.yaml").write_text(NETWORK)
    return str(tmp_path / "n.yaml"), str(tmp_path / "m.yaml")


@pytest.mark.parametrize("dtype", BY_HAND)
def test_times_and_bytes_by_hand(files: tuple[str, str], dtype: str) -> None:
    """The rate is that of the wider type, the bytes are those of the type that was asked for."""
    matrix, host, maps, weights, words = BY_HAND[dtype]
    run = cm.simulate(*files, dtype=dtype)
    assert run.totals["compute_time_s"] == pytest.approx(2e6 / matrix + 1000 / host, rel=1e-12)
    assert run.totals["external_bytes"] == 4 * 1000 * maps // 8 + 10**6 * weights // 8
    own = dtype if dtype in dtypes.BITS else "bf16"
    told = [f"{word}: the profile states no {own} rate" for word in words]
    assert list(run.provenance["widened"].values()) == told
    assert [one for one in run.provenance["standing"]["reasons"] if " computes " in one] == told


def test_what_is_wider_than_all_is_refused_with_the_types_that_are_there(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", files[0], "--hw", files[1], "--dtype", "fp64"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2].partition(": use")[0] for line in told] == [
        "the profile has no 'matrix' rate for fp64 or a wider type; it has fp32, fp16, int8",
        "the profile has no 'host' rate for fp64 or a wider type; it has fp32, fp16",
    ]


def test_engines_that_rest_are_not_spoken_of(files: tuple[str, str], tmp_path: Path) -> None:
    """A network of ReLU alone asks the matrix engine for nothing, in whatever type."""
    (tmp_path / "r.yaml").write_text(
        "name: R\nsource: s\ninput: [8]\nlayers:\n  - r: {kind: relu}\n"
    )
    assert list(cm.simulate(tmp_path / "r.yaml", files[1], dtype="bf16").widened) == ["host"]


def test_a_guess_of_a_wider_type_is_still_a_guess(files: tuple[str, str], tmp_path: Path) -> None:
    """What stands in for bf16 is the assumed rate of fp32: both are told."""
    guess = "assumed: {host: {value: {fp32: 1 GFLOPS}, reason: nobody published it}}\n"
    text = MACHINE.replace("host: {fp32: 1 GFLOPS, fp16: 2 GFLOPS}\n", guess)
    (tmp_path / "g.yaml").write_text(text)
    run = cm.simulate(files[0], tmp_path / "g.yaml", dtype="bf16")
    assert run.standing.grade == "assumed"
    assert run.provenance["assumed"] == {"host": "nobody published it"}
    assert "host" in run.widened


def test_one_rate_for_every_type_is_nobodys_substitute() -> None:
    """The paper's accelerator states a rate without a type."""
    assert cm.simulate("hairnet", "accel_1tflops", dtype="bf16").widened == {}


@pytest.mark.parametrize("own", dtypes.WIDER)
def test_wider_types_hold_every_value(own: str) -> None:
    """By the bits of significand and exponent; nothing that holds all is left out."""
    wider = set(dtypes.WIDER[own])
    if own in WHOLE or own == "uint8":
        # after its zero point is moved by 128, uint8 is int8
        bits = WHOLE.get(own, 7)
        # the magnitude 2 ** bits is a power of two
        holding = {n for n, (digits, _, top) in FLOATS.items() if digits >= bits and top >= bits}
        holding |= {n for n, more in WHOLE.items() if more > bits or (own == "uint8" and more == 7)}
        holding |= {"fp8"} if all(f[0] >= bits and f[2] >= bits for f in EIGHTS) else set()
    else:
        formats = EIGHTS if own == "fp8" else (FLOATS[own],)
        holding = {
            name
            for name, (digits, low, top) in FLOATS.items()
            if name != own
            and all(digits >= d and low <= least and top >= most for d, least, most in formats)
        }
    assert wider == holding
    assert [dtypes.BITS[one] for one in dtypes.WIDER[own]] == sorted(
        dtypes.BITS[one] for one in dtypes.WIDER[own]
    )


@pytest.mark.parametrize("name", ["fp64", "fp32", "fp16", "bf16"])
def test_the_formats_are_those_of_torch(name: str) -> None:
    word = {"fp64": "float64", "fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}[name]
    known, (digits, low, top) = torch.finfo(getattr(torch, word)), FLOATS[name]
    assert known.eps == 2.0 ** (1 - digits)
    assert known.smallest_normal == 2.0**low
    assert 2.0**top <= known.max < 2.0 ** (top + 1) if top < 1023 else known.max > 2.0**1023


def test_the_documented_table() -> None:
    """What has no row has nothing wider."""
    page = (Path(__file__).parent.parent / "docs" / "machines.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (`.+) \|$", page, re.MULTILINE)
    told = {own: tuple(re.findall(r"`(\w+)`", wider)) for own, wider in rows}
    assert told == {own: wider for own, wider in dtypes.WIDER.items() if wider}


def rates(name: str, engine: str) -> set[str] | None:
    """The types that a shipped profile's text gives an engine; None where one rate is for all."""
    text: dict[str, Any] = YAML(typ="safe").load(shipped.find(name, "hwprofiles"))
    given = [text.get(engine), text.get("assumed", {}).get(engine, {}).get("value")]
    if any(isinstance(one, str) for one in given):
        return None
    return {kind for one in given if one for kind in one}


@pytest.mark.parametrize("name", shipped.names("hwprofiles"))
def test_every_machine_at_every_type(name: str) -> None:
    """Refused for want of a type and nothing else; what is widened is told, and nothing more."""
    profile = cm.load_profile(name)
    for dtype in [*dtypes.BITS, MAPPED]:
        refused, told = expected(name, dtypes.types(dtype).maps)
        assert list(profile.widened(dtype).values()) == told
        if not refused:
            machine = profile.machine(dtype)
            assert 0 < machine.matrix < 1e17
            assert 0 < machine.host < 1e17
            continue
        with pytest.raises(cm.CostModelError) as error:
            profile.machine(dtype)
        lines = str(error.value).splitlines()
        assert len(lines) == len(refused)
        assert all(what in line for what, line in zip(refused, lines, strict=True))


def expected(name: str, own: str) -> tuple[list[str], list[str]]:
    """What of a machine is refused, and what is told, by the text of its profile."""
    refused, told = [], []
    for engine in ("matrix", "host"):
        has = rates(name, engine)
        if has is None or own in has:
            continue
        wide = [one for one in dtypes.WIDER[own] if one in has]
        if wide:
            told.append(f"{engine} computes {own} in {wide[0]}: the profile states no {own} rate")
        else:
            refused.append(f"no '{engine}' rate for {own} or a wider type")
    return refused, told


@pytest.mark.parametrize("name", shipped.names("hwprofiles"))
def test_no_machine_refuses_what_it_is_made_for(name: str) -> None:
    """A convolutional network and a decoder in its own type, and int8 where its products have it."""
    own, has = cm.load_profile(name).dtype or "fp32", rates(name, "matrix")
    for dtype in {own, *({"int8"} if has and "int8" in has else ())}:
        assert cm.simulate("mobilenet_v2", name, dtype=dtype).total_time > 0
        decoder = {"tokens": 8, "context": 0}
        assert cm.simulate("gpt2", name, settings=decoder, dtype=dtype).total_time > 0


FLOATING = [
    name
    for name in shipped.names("hwprofiles")
    if all(
        (has := rates(name, engine)) is None or {"bf16", "fp32"} & has
        for engine in ("matrix", "host")
    )
]


def test_bf16_runs_on_everything_with_floats_of_its_range() -> None:
    """Nearly every config.json is in it."""
    named = {
        "rtx4090",
        "rtx3090",
        "t4",
        "mi300x",
        "jetson_orin",
        "raspberry_pi_5",
        "v100",
        "tpu_v4",
    }
    assert named < set(FLOATING)
    decoder = {"tokens": 1, "context": 16}
    for name in FLOATING:
        run = cm.simulate("qwen3-0.6b", name, settings=decoder, dtype="bf16")
        lacking = [e for e in ("matrix", "host") if (has := rates(name, e)) and "bf16" not in has]
        assert list(run.widened) == lacking


DOORS = {
    "simulate": ["simulate", "NET", "--hw", "HW", "--dtype", "bf16", "--json", "OUT.json", "--html", "OUT.html"],
    "compare": ["compare", "NET", "--hw", "HW", "a100", "--dtype", "bf16", "--html", "OUT.html"],
    "scan": ["scan", "NET", "--hw", "HW", "--dtype", "bf16", "--axis", "hw.bandwidth=[1 GB/s, 2 GB/s]", "--html", "OUT.html"],
    "solve": ["solve", "NET", "--hw", "HW", "--dtype", "bf16", "--for", "bandwidth", "--target", "total_time <= 1 s", "--json", "OUT.json"],
    "solve batch": ["solve", "NET", "--hw", "HW", "--dtype", "bf16", "--for", "batch", "--target", "total_time <= 1 s", "--json", "OUT.json"],
    "two rates": ["solve", "NET", "--hw", "HW", "--dtype", "bf16", "--for", "bandwidth", "--for", "host", "--target", "total_time <= 1 s", "--json", "OUT.json"],
    "sensitivity": ["sensitivity", "NET", "--hw", "HW", "--dtype", "bf16", "--json", "OUT.json"],
    "generate": ["generate", "gpt2", "--hw", "HW", "--prompt", "8", "--generate", "2", "--dtype", "bf16", "--json", "OUT.json", "--html", "OUT.html"],
    "context": ["solve", "gpt2", "--hw", "HW", "--dtype", "bf16", "--for", "context", "--target", "total_time <= 10 s", "--json", "OUT.json"],
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_every_door_says_it(
    door: str, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    named = {"NET": files[0], "HW": files[1], "OUT.json": out + ".json", "OUT.html": out + ".html"}
    assert main([named.get(word, word) for word in DOORS[door]]) == 0
    assert BFLOAT in " ".join(capsys.readouterr().out.split())
    for file in tmp_path.glob("out.*"):
        assert BFLOAT in file.read_text()


def test_scans_say_it_of_rates_that_no_axis_has(files: tuple[str, str], tmp_path: Path) -> None:
    """A rate that is scanned is the axis's own: no type stands in for another."""
    axis = ["--axis", "hw.matrix=[1 TFLOPS, 2 TFLOPS]", "--out", str(tmp_path / "r")]
    assert main(["scan", files[0], "--hw", files[1], "--dtype", "bf16", *axis]) == 0
    told = json.loads((tmp_path / "r" / "summary.json").read_text())["marks"]
    assert told == ["M: host computes bf16 in fp32: the profile states no bf16 rate"]


def test_a_rate_that_is_asked_for_is_not_told(files: tuple[str, str]) -> None:
    """Solved for, the rate of the host is the answer's, not the profile's."""
    answer = cm.solve(*files, "host", "total_time <= 1 s", dtype="bf16")
    assert answer.marks == (BFLOAT,)


def test_measurements_say_it(files: tuple[str, str], tmp_path: Path, capsys: Any) -> None:
    """Errors of predictions, where the machine has no rate for the type that was measured."""
    table = tmp_path / "t.csv"
    table.write_text(f"network,batch,dtype,seconds\n{files[0]},1,bf16,0.002\n")
    assert main(["evaluate", str(table), "--hw", files[1]]) == 0
    assert BFLOAT in capsys.readouterr().out
