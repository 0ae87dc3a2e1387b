"""What the time, the traffic and the energy of a run add up of: the list of terms.

Each term is an amount of something that rows ask for (`costmodel.core.amounts`), and the figure of
the machine that sets its pace. For example

    Term("transfer", "read", "bandwidth")

adds the bytes that a row reads over the bus [B], divided by the bandwidth [B/s], to the time that
the row keeps the memory bus busy [s]. Every study reads this list and none has a formula of its
own: `costmodel.core.formula` adds it up for each row, the closed form of a scan over the rows, a
calibration puts a coefficient on each term, and the page gets the terms as data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

from costmodel.core.registry import entry_points, imported
from costmodel.errors import did_you_mean

Amount = str | Callable[[Mapping[str, Any]], Any]
"""The word of an amount, or a function of all amounts that is linear in them."""
How = Literal["divided", "multiplied"]
"""A rate divides the amount; a time, an energy or a power multiplies it."""


class Lane(NamedTuple):
    """One thing that can be busy: where time can go."""

    word: str
    label: str
    """How reports name it."""
    column: str
    """Its time in tables and JSON; empty where it is part of `compute_time_s`."""
    side: Literal["memory", "compute", "besides", "once"]
    """What the timing model combines: the time of moving bytes and that of computing; what a row
    takes besides both; and what a run takes once, whatever its rows do.
    """


RUN_LANES = {
    lane.word: lane
    for lane in (
        Lane("transfer", "memory bus", "transfer_time_s", "memory"),
        Lane("on_chip", "on-chip memory", "on_chip_time_s", "memory"),
        Lane("matrix", "matrix engine", "", "compute"),
        Lane("host", "host", "", "compute"),
        Lane("launch", "launching rows", "launch_time_s", "besides"),
        Lane("link", "link between devices", "link_time_s", "besides"),
        Lane("overhead", "overhead per run", "overhead_time_s", "once"),
    )
}
"""Where the time of a whole run can go."""
LINK, OVERHEAD = RUN_LANES["link"], RUN_LANES["overhead"]
ROW_LANES = {word: lane for word, lane in RUN_LANES.items() if lane != OVERHEAD}
"""Where the time of a row can go, in the order in which ties are named (`bound`)."""
TRAFFIC, ENERGY = "traffic", "energy"
"""Lanes that are no time: bytes over the memory bus [B], and joules [J]."""
SECONDS = "seconds"
"""The amount that is the time itself [s]: what a power is drawn for."""


class Term(NamedTuple):
    """One summand: an amount that rows ask for, and the figure of the machine that sets its pace.

    The amount divided by a rate, or multiplied by a time or an energy, is in the unit of the lane:
    seconds, joules, or bytes of traffic. With a bandwidth of 1 GB/s and a latency of 2 us

        Term("link", "link_bytes", "link_bandwidth")                 6000 B / 1e9 B/s = 6 us
        Term("link", "link_messages", "link_latency", "multiplied")  3 * 2 us         = 6 us

    let a row that sends 6000 bytes in three messages spend 12 us on the link.
    """

    lane: str
    """A word of RUN_LANES, TRAFFIC or ENERGY."""
    amount: Amount
    figure: str = ""
    """An attribute of `Machine`; empty: the amount is in the unit of the lane already."""
    how: How = "divided"
    instead: str = ""
    """The figure that sets the pace where the machine has no `figure`."""


TERMS: list[Term] = [
    Term("transfer", "read", "bandwidth"),
    Term("transfer", "parameters", "bandwidth"),
    Term("transfer", "write", "write_bandwidth", instead="bandwidth"),
    Term("on_chip", "on_chip_bytes", "on_chip_bandwidth"),
    Term("matrix", "matrix_work", "matrix"),
    Term("host", "host_work", "host"),
    Term("launch", "matrix_launches", "matrix_launch", "multiplied"),
    Term("launch", "host_launches", "host_launch", "multiplied"),
    Term("launch", "fixed_time"),
    Term("link", "link_bytes", "link_bandwidth"),
    Term("link", "link_messages", "link_latency", "multiplied"),
    Term("overhead", "runs", "overhead", "multiplied"),
    Term(TRAFFIC, "external_bytes"),
    Term(ENERGY, "external_bytes", "external_byte_energy", "multiplied"),
    Term(ENERGY, "on_chip_bytes", "on_chip_byte_energy", "multiplied"),
    Term(ENERGY, "operations", "operation_energy", "multiplied"),
    Term(ENERGY, SECONDS, "static_power", "multiplied"),
]
"""The formula. Sources: H. Jansma, HairNet, 2020, section 5 and Appendix (bus, engines); Williams
et al. 2009, Roofline (a rate for each resource); Horowitz 2014, Computing's energy problem (energy
per count).
"""


def amount_of(amount: Amount, amounts: Mapping[Any, Any]) -> Any:
    """Look an amount up among `amounts`, or work it out from them where it is a function."""
    if isinstance(amount, str) or amount in amounts:
        return amounts[amount]
    return amount(amounts)


def every_amount() -> set[Amount]:
    """Give the amounts of all terms, but for the time itself."""
    return {term.amount for term in TERMS} - {SECONDS}


class Entry(NamedTuple):
    """All terms of one lane that one figure of a given machine paces: one summand."""

    lane: str
    figure: str
    """An attribute of `Machine`; empty: the amounts are in the unit of the lane already."""
    how: How
    amounts: tuple[Amount, ...]
    """Words or functions of the amounts that are added up before the figure is applied."""

    def amount(self, amounts: Mapping[Any, Any]) -> Any:
        """Add up what its terms ask for, in the shape of `amounts`."""
        first, *others = self.amounts
        total = amount_of(first, amounts)
        for amount in others:
            total = total + amount_of(amount, amounts)
        return total

    def applied(self, amount: Any, value: Any) -> Any:
        """Divide the amount by the value of the figure, or multiply them: the unit of the lane."""
        if not self.figure:
            return amount
        return amount / value if self.how == "divided" else amount * value

    @property
    def idle(self) -> float:
        """The value of the figure at which the entry adds nothing."""
        return math.inf if self.how == "divided" else 0.0


def entries(known: Collection[str], *lanes: str) -> tuple[Entry, ...]:
    """Give the summands of a machine that has the figures `known`.

    A term whose figure the machine lacks is paced by the one that stands `instead` of it, or is
    left out. Terms of one lane and one figure are one summand.

    Parameters
    ----------
    known : collection of str
        Figures that the machine has, by attribute.
    *lanes : str
        Words of `RUN_LANES`, `TRAFFIC` or `ENERGY`; all of them where none is named.

    Returns
    -------
    tuple of Entry
        In the order of the terms.

    Examples
    --------
    Without a write bandwidth writes take the bandwidth:

    >>> [(one.figure, one.amounts) for one in entries({"bandwidth"}, "transfer")]
    [('bandwidth', ('read', 'parameters', 'write'))]

    """
    by_lane = _entries(frozenset(known), tuple(TERMS))
    return tuple(one for lane in lanes or by_lane for one in by_lane.get(lane, ()))


def entries_by_lane(known: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
    """Give the same by the word of the lane; lanes without any are left out."""
    return _entries(frozenset(known), tuple(TERMS))


@lru_cache(maxsize=256)
def _entries(known: frozenset[str], terms: tuple[Term, ...]) -> Mapping[str, tuple[Entry, ...]]:
    grouped: dict[tuple[str, str, How], list[Amount]] = {}
    for term in (*terms, *_level_terms(known)):
        figure = term.figure if term.figure in known else term.instead
        if not term.figure or figure in known:
            grouped.setdefault((term.lane, figure, term.how), []).append(term.amount)
    by_lane: dict[str, tuple[Entry, ...]] = {}
    for key, amounts in grouped.items():
        entry = Entry(*key, tuple(amounts))
        by_lane[entry.lane] = (*by_lane.get(entry.lane, ()), entry)
    return by_lane


def _level_terms(known: frozenset[str]) -> Iterator[Term]:
    """Give a term for each level on chip, from the second one on, that has a bandwidth."""
    for level in range(2, len(known)):
        yield Term("on_chip", f"on_chip_bytes_{level}", f"on_chip_bandwidth_{level}")


def paced_by(figures: Collection[str]) -> list[Term]:
    """Give the terms whose pace any of the `figures` sets."""
    return [term for term in TERMS if term.figure in figures]


class Figure:
    """A figure of machines that another package adds: a quantity, and the terms that it paces.

    An entry point in the group `costmodel.figures`, whose name is the quantity's word, names a
    subclass. Profiles may then state it, and every study knows it.
    """

    quantity: ClassVar[Any]
    """A `costmodel.core.quantities.MachineQuantity`."""
    terms: ClassVar[tuple[Term, ...]]


def unreadable(term: Term) -> str:
    """What no study could read in a term of another package; empty for most."""
    known = (*RUN_LANES, TRAFFIC, ENERGY)
    if term.lane not in known:
        return f"unknown lane '{term.lane}'; {did_you_mean(term.lane, known)}"
    if term.lane == OVERHEAD.word and term.amount != "runs":
        return f"'{OVERHEAD.word}' is once a run: its amount is 'runs'"
    if term.amount == SECONDS and term.lane != ENERGY:
        return f"'{SECONDS}' are an amount of '{ENERGY}' alone"
    return ""


def foreign_figure(word: str) -> type[Figure] | None:
    """Give what another package declares under `word`; None where none does."""
    point = entry_points("costmodel.figures").get(word)
    return None if point is None else imported(point, Figure)
