"""A run as rows of named figures: per layer, per block, per kind. CSV, JSON and text read these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.core.arrays import Array
from costmodel.core.lanes import RUN_LANES
from costmodel.studies.evaluated import Evaluated, largest, named
from costmodel.studies.levels import level_figures

if TYPE_CHECKING:
    import pandas as pd


MB = 1e6
"""[B] as the HairNet Appendix has it."""
Record = dict[str, Any]
INTENSITY = "arithmetic_intensity"
"""What JSON says of a layer, and no table [op/B]."""


def records(run: Evaluated, by: str = "layer") -> list[Record]:
    """The rows of the report grouped `by` layer, block or kind."""
    return {"layer": layer_records, "block": block_records, "kind": kind_records}[by](run)


def columns(rows: list[Record]) -> list[str]:
    """The names of the columns of a table of `rows`: all figures but the intensity of a layer."""
    return [name for name in rows[0] if name != INTENSITY]


def frame(run: Evaluated, by: str = "layer") -> pd.DataFrame:
    """The same rows as a pandas DataFrame, under the names of the CSV report."""
    import pandas as pd

    rows = records(run, by)
    return pd.DataFrame(rows, columns=columns(rows))


def layer_records(run: Evaluated) -> list[Record]:
    """One record per row, in the order of the CSV's columns; new ones come at the end.

    Rows that are tiled, a matrix engine with a shape, and energies add columns of their own.
    """
    work, result = run.workload, run.result
    inside = result.plan.on_chip
    with np.errstate(divide="ignore", invalid="ignore"):
        intensity = work.ops / result.external_bytes
    values: dict[str, Iterable[Any]] = {
        "id": [row.id for row in work.rows],
        "layer_name": [row.name for row in work.rows],
        "kind": [row.kind for row in work.rows],
        "block": [row.block for row in work.rows],
        "in_map_MB": (work.in_bytes / MB).tolist(),
        "out_map_MB": (work.out_bytes / MB).tolist(),
        "param_MB": (work.param_bytes / MB).tolist(),
        "params": work.params.tolist(),
        "macs": work.macs.tolist(),
        "ops": work.ops.tolist(),
        "in_map_loc": _where(work.inputs_among(inside), np.diff(work.in_ptr)),
        "out_map_loc": _where(work.outputs_among(inside), np.diff(work.out_ptr)),
        "param_loc": _where(result.plan.params * 1, np.ones(len(work.rows), dtype=int)),
        "external_bytes": result.external_bytes.tolist(),
        "transfer_time_s": result.transfer.tolist(),
        "compute_time_s": result.compute.tolist(),
        "total_time_s": result.total.tolist(),
        "bound": run.bound,
        "on_chip_time_s": result.on_chip.tolist(),
        "launch_time_s": result.launch.tolist(),
        INTENSITY: intensity.tolist(),
    }
    if run.policies.traffic_model.tiles:
        values |= {"again_MB": (result.refetched / MB).tolist(), "schedule": run.schedules}
    if run.policies.traffic_model.fuses:
        values["group"] = run.groups
    for level in level_figures(run):
        values[f"{level.name}_bytes"] = level.bytes.tolist()
        if level.time is not None and level.time is not result.transfer:
            values[f"{level.name}_time_s"] = level.time.tolist()
    if run.profile.array:
        values["utilisation"] = ["" if np.isnan(u) else u for u in run.utilisation.tolist()]
    if result.energy is not None:
        values["energy_J"] = result.energy.tolist()
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _where(inside: Array, count: Array) -> list[str]:
    """'internal', 'external' or 'mixed' from how many of `count` tensors are inside.

    A row that touches no memory (a view) has its maps where its input's memory is; it moves
    nothing, and is shown as internal.
    """
    words = np.where(inside == count, "internal", np.where(inside == 0, "external", "mixed"))
    return [str(word) for word in words]


def _sums(run: Evaluated, rows: list[int]) -> Record:
    """Summed figures of some rows."""
    work, result = run.workload, run.result
    energy = {} if result.energy is None else {"energy_J": float(result.energy[rows].sum())}
    times = {word: float(values[rows].sum()) for word, values in result.all_lanes.items()}
    return {
        "rows": len(rows),
        "param_MB": float(work.param_bytes[rows].sum()) / MB,
        "params": int(work.params[rows].sum()),
        "macs": int(work.macs[rows].sum()),
        "ops": float(work.ops[rows].sum()),
        "external_bytes": int(result.external_bytes[rows].sum()),
        "transfer_time_s": times["transfer"],
        "compute_time_s": times["matrix"] + times["host"],
        "total_time_s": float(result.total[rows].sum()),
        "bound": named(largest(times), run.machine.level_names),
        **{RUN_LANES[word].column: times[word] for word in ("on_chip", "launch")},
        **energy,
    }


def block_records(run: Evaluated) -> list[Record]:
    """One record per block in order, and what a cut behind it would carry.

    `cut_bytes` [B] are the maps written up to the cut and read after it; `time_before_s` and
    `time_after_s` [s] are the times on either side.
    """
    blocks = []
    for block, members in groupby(enumerate(run.workload.rows), key=lambda pair: pair[1].block):
        rows = [position for position, _ in members]
        blocks.append({"block": block, **_sums(run, rows), "cut_bytes": cut_bytes(run, rows[-1])})
    times = [record["total_time_s"] for record in blocks]
    # summed from the end, so that nothing is left behind the last block
    after = [*accumulate(times[:0:-1], initial=0.0)][::-1]
    for record, before, left in zip(blocks, accumulate(times), after, strict=True):
        record |= {"time_before_s": before, "time_after_s": left}
    return blocks


def cut_bytes(run: Evaluated, end: int) -> int:
    """Bytes of the maps written up to row number `end` and read after it [B]."""
    work = run.workload
    crossing = (work.first <= end) & (work.last > end)
    return int(work.tensor_bytes[crossing].sum())


def kind_records(run: Evaluated) -> list[Record]:
    """One record per kind of row, slowest first."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(run.workload.rows):
        kinds[row.kind].append(number)
    summed = [{"kind": kind, **_sums(run, rows)} for kind, rows in kinds.items()]
    return sorted(summed, key=lambda record: -record["total_time_s"])
