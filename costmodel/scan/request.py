"""What a user asks of a scan, from a YAML file or the command line, made into a `Plan`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from costmodel import arch, hardware, placement, shipped, timing
from costmodel.documents import Node, load
from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean
from costmodel.run import Run, run
from costmodel.scan.axes import Axis, read_axis
from costmodel.scan.plan import Plan
from costmodel.scan.space import SAMPLES, Model, Space
from costmodel.scan.surface import General, surface
from costmodel.scan.words import MACHINE, OUTPUTS, Formula, Objective

MAX_MODELS = 20_000  # structural combinations; each is a network built and counted
KEYS = ("arch", "hw", "set", "axes", "sample", "n", "seed", "where", "derive", "best", "by", "pareto",
        "points", "batch", "dtype", "convention", "placement", "timing")  # fmt: skip
POLICIES = ("dtype", "convention", "placement", "timing")


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
    batch: int = 1
    choices: dict[str, str | None] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def place(self, what: str) -> Place:
        """Where `what` was written."""
        return self.places.get(what, Place(what))

    @classmethod
    def from_file(cls, path: str) -> Request:
        """The request in a YAML file. Raises InputError with every mistake."""
        root = load(path)
        top = root.mapping("a scan")
        problems = Problems()
        root.check_keys("the scan", KEYS, problems)
        root.require("the scan", ("arch", "hw"), problems)
        problems.raise_if_any()
        request = cls(places={key: node.place for key, node in top.items()})
        kinds = {
            "sample": str,
            "n": int,
            "seed": int,
            "best": int,
            "by": str,
            "points": bool,
            "batch": int,
        }
        for key, kind in kinds.items():
            if key in top:
                with problems.collect():
                    setattr(request, key, _typed(key, top[key], kind))
        for key in ("arch", "hw", "where", "pareto"):
            value = top[key].plain() if key in top else []
            setattr(request, key, [str(v) for v in (value if isinstance(value, list) else [value])])
        for key, target in (
            ("axes", request.axes),
            ("derive", request.derive),
            ("set", request.settings),
        ):
            if key in top:
                with problems.collect():
                    target.update({k: n.plain() for k, n in top[key].mapping(key).items()})
                    request.places |= {f"{key} {k}": n.place for k, n in top[key].value.items()}
        request.choices = {key: str(top[key].plain()) for key in POLICIES if key in top}
        problems.raise_if_any()
        return request

    def plan(self) -> Plan:
        """The plan. Raises InputError with every mistake."""
        problems = Problems()
        axes = list(self._axes(problems))
        if self.sample not in SAMPLES:
            problems.add(self.place("sample"), f"unknown sample '{self.sample}'",
                         did_you_mean(self.sample, SAMPLES))  # fmt: skip
        elif self.sample != "grid" and self.n < 1:
            problems.add(self.place("n"), f"a {self.sample} sample needs n, got {self.n}", "add n")
        for name in ("best", "seed"):
            if getattr(self, name) < 0:
                problems.add(self.place(name), f"{name} is {getattr(self, name)}", "use 0 or more")
        problems.raise_if_any()
        models = self._models([axis for axis in axes if not axis.machine], problems)
        problems.raise_if_any()
        count = self.n if self.sample != "grid" else 0
        space = Space(tuple(a for a in axes if a.machine), models, self.sample, count, self.seed)
        plan = self._reducers(Plan(space, k=self.best, points=self.points), problems)
        problems.raise_if_any()
        return plan

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
                and (self.sample == "grid" or not axis.machine)
            ):
                problems.add(
                    place, f"axis '{name}' has no count", "write e.g. log(1 GB/s, 9 GB/s, 50)"
                )
                continue
            yield axis
        for name, words in (("arch", self.arch), ("hw", self.hw)):
            if len(words) > 1 and name not in self.axes:
                yield Axis(name, "list", tuple(words))

    def _models(self, axes: list[Axis], problems: Problems) -> tuple[Model, ...]:
        """One model for each combination of structural values."""
        combinations = prod(len(axis.grid()) for axis in axes)
        if combinations > MAX_MODELS:
            problems.add(self.place("axes"), f"{combinations} structural combinations",
                         f"at most {MAX_MODELS}: each builds a network")  # fmt: skip
            return ()
        found = []
        for values in product(*(axis.grid() for axis in axes)):
            labels = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            with problems.collect():
                found.append(self._model(labels))
            if len(problems.found) > 20:  # the same mistake in every combination
                break
        return tuple(found)

    def _model(self, labels: Mapping[str, Any]) -> Model:
        settings = {
            **self.settings,
            **{k[5:]: v for k, v in labels.items() if k.startswith("arch.")},
        }
        words = {
            **{k: v for k, v in self.choices.items() if v},
            **{k: labels[k] for k in POLICIES if k in labels},
        }
        done = _simulated(labels.get("arch") or self.arch[0], labels.get("hw") or self.hw[0],
                          tuple(sorted(settings.items())), int(labels.get("batch", self.batch)),
                          tuple(sorted(words.items())), len(self.arch) > 1 or "arch" in labels)  # fmt: skip
        return model(done, dict(labels))

    def _reducers(self, plan: Plan, problems: Problems) -> Plan:
        """Constraints, derived columns and objectives, checked against the columns there are."""
        sample = plan.space.models[0]
        known = {*MACHINE, *OUTPUTS, "batch", *sample.labels}
        derive: list[tuple[str, Formula]] = []
        for name, text in self.derive.items():
            place = self.place(f"derive {name}")
            if not name.isidentifier() or name in known:
                problems.add(place, f"'{name}' cannot name a derived column", "choose another word")
            if self._checked(text, known, place, problems):
                derive.append((name, Formula(text)))
                known.add(name)
        where = [Formula(text) for text in self.where
                 if self._checked(text, known, self.place("where"), problems)]  # fmt: skip
        objectives = []
        for text, what in [(self.by, "by"), *((word, "pareto") for word in self.pareto)]:
            try:
                objectives.append(Objective.read(text, known))
            except BadValue as error:
                problems.found.extend(error.at(self.place(what)).problems)
        problems.raise_if_any()
        return replace(plan, by=objectives[0], pareto=tuple(objectives[1:]), where=tuple(where),
                       derive=tuple(derive))  # fmt: skip

    def _checked(self, text: str, known: set[str], place: Place, problems: Problems) -> bool:
        """True if an expression can be evaluated on the columns `known`."""
        formula = Formula(str(text))
        try:
            formula.check(known)
            formula(dict.fromkeys(known, 1.0))
        except BadValue as error:
            problems.found.extend(error.at(place).problems)
            return False
        return True


def _typed(key: str, node: Node, kind: type) -> Any:
    value = node.plain()
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError.at(node.place, f"'{key}' is {value!r}", f"write a {kind.__name__}")
    return value


def model(done: Run, labels: dict[str, Any] | None = None) -> Model:
    """A run as something to be evaluated on any machine, by the closed form where there is one."""
    policy, clock = placement.load(done.policies.placement), timing.load(done.policies.timing)
    form = surface(done.workload, policy, clock)
    plain = form or General(replace(done.workload, rows=()), policy, clock)
    totals = done.totals()
    totals, title = done.totals(), f"{done.network.name} on {done.profile.name}"
    return Model(labels or {}, plain, done.profile.machine(), done.policies.batch,
                 int(totals["params"]), int(totals["macs"]), title)  # fmt: skip


@lru_cache(maxsize=64)
def _network(word: str, settings: tuple[tuple[str, Any], ...]) -> arch.Network:
    return arch.load(shipped.find(word, "archs"), dict(settings))


@lru_cache(maxsize=64)
def _profile(word: str) -> hardware.HardwareProfile:
    return hardware.load_profile(shipped.find(word, "hwprofiles"))


def _simulated(word: str, hw: str, settings: tuple[tuple[str, Any], ...], batch: int,
               choices: tuple[tuple[str, str], ...], uniform: bool) -> Run:  # fmt: skip
    problems = Problems()
    with problems.collect():
        network = _network(word, tuple((k, _hashable(v)) for k, v in settings))
    with problems.collect():
        profile = _profile(hw)
    problems.raise_if_any()
    return run(network, profile, batch=batch, choices=dict(choices), uniform=uniform)


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
