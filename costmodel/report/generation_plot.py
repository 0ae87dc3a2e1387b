"""Generation in pictures: throughput against latency over the batch, and memory over the length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.language.units import show
from costmodel.report import files, plots
from costmodel.report.chart import Chart, axis, line, named, series
from costmodel.studies.generate import Generation
from costmodel.studies.labels import unique

BATCHES = tuple(2**n for n in range(10))
"""Sequences at once, of the trade-off's points."""
LENGTHS = 33
"""Points along the memory picture."""
At = Callable[[str, int], Generation]
"""A generation on a machine with so many sequences at once."""


def trade_off(machines: Sequence[str], at: At) -> list[dict[str, Any]]:
    """For each machine and batch that fits: time per token [s] and tokens per second [1/s]."""
    served = [
        (machine, batch, generation)
        for machine in machines
        for batch, generation in takewhile(
            lambda pair: pair[1].memory.fits and pair[1].step,
            ((batch, at(machine, batch)) for batch in BATCHES),
        )
    ]
    # two files may call their machines alike
    labels = unique([(each.prefill.profile.name, machine) for machine, _, each in served])
    return [
        {
            "machine": label,
            "batch": batch,
            "tpot_s": each.step,
            "tokens_per_s": batch / (each.step or 1.0),
            "ttft_s": each.ttft,
        }
        for label, (_, batch, each) in zip(labels, served, strict=True)
    ]


def trade_chart(rows: Sequence[dict[str, Any]]) -> Chart:
    """Tokens per second of all sequences over the time that each waits for a token."""
    names = dict.fromkeys(str(row["machine"]) for row in rows)
    machines = {name: [row for row in rows if row["machine"] == name] for name in names}
    lines = [
        line(
            [[row["tpot_s"], row["tokens_per_s"]] for row in mine],
            series(n),
            named(name),
            marked=True,
        )
        for n, (name, mine) in enumerate(machines.items())
    ]
    ends = [mine[end] for mine in machines.values() for end in sorted({0, len(mine) - 1})]
    return {
        "kind": "marks",
        "title": "Throughput against latency",
        "x": axis("time per token, once the prompt is read", "s", log=True),
        "y": axis("tokens per second, all sequences", log=True),
        "lines": lines,
        "labels": [[row["tpot_s"], row["tokens_per_s"], f"batch {row['batch']}"] for row in ends],
    }


def memory_rows(generation: Generation) -> list[dict[str, float]]:
    """What one device holds [B] over the length of each sequence."""
    memory, request = generation.memory, generation.request
    length = request.prompt + request.generate
    most = max(2 * length, 2 * (generation.largest_context or length))
    return [
        {
            "tokens": tokens,
            "weights_bytes": memory.weights,
            "activation_bytes": memory.activation / request.prompt * tokens,
            "state_bytes": memory.state / length * tokens,
        }
        for tokens in np.linspace(1, most, LENGTHS).round().tolist()
    ]


def memory_chart(generation: Generation) -> Chart:
    """Weights, maps, and keys and values of one device over the length of each sequence."""
    memory, request, rows = generation.memory, generation.request, memory_rows(generation)
    length = request.prompt + request.generate
    words = {
        "weights_bytes": "weights",
        "activation_bytes": "maps while a prompt is read",
        "state_bytes": "keys and values",
    }
    layers = [
        [series(n), name, [row[word] for row in rows]]
        for n, (word, name) in enumerate(words.items())
    ]
    lines: list[Chart] = [
        {"x": length, "hue": "faint", "name": f"asked for, {length} tokens", "dashes": True}
    ]
    if memory.capacity is not None:
        name = f"capacity, {show(memory.capacity, 'memory')}"
        lines.append({"y": memory.capacity, "hue": "ink", "name": name, "dashes": True})
    run = generation.prefill
    sequences = "sequence" if request.sequences == 1 else "sequences"
    return {
        "kind": "marks",
        "title": "Memory of one device",
        "about": [
            f"{named(run.network.name)} on {named(run.profile.name)}",
            f"{request.sequences} {sequences}, {run.policies.dtype}",
        ],
        "x": axis("tokens of each sequence, prompt and answer"),
        "y": axis("held", "B", zero=True),
        "lines": lines,
        "areas": {"x": [row["tokens"] for row in rows], "layers": layers},
    }


def write(directory: str | Path, first: Generation, machines: Sequence[str], at: At) -> list[Path]:
    """Write both pictures and the trade-off as CSV; their paths. Raises InputError."""
    folder = Path(directory)
    rows = trade_off(machines, at)
    request = first.request
    devices = f", {request.devices} devices" if request.devices > 1 else ""
    said = f"{request.prompt} tokens in, {request.generate} out{devices}"
    trade = trade_chart(rows) | {"about": [named(first.prefill.network.name), said]}
    held = memory_rows(first)
    files.write_csv(folder / "trade.csv", rows, list(rows[0]) if rows else ["machine"])
    files.write_csv(folder / "memory.csv", held, list(held[0]))
    plots.write_charts(folder, {"trade.png": [trade], "memory.png": [memory_chart(first)]})
    return [folder / name for name in ("trade.csv", "trade.png", "memory.csv", "memory.png")]
