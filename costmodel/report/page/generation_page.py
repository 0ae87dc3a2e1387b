"""The page of a generation: prompt in, tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel.language.harmless import harmless
from costmodel.language.units import show
from costmodel.report.generation_plot import memory_rows
from costmodel.report.numbers import seconds
from costmodel.report.page.figures import HUES, Column, Figures, axis, bar, bars, figures_page
from costmodel.report.page.machine_data import machine_data, units_data
from costmodel.studies.generate import ONE_PREFILL, QUEUE, Generation

COLUMNS = (
    Column("machine", "machine", number=False),
    Column("ttft_s", "first token", "s"),
    Column("tpot_s", "per token", "s"),
    Column("tokens_per_s", "tokens/s"),
    Column("weights", "weights", "B"),
    Column("state", "keys and values", "B"),
    Column("activation", "maps", "B"),
    Column("capacity", "capacity", "B"),
    Column("fits", "fits", number=False),
    Column("largest_batch", "most sequences"),
    Column("largest_context", "longest sequence"),
    Column("standing", "standing", number=False),
)


def generation_page(found: Sequence[Generation], trade: Sequence[dict[str, Any]]) -> str:
    """Both phases, the memory, and throughput against latency as one HTML file.

    `trade` is what `trade_off` gives for the machines.
    """
    first, request = found[0], found[0].request
    rows = [_row(one) for one in found]
    waits = "" if first.tpot is None else f", then one every {seconds(first.tpot)}"
    fits = "" if first.memory.fits else " It does not fit the memory of the device."
    verdict = (
        f"On {first.prefill.profile.name} the first token comes after "
        f"{seconds(first.ttft)}{waits}.{fits}"
    )
    return figures_page(
        Figures(
            title=f"{first.prefill.network.name}: {request.prompt} tokens in, "
            f"{request.generate} out",
            subtitle=f"sequences at once: {request.sequences}, devices: {request.devices}; "
            f"{first.prefill.policies.dtype}",
            verdict=verdict,
            standing="; ".join(dict.fromkeys(one.prefill.standing.line for one in found)),
            caption="Every machine",
            columns=COLUMNS,
            rows=rows,
            charts=[_phases(found), *_trade(trade), _memory(first)],
            served=_served(first, verdict),
        )
    )


def _served(one: Generation, verdict: str) -> dict[str, Any]:
    """Both phases of the first machine, and what follows from their times."""
    phases = [machine_data(run) for run in (one.prefill, *one.decode)]
    for figure in phases[0]["figures"]:
        if "memory" in figure["fields"]:
            figure["locked"] = "the page of a run ('simulate') moves it"
    request = one.request
    return {
        "phases": phases,
        "units": units_data(),
        "weights": one.weights,
        "machine": harmless(one.prefill.profile.name),
        "verdict": harmless(verdict, len(verdict)),
        "generate": request.generate,
        "batch": request.batch,
        "concurrency": request.concurrency,
        "per_sequence": one.prefill.profile.per_sequence,
        "one_prefill": ONE_PREFILL,
        "queue": QUEUE,
    }


def _row(one: Generation) -> dict[str, Any]:
    memory = one.memory
    return {
        "machine": one.prefill.profile.name,
        "ttft_s": one.ttft,
        "tpot_s": one.tpot,
        "tokens_per_s": one.tokens_per_s,
        **{word: getattr(memory, word) for word in ("weights", "state", "activation", "capacity")},
        "fits": "yes" if memory.fits else "no",
        "largest_batch": one.largest_batch,
        "largest_context": one.largest_context,
        "standing": one.prefill.standing.grade,
    }


def _phases(found: Sequence[Generation]) -> dict[str, Any]:
    """The prefill and the middle step of each machine, by what time is spent on."""
    every = []
    for place, one in enumerate(found):
        name = one.prefill.profile.name
        every.append(bar(place, f"prompt, {name}", one.prefill, one.prefill_time))
        if one.middle and one.step is not None:
            every.append(bar(place, f"a step, {name}", one.middle, one.step))
    return bars("What the phases spend their time on", every)


def _trade(trade: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tokens per second against time per token, a line for each machine."""
    lines: list[dict[str, Any]] = []
    legend: list[list[str]] = []
    for number, name in enumerate(dict.fromkeys(str(row["machine"]) for row in trade)):
        mine = [row for row in trade if row["machine"] == name]
        points = [[row["tpot_s"], row["tokens_per_s"]] for row in mine]
        lines.append({"name": "", "points": points, "hue": HUES[number % len(HUES)]})
        legend.append([HUES[number % len(HUES)], name])
    if not lines:
        return []
    sizes = sorted({row["batch"] for row in trade})
    return [
        {
            "kind": "marks",
            "title": "Throughput against latency",
            "x": axis("time per token", "s", log=True),
            "y": axis("tokens per second, all sequences", log=True),
            "lines": lines,
            "points": [],
            "legend": legend,
            "note": f"Along each line {sizes[0]} to {sizes[-1]} sequences at once, where they fit.",
        }
    ]


def _memory(found: Generation) -> dict[str, Any]:
    """What one device holds over the length of each sequence."""
    held, capacity = memory_rows(found), found.memory.capacity
    floor = [[row["tokens"], row["weights_bytes"]] for row in held]
    whole = [
        [row["tokens"], row["weights_bytes"] + row["activation_bytes"] + row["state_bytes"]]
        for row in held
    ]
    lines: list[dict[str, Any]] = [
        {"name": "weights", "points": floor, "hue": "transfer"},
        {"name": "with maps, keys and values", "points": whole, "hue": "matrix"},
    ]
    if capacity is not None:
        ends = [[held[0]["tokens"], capacity], [held[-1]["tokens"], capacity]]
        name = f"capacity {show(capacity, 'memory')}"
        lines.append({"name": name, "points": ends, "hue": "ink", "dashes": True})
    return {
        "kind": "marks",
        "title": f"Memory of one device, {found.prefill.profile.name}",
        "x": axis("tokens of each sequence"),
        "y": axis("held", "B", zero=True),
        "lines": lines,
        "points": [],
    }
