"""A design space: which point stands at which index, and what it gives.

Structural axes (architecture, its variables, batch, policies, profile) make one `Model` for each of
their combinations; machine axes are arrays. Points are numbered model by model, and inside a model
in row-major order of the machine axes (grid) or in drawing order (samples). Everything here is
picklable and free of files, so a worker anywhere can evaluate points from (space, start, stop).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.core.amounts import row_amounts
from costmodel.core.machine import Machine
from costmodel.core.quantities import AXES, BOUNDS, OUTPUTS
from costmodel.core.terms import entries, paced_by
from costmodel.studies.scan.axes import Axis
from costmodel.studies.scan.counts import Counts
from costmodel.studies.scan.draws import MAX_LHS, SAMPLES, draw
from costmodel.studies.scan.overlapped import Overlapped
from costmodel.studies.scan.surface import TIMES, General, Surface, closed_columns

__all__ = ["MAX_LHS", "SAMPLES", "Columns", "Model", "Space", "draw"]
Columns = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Model:
    """One combination of structural values, ready to be evaluated on any machine."""

    labels: dict[str, Any]
    """The value of each structural axis."""
    form: Surface | General | Counts
    machine: Machine
    """The profile's own numbers, where no axis varies them."""
    samples: int
    """That one run computes."""
    params: int
    macs: int
    batch: int = 1
    title: str = ""
    """For pictures: network and machine."""
    interval: tuple[float, float] | None = None
    """Multiples of the total, on calibrated machines."""

    @property
    def path(self) -> str:
        """Which way its points are evaluated."""
        if isinstance(self.form, Counts):
            return "polynomials of counts"
        closed = isinstance(self.form, Surface | Overlapped)
        return "closed form" if closed else "general"

    @property
    def known(self) -> list[str]:
        """The machine quantities that its profile states."""
        return [word for word, q in AXES.items() if self.machine.value(q) is not None]

    @property
    def lanes(self) -> set[str]:
        """The lanes in which its rows ask for anything, and a figure lets it cost something."""
        form = self.form
        if isinstance(form, General):
            asked: Mapping[Any, Any] = row_amounts(form.workload)
        else:
            asked = form.tables
        return {
            entry.lane
            for entry in entries(self.machine.figures)
            if any(np.any(asked.get(amount, 1)) for amount in entry.amounts)
            and not np.all(self.machine[entry.figure] == entry.idle)
        }

    def on(self, points: Columns) -> Machine:
        """Its machine, with the axes at `points` in the place of the profile's numbers."""
        machine = self.machine
        for word, values in points.items():
            if word in AXES:
                machine = machine.with_quantity(AXES[word], values)
        return machine

    def columns(self, points: Columns, count: int, wanted: Collection[str] = TIMES) -> Columns:
        """Every quantity at `count` points whose machine axes are `points`.

        Of the outputs in TIMES, only those `wanted` and total_time need be there.
        """
        machine = self.on(points)
        counts = {word: values for word, values in points.items() if word not in AXES}
        given: Columns = {"samples": self.samples, "batch": self.batch, "macs": self.macs}
        if isinstance(self.form, Counts):
            found = self.form.columns(machine, counts, count, wanted)
            given |= {word: found.pop(word) for word in ("samples", "macs")} | counts
        elif isinstance(self.form, Surface):
            found = closed_columns(self.form, machine, [w for w in wanted if w in TIMES])
        else:
            found = self.form.columns(machine, count, wanted)
        total = found["total_time"] = np.broadcast_to(found["total_time"], count)
        if self.interval is not None:
            ends = zip(BOUNDS, self.interval, strict=True)
            found |= {word: share * total for word, share in ends}
        words = {word: machine.value(q) for word, q in AXES.items()}
        # a network without work is through at once
        with np.errstate(divide="ignore"):
            throughput = given.pop("samples") / total
        return {
            **self.labels,
            **{word: value for word, value in words.items() if value is not None},
            **found,
            "throughput": throughput,
            "params": self.params,
            **given,
        }


