"""A run as text: header, table, summary."""

from __future__ import annotations

import math

from costmodel import units
from costmodel.report import summary
from costmodel.report.numbers import columns, count, ratio, short
from costmodel.report.records import Record, records
from costmodel.run import Run

SHORT = {"internal": "int", "external": "ext", "mixed": "mix"}
LEGEND = ("MB = 1e6 bytes; op/B = ops per byte over the bus; in, out, par: where the input, output "
          "and parameters live (int: on chip, ext: external memory, mix: some of each).")  # fmt: skip

CUTS = ("cut_MB = maps written up to the end of the block and read after it: what a cut there "
        "carries; before_s and after_s are the times on either side.")  # fmt: skip


def report(run: Run, by: str = "layer") -> str:
    """The whole text report."""
    found = records(run, by)
    table = columns(_layer_table(found) if by == "layer" else _group_table(found, by))
    legend = [LEGEND] if by == "layer" else [CUTS] if by == "block" else []
    return "\n".join([*header(run), "", *table, *legend, "", *summary.lines(run)])


def header(run: Run) -> list[str]:
    """What was simulated, on what, and by which rules."""
    network, profile, chosen = run.network, run.profile, run.policies
    machine = ", ".join(machine_words(run))
    convention = chosen.convention
    if chosen.timed_convention != convention:
        convention += f" (printed only; times under {chosen.timed_convention})"
    variables = ", ".join(f"{key}={value}" for key, value in network.variables.items())
    return [
        f"{network.name} on {profile.name}" + (f" ({variables})" if variables else ""),
        f"  network    {network.file}: {network.source}",
        f"  machine    {machine}: {profile.source}",
        f"  counted    convention {convention}, placement {chosen.placement}, "
        f"timing {chosen.timing}, {chosen.dtype}, batch {chosen.batch}",
        *([f"  rewritten  {', '.join(run.passes)}"] if run.passes else []),
        *(
            f"  assumed    {word}: {reason}"
            for word, reason in profile.assumptions(chosen.dtype).items()
        ),
    ]


def machine_words(run: Run) -> list[str]:
    """The machine's figures in force, those that no row needs and nobody states left out."""
    figures = {"bus": (run.machine.bandwidth, "bandwidth"), "on chip": (run.machine.memory, "memory"),
               "matrix": (run.machine.matrix, "rate"), "host": (run.machine.host, "rate"),
               "for writes": (run.profile.write_bandwidth, "bandwidth"),
               "to the on-chip memory": (run.profile.on_chip_bandwidth, "bandwidth"),
               **launch_words(run)}  # fmt: skip
    words = [f"{units.show(value, kind)} {word}" for word, (value, kind) in figures.items()
             if value is not None and value != math.inf]  # fmt: skip
    return words + ["efficiency by layer kind"] * bool(run.profile.efficiency)


def launch_words(run: Run) -> dict[str, tuple[float, str]]:
    """The launch costs in force."""
    launch = run.profile.launch
    if isinstance(launch, dict):
        return {
            f"launch of a {engine} row": (time, "time") for engine, time in launch.items() if time
        }
    return {"launch of a row": (launch, "time")} if launch else {}


def _layer_table(found: list[Record]) -> list[list[str]]:
    head = ["layer_name", "in_map_MB", "out_map_MB", "param_MB", "params", "macs", "ops", "op/B",
            "in", "out", "par", "transfer_s", "compute_s", "total_s", "bound"]  # fmt: skip
    return [head, *(
        [r["layer_name"], short(r["in_map_MB"]), short(r["out_map_MB"]), short(r["param_MB"]),
         count(r["params"]), count(r["macs"]), count(r["ops"]), ratio(r["arithmetic_intensity"]),
         SHORT[r["in_map_loc"]], SHORT[r["out_map_loc"]], SHORT[r["param_loc"]],
         short(r["transfer_time_s"]), short(r["compute_time_s"]), short(r["total_time_s"]),
         r["bound"]]
        for r in found)]  # fmt: skip


def _group_table(found: list[Record], by: str) -> list[list[str]]:
    names = {"rows": "rows", "params": "params", "macs": "macs", "ops": "ops",
             "external_bytes": "bus_MB", "transfer_time_s": "transfer_s",
             "compute_time_s": "compute_s", "total_time_s": "total_s", "bound": "bound"}  # fmt: skip
    cuts = {"cut_bytes": "cut_MB", "time_before_s": "before_s", "time_after_s": "after_s"}
    if by == "block":
        names |= cuts
    return [
        [by, *names.values()],
        *([r[by], *(_cell(key, r[key]) for key in names)] for r in found),
    ]


def _cell(key: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if key in ("external_bytes", "cut_bytes"):
        return short(value / 1e6)
    return short(value) if key.endswith("_s") else count(value)
