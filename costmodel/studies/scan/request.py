"""What a user asks of a scan, in words; `scan_file` and the command line fill it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from costmodel.core.graph_pass import Pass
from costmodel.core.policies import Choice
from costmodel.core.quantities import AXES, MACHINE
from costmodel.errors import BadValue, InputError, Place, Problem, Problems, did_you_mean
from costmodel.hardware.numbers import with_number
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.run import Run
from costmodel.studies.scan.space.axes import of_profile
from costmodel.studies.simulation import both, simulated

POLICIES = ("dtype", "convention", "placement", "traffic", "timing")


@dataclass
class ScanRequest:
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
    choices: dict[str, Choice | None] = field(default_factory=dict)
    passes: list[str | Pass] | None = None
    """None: those of each profile."""
    si: bool = False
    """True: plain numbers on axes are in SI units; False: they lack one."""
    places: dict[str, Place] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    """Mistakes seen while the request was read."""
    attained: bool = False
    """True: schedules over several levels are searched at every size; False: their bound is read
    where sizes are axes.
    """
    over: dict[str, Any] = field(default_factory=dict)
    """The weight of each network that the machines are judged over; none: one network alone."""
    combine: str = "sum"
    """How the figures of several networks become one."""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of the axes 'arch' and 'hw' the networks and profiles that are loaded already, by label."""

    @property
    def alone(self) -> dict[str, ScanRequest]:
        """The request for each network that is judged over; itself where none is."""
        each = {name: replace(self, arch=[name], over={}) for name in self.over}
        return each or {"": self}

    def place(self, what: str) -> Place:
        """Where `what` was written."""
        return self.places.get(what, Place(what))

    @contextmanager
    def placed(self, what: str, otherwise: str = "") -> Iterator[None]:
        """Turn a BadValue raised inside the block into an InputError where `what` was written."""
        try:
            yield
        except BadValue as error:
            raise error.at(self.places.get(what, Place(otherwise or what))) from None

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Note what is wrong with a design point where the scan says what causes it, and go on."""
        try:
            yield
        except InputError as error:
            self.problems.found.extend(map(self._at_home, error.problems))

    def run(self, *chosen: Mapping[str, Any]) -> Run:
        """Simulate a design point, whose structural axes have the values `chosen`, by axis.

        Raises InputError.
        """
        labels = {word: value for values in chosen for word, value in values.items()}
        varied = {k.removeprefix("arch."): v for k, v in labels.items() if k.startswith("arch.")}
        choices = {k: v for k, v in self.choices.items() if v}
        choices |= {k: labels[k] for k in POLICIES if k in labels}
        network, profile, hw_file = both(
            self._named("arch", labels), self._named("hw", labels), self.settings | varied
        )
        self._check_levels(profile)
        for word, value in labels.items():
            if of_profile(word):
                with self.placed(f"axes {word}"):
                    profile = with_number(profile, word[3:], value)
        return simulated(
            network,
            profile,
            bounded=self.bounded,
            hw_file=hw_file,
            batch=labels.get("batch", 1 if self.batch is None else self.batch),
            choices=choices,
            uniform=len(self.arch) > 1 or "arch" in labels,
            passes=self.passes,
            given=self.given,
        )

    @property
    def given(self) -> tuple[str, ...]:
        """The figures of machines that are axes, so that no profile need state them."""
        return tuple(AXES[name].word for name in self.axes if name in AXES)

    @property
    def bounded(self) -> bool:
        """True where the bound of each level of memory is read instead of schedules searched."""
        sizes = any(MACHINE[word].dimension == "memory" for word in self.given)
        return sizes and not self.attained

    def _check_levels(self, profile: HardwareProfile) -> None:
        """Raise InputError for an axis of a level that a machine has not."""
        names = [level.name for level in profile.levels]
        known = [quantity.axis for quantity in MACHINE.of_levels(names)]
        for word in self.axes:
            if word.startswith("hw.levels.") and word not in known:
                what = f"'{profile.name}' has no '{word.removeprefix('hw.')}'"
                remedy = did_you_mean(word, known) if known else "it states no levels by name"
                if names and word == f"hw.levels.{names[0]}.bandwidth":
                    remedy = "it is 'hw.bandwidth', that of the memory bus"
                raise BadValue(what, remedy).at(self.place(f"axes {word}"))

    def _named(self, axis: str, labels: Mapping[str, Any]) -> Any:
        """The network or profile of a design point: an object, else the word that names a file."""
        label = labels.get(axis) or getattr(self, axis)[0]
        return self.objects.get(axis, {}).get(label, label)

    def _at_home(self, problem: Problem) -> Problem:
        """A problem of a design point, at the place where the scan says what causes it."""
        where = str(problem.place)
        option, space, rest = where.partition(" ")
        key = option.removeprefix("--")
        name = rest.partition("=")[0]
        keys = [f"axes arch.{name}", f"set {name}"] if space else [f"axes {key}", key]
        keys += [f"over {where}"]
        keys += [word for word in ("arch", "hw") if where in getattr(self, word)]
        keys += [f"axes {word}" for word in ("arch", "hw") if where in (self.axes.get(word) or ())]
        home = next((self.places[k] for k in keys if k in self.places), problem.place)
        return replace(problem, place=home)
