"""The page of a generation: prompt in, tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel.language.harmless import harmless
from costmodel.report.chart import Chart, axis, named, stacked
from costmodel.report.compare import marks
from costmodel.report.exposed import exposed_totals
from costmodel.report.generation_plot import memory_chart, trade_chart
from costmodel.report.numbers import seconds
from costmodel.report.page.figures import ChartPage, TableColumn, figures_page
from costmodel.report.page.run_data import run_data
from costmodel.report.page.units_data import units_data
from costmodel.studies.generate import ONE_PREFILL, QUEUE, Generation
from costmodel.studies.run import Run

COLUMNS = (
    TableColumn("machine", "machine", number=False),
    TableColumn("ttft_s", "first token", "s"),
    TableColumn("tpot_s", "per token", "s"),
    TableColumn("tokens_per_s", "tokens/s"),
    TableColumn("joules_per_token", "energy per token", "J"),
    TableColumn("weights_bytes", "weights", "B"),
    TableColumn("state_bytes", "keys and values", "B"),
    TableColumn("activation_bytes", "maps", "B"),
    TableColumn("capacity_bytes", "capacity", "B"),
    TableColumn("fits", "fits", number=False),
    TableColumn("largest_batch", "most sequences"),
    TableColumn("largest_context", "longest sequence"),
    TableColumn("standing", "standing", number=False),
)
MOVES = (
    "The sliders move the first machine's bars, its line of the table and the sentence above; the "
    "other pictures keep the profile's figures."
)


def generation_page(generations: Sequence[Generation], trade: Sequence[dict[str, Any]]) -> str:
    """Both phases, the memory, and throughput against latency as one HTML file.

    `trade` is what `trade_off` gives for the machines.
    """
    first, request = generations[0], generations[0].request
    waits = "" if first.tpot is None else f", then one every {seconds(first.tpot)}"
    fits = "" if first.memory.fits else " It does not fit the memory of the device."
    verdict = (
        f"On {first.prefill.profile.name} the first token comes after "
        f"{seconds(first.ttft)}{waits}.{fits}"
    )
    return figures_page(
        ChartPage(
            title=f"{first.prefill.network.name}: {request.prompt} tokens in, "
            f"{request.generate} out",
            subtitle=f"sequences at once: {request.sequences}, devices: {request.devices}; "
            f"{first.prefill.policies.dtype}",
            verdict=verdict,
            standing="; ".join(_standing(generations)),
            caption="Every machine",
            columns=COLUMNS,
            rows=list(map(_row, generations)),
            charts=[_phases(generations), *_trade(trade), memory_chart(first)],
            scripts=("generation.js",),
            data={"served": _served(first, verdict)},
            words={"aside": "", "machine": "The first machine", "moves": MOVES},
        )
    )


def _standing(generations: Sequence[Generation]) -> list[str]:
    """What stands behind the times of the machines, each thing once."""
    runs = [each.prefill for each in generations]
    return [*dict.fromkeys(run.standing.graded for run in runs), *marks(runs)]


def _served(generation: Generation, verdict: str) -> dict[str, Any]:
    """Both phases of the first machine, and what follows from their times."""
    phases = [run_data(run) for run in (generation.prefill, *generation.decode)]
    for figure in phases[0]["figures"]:
        if "memory" in figure["fields"]:
            figure["locked"] = "the page of a run ('simulate') moves it"
    return {
        "phases": phases,
        "units": units_data(),
        "weights": generation.weights,
        "machine": harmless(generation.prefill.profile.name),
        "verdict": harmless(verdict, len(verdict)),
        **vars(generation.request),
        "per_sequence": generation.prefill.profile.per_sequence,
        "one_prefill": ONE_PREFILL,
        "queue": QUEUE,
    }


def _row(generation: Generation) -> dict[str, Any]:
    """A line of the table: what the JSON report has of a machine, and what it is called."""
    record = generation.record()
    return {
        **record,
        **record["memory"],
        "machine": generation.prefill.profile.name,
        "fits": "yes" if generation.memory.fits else "no",
        "standing": generation.prefill.standing.grade,
    }


def _phases(generations: Sequence[Generation]) -> Chart:
    """The prefill and the middle step of each machine, by what time is spent on."""
    bars: list[tuple[int, str, Run, float]] = []
    for place, generation in enumerate(generations):
        name = named(generation.prefill.profile.name)
        bars.append((place, f"prompt, {name}", generation.prefill, generation.prefill_time))
        if generation.middle and generation.step is not None:
            bars.append((place, f"a step, {name}", generation.middle, generation.step))
    spent = [
        {word: part * total / (run.total_time or 1.0) for word, part in exposed_totals(run).items()}
        for _, _, run, total in bars
    ]
    return {
        "kind": "bars",
        "title": "What the phases spend their time on",
        "x": axis("time", "s", zero=True),
        "names": [name for _, name, _, _ in bars],
        "places": [place for place, _, _, _ in bars],
        **stacked(spent),
    }


def _trade(trade: Sequence[dict[str, Any]]) -> list[Chart]:
    """Tokens per second against time per token, a line for each machine."""
    if not trade:
        return []
    sizes = sorted({row["batch"] for row in trade})
    note = f"Along each line {sizes[0]} to {sizes[-1]} sequences at once, where they fit."
    return [trade_chart(trade) | {"note": note}]
