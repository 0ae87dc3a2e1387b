"""A scan as data: the space, what to keep of it, and its parts. A part is a pure function."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from costmodel.core.quantities import AXES, JOULES
from costmodel.studies.scan.forms.form import TIMES, Columns, Words
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.running import cached_grid
from costmodel.studies.scan.running.pareto import Best, Front, best_of, front_of
from costmodel.studies.scan.space.formulas import Formula, Objective
from costmodel.studies.scan.space.panel import Panel
from costmodel.studies.scan.space.points import Space

GENERAL_PART = 1 << 20
"""[points] of a part whose points are made one by one; also of a Parquet file."""
BLOCKS_PART = 1 << 27
"""[points] of a part that is reduced in cache without being materialised."""


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """Everything that decides a scan's result; engine and workers are no part of it."""

    space: Space
    by: Objective = field(default_factory=lambda: Objective("total_time"))
    k: int = 10
    pareto: tuple[Objective, ...] = ()
    where: tuple[Formula, ...] = ()
    derive: tuple[tuple[str, Formula], ...] = ()
    points: bool = False
    """True: every point is kept, as Parquet."""

    @cached_property
    def identity(self) -> str:
        """A digest: equal for equal scans, whatever runs them."""
        options = (self.by, self.k, self.pareto, self.where, self.derive, self.points)
        return hashlib.sha256(f"{self.space.identity()} {options!r}".encode()).hexdigest()

    @cached_property
    def description(self) -> dict[str, str]:
        """The plan in words, so that a change can be named."""
        space = self.space
        axes = {axis.name: axis.text for axis in space.axes}
        for name in space.variants[0].labels:
            axes[name] = ", ".join(dict.fromkeys(str(v.labels[name]) for v in space.variants))
        return axes | {
            "sample": space.sample,
            "n": str(space.count),
            "seed": str(space.seed),
            "best": str(self.k),
            "by": self.by.text,
            "pareto": ",".join(objective.text for objective in self.pareto),
            "where": "; ".join(f.text for f in self.where),
            "derive": "; ".join(f"{name}={f.text}" for name, f in self.derive),
            "points": str(self.points),
            "network": space.variants[0].title,
            "over": space.variants[0].marks.get("over", ""),
        }

    @cached_property
    def grid(self) -> cached_grid.Grid | None:
        """How to reduce the grid without materialising it, or None where that does not apply."""
        objectives = [objective.text for objective in self.pareto]
        figures = [word for word in objectives if word in AXES]
        closed = all(
            isinstance(variant.form, Surface) and not isinstance(variant, Panel)
            for variant in self.space.variants
        )
        every_point = self.points or self.derive or self.space.sample != "grid"
        over_time = not objectives or "total_time" in objectives
        known = set(objectives) <= {"total_time", *figures} and self.by.text == "total_time"
        if every_point or not (closed and over_time and known):
            return None
        return cached_grid.arrange(self.space, figures, self.where)

    @property
    def path(self) -> str:
        """How points are evaluated, for the report."""
        paths = sorted({variant.path for variant in self.space.variants})
        return " and ".join(paths) + (", grid reduced in cache" if self.grid else "")

    def ranges(self) -> list[tuple[int, int]]:
        """The parts. With a grid, ranges count its points in evaluation order."""
        return self.grid.ranges(BLOCKS_PART) if self.grid else self.space.ranges(GENERAL_PART)

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The columns of a points table behind the index: axes, what the formula gives, derived."""
        given = (*TIMES, *JOULES, "area")
        outputs = [word for word in self.space.outputs if word.rpartition(":")[2] in given]
        return (*self.space.words, *outputs, *(name for name, _ in self.derive))

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The quantities that a part needs where its points are not kept."""
        named = {o.word for o in (self.by, *self.pareto)}
        formulas = (*self.where, *(formula for _, formula in self.derive))
        return frozenset(named.union(*(formula.words for formula in formulas)))

    def columns(self, start: int, stop: int, wanted: Words = TIMES) -> tuple[Any, Columns]:
        """Indices and columns, derived ones too, at points start..stop of one variant."""
        indices, columns = self.space.evaluate(start, stop, wanted)
        return indices, self._derived(columns)

    def _derived(self, columns: Columns) -> Columns:
        """The columns with the derived ones added, each of which may name those before it."""
        for name, formula in self.derive:
            columns[name] = formula(columns)
        return columns

    def feasible(self, columns: Columns, count: int) -> Any:
        """True for each of `count` points that meets every constraint (count,)."""
        mask = np.ones(count, dtype=bool)
        for formula in self.where:
            mask &= np.broadcast_to(np.asarray(formula(columns), dtype=bool), mask.shape)
        return mask

    def rows(self, indices: Sequence[int]) -> list[Columns]:
        """Every column at each of `indices`, as plain numbers and words."""
        records: list[Columns] = [{} for _ in indices]
        for at, columns in self.space.picked(np.asarray(indices, dtype=np.int64)):
            plain = {
                name: column_of(value, len(at)).tolist()
                for name, value in self._derived(columns).items()
            }
            for place, values in zip(at, zip(*plain.values(), strict=True), strict=True):
                records[place] = dict(zip(plain, values, strict=True))
        return records


@dataclass(frozen=True)
class ScanPart:
    """What a part leaves behind."""

    feasible: int
    """Points that meet the constraints."""
    best: Best
    front: Front
    table: bytes = b""
    """Its points as Parquet, if they are kept."""


def evaluate_part(plan: ScanPlan, start: int, stop: int) -> ScanPart:
    """Evaluate points start..stop of `plan`: the task that engines hand to workers."""
    if plan.grid:
        best, front, feasible = cached_grid.reduce(
            plan.grid, start, stop, plan.k, bool(plan.pareto)
        )
        return ScanPart(feasible, best, front)
    indices, columns = plan.columns(start, stop, TIMES if plan.points else plan.wanted)
    mask = plan.feasible(columns, stop - start)
    vectors = [np.broadcast_to(o(columns), mask.shape) for o in (plan.by, *plan.pareto)]
    # a derived objective may be no number somewhere: such points cannot win
    for values in vectors:
        mask &= ~np.isnan(values)
    kept, vectors = indices[mask], [values[mask] for values in vectors]
    front = front_of(np.stack(vectors[1:], axis=1), kept) if plan.pareto else []
    table = parquet(plan, indices, columns, mask) if plan.points else b""
    return ScanPart(int(mask.sum()), best_of(vectors[0], kept, plan.k), front, table)


def column_of(value: Any, count: int) -> Any:
    """A value at each of `count` points (count,): an array as it is, a single value repeated.

    A list is a single value too, of a variable that an axis of the scan sets; tables show it as
    text.
    """
    single = str(list(value)) if isinstance(value, list | tuple) else value
    return np.broadcast_to(np.asarray(single), count)


def table_columns(
    plan: ScanPlan, indices: Any, columns: Mapping[str, Any], mask: Any
) -> dict[str, Any]:
    """The columns of a points table: index, axes, outputs; single values repeated."""
    count = len(indices)
    whole = {"index": indices}
    for name in plan.kept:
        whole[name] = column_of(columns[name], count)
    return whole if mask.all() else {name: column[mask] for name, column in whole.items()}


def parquet(plan: ScanPlan, indices: Any, columns: Mapping[str, Any], mask: Any) -> bytes:
    """The feasible points of a part as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = table_columns(plan, indices, columns, mask)
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    sink = io.BytesIO()
    # doubles have no use for a dictionary
    words = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    pq.write_table(table, sink, use_dictionary=words)
    return sink.getvalue()
