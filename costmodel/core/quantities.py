"""Every quantity once: what a machine states, and what a run gives.

A figure of a machine is declared here; what it does to a run's time, traffic and energy is said by
the terms that it paces (`costmodel.core.terms`). Profiles, scans, `solve`, sensitivities, reports
and pages read both, so that a new figure is a declaration and a term.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from costmodel.core.lanes import ENERGY, LEVEL_LANES, RUN_LANES
from costmodel.core.terms import TERMS, Term, foreign_figure, paced_by, unreadable
from costmodel.errors import CostModelError


class MachineQuantity(NamedTuple):
    """One figure of a machine.

    Examples
    --------
    A rate at which a host checks bytes, stated as `checker: 2 GB/s`, scanned as `hw.checker`:

    >>> checker = MachineQuantity("checker", "bandwidth", "checker", "checked", ("checker",))
    >>> checker.axis, checker.field
    ('hw.checker', 'checker')

    """

    word: str
    """Its word in profiles; `link.bandwidth` stands there as `link: {bandwidth: ...}`."""
    dimension: str
    """What its unit is of, e.g. "bandwidth"; see `costmodel.language.units`."""
    label: str
    """How tables and pages name it."""
    shown: str
    """How the report's header words it, behind the value; empty: elsewhere."""
    fields: tuple[str, ...]
    """The attributes of `Machine` that it sets: one, or one for each engine."""
    needed: bool = False
    """True: the formula cannot do without it."""
    by_dtype: bool = False
    """True: a profile may state one for each element type."""
    by_engine: bool = False
    """True: a profile may state one for each engine, in the order of `fields`."""
    zero: bool = False
    """True: none at all is a figure too."""
    default: float | None = None
    """What holds where a profile says nothing; None: the machine has no such figure."""

    @property
    def axis(self) -> str:
        """The word of a scan's axis."""
        return f"hw.{self.word}"

    @property
    def field(self) -> str:
        """The first attribute of `Machine` that it sets."""
        return self.fields[0]

    @property
    def lane(self) -> str:
        """The lane (`RUN_LANES`) whose time it decides; empty where it decides none."""
        lanes = {**RUN_LANES, **LEVEL_LANES}
        return next((term.lane for term in self.terms if term.lane in lanes), "")

    @property
    def terms(self) -> list[Term]:
        """The terms that it paces; of a level's figure, those of the first level on chip."""
        if not (level := LEVEL_WORD.fullmatch(self.word)):
            return paced_by(self.fields)
        paced = {"bandwidth": "bandwidth", "read": "read_energy", "write": "written_energy"}
        return paced_by([f"level_{paced.get(level[2])}_1"])

    @property
    def holds_tiles(self) -> bool:
        """True for the size of a memory on chip, which time depends on through what moves."""
        return "memory" in self.fields or self.word.endswith(".size")

    @property
    def more_is_faster(self) -> bool:
        """False for what multiplies a count: a time, an energy, a power."""
        return all(term.how == "divided" for term in self.terms)

    @property
    def idle(self) -> float:
        """The value at which it takes no time."""
        return math.inf if self.more_is_faster else 0.0


class Quantities(dict[str, MachineQuantity]):
    """Figures by word; an unknown word is looked for among those that other packages declare."""

    def __contains__(self, word: object) -> bool:
        known = super().__contains__(word) or LEVEL_WORD.fullmatch(str(word))
        return bool(known) or self._adopt(str(word))

    def __missing__(self, word: str) -> MachineQuantity:
        if level := LEVEL_WORD.fullmatch(word):
            return level_quantity(*level.groups())
        if self._adopt(word):
            return self[word]
        raise KeyError(word)

    def of_levels(self, names: Sequence[str]) -> list[MachineQuantity]:
        """Give the figures of the levels `names` of a machine, the external memory first."""
        words = ("size", "bandwidth", "read", "write")
        # the external memory's bandwidth is that of the bus
        every = [(name, word) for n, name in enumerate(names) for word in words[0 if n else 2 :]]
        return [level_quantity(*one) for one in every]

    def _adopt(self, word: str) -> bool:
        """Take up another package's figure and its terms; False where there is none."""
        declared = foreign_figure(word)
        if declared is None:
            return False
        for term in declared.terms:
            if problem := unreadable(term):
                raise CostModelError(f"figure '{word}' of another package: {problem}")
        TERMS.extend(term for term in declared.terms if term not in TERMS)
        self[word] = declared.quantity
        return True


LEVEL_WORD = re.compile(r"levels\.([A-Za-z]\w*)\.(size|bandwidth|read|write)")
"""A figure of a level that a profile states by its name."""


def level_quantity(level: str, word: str) -> MachineQuantity:
    """Give a figure of the level of that name, wherever it stands in a machine's hierarchy."""
    dimension, label = {
        "size": ("memory", f"size of {level}"),
        "bandwidth": ("bandwidth", f"bandwidth of {level}"),
        "read": ("energy per byte", f"energy of a byte read in {level}"),
        "write": ("energy per byte", f"energy of a byte written in {level}"),
    }[word]
    name = f"levels.{level}.{word}"
    zero = word in ("read", "write")
    return MachineQuantity(name, dimension, label, "", (name,), zero=zero)


ALIASES = {"static": "energy.static"}
"""Short words of figures, in axes and questions."""


