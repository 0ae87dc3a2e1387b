"""What the page of a run computes with: its rows as columns, its machine, where its maps live."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from costmodel.core.amounts import amounts, on_and_off_chip
from costmodel.core.lanes import ENERGY, LEVEL_LANES, RUN_LANES, SECONDS, TRAFFIC, Lane
from costmodel.core.live import placed_bytes
from costmodel.core.placing import place
from costmodel.core.quantities import MachineQuantity
from costmodel.core.terms import entries
from costmodel.core.traffic import Placed
from costmodel.errors import BadValue, InputError
from costmodel.language import units
from costmodel.language.harmless import harmless
from costmodel.report.addresses import addresses
from costmodel.report.exposed import exposed_lanes
from costmodel.studies.energy import part_label
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.sensitivity import asked_about, energy_figures

OCTAVES = 4
"""Memories to either side of the profile's for which packed maps are placed beforehand."""
REPEATS = 3
"""Times that entries of a column must occur, in the mean, to be numbered."""
LEAST = {"energy": 1e-15, "power": 1e-3}
"""Where a slider of a figure that is stated as none begins [J, W]; that of a time at 1 ns."""
EXACT = 2**53
"""From here on not every whole number is a double."""
MANY = 1000
"""Rows from which maps are placed for the profile's memory alone."""


def run_data(run: Run) -> dict[str, Any]:
    """Everything that model.js and run.js read.

    Columns have one entry for each row, or are a single number where all rows agree.
    """
    work, exponent = run.workload, run.policies.timing_model.exponent
    by_size = run.policies.placement_model.threshold and not run.policies.traffic_model.tiles
    judged = by_size and work.hierarchy is None
    lanes = _lanes(run)
    plans = [] if judged else _placings(run)
    where = {"maps": _maps(run)} if judged else {"placed": _placed(run, plans)}
    totals = run.totals
    return {
        "count": len(work.rows),
        "samples": run.samples,
        "transfer_first": run.policies.timing_model.transfer_first,
        "exponent": "inf" if exponent == math.inf else exponent,
        "placement": run.policies.placement,
        "machine": {name: _finite(value) for name, value in run.machine.figures.items()},
        "figures": _figures(run, where.get("placed")),
        "lanes": {word: run.result.labels[word] for word in lanes},
        "sides": {word: lane.side for word, lane in lanes.items()},
        # these and the bus combine as the timing combines memory and compute
        "boundaries": [word for word in lanes if word in LEVEL_LANES],
        "terms": _terms(run, plans),
        "joules": {
            name: part_label(name, run.machine.level_names) for name in run.result.energy_by_figure
        },
        "counts": [[word, f"{totals[word]:.6g}"] for word in ("params", "macs", "ops")],
        "rows": _rows(run),
        "addresses": _addresses(run),
        # of a timing that the page cannot work out
        "exposed": _packed(exposed_lanes(run)) if exponent is None else None,
        **where,
    }


def _lanes(run: Run) -> dict[str, Lane]:
    """The lanes of a run, those of levels on chip among them where the machine has any."""
    return RUN_LANES | {w: one for w, one in LEVEL_LANES.items() if w in run.result.all_lanes}


def _terms(run: Run, plans: Sequence[Placed]) -> list[dict[str, Any]]:
    """The summands of a run as data: what rows ask for, and the figure that sets the pace.

    An amount that follows the memory is given for each of `plans`; where maps are judged alone,
    with every map on chip, and how much more each reading and writing asks for of one outside. The
    amount of what is drawn all the time is the time of the run (`seconds`).
    """
    inside, outside = on_and_off_chip(run.workload)
    placed = [amounts(run.workload, one) for one in plans]
    terms = []
    for entry in entries(run.machine.figures, *_lanes(run), TRAFFIC, ENERGY):
        term: dict[str, Any] = {"lane": entry.lane, "figure": entry.figure, "how": entry.how}
        terms.append(term)
        if entry.amounts == (SECONDS,):
            term |= {"ways": [], "seconds": True}
            continue
        asked = np.asarray(entry.amount(placed[0] if placed else inside))
        if asked.ndim == 3:
            term["ways"] = [packed(way) for way in asked[:, 0]]
        elif asked.ndim == 2:
            term |= {"ways": [packed(entry.amount(one)[0]) for one in placed], "placed": True}
        else:
            term["ways"] = [packed(asked)]
            more = np.asarray(entry.amount(outside))
            if not placed and more.any():
                term["outside"] = packed(more)
    return terms


def packed(values: Any) -> Any:
    """A column for JSON, as unpack() of model.js reads it.

    One entry where all are equal; `{of, at}` where entries repeat; `{steps}` where differences do.
    """
    array = np.atleast_1d(np.asarray(values))
    if array.dtype.kind == "U":
        return _numbered(array.tolist())
    if array.size and (array == array[0]).all():
        return _plain(array[0])
    whole = bool(((np.trunc(array) == array) & (abs(array) < EXACT)).all())
    column = array.astype(np.int64).tolist() if whole else [_plain(v) for v in array.tolist()]
    short = _numbered(column)
    if short is not column or not whole:
        return short
    steps = [after - before for before, after in zip([0, *column], column, strict=False)]
    small = bool(steps) and max(map(abs, steps)) < max(map(abs, column)) / 10
    return {"steps": steps} if small else column


