"""What a user asks of a scan, made into a `Plan`; `scan_file` and the command line fill it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from costmodel.core import policies
from costmodel.core.graph_pass import Pass
from costmodel.core.quantities import AXES
from costmodel.errors import BadValue, InputError, Place, Problem, Problems, did_you_mean
from costmodel.studies.run import Run
from costmodel.studies.scan.axes import WHOLE, Axis, read_axis
from costmodel.studies.scan.models import model
from costmodel.studies.scan.plan import Plan
from costmodel.studies.scan.polynomials import as_counts, polynomials
from costmodel.studies.scan.reducers import reduced
from costmodel.studies.scan.space import MAX_LHS, SAMPLES, Model, Space
from costmodel.studies.simulation import both, simulated

MAX_MODELS = 20_000
"""Structural combinations; each is a network built and counted."""
MAX_POINTS = 10**13
"""[points] A day of a thousand cores."""
POLICIES = ("dtype", "convention", "placement", "traffic", "timing")


@dataclass
class Request:
    """A scan in the user's words. `places` says where each was written, for messages."""

    arch: list[str] = field(default_factory=list)
    hw: list[str] = field(default_factory=list)
    axes: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    sample: str = "grid"
    n: int = 0
    seed: int = 0
    where: list[str] = field(default_factory=list)
    derive: dict[str, str] = field(default_factory=dict)
    best: int = 10
    by: str = "total_time"
    pareto: list[str] = field(default_factory=list)
    points: bool = False
    batch: int | None = None
    choices: dict[str, policies.Choice | None] = field(default_factory=dict)
    passes: list[str | Pass] | None = None
    """None: those of each profile."""
    places: dict[str, Place] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    """Found while reading."""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of the axes 'arch' and 'hw' the networks and profiles that are loaded already, by label."""

    def place(self, what: str) -> Place:
        """Where `what` was written."""
        return self.places.get(what, Place(what))

    def plan(self) -> Plan:
        """The plan. Raises InputError with every mistake."""
        problems = self.problems
        axes = list(self._axes(problems))
        self._sampling(problems)
        self._conflicts({axis.name for axis in axes}, problems)
        self._known_policies(axes, problems)
        self._bounds(axes, problems)
        problems.raise_if_any()
        structural = [axis for axis in axes if not axis.machine]
        counts = as_counts(structural, self.sample)
        models = self._counted([a for a in structural if a not in counts], counts, problems)
        if not models:
            counts = []
            self._bounded(structural, problems)
            problems.raise_if_any()
            models = self._models(structural, problems)
        problems.raise_if_any()
        count = self.n if self.sample != "grid" else 0
        arrays = (*counts, *(axis for axis in axes if axis.machine))
        space = Space(arrays, models, self.sample, count, self.seed)
        plan = reduced(self, Plan(space, k=self.best, points=self.points), problems)
        problems.raise_if_any()
        return plan

    def _bounds(self, axes: list[Axis], problems: Problems) -> None:
        """Refuse what no scan could hold, before any value is made."""
        points = prod(axis.size for axis in axes) if self.sample == "grid" else self.n
        if points > MAX_POINTS:
            problems.add(
                self.place("axes"), f"{points} points", f"at most {MAX_POINTS}: use fewer values"
            )

    def _sampling(self, problems: Problems) -> None:
        if self.sample not in SAMPLES:
            problems.add(
                self.place("sample"),
                f"unknown sample '{self.sample}'",
                did_you_mean(self.sample, SAMPLES),
            )
        elif self.sample == "grid" and self.n:
            problems.add(
                self.place("n"),
                f"n is {self.n}, but a grid has as many points as its axes make",
                "drop n, or name a sample: random, sobol or lhs",
            )
        elif self.sample != "grid" and self.n < 1:
            problems.add(self.place("n"), f"a {self.sample} sample needs n, got {self.n}", "add n")
        elif self.sample == "lhs" and self.n > MAX_LHS:
            problems.add(
                self.place("n"),
                f"a Latin hypercube of {self.n} points",
                f"at most {MAX_LHS}; use sobol",
            )
        for name in ("best", "seed"):
            if getattr(self, name) < 0:
                problems.add(self.place(name), f"{name} is {getattr(self, name)}", "use 0 or more")

    def _conflicts(self, axes: set[str], problems: Problems) -> None:
        """What is fixed and an axis at once."""
        fixed = {word for word in POLICIES if self.choices.get(word)}
        fixed |= {"batch"} if self.batch is not None else set()
        fixed |= {f"arch.{name}" for name in self.settings}
        for word in sorted(fixed & axes):
            what = f"set {word[5:]}" if word.startswith("arch.") else word
            problems.add(
                self.place(what), f"'{word}' is fixed, and an axis too", "drop one of them"
            )
        for word in ("arch", "hw"):
            if word in self.axes and getattr(self, word):
                problems.add(
                    self.place(f"axes {word}"),
                    f"'{word}' is named, and an axis too",
                    "drop one of them",
                )
            elif word not in self.axes and not getattr(self, word):
                problems.add(self.place(word), f"the scan has no '{word}'", f"add '{word}: ...'")

    def _known_policies(self, axes: list[Axis], problems: Problems) -> None:
        """Every policy that is named, before any network is built."""
        named = [
            (axis.name, word, f"axes {axis.name}")
            for axis in axes
            if axis.name in POLICIES
            for word in axis.grid()
        ]
        named += [(family, word, family) for family, word in self.choices.items() if word]
        for family, word, place in named:
            try:
                policies.check(family, word)
            except BadValue as error:
                problems.found.extend(
                    error.at(self.places.get(place, Place(f"--{family}"))).problems
                )

    def _axes(self, problems: Problems) -> Iterator[Axis]:
        """Every axis; architectures and profiles given as lists are axes too."""
        for name, value in self.axes.items():
            place = self.place(f"axes {name}")
            try:
                axis = read_axis(name, value)
            except BadValue as error:
                problems.found.extend(error.at(place).problems)
                continue
            if (
                axis.scale != "list"
                and not axis.count
                and (self.sample == "grid" or not (axis.machine or axis.name in WHOLE))
            ):
                problems.add(
                    place, f"axis '{name}' has no count", "write e.g. log(1 GB/s, 9 GB/s, 50)"
                )
                continue
            yield axis
        for name, words in (("arch", self.arch), ("hw", self.hw)):
            if len(words) > 1 and name not in self.axes:
                yield Axis(name, "list", tuple(words))

    def _counted(
        self, axes: list[Axis], counts: list[Axis], problems: Problems
    ) -> tuple[Model, ...]:
        """Models whose counts are polynomials in the axes `counts`; none where some are not."""
        if not counts or prod(len(axis.grid()) for axis in axes) > MAX_MODELS:
            return ()
        models = []
        for values in product(*(axis.grid() for axis in axes)):
            labels = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            try:
                form = polynomials(counts, lambda at: self._run({**labels, **at}))  # noqa: B023
                if form is None:
                    return ()
                first = {axis.name: axis.at(np.zeros(1)).tolist()[0] for axis in counts}
                made = model(self._run({**labels, **first}), labels)
            except InputError as error:
                problems.found.extend(map(self._at_home, error.problems))
                return ()
            models.append(replace(made, form=form))
        return tuple(models)

    def _bounded(self, axes: list[Axis], problems: Problems) -> None:
        """Say which axes need values of their own, where networks are built one by one."""
        for axis in axes:
            if axis.scale != "list" and not axis.count:
                problems.add(
                    self.place(f"axes {axis.name}"),
                    f"axis '{axis.name}' has no count, and its counts are no polynomials here",
                    f"write e.g. linear({axis.low:g}, {axis.high:g}, 8)",
                )

    def _models(self, axes: list[Axis], problems: Problems) -> tuple[Model, ...]:
        """One model for each combination of structural values."""
        combinations = prod(len(axis.grid()) for axis in axes)
        if combinations > MAX_MODELS:
            problems.add(
                self.place("axes"),
                f"{combinations} structural combinations",
                f"at most {MAX_MODELS}: each builds a network",
            )
            return ()
        models = []
        for values in product(*(axis.grid() for axis in axes)):
            labels = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            try:
                models.append(self._model(labels))
            except InputError as error:
                problems.found.extend(map(self._at_home, error.problems))
            # the same mistake in every combination
            if len(problems.found) > 20:
                break
        return tuple(models)

    def _model(self, labels: Mapping[str, Any]) -> Model:
        return model(self._run(labels), dict(labels))

    def _run(self, labels: Mapping[str, Any]) -> Run:
        varied = {k[5:]: v for k, v in labels.items() if k.startswith("arch.")}
        words: dict[str, Any] = {k: v for k, v in self.choices.items() if v}
        words |= {k: labels[k] for k in POLICIES if k in labels}
        batch = labels.get("batch", 1 if self.batch is None else self.batch)
        network, profile, hw_file = both(
            self._named("arch", labels), self._named("hw", labels), self.settings | varied
        )
        return simulated(
            network,
            profile,
            hw_file=hw_file,
            batch=batch,
            choices=words,
            uniform=len(self.arch) > 1 or "arch" in labels,
            passes=self.passes,
            given=tuple(AXES[name].word for name in self.axes if name in AXES),
        )

    def _named(self, axis: str, labels: Mapping[str, Any]) -> Any:
        """The network or profile of a design point: an object, else the word that names a file."""
        label = labels.get(axis) or getattr(self, axis)[0]
        return self.objects.get(axis, {}).get(label, label)

    def _at_home(self, problem: Problem) -> Problem:
        """A problem found far from the scan, at the place where the scan says it."""
        where = str(problem.place)
        option, _, rest = where.partition(" ")
        key = option.removeprefix("--")
        keys = (
            [f"axes {key}", key]
            if where == option
            else [f"axes arch.{rest.partition('=')[0]}", f"set {rest.partition('=')[0]}"]
        )
        keys += [word for word in ("arch", "hw") if where in getattr(self, word)]
        keys += [f"axes {word}" for word in ("arch", "hw") if where in (self.axes.get(word) or ())]
        home = next((self.places[k] for k in keys if k in self.places), problem.place)
        return replace(problem, place=home)
