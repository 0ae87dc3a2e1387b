"""A package of somebody else's, installed beside this one: one model of each family, used everywhere."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

OTHER = Path(__file__).parent / "other_package"
NET = """
name: N
source: hand arithmetic
input: [8]
layers:
  - d: {kind: linear, features: 4, bias: false}
  - s: {kind: square}
"""
MACHINE = """
name: M
source: hand arithmetic
bandwidth: 1 kB/s
on_chip_memory: 1 B
matrix: 1 kFLOPS
host: 1 kFLOPS
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as an installer leaves it: its files, and its entry points under dist-info."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "other_models").symlink_to(OTHER / "other_models")
    project = tomllib.loads((OTHER / "pyproject.toml").read_text())["project"]
    info = folder / "other_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-models\nVersion: 1.0\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{word} = {value}" for word, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (folder / "n.yaml").write_text(NET)
    (folder / "m.yaml").write_text(MACHINE)
    (folder / "w.widths").write_text("8 16 4")
    (folder / "config.json").write_text('{"model_type": "pocket", "width": 8, "words": 10}')
    return folder


def run(place: Path, *words: str) -> str:
    """What a command prints there."""
    found = subprocess.run(
        [sys.executable, "-m", "costmodel", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_list_shows_them(place: Path) -> None:
    shown = run(place, "list")
    for word in (
        "square",
        "adds_too",
        "all_internal",
        "fetched_twice",
        "twice",
        "drop_dropout",
        "txt",
        "total",
    ):
        assert f"  {word} " in shown
    assert "  leaflet " in shown


def test_simulate_uses_them(place: Path) -> None:
    """The dense layer: 32 multiply-adds, 96 operations; 128 B of weights at 1 kB/s; all of it twice.

    With every map on chip the total is 2 (0.128 + 0.096) s; squares cost nothing in this convention.
    """
    shown = run(place, "simulate", "n.yaml", "--hw", "m.yaml", "--convention", "adds_too", "--placement",
                "all_internal", "--timing", "twice", "--pass", "drop_dropout", "--save", "o.txt", "--csv", "o.csv", "--plot", "p")  # fmt: skip
    assert "convention adds_too, placement all_internal, traffic once, timing twice" in shown
    # 128 B of weights fetched twice
    again = run(
        place,
        "simulate",
        "n.yaml",
        "--hw",
        "m.yaml",
        "--placement",
        "all_internal",
        "--traffic",
        "fetched_twice",
    )
    assert "0.000256 MB over the bus" in again
    # 64 operations at a quarter of 1 kFLOPS
    (place / "e.yaml").write_text(MACHINE + "engine: {model: one_by_one, lanes: 4}\n")
    shaped = run(place, "simulate", "n.yaml", "--hw", "e.yaml", "--convention", "macs")
    assert "one of 4: 25.0 % of its peak" in shaped
    assert "Total 0.448 s" in shown
    assert "renamed" in (place / "o.csv").read_text()
    assert (place / "o.txt").read_text().startswith("Run(N on M: 0.448 s")
    assert (place / "p" / "total.png").exists()
    # a front end of its own: 8 * 16 + 16 + 16 * 4 + 4 parameters
    assert "212 params" in run(place, "simulate", "w.widths", "--hw", "m.yaml")


def test_compare_scan_validate_and_reproduce_use_them(place: Path) -> None:
    assert "0.448" in run(place, "compare", "n.yaml", "w.widths", "--hw", "m.yaml", "--convention",
                          "adds_too", "--placement", "all_internal", "--timing", "twice")  # fmt: skip
    shown = run(place, "scan", "n.yaml", "--hw", "m.yaml", "--axis", "timing=[serial, twice]",
                "--axis", "hw.bandwidth=[1 kB/s, 2 kB/s]", "--placement", "all_internal")  # fmt: skip
    assert "4 points" in shown
    assert "twice" in shown
    assert "2 of 2 layers" in run(place, "validate", "n.yaml")
    assert "leaflet_claim" in run(place, "reproduce", "leaflet", "--out", "r")
    assert (place / "r" / "leaflet" / "leaflet_claim.csv").exists()
    # their presence is no failure of ours: everything together still reproduces
    assert "leaflet_claim" in run(place, "reproduce", "--quiet", "--out", "all")


def test_calibrate_uses_them(place: Path) -> None:
    """Six networks timed by the model itself under the foreign timing; its choice is kept."""
    rows = ["network,batch,dtype,seconds,family"]
    for batch in (1, 2, 4, 8, 16, 32):
        found = run(place, "simulate", "n.yaml", "--hw", "m.yaml", "--timing", "twice", "--batch",
                    str(batch), "--save", "t.txt")  # fmt: skip
        seconds = found.split("Total ")[1].split(" s")[0]
        rows += [
            f"n.yaml,{batch},fp32,{seconds},f",
            f"w.widths,{batch},fp32,{float(seconds) * 3},g",
        ]
    (place / "t.csv").write_text("\n".join(rows) + "\n")
    run(place, "calibrate", "t.csv", "--hw", "m.yaml", "--timing", "twice", "--out", "fitted.yaml")
    assert "timing: twice" in (place / "fitted.yaml").read_text()


def test_a_look_ahead_timing_is_refused_by_calibrate_whatever_its_name(place: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "costmodel", "calibrate", "t.csv", "--hw", "m.yaml", "--timing",
         "pipelined", "--out", "no.yaml"],
        cwd=place, env={**os.environ, "PYTHONPATH": str(place)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 2
    assert "what a row takes depends on the rows around it" in found.stderr


def test_every_study_knows_its_figure(place: Path) -> None:
    """128 B of weights and 16 B over the bus at 1 kB/s: maps fit 1 B nowhere, so 32 + 16 + 16 + 16 B besides.

    All 208 B are checked at 416 B/s: half a second more in each study, on its own axis, and solved for.
    """
    (place / "c.yaml").write_text(MACHINE + "checker: 416 B/s\n")
    plain = total_of(run(place, "simulate", "n.yaml", "--hw", "m.yaml"))
    shown = run(place, "simulate", "n.yaml", "--hw", "c.yaml", "--html", "c.html")
    assert total_of(shown) == pytest.approx(plain + 0.5, rel=1e-6)
    assert "416 B/s checked" in shown
    assert '"figure":"checker"' in (place / "c.html").read_text()
    assert f"{plain + 0.5:.3f}"[:5] in run(place, "compare", "n.yaml", "--hw", "c.yaml", "m.yaml")
    axes = ("--axis", "hw.checker=[208 B/s, 416 B/s]")
    run(place, "scan", "n.yaml", "--hw", "m.yaml", *axes, "--out", "s", "--timing", "overlap")
    run(place, "scan", "n.yaml", "--hw", "m.yaml", *axes, "--out", "t", "--engine", "dask")
    for folder, added in (("s", None), ("t", 1.0)):
        with (place / folder / "best.csv").open() as stream:
            totals = [float(row["total_time_s"]) for row in csv.DictReader(stream)]
        assert totals[1] > totals[0]
        if added:
            assert totals == pytest.approx([plain + 0.5, plain + 1.0], rel=1e-9)
    limit = f"total_time <= {plain + 0.25:.9f} s"
    answer = run(place, "solve", "n.yaml", "--hw", "c.yaml", "--for", "checker", "--target", limit)
    assert answer.startswith("checker 832 B/s")
    assert "checker" in run(place, "sensitivity", "n.yaml", "--hw", "c.yaml")


def total_of(shown: str) -> float:
    """The total that a report prints [s]."""
    return float(shown.split("Total ")[1].split(" s")[0])


def test_a_family_of_configs(place: Path) -> None:
    """Tied words, Q, K, V and out, gate, up and down of 8 x 8 each, and three norms of 8."""
    shown = run(place, "simulate", "config.json", "--hw", "m.yaml")
    assert f" {10 * 8 + 7 * 8 * 8 + 3 * 8} params" in shown
