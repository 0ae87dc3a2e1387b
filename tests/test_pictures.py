"""Pictures of runs: units, many rows, kinds of files, names that are no names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.report.numbers import si
from costmodel.report.scan_plots import along
from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.running import drive

SMALL = "name: T\nsource: s\ninput: [3, 8, 8]\nlayers:\n  - c: {kind: conv2d, kernel: 3, filters: 8}\n  - r: {kind: relu}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2 s"),
        (0.5, "500 ms"),
        (1.5e-3, "1.5 ms"),
        (3e-5, "30 µs"),
        (2e-9, "2 ns"),
        (0, "0 s"),
        (0.00099996, "1 ms"),
        (-0.25, "-250 ms"),
        (999.4, "999.4 s"),
        (0.012345678, "12.35 ms"),
    ],
)
def test_figures_bear_the_prefix_that_suits_them(value: float, text: str) -> None:
    assert si(value, "s") == text


def test_a_small_network_is_drawn_in_microseconds(tmp_path: Path) -> None:
    """By hand: 288 elements of relu at 1 GFLOPS take 0.288 us; the legend stands beside the bars."""
    (tmp_path / "n.yaml").write_text(SMALL)
    run = cm.simulate(tmp_path / "n.yaml", "accel_1tflops", placement="resident")
    figure = run.plot("time")
    axes: Any
    (axes,) = figure.axes
    assert axes.get_xlabel() == "time per row [µs]"
    widths = [bar.get_width() for bar in axes.patches]
    assert any(width == pytest.approx(0.288e-6) for width in widths)
    figure.draw_without_rendering()
    legend = axes.get_legend()
    assert legend is not None
    assert legend.get_window_extent().x0 >= axes.get_window_extent().x1
    assert run.plot("timeline").axes[0].get_xlabel() == "time [µs]"


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial", "pipelined"])
def test_bars_are_as_long_as_rows_take(timing: str, tmp_path: Path) -> None:
    """Hidden work is not drawn: the bars add up to the total, and so do the figures of the legend."""
    run = cm.simulate("mobilenet_v2", "accel_1tflops", timing=timing)
    axes: Any
    (axes,) = run.plot("time").axes
    assert axes.get_xlabel() == "time per row [ms]"
    drawn = sum(bar.get_width() for bar in axes.patches)
    assert drawn == pytest.approx(run.total_time, rel=1e-9)
    told = [text.get_text().split()[-2:] for text in axes.get_legend().get_texts()]
    times = [float(value) * {"s": 1, "ms": 1e-3, "µs": 1e-6}[unit] for value, unit in told]
    # four digits of each
    assert sum(times) == pytest.approx(run.total_time, rel=2e-3)


@pytest.mark.parametrize("timing", ["serial", "overlap"])
def test_bars_of_many_rows_add_up(timing: str) -> None:
    """514 rows, one bar each, and 6 604, eleven or twelve to a bar: all time is drawn."""
    for n in (24, 314):
        run = cm.simulate("resnet_cifar", "accel_1tflops", settings={"n": n}, timing=timing)
        axes: Any
        (axes,) = run.plot("time").axes
        heights = sum(bar.get_height() for bar in axes.patches)
        assert heights == pytest.approx(run.total_time, rel=1e-9)


def test_a_crowded_timeline_shows_how_busy_lanes_are() -> None:
    """Each lane's area over the whole time is the share that its label states."""
    run = cm.simulate("resnet_cifar", "accel_1tflops", settings={"n": 314})
    axes: Any
    (axes,) = run.plot("timeline").axes
    area = sum(-bar.get_height() * bar.get_width() for bar in axes.patches) / 0.76
    busy = sum(run.lane_times.values())
    assert area == pytest.approx(busy, rel=1e-6)


