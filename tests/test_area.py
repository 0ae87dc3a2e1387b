"""The area of a chip, in tables and bounds, from what a profile states of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError

MACHINE = """name: Chip
source: t
bandwidth: 1 GB/s
on_chip_memory: 64 KiB
matrix: 200 GOPS
host: 1 GFLOPS
"""
ENGINE = "engine: {model: systolic, rows: 10, columns: 10}\n"
AREA = 'area: {per_kib: 0.01 mm2, per_pe: 2000 um2, fixed: 1 mm2, source: "a guess"}\n'


def profile(folder: Path, *lines: str) -> str:
    file = folder / f"m{len(list(folder.iterdir()))}.yaml"
    file.write_text(MACHINE + "".join(lines))
    return str(file)


def test_memories_multipliers_and_the_rest_add_up(tmp_path: Path) -> None:
    """64 KiB at 0.01 mm2, 100 elements at 0.002 mm2, 1 mm2: 1.84 mm2; twice either: + 0.64, + 0.2."""
    axes = {"hw.engine.rows": [10, 20], "hw.on_chip_memory": ["64 KiB", "128 KiB"]}
    points = cm.scan("hairnet", profile(tmp_path, ENGINE, AREA), axes=axes)
    assert points.area.tolist() == pytest.approx([1.84, 2.48, 2.04, 2.68])
    kept = cm.scan("hairnet", profile(tmp_path, ENGINE, AREA), axes=axes, where="area <= 2.1 mm2")
    assert kept.area.tolist() == pytest.approx([1.84, 2.04])
    unit: dict[str, Any] = {"hw.area.per_kib": ["0.01 mm2", "0.02 mm2"], "hw.area.fixed": ["0 mm2"]}
    of_area = cm.scan("hairnet", profile(tmp_path, ENGINE, AREA), axes=unit)
    assert of_area.area.tolist() == pytest.approx([0.84, 1.48])


def test_what_is_built_counts_not_what_a_network_gets(tmp_path: Path) -> None:
    """16 of 64 KiB are usable; 0.64 mm2 of memory are there all the same. Alone it is what it is."""
    usable = "usable: {value: 16 KiB, reason: r}\n"
    machine = profile(tmp_path, ENGINE, AREA, usable)
    assert cm.scan("hairnet", machine, axes={"batch": [1]}).area.tolist() == pytest.approx([1.84])
    both = cm.scan("hairnet", machine, axes={"hw.usable": ["2 KiB", "64 KiB"]})
    assert both.area.tolist() == pytest.approx([1.84, 1.84])
    assert both.external_bytes[0] > both.external_bytes[1]


def test_every_level_counts_and_each_element_s_own_memory(tmp_path: Path) -> None:
    """32 KiB, and 100 elements of 512 B each, 50 KiB: 82 KiB for 0.82 mm2, beside 1.2 mm2."""
    levels = (
        "levels:\n- {name: dram, bandwidth: 1 GB/s}\n"
        "- {name: gb, size: 32 KiB, bandwidth: 8 GB/s}\n"
        "- {name: rf, size: 512 B, bandwidth: 80 GB/s, per: pe}\n"
    )
    file = tmp_path / "levels.yaml"
    short = MACHINE.replace("bandwidth: 1 GB/s\non_chip_memory: 64 KiB\n", "")
    file.write_text(short + ENGINE + AREA + levels)
    axes: dict[str, Any] = {"hw.levels.gb.size": ["32 KiB", "64 KiB"]}
    points = cm.scan("hairnet", str(file), axes=axes, placement="all_external", traffic="tiled")
    assert points.area.tolist() == pytest.approx([2.02, 2.34])


def test_kernels_of_a_library_are_no_elements(tmp_path: Path) -> None:
    tiles = "engine: {model: tiles, filters: 16, channels: 4}\n"
    for engine in (tiles, ""):
        machine = profile(tmp_path, engine, AREA)
        with pytest.raises(InputError, match="'Chip' states an area per PE, and no engine"):
            cm.scan("hairnet", machine, axes={"batch": [1]}, where="area <= 3 mm2")
        assert cm.scan("hairnet", machine, axes={"batch": [1, 2]}).total_time.gt(0).all()


@pytest.mark.parametrize("option", [
    ("--by", "area"), ("--pareto", "area,total_time"), ("--where", "area <= 3 mm2"),
    ("--derive", "dear=area * 2"),
])  # fmt: skip
def test_a_profile_without_areas_is_named(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [profile(tmp_path, ENGINE, AREA), "tpu_v1"]
    assert main(["scan", "hairnet", "--hw", *both, *option]) == 2
    assert "'Google TPU v1' states no area" in capsys.readouterr().err


def test_the_front_and_its_source_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = profile(tmp_path, ENGINE, AREA)
    out = tmp_path / "out"
    words = ["scan", "--over", "hairnet=1", "--over", "alexnet=2", "--hw", machine, "--axis",
             "hw.engine.columns=[5, 10]", "--pareto", "total_time,area", "--by", "area"]  # fmt: skip
    page = tmp_path / "page.html"
    assert main([*words, "--points", "--out", str(out), "--plot", "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert "Chip: the area rests on: a guess" in told
    assert "area_mm2" in (out / "best.csv").read_text().splitlines()[0]
    assert "a guess" in page.read_text()


def test_a_word_that_nobody_states_may_be_derived() -> None:
    points = cm.scan("hairnet", "tpu_v1", axes={"batch": [1, 2]}, derive={"area": "3 * batch"})
    assert points.area.tolist() == [3, 6]


def test_a_wrong_area_is_refused_at_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = profile(tmp_path, "area: {per_kib: 0.01, per_pee: 1 mm2}\n")
    assert main(["scan", "hairnet", "--hw", machine, "--axis", "batch=[1]"]) == 2
    told = capsys.readouterr().err
    assert "0.01 has no unit; write an area like '10 mm2'" in told
    assert "did you mean 'per_pe'?" in told
