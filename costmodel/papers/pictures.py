"""Pictures that several papers' pages show, each with its data as CSV beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from costmodel.core.loading import load_network
from costmodel.hardware.read import load_profile
from costmodel.papers.paper import Trained
from costmodel.report import compare, files, plots
from costmodel.studies.comparison import COLUMNS, Pair
from costmodel.studies.records import block_records
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MACHINE = "accel_1tflops"


def of_run(folder: Path, done: Run) -> None:
    """The run's rows, and its pictures: layers.csv, roofline.png, time.png."""
    done.save(folder / "layers.csv")
    for name in ("roofline", "time"):
        plots.save(done.plot(name), folder / f"{name}.png")


def accuracies(folder: Path, models: list[Trained]) -> None:
    """A picture of published accuracy against modelled time for each data set."""
    for dataset in dict.fromkeys(model.dataset for model in models):
        accuracy(folder, dataset, [model for model in models if model.dataset == dataset])


def accuracy(folder: Path, dataset: str, models: list[Trained]) -> None:
    """Published accuracy against modelled time of the `models` of a paper on one data set."""
    profile = load_profile(MACHINE)
    entries = []
    for model in models:
        run = simulated(load_network(model.arch, model.settings), profile, uniform=True)
        entries.append(Pair(model.label, run, model.accuracy))
    rows = [entry.record for entry in entries]
    files.write_csv(folder / f"accuracy_{dataset}.csv", rows, COLUMNS)
    charts = compare.accuracy_charts(entries, dataset)
    plots.write_charts(folder, {f"accuracy_{dataset}.png": charts})


def cut_in_two(folder: Path, stem: str, done: Run) -> None:
    """Where to cut a network in two: time before and bytes across, per block."""
    records = block_records(done)
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