@dataclass(frozen=True, eq=False)
class Space:
    """All points of a scan."""

    axes: tuple[Axis, ...]
    """Machine axes, in the user's order."""
    models: tuple[Model, ...]
    sample: str = "grid"
    count: int = 0
    """Points per scan when sampled."""
    seed: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Values on each machine axis of a grid."""
        return tuple(len(axis.grid()) for axis in self.axes)

    @property
    def calibrated(self) -> bool:
        """True where every model knows the interval around its times."""
        return all(model.interval is not None for model in self.models)

    @property
    def per_model(self) -> int:
        """Points of one model; samples are dealt out to the models as evenly as can be."""
        return prod(self.shape) if self.sample == "grid" else -(-self.count // len(self.models))

    @property
    def points(self) -> int:
        """Points of the whole space."""
        return self.per_model * len(self.models) if self.sample == "grid" else self.count

    @property
    def quantities(self) -> list[str]:
        """The machine quantities that tables show: those that vary, and the known main ones."""
        varied = {axis.name for axis in self.axes}
        return [
            word
            for word, quantity in AXES.items()
            if word in varied or (quantity.shown and all(word in m.known for m in self.models))
        ]

    @property
    def outputs(self) -> list[str]:
        """Return the outputs that a table shows.

        Those of calibrated machines and those of optional lanes are among them where in use.
        """
        varied = (name for axis in self.axes if axis.machine for name in AXES[axis.name].fields)
        lanes = {term.lane for term in paced_by(list(varied))}
        for model in self.models:
            lanes |= model.lanes
        return [
            word
            for word, output in OUTPUTS.items()
            if (not output.calibrated or self.calibrated)
            and (not output.optional or word.removesuffix("_time") in lanes)
        ]

    def examples(self) -> dict[str, Any]:
        """One value of each structural axis: text if any of its values is text."""
        found: dict[str, Any] = {}
        for model in self.models:
            for name, value in model.labels.items():
                if name not in found or not isinstance(value, int | float):
                    found[name] = value
        return found

    def identity(self) -> str:
        """A digest of everything that decides what any point gives."""
        content = [[_fields(axis) for axis in self.axes], self.sample, self.count, self.seed]
        content += [_content(model) for model in self.models]
        return hashlib.sha256(repr(content).encode()).hexdigest()

    def machine_points(self, start: int, stop: int) -> Columns:
        """Return the machine axes' values at points start..stop.

        The points are of one model (grid) or of all (samples).
        """
        if self.sample == "grid":
            places = np.unravel_index(np.arange(start, stop), self.shape) if self.axes else ()
            return {
                axis.name: np.asarray(axis.grid())[at]
                for axis, at in zip(self.axes, places, strict=True)
            }
        shares = draw(self.sample, len(self.axes), self.count, self.seed, start, stop)
        return {axis.name: axis.at(share) for axis, share in zip(self.axes, shares.T, strict=True)}

    def evaluate(
        self, start: int, stop: int, wanted: Collection[str] = TIMES
    ) -> tuple[NDArray[np.int64], Columns]:
        """Indices and quantities at points start..stop, which lie in one model."""
        model = self.models[start // self.per_model]
        first = start // self.per_model * self.per_model
        at = (start - first, stop - first) if self.sample == "grid" else (start, stop)
        return np.arange(start, stop), model.columns(self.machine_points(*at), stop - start, wanted)

    def picked(self, indices: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Columns]]:
        """Positions in `indices` and quantities there, model by model; indices may be scattered."""
        owner = indices // self.per_model
        for number in np.unique(owner):
            at = np.flatnonzero(owner == number)
            inside = indices[at] - (number * self.per_model if self.sample == "grid" else 0)
            yield at, self.models[number].columns(self._scattered(inside), len(at))

    def _scattered(self, inside: NDArray[np.int64]) -> Columns:
        """`machine_points` at scattered places: drawn run by run where points are drawn."""
        if not self.axes:
            return {}
        if self.sample == "grid":
            places = np.unravel_index(inside, self.shape)
            return {
                a.name: np.asarray(a.grid())[at] for a, at in zip(self.axes, places, strict=True)
            }
        # drawing any part of it draws it all
        if self.sample == "lhs":
            whole = self.machine_points(0, self.count)
            return {name: values[inside] for name, values in whole.items()}
        order = np.argsort(inside)
        found = [
            self.machine_points(int(run[0]), int(run[-1]) + 1)
            for run in np.split(inside[order], np.flatnonzero(np.diff(inside[order]) != 1) + 1)
        ]
        back = np.argsort(order)
        return {a.name: np.concatenate([part[a.name] for part in found])[back] for a in self.axes}

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """All points in consecutive ranges of at most `size`, none across two models."""
        found = []
        for first in range(0, self.points, self.per_model):
            end = min(first + self.per_model, self.points)
            found += [(at, min(at + size, end)) for at in range(first, end, size)]
        return found


def _fields(item: Any) -> dict[str, Any]:
    """What was given, without what is cached beside it."""
    return {
        field.name: getattr(item, field.name)
        for field in fields(item)
        if not field.name.startswith("_")
    }


def _content(model: Model) -> list[Any]:
    """All that decides what a model gives, in a form whose text is equal for equal models."""
    form = model.form
    arrays = _asked(form) if isinstance(form, General) else _fields(form)
    tables = arrays.pop("tables", {})
    arrays |= {amount if isinstance(amount, str) else _name(amount): table
               for amount, table in tables.items()}  # fmt: skip
    if isinstance(form, Counts):
        arrays["timing"] = _name(type(form.timing))
    digests = {
        name: hashlib.sha256(value.tobytes()).hexdigest()
        if isinstance(value, np.ndarray)
        else value
        for name, value in sorted(arrays.items())
    }
    counts = [model.samples, model.batch, model.params, model.macs, model.interval]
    return [model.labels, digests, sorted(model.machine.figures.items()), *counts]


def _name(item: Any) -> str:
    """The full name of a class or a function."""
    return f"{item.__module__}.{item.__qualname__}"


def _asked(form: General) -> dict[str, Any]:
    """What a general form puts to the formula."""
    work = form.workload
    given = {name: getattr(work, name) for name in work.__dataclass_fields__}
    models = {"placement": form.placement, "timing": form.timing, "traffic": form.traffic}
    return {
        **{name: value for name, value in given.items() if name not in ("rows", "costs")},
        **{f"costs.{name}": value for name, value in vars(work.costs).items()},
        **{name: _name(type(m)) for name, m in models.items()},
    }
