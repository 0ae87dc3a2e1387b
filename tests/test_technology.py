"""Energies from shipped tables: the figures as they were published, lines between sizes, refusals."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import BadValue, InputError
from costmodel.hardware import technology
from costmodel.hardware.technology import tables

KIB = 1024
# [pJ] of 64 bits read at 2 KiB, 8, 32, 128, 512 KiB, 2 and 8 MiB, as CACTI 7 gives them.
READS = {
    "45 nm": (2.67, 6.05, 17.0, 37.5, 59.9, 104, 194),
    "22 nm": (0.69, 1.73, 4.00, 8.57, 15.5, 29.3, 58.8),
}
ON_CHIP = 32 + 32 * 2 + 4 * (1 + 7 * 2 * 4) + 2 * 4
"""[B] The weights come in; 32 multiply-adds take two bytes each; four outputs of eight inputs are
written, and before that seven times written and read back in the accumulator's 4 B; relu takes and
gives four.
"""
MACHINE = """name: T
source: t
bandwidth: 1 GB/s
on_chip_memory: 32 KiB
dtype: int8
matrix: {int8: 1 TOPS}
host: 1 GOPS
"""
# One product of 8 features by 4, and a relu of the 4: 32 multiply-adds and 4 comparisons.
NETWORK = """name: N
source: t
convention: flops
input: [8]
layers:
  - fc: {kind: linear, features: 4, bias: false}
  - r: {kind: relu}
"""


def written(tmp_path: Path, more: str, machine: str = MACHINE) -> tuple[Path, Path]:
    network, profile = tmp_path / "n.yaml", tmp_path / "m.yaml"
    network.write_text(NETWORK)
    profile.write_text(machine + more)
    return network, profile


@pytest.mark.parametrize("node", READS)
def test_a_byte_of_each_size_that_is_listed(node: str) -> None:
    """64 bits are 8 bytes."""
    for step, energy in enumerate(READS[node]):
        found = technology.sram(node, 2 * KIB * 4**step)
        assert found.read == pytest.approx(energy * 1e-12 / 8, rel=1e-12)
        assert "CACTI 7" in found.source
    # sizes 32 and 128 KiB: their roots are as 1 to 2, and 72 KiB lies half way between
    half = technology.sram(node, 72 * KIB).read
    assert half == pytest.approx((READS[node][2] + READS[node][3]) / 2 * 1e-12 / 8, rel=1e-12)
    sizes = np.geomspace(2 * KIB, 8 * KIB**2, 50)
    many = technology.sram(node, sizes).read
    assert (np.diff(many) > 0).all()
    assert technology.reads(node, sizes).tolist() == many.tolist()
    assert np.isnan(technology.reads(node, [2 * KIB - 1, 8 * KIB**2 + 1])).all()


def test_writes_that_are_listed_and_that_are_not() -> None:
    """At 22 nm those of both ends are; at 45 nm none; at 7 nm both, in pJ a bit."""
    assert technology.sram("22 nm", 2 * KIB).write == pytest.approx(1.02e-12 / 8, rel=1e-12)
    assert technology.sram("22 nm", 8 * KIB**2).write == pytest.approx(53.4e-12 / 8, rel=1e-12)
    assert "2 KiB and 8 MiB alone" in technology.sram("22 nm", 8 * KIB).source
    none = technology.sram("45 nm", 8 * KIB)
    assert none.write == none.read
    assert "a write is taken as a read" in none.source
    small, large = technology.sram("7 nm", 4 * KIB**2), technology.sram("7 nm", 128 * KIB**2)
    assert (small.read, small.write) == pytest.approx((0.249e-12 * 8, 0.293e-12 * 8), rel=1e-12)
    assert (large.read, large.write) == pytest.approx((1.88e-12 * 8, 2.36e-12 * 8), rel=1e-12)


@pytest.mark.parametrize(("kind", "per_bit"), [
    ("LPDDR4", 8), ("LPDDR", 40), ("DDR3", 70), ("HBM2", 6.25), ("HBM3", 4.05), ("HBM TPU v4i", 7.03),
])  # fmt: skip
def test_a_byte_of_an_external_memory(kind: str, per_bit: float) -> None:
    found = technology.dram(kind)
    assert found.read == found.write == pytest.approx(8 * per_bit * 1e-12, rel=1e-12)
    assert found.source


@pytest.mark.parametrize(("node", "dtype", "energy"), [
    # a multiplication, and an addition to a sum of 32 bits
    ("45 nm", "int8", 0.2 + 0.1), ("45 nm", "int32", 3.1 + 0.1), ("45 nm", "fp16", 1.1 + 0.9),
    ("45 nm", "fp32", 3.7 + 0.9), ("40 nm", "int32", 12.68 + 0.21), ("7 nm", "bf16", 0.084),
])  # fmt: skip
def test_a_multiply_add(node: str, dtype: str, energy: float) -> None:
    assert technology.mac(node, dtype).value == pytest.approx(energy * 1e-12, rel=1e-12)
    assert technology.mac(node, dtype).source


@pytest.mark.parametrize(("ask", "told"), [
    (lambda: technology.sram("22nm", 4096), "unknown technology '22nm'; did you mean '22 nm'"),
    (lambda: technology.sram("22 nm", 2047), "2047 B|1.99902 KiB of on-chip memory at 22 nm"),
    (lambda: technology.sram("22 nm", 2**24), "16 MiB of on-chip memory at 22 nm; its table goes from 2 KiB to 8 MiB"),
    (lambda: technology.sram("40 nm", 4096), "no table lists on-chip memories at 40 nm"),
    (lambda: technology.mac("22 nm", "int8"), "no table lists the energy of a multiply-add of int8 at 22 nm"),
    (lambda: technology.mac("45 nm", "int4"), "multiply-add of int4 at 45 nm; state it; listed are int8 at 45 nm"),
    (lambda: technology.add("7 nm", "bf16"), "an addition of bf16 at 7 nm"),
    (lambda: technology.dram("LPDDR5"), "unknown external memory 'LPDDR5'; did you mean 'LPDDR4'?|'LPDDR'"),
])  # fmt: skip
def test_what_no_table_lists_is_refused_by_name(ask: Any, told: str) -> None:
    with pytest.raises(BadValue, match=told):
        ask()


def test_every_number_has_a_source() -> None:
    for name in ("sram.csv", "dram.csv", "operations.csv"):
        with (Path(tables.__file__).parent / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all(row["source"] for row in rows)


def test_a_technology_fills_what_a_profile_does_not_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand: 32 weights over the bus at 64 pJ, ON_CHIP bytes on chip at 17 / 8 pJ.

    32 multiply-adds of 0.3 pJ, and 4 comparisons of what an addition of int8 takes, 0.03 pJ.
    """
    network, profile = written(tmp_path, "technology: {node: 45 nm, dram: LPDDR4}\n")
    run = cm.simulate(network, profile)
    expected = {
        "external memory": 32 * 64e-12,
        "on-chip memory": ON_CHIP * 17e-12 / 8,
        "multiply-adds": 32 * 0.3e-12,
        "operations": 4 * 0.03e-12,
    }
    file = tmp_path / "r.json"
    assert main(["simulate", str(network), "--hw", str(profile), "--json", str(file)]) == 0
    told = capsys.readouterr().out
    made = json.loads(file.read_text())
    assert made["energy_by_part_J"] == pytest.approx(expected, rel=1e-12)
    total = sum(expected.values())
    assert run.energy == made["totals"]["energy_J"] == pytest.approx(total, rel=1e-12)
    assert sum(row["energy_J"] for row in made["layers"]) == pytest.approx(total, rel=1e-12)
    assumed = made["provenance"]["assumed"]
    assert [*assumed] == [
        f"energy.{w}" for w in ("external_byte", "on_chip_byte", "mac", "operation")
    ]
    for source in ("Malladi", "CACTI 7", "Horowitz"):
        assert any(source in reason for reason in assumed.values())
        assert source in told
    standing = made["provenance"]["energy_standing"]
    assert standing["grade"] == "assumed"
    assert standing["left_out"] == {"energy.static": "not stated"}
    # the times rest on no assumption
    assert made["provenance"]["standing"]["grade"] == "datasheet"
    share = f"{100 * expected['external memory'] / total:.1f} %"
    assert f"external memory  {share}" in told
    page = tmp_path / "r.html"
    run.save(page)
    assert "energy assumed" in page.read_text()


