"""Tiled traffic: networks on machines whose memory holds tiles, not maps."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.models.traffic.tiled import Tiled
from costmodel.studies.simulation import simulate
from costmodel.studies.traffic_by_memory import row_steps

PRODUCT = """
name: Product
source: hand arithmetic
input: [3, 4]
layers:
  - fc: {kind: linear, features: 3, bias: false}
  - act: {kind: relu}
"""
MACHINE = """
name: M
source: hand arithmetic
bandwidth: 1 B/s
on_chip_memory: {memory} B
matrix: 1 FLOPS
host: 1 FLOPS
dtype: int8
placement: all_external
traffic: tiled
accumulator: int8
{more}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "n.yaml").write_text(PRODUCT)
    return tmp_path


def machine(folder: Path, memory: int, more: str = "") -> str:
    (folder / "m.yaml").write_text(MACHINE.format(memory=memory, more=more))
    return str(folder / "m.yaml")


# ../docs/tiling.md: k = 3, c = 4, p = 3, all elements one byte. By hand at 5 bytes: one word of each
# operand beside 3 sums, so the 12 inputs pass once, the 12 weights for each of 3 positions, 9 out.
STEPS = [(3, 81), (4, 69), (5, 57), (8, 57), (9, 45), (13, 33), (99, 33)]


@pytest.mark.parametrize(("memory", "moved"), STEPS)
def test_a_product(files: Path, memory: int, moved: int) -> None:
    run = simulate(str(files / "n.yaml"), machine(files, memory))
    # the activation streams 9 bytes in and 9 out
    assert run.result.external_bytes.tolist() == [moved, 18]
    assert run.result.refetched.tolist() == [moved - 33, 0]
    assert float(run.result.transfer.sum()) == moved + 18


def test_double_buffers_need_more_room(files: Path) -> None:
    """3 sums that stay, and two words of each operand: 7 bytes where 5 are enough without."""
    for memory, moved in ((6, 69), (7, 57)):
        run = simulate(str(files / "n.yaml"), machine(files, memory, "buffering: double"))
        assert run.result.external_bytes[0] == moved


def test_wide_sums_need_more_room(files: Path) -> None:
    """One word of each operand and a sum of 4 bytes; the default for whole numbers is int32."""
    at_least = machine(files, 6)
    Path(at_least).write_text(Path(at_least).read_text().replace("accumulator: int8", ""))
    run = simulate(str(files / "n.yaml"), at_least)
    assert run.result.external_bytes[0] == 81


def test_a_row_may_hold_several_contractions(files: Path) -> None:
    """Two products of the same maps, one after the other: at 5 bytes each fetches 24 bytes again."""
    run = simulate(str(files / "n.yaml"), machine(files, 5))
    twice = replace(run.workload, nests=run.workload.nests * 2)
    tiled, placement = Tiled(), run.policies.placement_model
    placed = tiled.place(twice, placement, np.array([5.0]), first=False)
    assert placed.moved.total.tolist() == [[33 + 2 * 24, 18]]
    text = run.schedules[0]
    assert tiled.schedules(twice, placed) == [f"{text}; {text}", ""]
    steps = row_steps(twice)[0]
    assert dict(zip(steps.memory.tolist(), steps.external.tolist(), strict=True)) == {
        memory: 33 + 2 * (moved - 33) for memory, moved in STEPS if memory not in (8, 99)
    }


def test_too_little_memory_names_the_row(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(files / "n.yaml"), "--hw", machine(files, 2)]) == 2
    assert "row 'fc' cannot be tiled in 2 bytes on chip" in capsys.readouterr().err


def test_a_memory_that_is_over_committed_is_refused(files: Path) -> None:
    """`per_tensor` keeps 12 bytes of input and 9 of output in 12: 9 too many, and 1 for a weight."""
    with pytest.raises(InputError, match="need 10 bytes more"):
        simulate(str(files / "n.yaml"), machine(files, 12), placement="per_tensor")


def test_the_csv_says_how(files: Path) -> None:
    table = files / "t.csv"
    main(["simulate", str(files / "n.yaml"), "--hw", machine(files, 5), "--csv", str(table)])
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-2:] == ["again_MB", "schedule"]
    assert float(rows[0]["again_MB"]) == pytest.approx(24e-6)
    # 3 sums stay, of one position and all filters or of three positions and one filter
    assert rows[0]["schedule"] in ("output stays, k3 p1", "output stays, k1 p3")
    assert rows[1]["schedule"] == ""


@settings(max_examples=10, deadline=None)
@given(memory=st.integers(20_000, 3_000_000), arch=st.sampled_from(["mobilenet_v2", "alexnet"]))
def test_tiled_placements_are_in_order(memory: int, arch: str) -> None:
    """With residents never more than without, nor than residents once where that fits."""
    moved = {}
    for placement in ("all_external", "resident", "resident+weights"):
        for traffic in ("tiled", "once"):
            run = simulate(arch, _accelerator(memory), placement=placement, traffic=traffic)
            moved[placement, traffic] = int(run.result.external_bytes.sum())
    assert moved["resident", "tiled"] <= moved["all_external", "tiled"]
    assert moved["resident+weights", "tiled"] <= moved["all_external", "tiled"]
    assert moved["all_external", "tiled"] >= moved["all_external", "once"]
    assert moved["resident", "tiled"] >= moved["resident", "once"]


def _accelerator(memory: int):  # type: ignore[no-untyped-def]
    from costmodel.hardware.read import load_profile

    profile = load_profile("accel_1tflops")
    return profile.model_copy(update={"on_chip_memory": float(memory)})


def test_more_memory_never_moves_more() -> None:
    work = simulate("mobilenet_v2", "accel_1tflops", placement="all_external", traffic="tiled")
    memories = np.geomspace(5e3, 5e6, 200)
    result = work.on(work.machine.replace(memory=memories))
    moved = result.external_bytes.sum(axis=-1)
    assert (np.diff(moved) <= 0).all()
    assert (
        moved[-1]
        == simulate(
            "mobilenet_v2", "accel_1tflops", placement="all_external"
        ).result.external_bytes.sum()
    )
