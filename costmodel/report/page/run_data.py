"""What the page of a run computes with: its rows as columns, its machine, where its maps live."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from costmodel.core.formula import on_chip_bytes, place
from costmodel.core.live import live_internal_bytes
from costmodel.core.quantities import MACHINE, RUN_LANES, MachineQuantity
from costmodel.errors import BadValue, InputError
from costmodel.language import units
from costmodel.language.harmless import harmless
from costmodel.report.addresses import addresses
from costmodel.studies.run import Run

TIMINGS = ("serial", "overlap", "partial")
"""Those that the page can work out row by row (model.js)."""
OCTAVES = 4
"""Memories to either side of the profile's for which packed maps are placed beforehand."""
REPEATS = 3
"""Times that entries of a column must occur, in the mean, to be numbered."""
MANY = 1000
"""Rows from which maps are placed for the profile's memory alone."""


def run_data(run: Run) -> dict[str, Any]:
    """Everything that model.js and run.js read.

    Columns have one entry for each row, or are a single number where all rows agree.
    """
    work, known = run.workload, run.policies.timing in TIMINGS
    judged = run.policies.placement_model.threshold and not run.policies.traffic_model.tiles
    where = {"maps": _maps(run)} if judged else {"placed": _placed(run)}
    totals = run.totals
    return {
        "count": len(work.rows),
        "samples": run.samples,
        "timing": run.policies.timing if known else "stated",
        "placement": run.policies.placement,
        "machine": {name: _finite(value) for name, value in vars(run.machine).items()},
        "figures": _figures(run, where.get("placed"), known),
        "lanes": {word: lane.label for word, lane in RUN_LANES.items()},
        "counts": [[word, f"{totals[word]:.6g}"] for word in ("params", "macs", "ops")],
        "rows": _rows(run),
        "addresses": _addresses(run),
        **where,
    }


def packed(values: Any) -> Any:
    """A column for JSON, as unpack() of model.js reads it.

    One entry where all are equal; `{of, at}` where entries repeat; `{steps}` where differences do.
    """
    found = np.atleast_1d(np.asarray(values))
    if found.dtype.kind == "U":
        return _numbered(found.tolist())
    column = [_plain(value) for value in found.tolist()]
    short = _numbered(column)
    if short is not column or not all(isinstance(value, int) for value in column):
        return short
    steps = [int(step) for step in np.diff(found, prepend=0)]
    small = bool(steps) and max(map(abs, steps)) < max(map(abs, column)) / 10
    return {"steps": steps} if small else column


def _numbered(column: list[Any]) -> Any:
    """Entries that repeat, numbered; the column itself where they do not."""
    distinct = list(dict.fromkeys(column))
    if len(distinct) == 1:
        return distinct[0]
    if len(distinct) > len(column) / REPEATS:
        return column
    place = {value: n for n, value in enumerate(distinct)}
    return {"of": distinct, "at": [place[value] for value in column]}


def _plain(value: Any) -> Any:
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _finite(value: Any) -> float | None:
    """A figure, None where there is none or no limit."""
    return None if value is None or not math.isfinite(value) else float(value)


def _rows(run: Run) -> dict[str, Any]:
    work, costs = run.workload, run.workload.costs
    read, write = work.besides
    blocks = [harmless(row.block) for row in work.rows]
    names = [harmless(row.id) for row in work.rows]
    words = {
        "kind": [row.kind for row in work.rows],
        "block": blocks,
        # behind the block, which many of them begin with
        "id": [n.removeprefix(f"{b}/") for n, b in zip(names, blocks, strict=True)],
        "short": [n.startswith(f"{b}/") for n, b in zip(names, blocks, strict=True)],
        "shape": [
            " ".join("x".join(map(str, shape)) for shape in row.outputs) for row in work.rows
        ],
    }
    columns = {
        "params": work.params,
        "macs": work.macs,
        "ops": work.ops,
        "touched": work.touched_bytes,
        "read_besides": read,
        "write_besides": write,
        "param_bytes": work.param_bytes,
        "pace_read": 1.0 if costs.read is None else costs.read,
        "pace_write": 1.0 if costs.write is None else costs.write,
        "pace_params": 1.0 if costs.params is None else costs.params,
        "matrix_ops": costs.matrix_ops,
        "host_ops": costs.host_ops,
        "matrix_launches": costs.matrix_launches,
        "host_launches": costs.host_launches,
        "fixed": 0.0 if costs.fixed is None else costs.fixed,
        "exposed": 0.0 if costs.exposed is None else costs.exposed,
        "link_bytes": 0.0 if costs.link_bytes is None else costs.link_bytes,
        "link_hops": 0.0 if costs.link_hops is None else costs.link_hops,
        "total": run.result.total,
    }
    return {word: packed(values) for word, values in (words | columns).items()}