def test_what_is_stated_stays(tmp_path: Path) -> None:
    more = "technology: {node: 45 nm, dram: LPDDR4}\nenergy: {external_byte: 1 nJ, mac: 0 J}\n"
    run = cm.simulate(*written(tmp_path, more))
    assert run.energy == pytest.approx(32e-9 + ON_CHIP * 17e-12 / 8 + 4 * 0.03e-12, rel=1e-12)
    assert run.energy_standing is not None
    assert run.energy_standing.reasons == ("energy.on_chip_byte", "energy.operation")


def test_a_multiply_add_has_an_energy_beside_other_operations(tmp_path: Path) -> None:
    """Without one each of its two operations costs what an operation costs."""
    both = cm.simulate(*written(tmp_path, "energy: {mac: 5 pJ, operation: 1 pJ}\n"))
    assert both.energy == pytest.approx(32 * 5e-12 + 4 * 1e-12, rel=1e-12)
    alone = cm.simulate(*written(tmp_path, "energy: {operation: 1 pJ}\n"))
    assert alone.energy == pytest.approx(68e-12, rel=1e-12)
    macs = cm.simulate(*written(tmp_path, "energy: {mac: 5 pJ}\n"))
    assert macs.energy == pytest.approx(160e-12, rel=1e-12)
    assert macs.energy_standing is not None
    assert [*macs.energy_standing.left_out] == [
        "energy.external_byte", "energy.on_chip_byte", "energy.operation", "energy.static",
    ]  # fmt: skip
    table = cm.scan(*written(tmp_path, "energy: {mac: 5 pJ}\n"), axes={"hw.energy.mac": ["1 pJ"]})
    assert table.energy[0] == pytest.approx(32e-12, rel=1e-12)


