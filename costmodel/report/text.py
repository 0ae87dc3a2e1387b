"""A run as text: header, table, summary."""

from __future__ import annotations

import math
from typing import Any

from costmodel.core.layer import ENGINES
from costmodel.core.policies import Policies
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import units
from costmodel.report import summary, terminal
from costmodel.report.hierarchy import sizes_in_words
from costmodel.report.numbers import count, percent, ratio, short
from costmodel.studies import weight_types
from costmodel.studies.records import Record, records
from costmodel.studies.run import Run

SHORT = {"internal": "int", "external": "ext", "mixed": "mix"}
LEGEND = (
    "MB = 1e6 bytes; op/B = ops per byte over the bus; in, out, par: where the input, output "
    "and parameters live (int: on chip, ext: external memory, mix: some of each)."
)

CUTS = (
    "cut_MB = maps written up to the end of the block and read after it: what a cut there "
    "carries; before_s and after_s are the times on either side."
)


SPARE = (
    "schedule", "again_MB", "array", "op/B", "in", "out", "par", "in_map_MB", "out_map_MB",
    "param_MB", "on_chip_s", "launch_s", "rows", "before_s", "after_s", "params", "macs", "cut_MB",
    "ops", "bus_MB", "energy_J", "compute_s", "transfer_s",
)  # fmt: skip
"""Columns that a narrow terminal goes without, the first ones first."""


def report(run: Run, by: str = "layer", width: int | None = None) -> str:
    """The whole text report, at most so many characters wide."""
    rows = records(run, by)
    table, gone = terminal.fitted(_table(rows, by), width, SPARE)
    legend = [LEGEND] if by == "layer" else [CUTS] if by == "block" else []
    if gone:
        legend.append(f"Left out for the width: {', '.join(gone)}; --csv and --html have them.")
    lines = terminal.wrapped([*legend, "", *summary.lines(run)], width)
    return "\n".join([*terminal.wrapped(header(run), width), "", *table, *lines])


def header(run: Run) -> list[str]:
    """What was simulated, on what, and by which rules."""
    facts, profile, chosen = run.network.facts, run.profile, run.policies
    machine = ", ".join(machine_words(run))
    variables = ", ".join(f"{key}={value}" for key, value in facts.variables.items())
    weights = weight_types.line(run.network, chosen.dtype)
    samples = f", {run.samples} samples per run" if run.network.samples > 1 else ""
    return [
        f"{facts.name} on {profile.name}" + (f" ({variables})" if variables else ""),
        f"  network    {facts.file}: {facts.source}",
        f"  machine    {machine}: {profile.source}",
        f"  counted    convention {convention_words(chosen)}, placement {chosen.placement}, "
        f"traffic {chosen.traffic}, timing {chosen.timing}, {chosen.dtype}, "
        f"batch {chosen.batch}{samples}",
        *([f"  weights    {weights}"] if weights else []),
        *([f"  rewritten  {', '.join(run.pass_words)}"] if run.passes else []),
        f"  standing   {run.standing.line}",
        *([f"  usable     {_usable(profile)}"] if profile.usable else []),
        *(
            f"  assumed    {word}: {reason}"
            for word, reason in profile.assumptions(chosen.dtype).items()
        ),
    ]


def convention_words(chosen: Policies) -> str:
    """The convention that figures are printed by, and another one that times are counted by."""
    timed, printed = chosen.timed_convention, chosen.convention
    return printed if timed == printed else f"{printed} (printed only; times under {timed})"


def machine_words(run: Run) -> list[str]:
    """The machine's figures in force, those that no row needs and nobody states left out."""
    words = [
        f"{units.show(value, quantity.dimension)} {shown}"
        for quantity in MACHINE.values()
        for shown, value in _figures(run, quantity)
        if shown and value is not None and value != math.inf and (value or not quantity.zero)
    ]
    return (
        words
        + sizes_in_words(run)[1:]
        + ["efficiency by layer kind"] * bool(run.profile.efficiency)
    )


def _figures(run: Run, quantity: MachineQuantity) -> list[tuple[str, Any]]:
    """A figure and how it is worded; one for each engine where the profile says so."""
    if not quantity.by_engine or not isinstance(getattr(run.profile, quantity.word), dict):
        return [(quantity.shown, run.machine.value(quantity))]
    return [
        (quantity.shown.replace("a row", f"a {engine} row"), run.machine[name])
        for engine, name in zip(ENGINES, quantity.fields, strict=True)
    ]


def _usable(profile: HardwareProfile) -> str:
    """The part of the memory that networks get, and why."""
    assert profile.usable is not None
    nominal = profile.figure("on_chip_memory", "")
    of = "" if nominal is None else f" of {units.show(nominal, 'memory')}"
    return f"{units.show(profile.usable.value, 'memory')}{of} on chip: {profile.usable.reason}"


TIMES = {
    f"{word}_s": f"{word}_time_s" for word in ("transfer", "on_chip", "compute", "launch", "total")
} | {"energy_J": "energy_J", "bound": "bound"}
COUNTED = ("params", "macs", "ops", "rows")
# Columns of the table, and the figures of a record that they show.
LAYER = {
    "row": "id",
    **{word: word for word in ("in_map_MB", "out_map_MB", "param_MB", "params", "macs", "ops")},
    "op/B": "arithmetic_intensity",
    "in": "in_map_loc",
    "out": "out_map_loc",
    "par": "param_loc",
    **TIMES,
    "again_MB": "again_MB",
    "schedule": "schedule",
    "array": "utilisation",
}
GROUP = {**{word: word for word in ("rows", "params", "macs", "ops")}, "bus_MB": "external_bytes"}
BLOCK = {"cut_MB": "cut_bytes", "before_s": "time_before_s", "after_s": "time_after_s"}
OPTIONAL = ("on_chip_time_s", "launch_time_s", "energy_J", "again_MB", "schedule", "utilisation")
"""Shown where they are not zero throughout."""


def _table(rows: list[Record], by: str) -> list[list[str]]:
    """The rows as text under their columns' names."""
    group = {by: by, **GROUP, **TIMES, **(BLOCK if by == "block" else {})}
    names = {
        name: key
        for name, key in (LAYER if by == "layer" else group).items()
        if key not in OPTIONAL or any(record.get(key) for record in rows)
    }
    return [[*names], *([_cell(key, record[key]) for key in names.values()] for record in rows)]


def _cell(key: str, value: float | str) -> str:
    if isinstance(value, str):
        return SHORT.get(value, value) if key.endswith("_loc") else value
    if key.endswith("_bytes"):
        return short(value / 1e6)
    if key == "utilisation":
        return percent(float(value), 1.0)
    if key == "arithmetic_intensity":
        return ratio(value)
    return count(value) if key in COUNTED else short(value)