class Axes(Mapping[str, MachineQuantity]):
    """The figures of machines by the words of their axes, `hw.` and their own or a short one."""

    short: ClassVar[tuple[str, ...]] = tuple(f"hw.{word}" for word in ALIASES)
    """Further words of axes."""

    def __getitem__(self, axis: str) -> MachineQuantity:
        if not axis.startswith("hw."):
            raise KeyError(axis)
        return MACHINE[ALIASES.get(axis[3:], axis[3:])]

    def __iter__(self) -> Iterator[str]:
        return (quantity.axis for quantity in MACHINE.values())

    def __len__(self) -> int:
        return len(MACHINE)


MACHINE = Quantities(
    (quantity.word, quantity)
    for quantity in (
        MachineQuantity("bandwidth", "bandwidth", "bandwidth", "bus", ("bandwidth",), needed=True),
        MachineQuantity(
            "on_chip_memory", "memory", "on-chip memory", "on chip", ("memory",), needed=True,
        ),
        MachineQuantity(
            "matrix", "rate", "matrix rate", "matrix", ("matrix",), needed=True, by_dtype=True,
        ),
        MachineQuantity(
            "host", "rate", "host rate", "host", ("host",), needed=True, by_dtype=True,
        ),
        MachineQuantity(
            "write_bandwidth", "bandwidth", "write bandwidth", "for writes", ("write_bandwidth",),
        ),
        MachineQuantity(
            "on_chip_bandwidth", "bandwidth", "on-chip bandwidth", "to the on-chip memory",
            ("on_chip_bandwidth",),
        ),
        MachineQuantity(
            "launch", "time", "launch", "launch of a row", ("matrix_launch", "host_launch"),
            by_engine=True, zero=True, default=0.0,
        ),
        MachineQuantity(
            "overhead", "time", "overhead", "overhead of a run", ("overhead",), zero=True,
            default=0.0,
        ),
        MachineQuantity("capacity", "memory", "capacity", "", ("capacity",)),
        MachineQuantity("link.bandwidth", "bandwidth", "link bandwidth", "", ("link_bandwidth",)),
        MachineQuantity(
            "link.latency", "time", "link latency", "", ("link_latency",), zero=True,
        ),
        MachineQuantity(
            "energy.external_byte", "energy", "energy of a byte over the bus", "",
            ("external_byte_energy",), zero=True,
        ),
        MachineQuantity(
            "energy.on_chip_byte", "energy", "energy of a byte on chip", "",
            ("on_chip_byte_energy",), zero=True,
        ),
        MachineQuantity(
            "energy.mac", "energy", "energy of a multiply-add", "", ("mac_energy",), zero=True,
        ),
        MachineQuantity(
            "energy.operation", "energy", "energy of an operation", "", ("operation_energy",),
            zero=True,
        ),
        MachineQuantity("energy.static", "power", "static power", "", ("static_power",), zero=True),
    )
)  # fmt: skip
AXES = Axes()


def axes_of(level_names: Sequence[str]) -> dict[str, MachineQuantity]:
    """Give every axis of a machine with such levels, and its figure."""
    return {**AXES, **{one.axis: one for one in MACHINE.of_levels(level_names)}}


STRUCTURAL = ("arch", "hw", "batch", "dtype", "convention", "placement", "traffic", "timing")
"""Axes of a scan that need a network built and counted for each of their values."""


class Output(NamedTuple):
    """One figure that a run gives: its word in expressions, and its column in tables."""

    word: str
    dimension: str | None
    """What its unit is of; None: a plain number."""
    column: str
    target: bool = False
    """True: `solve` takes bounds on it."""
    calibrated: bool = False
    """True: known on calibrated machines alone."""
    optional: bool = False
    """True: shown only where it is not zero throughout."""

    @property
    def lane(self) -> str:
        """The lane of terms that it adds up; where it is optional it is shown with that."""
        return ENERGY if self.word in JOULES else self.word.removesuffix("_time")


JOULES = ("energy", "edp")
"""Outputs that only machines which state energies give: the energy, and energy times time."""
OUTPUTS = {
    output.word: output
    for output in (
        Output("total_time", "time", "total_time_s", target=True),
        Output("total_time_low", "time", "total_time_low_s", calibrated=True),
        Output("total_time_high", "time", "total_time_high_s", calibrated=True),
        Output("transfer_time", "time", "transfer_time_s"),
        Output("matrix_time", "time", "matrix_time_s"),
        Output("host_time", "time", "host_time_s"),
        Output("external_bytes", "memory", "external_bytes", target=True),
        Output("throughput", "frequency", "throughput_per_s", target=True),
        Output("on_chip_time", "time", "on_chip_time_s", optional=True),
        Output("launch_time", "time", "launch_time_s", optional=True),
        Output("link_time", "time", "link_time_s", optional=True),
        Output("overhead_time", "time", "overhead_time_s", optional=True),
        Output("energy", "energy", "energy_J", target=True, optional=True),
        Output("edp", "energy-delay product", "edp_Js", optional=True),
        Output("area", "area", "area_mm2", optional=True),
        Output("params", None, "params"),
        Output("macs", None, "macs"),
    )
}
BOUNDS = tuple(word for word, output in OUTPUTS.items() if output.calibrated)
"""The ends of the 90 % interval, on calibrated machines alone."""


def column_name(word: str) -> str:
    """Give the column of an output in tables; of one network's it is led by the network's name.

    >>> column_name("total_time"), column_name("alexnet:total_time")
    ('total_time_s', 'alexnet:total_time_s')
    """
    network, colon, output = word.rpartition(":")
    return f"{network}{colon}{OUTPUTS[output].column}"


def dimension_of(word: str) -> str | None:
    """Give the dimension of a quantity's word; None for plain numbers and derived columns."""
    word = word.rpartition(":")[2]
    quantity = AXES.get(word) or OUTPUTS.get(word)
    return quantity.dimension if quantity else None
