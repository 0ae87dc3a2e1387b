"""A run as rows of named figures: per layer, per block, per kind. CSV, JSON and text read these."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.run import RESOURCES, Run
from costmodel.simulate import Array

if TYPE_CHECKING:
    import pandas as pd

MB = 1e6  # [B] as the HairNet Appendix has it
LAYER = ("layer_name", "kind", "block", "in_map_MB", "out_map_MB", "param_MB", "params", "macs",
         "ops", "in_map_loc", "out_map_loc", "param_loc", "external_bytes", "transfer_time_s",
         "compute_time_s", "total_time_s", "bound")  # fmt: skip
Record = dict[str, Any]


def records(run: Run, by: str = "layer") -> list[Record]:
    """The rows of the report grouped `by` layer, block or kind."""
    return {"layer": layer_records, "block": block_records, "kind": kind_records}[by](run)


def frame(run: Run, by: str = "layer") -> pd.DataFrame:
    """The same rows as a pandas DataFrame."""
    import pandas as pd

    return pd.DataFrame(records(run, by))


def layer_records(run: Run) -> list[Record]:
    """One record per row, under the names of the CSV; plus the id and the intensity [op/B]."""
    work, result = run.workload, run.result
    inside = result.plan.tensors
    locations = (
        _where(work.over_inputs(inside), np.diff(work.in_ptr)),
        _where(work.over_outputs(inside), np.diff(work.out_ptr)),
        _where(result.plan.params * 1, np.ones(len(work.rows), dtype=int)),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        intensity = work.ops / result.external_bytes
    columns = zip(
        *(column.tolist() for column in (
            work.in_bytes / MB, work.out_bytes / MB, work.param_bytes / MB, work.params, work.macs,
            work.ops)),
        *locations,
        *(column.tolist() for column in (
            result.external_bytes, result.transfer, result.compute, result.total)),
        run.bound, intensity.tolist(), strict=True,
    )  # fmt: skip
    names = (*LAYER[3:], "arithmetic_intensity")
    return [
        {"layer_name": row.name, "kind": row.kind, "block": row.block,
         **dict(zip(names, values, strict=True)), "id": row.id}
        for row, values in zip(work.rows, columns, strict=True)
    ]  # fmt: skip


def _where(inside: Array, count: Array) -> list[str]:
    """'internal', 'external' or 'mixed' from how many of `count` tensors are inside.

    A row that touches no memory (a view) has its maps where its input's memory is; it moves
    nothing, and is shown as internal.
    """
    words = np.where(inside == count, "internal", np.where(inside == 0, "external", "mixed"))
    return [str(word) for word in words]


def _sums(run: Run, rows: Array) -> Record:
    """Summed figures of some rows."""
    work, result = run.workload, run.result
    times = [float(t[rows].sum()) for t in (result.transfer, result.matrix, result.host)]
    return {
        "rows": len(rows),
        "param_MB": float(work.param_bytes[rows].sum()) / MB,
        "params": int(work.params[rows].sum()),
        "macs": int(work.macs[rows].sum()),
        "ops": float(work.ops[rows].sum()),
        "external_bytes": int(result.external_bytes[rows].sum()),
        "transfer_time_s": times[0],
        "compute_time_s": times[1] + times[2],
        "total_time_s": float(result.total[rows].sum()),
        "bound": RESOURCES[int(np.argmax(times))] if max(times) > 0 else "none",
    }


def block_records(run: Run) -> list[Record]:
    """One record per block in order, and what a cut behind it would carry.

    `cut_bytes` [B] are the maps written up to the cut and read after it; `time_before_s` and
    `time_after_s` [s] are the times on either side.
    """
    work = run.workload
    found, done = [], 0.0
    for block, members in _runs(row.block for row in work.rows):
        sums = _sums(run, members)
        done += sums["total_time_s"]
        end = members[-1]
        crossing = (work.first <= end) & (work.last > end)
        found.append({"block": block, **sums,
                      "cut_bytes": int(work.tensor_bytes[crossing].sum()),
                      "time_before_s": done})  # fmt: skip
    left = 0.0  # summed from the end, so that nothing is left behind the last block
    for record in reversed(found):
        record["time_after_s"] = left
        left += record["total_time_s"]
    return found


def kind_records(run: Run) -> list[Record]:
    """One record per kind of row, slowest first."""
    kinds: dict[str, list[int]] = {}
    for index, row in enumerate(run.workload.rows):
        kinds.setdefault(row.kind, []).append(index)
    found = [{"kind": kind, **_sums(run, np.array(rows))} for kind, rows in kinds.items()]
    return sorted(found, key=lambda record: -record["total_time_s"])


def _runs(words: Iterable[str]) -> Iterable[tuple[str, Array]]:
    """Consecutive equal words with the positions they take."""
    for word, group in groupby(enumerate(words), key=lambda pair: pair[1]):
        yield word, np.array([position for position, _ in group])