def _maps(run: Run) -> dict[str, Any]:
    """The maps, for a placement that judges each alone by its size."""
    work = run.workload
    begin, end = work.live_ranges
    arrays = {
        "bytes": work.tensor_bytes,
        "begin": begin,
        "end": end,
        "in_ptr": work.in_ptr,
        "in_tensor": work.in_tensor,
        "in_moved": work.in_moved,
        "out_ptr": work.out_ptr,
        "out_tensor": work.out_tensor,
    }
    return {word: packed(values) for word, values in arrays.items()}


def _addresses(run: Run) -> dict[str, Any] | None:
    """Rectangles of the memory map, at the profile's memory, with the row that writes each map."""
    found = addresses(run)
    if found is None:
        return None
    columns = {
        "start": found.start,
        "end": found.end,
        "offset": found.offset,
        "size": found.size,
        "writer": run.workload.first[found.tensor],
    }
    return {"memory": _finite(run.machine.memory)} | {
        word: np.asarray(values).tolist() for word, values in columns.items()
    }


def _placed(run: Run) -> dict[str, Any]:
    """What moves with some memories on chip, worked out here."""
    own = float(run.machine.memory)
    moved, live, memories = [], [], []
    for memory in _memories(run, own):
        try:
            placed = place(
                run.workload, memory, run.policies.placement_model, run.policies.traffic_model
            )
        except (BadValue, InputError):
            # too small for a tile, or more than this placement may promise
            continue
        external = placed.moved.total
        again = 0 if placed.again is None else placed.again
        stays = on_chip_bytes(run.workload, placed.plan, external - again)
        columns = {**placed.moved._asdict(), "onChip": stays}
        moved.append({word: packed(values[0]) for word, values in columns.items()})
        live.append(packed(live_internal_bytes(run.workload, placed.plan)[0]))
        memories.append(memory)
    found = [_finite(memory) for memory in memories]
    return {"memories": found, "base": memories.index(own), "moved": moved, "live": live}


def _memories(run: Run, own: float) -> list[float]:
    alone = run.policies.placement_model.keeps_nothing and not run.policies.traffic_model.tiles
    if alone or not math.isfinite(own) or len(run.workload.rows) > MANY:
        return [own]
    return [own * 2.0**octave for octave in range(-OCTAVES, OCTAVES + 1)]


def _figures(run: Run, placed: dict[str, Any] | None, known: bool) -> list[dict[str, Any]]:
    """The sliders: one for each figure of the machine, or for each engine where they differ."""
    found = []
    for quantity in MACHINE.values():
        values = {name: getattr(run.machine, name) for name in quantity.fields}
        if None in values.values() or not all(map(math.isfinite, values.values())):
            continue
        together = len(set(values.values())) == 1
        for fields in [list(values)] if together else [[name] for name in values]:
            of = "" if together else f" ({fields[0].partition('_')[0]})"
            found.append(_figure(quantity, fields, of, placed, known))
    return found


def _figure(
    quantity: MachineQuantity,
    fields: list[str],
    of: str,
    placed: dict[str, Any] | None,
    known: bool,
) -> dict[str, Any]:
    figure = {
        "label": f"{quantity.label}{of}",
        "fields": fields,
        "unit": units.SI_UNITS[quantity.dimension],
        "fewer": not quantity.more_is_faster,
    }
    if not known:
        return figure | {"locked": "the page cannot work out this timing: run the command again"}
    if quantity.word != "on_chip_memory" or placed is None:
        return figure
    figure["steps"] = placed["memories"]
    if len(placed["memories"]) == 1:
        figure["locked"] = "with this placement it is worked out for this memory alone"
    return figure
