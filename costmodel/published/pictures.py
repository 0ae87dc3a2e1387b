"""The pictures on each paper's page, each with its data as CSV beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from costmodel import arch, shipped
from costmodel.hardware import load_profile
from costmodel.published import accuracy, model, supplement
from costmodel.report import compare, files, plots
from costmodel.report.records import block_records
from costmodel.run import Run, run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MACHINE = "accel_1tflops"


def hairnet(folder: Path) -> None:
    """The Appendix's run: layers.csv, roofline.png, time.png."""
    done = model.run("hairnet", MACHINE)
    files.run_csv(folder / "layers.csv", done, "layer")
    plots.write(folder, done)


def mobilenet(folder: Path) -> None:
    """Published accuracy against modelled time, CIFAR-10 and CIFAR-100."""
    for dataset in ("cifar10", "cifar100"):
        _accuracy(folder, dataset, "Enhanced Hybrid MobileNet")


def multiception(folder: Path) -> None:
    """Published accuracy against modelled time, the paper's four data sets."""
    for dataset in ("cifar10", "cifar100", "stl10", "imagenet32x32"):
        _accuracy(folder, dataset, "Multiception")


def _accuracy(folder: Path, dataset: str, paper: str) -> None:
    path = shipped.find(MACHINE, "hwprofiles")
    profile = load_profile(path)
    entries = [
        compare.Entry(m.label, run(arch.load(shipped.find(m.arch, "archs"), m.settings), profile,
                                   uniform=True), m.accuracy)
        for m in accuracy.trained(dataset) if paper in m.source
    ]  # fmt: skip
    rows = [entry.record for entry in entries]
    files.write_csv(folder / f"accuracy_{dataset}.csv", rows, compare.COLUMNS)
    plots.save(compare.accuracy_figure(entries, dataset), folder / f"accuracy_{dataset}.png")


def blocks(folder: Path) -> None:
    """Where to cut each network in two: time before and bytes across, per block."""
    for title, name, settings, _, _ in supplement.TABLES:
        done = model.run(name, MACHINE, "flops", **settings)
        records = block_records(done)
        stem = "cuts_" + title.rsplit(" ", 1)[1].lower().replace("-", "")
        files.write_csv(folder / f"{stem}.csv", records, list(records[0]))
        plots.save(cuts(done), folder / f"{stem}.png")


def cuts(done: Run) -> Figure:
    """Bytes that cross the cut behind each block (bars) and the time before it (line)."""
    records = block_records(done)
    figure = plots.new_figure(8.5, 3.6)
    axes = figure.add_subplot()
    place = np.arange(len(records))
    axes.bar(
        place, [r["cut_bytes"] / 1e6 for r in records], color=plots.COLOURS["transfer"], width=0.6
    )
    axes.set_xticks(place, [f"after\n{r['block']}" for r in records], fontsize=8)
    axes.set(ylabel="maps across the cut [MB]", title=plots.title(done, "Cut in two"))
    axes.yaxis.label.set_color(plots.COLOURS["transfer"])
    time = axes.twinx()
    time.plot(
        place, [1e3 * r["time_before_s"] for r in records], "o-", color=plots.COLOURS["matrix"]
    )
    time.set_ylabel("time before the cut [ms]", color=plots.COLOURS["matrix"])
    time.set_ylim(bottom=0)
    return figure


PAPERS: dict[str, Callable[[Path], None]] = {
    "hairnet": hairnet, "mobilenet": mobilenet, "multiception": multiception, "supplement": blocks,
}  # fmt: skip
