"""A design space: which point stands at which index, and what it gives.

Structural axes (architecture, its variables, batch, policies, profile) make one `Model` for each
of their combinations; machine axes are arrays. Points are numbered model by model, and inside a
model in row-major order of the machine axes (grid) or in drawing order (samples). Everything here is
picklable and free of files, so a worker anywhere can evaluate points from (space, start, stop).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from costmodel.errors import BadValue
from costmodel.hardware import Machine
from costmodel.scan.axes import Axis
from costmodel.scan.surface import General, Surface, closed_columns
from costmodel.scan.words import BOUNDS, MACHINE

SAMPLES = ("grid", "random", "sobol", "lhs")
MAX_LHS = 10_000_000  # [points] a Latin hypercube permutes all of them at once
Columns = dict[str, Any]
TIMES = ("total_time", "transfer_time", "matrix_time", "host_time", "external_bytes")


@dataclass(frozen=True, eq=False)
class Model:
    """One combination of structural values, ready to be evaluated on any machine."""

    labels: dict[str, Any]  # structural axis -> value
    form: Surface | General
    machine: Machine  # the profile's own numbers, where no axis varies them
    batch: int
    params: int
    macs: int
    title: str = ""  # for pictures: network and machine
    interval: tuple[float, float] | None = None  # multiples of the total, on calibrated machines

    @property
    def path(self) -> str:
        """Which way its points are evaluated."""
        return "closed form" if isinstance(self.form, Surface) else "general"

    def columns(self, points: Columns, count: int, wanted: Collection[str] = TIMES) -> Columns:
        """Every quantity at `count` points whose machine axes are `points`.

        Of the outputs in TIMES, only those `wanted` and total_time need be there.
        """
        fields = {field: points.get(word, getattr(self.machine, field))
                  for word, (_, field) in MACHINE.items()}  # fmt: skip
        machine = Machine(
            **{f: np.broadcast_to(np.asarray(v, float), count) for f, v in fields.items()}
        )
        if isinstance(self.form, Surface):
            found = closed_columns(self.form, machine, [w for w in wanted if w in TIMES])
        else:
            found = self.form.columns(machine)
        if self.interval is not None:
            found |= {
                word: share * found["total_time"]
                for word, share in zip(BOUNDS, self.interval, strict=True)
            }
        words = {word: getattr(machine, field) for word, (_, field) in MACHINE.items()}
        return {**self.labels, **words, **found, "throughput": self.batch / found["total_time"],
                "batch": self.batch, "params": self.params, "macs": self.macs}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Space:
    """All points of a scan."""

    axes: tuple[Axis, ...]  # machine axes, in the user's order
    models: tuple[Model, ...]
    sample: str = "grid"
    count: int = 0  # points per scan when sampled
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
        """The machine axes' values at points start..stop of one model (grid) or of all (samples)."""
        if self.sample == "grid":
            places = np.unravel_index(np.arange(start, stop), self.shape) if self.axes else ()
            return {axis.name: np.asarray(axis.grid())[at]
                    for axis, at in zip(self.axes, places, strict=True)}  # fmt: skip
        shares = draw(self.sample, len(self.axes), self.count, self.seed, start, stop)
        return {axis.name: axis.at(share) for axis, share in zip(self.axes, shares.T, strict=True)}

    def evaluate(self, start: int, stop: int,
                 wanted: Collection[str] = TIMES) -> tuple[NDArray[np.int64], Columns]:  # fmt: skip
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
        if self.sample == "lhs":  # drawing any part of it draws it all
            whole = self.machine_points(0, self.count)
            return {name: values[inside] for name, values in whole.items()}
        order = np.argsort(inside)
        found = [self.machine_points(int(run[0]), int(run[-1]) + 1) for run in
                 np.split(inside[order], np.flatnonzero(np.diff(inside[order]) != 1) + 1)]  # fmt: skip
        back = np.argsort(order)
        return {a.name: np.concatenate([part[a.name] for part in found])[back] for a in self.axes}

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """All points in consecutive ranges of at most `size`, none across two models."""
        found = []
        for first in range(0, self.points, self.per_model):
            end = min(first + self.per_model, self.points)
            found += [(at, min(at + size, end)) for at in range(first, end, size)]
        return found


def _fields(item: Axis | Surface) -> dict[str, Any]:
    """What was given, without what is cached beside it."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _content(model: Model) -> list[Any]:
    """All that decides what a model gives, in a form whose text is equal for equal models."""
    form = model.form
    arrays = _fields(form) if isinstance(form, Surface) else {
        **{name: value for name, value in vars(form.workload).items() if name not in ("rows", "costs")},
        **{f"costs.{name}": value for name, value in vars(form.workload.costs).items()},
        "placement": type(form.placement).__name__, "timing": type(form.timing).__name__,
    }  # fmt: skip
    digests = {name: hashlib.sha256(value.tobytes()).hexdigest() if isinstance(value, np.ndarray) else value
               for name, value in arrays.items()}  # fmt: skip
    return [
        model.labels,
        digests,
        vars(model.machine),
        model.batch,
        model.params,
        model.macs,
        model.interval,
    ]


def draw(
    sample: str, axes: int, count: int, seed: int, start: int, stop: int
) -> NDArray[np.float64]:
    """Shares in [0, 1) of every axis at points start..stop, (stop - start, axes).

    A pure function of its arguments: the same points whatever the ranges they are drawn in.
    """
    if sample == "random":  # Philox is counter-based: any point of its stream can be reached
        blocks = np.random.Philox(key=seed)
        blocks.advance(start * axes // 4)  # four 64-bit draws a step
        skip = start * axes % 4
        drawn = np.random.Generator(blocks).random(skip + (stop - start) * axes)
        return drawn[skip:].reshape(-1, axes)
    from scipy.stats import qmc  # 0.3 s to import, only for these two

    if sample == "sobol":
        engine = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed))
        if start:
            engine.fast_forward(start)
        with warnings.catch_warnings():  # balance needs a power of two: the user chose n
            warnings.simplefilter("ignore", UserWarning)
            return np.asarray(engine.random(stop - start))
    if count > MAX_LHS:
        raise BadValue(f"a Latin hypercube of {count} points", f"at most {MAX_LHS}; use sobol")
    return np.asarray(
        qmc.LatinHypercube(axes, rng=np.random.default_rng(seed)).random(count)[start:stop]
    )
