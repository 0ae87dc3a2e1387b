"""Generation in pictures: throughput against latency over the batch, and memory over the length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from costmodel.language.units import show
from costmodel.report import files, plots
from costmodel.studies.generate import Generation
from costmodel.studies.labels import unique

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCHES = tuple(2**n for n in range(10))
"""Sequences at once, of the trade-off's points."""
MARKS = "osD^v"
LENGTHS = 33
"""Points along the memory picture."""
GB = 1e9
"""[B]"""
At = Callable[[str, int], Generation]
"""A generation on a machine with so many sequences at once."""


def trade_off(machines: Sequence[str], at: At) -> list[dict[str, float | str]]:
    """For each machine and batch that fits: time per token [s] and tokens per second [1/s]."""
    found: list[dict[str, float | str]] = []
    owners: list[str] = []
    for machine in machines:
        for batch in BATCHES:
            one = at(machine, batch)
            if not one.memory.fits or one.step is None:
                break
            owners.append(machine)
            found.append(
                {
                    "machine": one.prefill.profile.name,
                    "batch": batch,
                    "tpot_s": one.step,
                    "tokens_per_s": batch / one.step,
                    "ttft_s": one.ttft,
                }
            )
    # two files may call their machines alike
    labels = unique([(str(row["machine"]), file) for row, file in zip(found, owners, strict=True)])
    return [{**row, "machine": label} for row, label in zip(found, labels, strict=True)]


def trade_figure(rows: Sequence[dict[str, float | str]], title: str) -> Figure:
    """Tokens per second of all sequences over the time that each waits for a token."""
    figure = plots.new_figure(9, 5.2)
    axes = figure.add_subplot()
    names = list(dict.fromkeys(str(row["machine"]) for row in rows))
    for number, name in enumerate(names):
        mine = [row for row in rows if row["machine"] == name]
        waits = np.array([float(row["tpot_s"]) for row in mine]) * 1e3
        rates = np.array([float(row["tokens_per_s"]) for row in mine])
        axes.plot(waits, rates, marker=MARKS[number % len(MARKS)], ms=5, label=plots.named(name))
        for at in {0, len(mine) - 1}:
            axes.annotate(
                f"batch {mine[at]['batch']}",
                (waits[at], rates[at]),
                xytext=(7, -11),
                textcoords="offset points",
                fontsize=8,
            )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time per token [ms], once the prompt is read",
        ylabel="tokens per second, all sequences",
        title=title,
    )
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="x", which="both", labelsize=8)
    axes.grid(alpha=0.25, which="both")
    axes.legend(fontsize=9, loc="lower right")
    return figure


def memory_rows(found: Generation) -> list[dict[str, float]]:
    """What one device holds [B] over the length of each sequence."""
    memory, request = found.memory, found.request
    length = request.prompt + request.generate
    most = max(2 * length, 2 * (found.largest_context or length))
    return [
        {
            "tokens": tokens,
            "weights_bytes": memory.weights,
            "activation_bytes": memory.activation / request.prompt * tokens,
            "state_bytes": memory.state / length * tokens,
        }
        for tokens in np.linspace(1, most, LENGTHS).round().tolist()
    ]


def memory_figure(found: Generation) -> Figure:
    """Weights, maps, and keys and values of one device over the length of each sequence."""
    memory, request, rows = found.memory, found.request, memory_rows(found)
    length = request.prompt + request.generate
    lengths, *layers = (np.array([row[word] for row in rows]) for word in rows[0])
    figure = plots.new_figure(11, 5.2)
    axes = figure.add_subplot()
    words = ("weights", "maps while a prompt is read", "keys and values")
    colours = ("#4477aa", "#ccbb44", "#ee6677")
    stacked = [layer / GB for layer in layers]
    axes.stackplot(lengths, *stacked, labels=words, colors=colours, alpha=0.85)
    if memory.capacity is not None:
        text = f"capacity, {show(memory.capacity, 'memory')}"
        axes.axhline(memory.capacity / GB, color="black", lw=1.2, ls="--", label=text)
    axes.axvline(length, color="#444444", lw=1, ls=":", label=f"asked for, {length} tokens")
    run = found.prefill
    sequences = "sequence" if request.sequences == 1 else "sequences"
    axes.set(
        xlim=(0, lengths[-1]),
        xlabel="tokens of each sequence, prompt and answer",
        ylabel="memory of one device [GB]",
        title=f"{plots.named(run.network.name)} on {plots.named(run.profile.name)}\n"
        f"{request.sequences} {sequences}, {run.policies.dtype}",
    )
    axes.grid(alpha=0.25)
    axes.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return figure


def write(directory: str | Path, first: Generation, machines: Sequence[str], at: At) -> list[Path]:
    """Write both pictures and the trade-off as CSV; their paths. Raises InputError."""
    folder = Path(directory)
    rows = trade_off(machines, at)
    request = first.request
    title = (
        f"{plots.named(first.prefill.network.name)}: {request.prompt} tokens in, "
        f"{request.generate} out" + (f", {request.devices} devices" if request.devices > 1 else "")
    )
    files.write_csv(folder / "trade.csv", rows, list(rows[0]) if rows else ["machine"])
    plots.save(trade_figure(rows, title), folder / "trade.png")
    held = memory_rows(first)
    files.write_csv(folder / "memory.csv", held, list(held[0]))
    plots.save(memory_figure(first), folder / "memory.png")
    return [folder / name for name in ("trade.csv", "trade.png", "memory.csv", "memory.png")]