def test_small_maps_fill_the_memory_map(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL)
    run = cm.simulate(tmp_path / "n.yaml", "accel_1tflops", placement="resident")
    axes: Any
    (axes,) = run.plot("memory").axes
    # 3 x 8 x 8 and 8 x 6 x 6 elements of 4 B are alive at once
    assert axes.get_ylim()[1] == pytest.approx(1.25 * 4 * (192 + 288))
    (legend,) = [
        text.get_text() for text in axes.get_legend().get_texts() if "memory" in text.get_text()
    ]
    assert legend == "on-chip memory, 1 MB: far above"


def test_what_was_drawn_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = ["simulate", "hairnet", "--hw", "accel_1tflops", "--plot"]
    assert main([*job, str(tmp_path)]) == 0
    last = capsys.readouterr().out.splitlines()[-4:]
    assert (
        last[0] == "no memory.png: the placement gives no addresses ('--placement resident' does)"
    )
    assert last[1:] == [f"wrote {tmp_path / name}.png" for name in ("roofline", "time", "timeline")]
    for suffix, magic in ((".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")):
        file = tmp_path / f"roofline{suffix}"
        assert main([*job, str(file)]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"wrote {file}"
        assert file.read_bytes().startswith(magic)
    assert main([*job, str(tmp_path / "roof.svg")]) == 2
    assert "unknown picture 'roof'" in capsys.readouterr().err


def test_a_comparison_draws_intervals() -> None:
    """A calibrated machine has whiskers of its interval, a datasheet none."""
    from costmodel.report.compare import time_chart
    from costmodel.report.painter import figure
    from costmodel.studies.comparison import Pair

    known = cm.simulate("resnet_cifar", "rtx3090_measured", batch=2)
    other = cm.simulate("resnet_cifar", "accel_1tflops")
    low, high = known.interval or (0.0, 0.0)
    entries = [Pair("a", known), Pair("b", other)]
    chart = time_chart(entries)
    # two samples a run
    assert chart["low"] == [pytest.approx(low / 2), None]
    assert chart["high"] == [pytest.approx(high / 2), None]
    axes: Any
    (axes,) = figure(chart).axes
    (whisker,) = [lines.get_segments() for lines in axes.collections]
    assert whisker[0][:, 0] == pytest.approx([low / 2, high / 2])


def test_hostile_names_in_pictures(tmp_path: Path) -> None:
    """Formulas, scripts and escape sequences in names are drawn as letters."""
    name = "$x_{<script>alert(1)</script>\\e[31m\\u202e"
    (tmp_path / "n.yaml").write_text(SMALL.replace("name: T", f'name: "{name}"'))
    run = cm.simulate(tmp_path / "n.yaml", "accel_1tflops", placement="resident")
    from costmodel.report import plots

    for word in ("time", "roofline", "timeline", "memory"):
        (line,) = plots.write(tmp_path / f"{word}.svg", run)
        assert line.startswith("wrote ")
        text = (tmp_path / f"{word}.svg").read_text()
        assert "<script" not in text
        assert not re.search("[\x1b\u202e]", text)
        assert plots.write(tmp_path / f"{word}.png", run)


@pytest.mark.parametrize("timing", ["serial", "overlap"])
def test_a_scan_stacks_what_adds_up(timing: str) -> None:
    """Areas reach the total where nothing overlaps; else lanes stand beside it as lines."""
    axes = {"hw.bandwidth": "log(1 GB/s, 9 GB/s, 5)"}
    request = ScanRequest(["hairnet"], ["accel_1tflops"], axes, choices={"timing": timing})
    outcome = drive.drive(planned(request), None)
    chart = along(outcome, outcome.plan.space.axes[0])
    run = cm.simulate("hairnet", "accel_1tflops", timing=timing)
    totals = [
        float(run.on(run.machine.replace(bandwidth=float(x))).total_time)
        for x in np.geomspace(1e9, 9e9, 5)
    ]
    if timing == "serial":
        drawn = np.sum([layer[2] for layer in chart["areas"]["layers"]], axis=0)
    else:
        assert "areas" not in chart
        (drawn,) = [line["points"][:, 1] for line in chart["lines"] if line["name"] == "total"]
    assert drawn == pytest.approx(totals, rel=1e-9)