def test_a_technology_without_a_number_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 22 nm memories are listed, and no operation; and no kind of external memory is named."""
    network, profile = written(tmp_path, "technology: 22 nm\n")
    run = cm.simulate(network, profile)
    assert run.energy == pytest.approx(ON_CHIP * 4e-12 / 8, rel=1e-12)
    assert main(["simulate", str(network), "--hw", str(profile)]) == 0
    told = capsys.readouterr().out
    assert "no table lists the energy of a multiply-add of int8 at 22 nm" in told
    assert "no kind of external memory is named" in told
    more = cm.simulate(*written(tmp_path, "technology: {dram: HBM2}\n"))
    assert more.energy == pytest.approx(32 * 8 * 6.25e-12, rel=1e-12)


@pytest.mark.parametrize(("more", "told"), [
    ("technology: 23 nm", "m.yaml:8:13: 'technology': unknown technology '23 nm'; did you mean '22 nm'"),
    ("technology: {node: 22 nm, dram: HBM4}", "'technology.dram': unknown external memory 'HBM4'; did you mean 'HBM"),
    ("technology: {nod: 22 nm}", "unknown key 'technology.nod' in the profile; did you mean 'node'"),
    ("technology: [22 nm]", "is no technology; write 'technology: 22 nm' or"),
    ("energy: {gated: ones}", "'energy.gated'"),
])  # fmt: skip
def test_mistakes_in_a_technology(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(InputError, match=told.replace("[", r"\[")):
        cm.simulate(*written(tmp_path, more + "\n"))


def test_a_memory_outside_the_table_is_refused(tmp_path: Path) -> None:
    small = MACHINE.replace("32 KiB", "1 KiB")
    with pytest.raises(
        InputError, match="1 KiB of on-chip memory at 22 nm; its table goes from 2 KiB"
    ):
        cm.simulate(*written(tmp_path, "technology: 22 nm\n", small))
    stated = "technology: 22 nm\nenergy: {on_chip_byte: 1 pJ}\n"
    assert cm.simulate(*written(tmp_path, stated, small)).energy == pytest.approx(ON_CHIP * 1e-12)


def test_the_energy_of_a_byte_on_chip_follows_the_memory(tmp_path: Path) -> None:
    """Bytes on chip at the sizes of an axis; none outside the table, and no step to solve for."""
    network, profile = written(tmp_path, "technology: 45 nm\nenergy: {mac: 0 J, operation: 0 J}\n")
    axes = {"hw.on_chip_memory": ["1 KiB", "8 KiB", "32 KiB", "128 KiB"]}
    table = cm.scan(network, profile, axes=axes)
    per_byte = np.array([np.nan, 6.05, 17.0, 37.5]) * 1e-12 / 8
    assert table.energy.tolist() == pytest.approx(
        (ON_CHIP * per_byte).tolist(), rel=1e-12, nan_ok=True
    )
    fixed = cm.scan(network, profile, axes=axes | {"hw.energy.on_chip_byte": ["1 pJ"]})
    assert fixed.energy.tolist() == pytest.approx([ON_CHIP * 1e-12] * 4, rel=1e-12)
    with pytest.raises(InputError, match="follows the memory by the table of 45 nm"):
        cm.solve(network, profile, "on_chip_memory", "energy <= 1 pJ")
    effects = cm.sensitivity(network, profile).set_index("resource").loc["on_chip_memory"]
    # 16 KiB lies 0.414 of the way by the root from 8 KiB to 32, and 64 as far from there to 128
    way = 2**0.5 - 1
    assert effects.halved_J == pytest.approx(ON_CHIP / 8 * (6.05 + way * 10.95) * 1e-12, rel=1e-9)
    assert effects.doubled_J == pytest.approx(ON_CHIP / 8 * (17 + way * 20.5) * 1e-12, rel=1e-9)
    curve = cm.slope(network, profile)
    assert curve.energy is not None
    assert np.isnan(curve.energy[curve.network.memory < 2 * KIB]).all()


def test_the_page_of_energies_shows_every_number() -> None:
    page = (Path(__file__).parents[1] / "docs" / "energy.md").read_text()
    shown = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    for name, words in (
        ("sram.csv", ("technology", "read_pJ", "write_pJ")),
        ("operations.csv", ("technology", "operation", "dtype", "pJ")),
        ("dram.csv", ("kind", "pJ_per_bit")),
    ):
        with (Path(tables.__file__).parent / name).open(newline="") as file:
            for row in csv.DictReader(file):
                cells = [row[word] or "-" for word in words]
                assert any(set(cells) <= set(line) for line in shown), cells


def test_the_page_of_energies_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its profile, and each of its command lines."""
    page = (Path(__file__).parents[1] / "docs" / "energy.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    profile = tmp_path / "m.yaml"
    profile.write_text(example)
    run = cm.simulate("alexnet", profile)
    assert run.energy_standing is not None
    assert run.energy_standing.grade == "assumed"
    lines = [line for line in page.splitlines() if line.startswith("    costmodel ")]
    assert len(lines) == 3
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0
    assert "edp_Js" in capsys.readouterr().out