def _packed(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Several columns, each packed by itself."""
    return {word: packed(values) for word, values in columns.items()}


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
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def _finite(value: Any) -> float | None:
    """A figure, None where there is none or no limit."""
    return None if value is None or not math.isfinite(value) else float(value)


def _rows(run: Run) -> dict[str, Any]:
    """What tells rows apart and what is counted of them, as columns."""
    work = run.workload
    blocks = [harmless(row.block) for row in work.rows]
    names = [harmless(row.id) for row in work.rows]
    shapes = [" ".join("x".join(map(str, shape)) for shape in row.outputs) for row in work.rows]
    columns = {
        "kind": [row.kind for row in work.rows],
        "block": blocks,
        # behind the block, which many of them begin with
        "id": [n.removeprefix(f"{b}/") for n, b in zip(names, blocks, strict=True)],
        "short": [n.startswith(f"{b}/") for n, b in zip(names, blocks, strict=True)],
        "shape": shapes,
        **{word: getattr(work, word) for word in ("params", "macs", "ops")},
        "exposed": work.costs.exposed,
        "total": run.result.total,
    }
    return _packed(columns)


def _maps(run: Run) -> dict[str, Any]:
    """The maps, for a placement that judges each alone by its size."""
    work = run.workload
    begin, end = work.live_ranges
    edges = {word: getattr(work, word) for word in ("in_ptr", "in_tensor", "out_ptr", "out_tensor")}
    columns = {"bytes": work.tensor_bytes, "begin": begin, "end": end, **edges}
    # of a network of views alone no row reads or writes any
    return _packed(columns) | {"count": len(work.tensor_bytes)}


def _addresses(run: Run) -> dict[str, Any] | None:
    """Rectangles of the memory map, at the profile's memory, with the row that writes each map."""
    boxes = addresses(run)
    if boxes is None:
        return None
    columns = {word: values.tolist() for word, values in vars(boxes).items() if word != "tensor"}
    writer = run.workload.first[boxes.tensor].tolist()
    return columns | {"writer": writer, "memory": _finite(run.machine.memory)}


def _placings(run: Run) -> list[Placed]:
    """What moves with some memories on chip, octaves apart, worked out here."""
    own = float(run.machine.memory)
    models = (run.policies.placement_model, run.policies.traffic_model)
    if run.workload.hierarchy is not None:
        return [run.result.placed]
    nothing_moves = models[0].keeps_nothing and not models[1].tiles
    alone = nothing_moves or not math.isfinite(own) or len(run.workload.rows) > MANY
    placings = []
    for octave in (0,) if alone else range(-OCTAVES, OCTAVES + 1):
        # some are too small for a tile, or more than this placement may promise
        with suppress(BadValue, InputError):
            placings.append(place(run.workload, own * 2.0**octave, *models))
    return placings


def _placed(run: Run, placings: Sequence[Placed]) -> dict[str, Any]:
    """The memories of some placings, and what is alive on chip in each."""
    memories = [float(one.memories.flat[0]) for one in placings]
    return {
        "memories": [_finite(memory) for memory in memories],
        "base": memories.index(float(run.machine.memory)),
        "live": [packed(placed_bytes(run.workload, one)[0]) for one in placings],
    }


def _figures(run: Run, placed: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The sliders: one for each figure of the machine, or for each engine where they differ."""
    figures = []
    for quantity in (*asked_about(run, zero=True), *energy_figures(run, zero=True)):
        values = {run.machine.own(name): run.machine[name] for name in quantity.fields}
        together = len(set(values.values())) == 1
        for fields in [list(values)] if together else [[name] for name in values]:
            of = "" if together else f" ({fields[0].partition('_')[0]})"
            figures.append(_figure(run, quantity, fields, of, placed))
    return figures


def _figure(
    run: Run, quantity: MachineQuantity, fields: list[str], of: str, placed: dict[str, Any] | None
) -> dict[str, Any]:
    figure = {
        "label": f"{quantity.label}{of}",
        "fields": fields,
        "unit": units.SI_UNITS[quantity.dimension],
        "fewer": not quantity.more_is_faster,
        "least": LEAST.get(quantity.dimension, 1e-9),
    }
    timed = quantity.lane or quantity.holds_tiles
    if timed and run.policies.timing_model.exponent is None:
        return figure | {"locked": "the page cannot work out this timing: run the command again"}
    if not quantity.holds_tiles or placed is None:
        return figure
    levels = run.machine.level_names
    figure["steps"] = [_finite(run.machine[fields[0]])] if levels else placed["memories"]
    if len(placed["memories"]) == 1:
        figure["locked"] = "with this placement it is worked out for this memory alone"
    return figure
