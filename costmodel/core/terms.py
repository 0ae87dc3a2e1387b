"""THE formula, as a list: what the time, the traffic and the energy of a run add up of.

A run's figures are sums over `TERMS`. Each term is an amount of something that rows ask for
(`costmodel.core.amounts`), and the figure of the machine that sets its pace. Every study reads this
list and none has a formula of its own: `evaluate` sums it for each row, the closed form sums the
same terms over the rows, a calibration puts a coefficient on each, and the page gets them as data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

from costmodel.core.registry import entry_points, imported

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


# In the order in which ties are named (`bound`).
LANES = {
    lane.word: lane
    for lane in (
        Lane("transfer", "memory bus", "transfer_time_s", "memory"),
        Lane("on_chip", "on-chip memory", "on_chip_time_s", "memory"),
        Lane("matrix", "matrix engine", "", "compute"),
        Lane("host", "host", "", "compute"),
        Lane("launch", "launching rows", "launch_time_s", "besides"),
    )
}

OVERHEAD = Lane("overhead", "overhead per run", "overhead_time_s", "once")
"""Once per run, whatever the rows do."""
LINK = Lane("link", "link between devices", "link_time_s", "besides")
"""What devices tell one another."""
ROW_LANES = {**LANES, LINK.word: LINK}
"""Where the time of a row can go."""
RUN_LANES = {**ROW_LANES, OVERHEAD.word: OVERHEAD}
"""Where the time of a whole run can go."""
TRAFFIC, ENERGY = "traffic", "energy"
"""Sums that are no time: bytes over the memory bus [B], and joules [J]."""
SECONDS = "seconds"
"""The amount that is the time itself: what is drawn all the time costs by it."""


class Term(NamedTuple):
    """One summand: an amount that rows ask for, and the figure of the machine that sets its pace.

    Its amount over a rate, or times a time or an energy, is in the unit of its lane: seconds,
    joules, or bytes of traffic.
    """

    lane: str
    """A word of RUN_LANES, TRAFFIC or ENERGY."""
    amount: Amount
    figure: str = ""
    """The attribute of `Machine`; empty: the amount is in the lane's unit already."""
    how: How = "divided"
    instead: str = ""
    """The figure that holds where the machine has none of this one."""


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
"""Sources: H. Jansma, HairNet, 2020, section 5 and Appendix (bus, engines); Williams et al. 2009,
Roofline (a rate for each resource); Horowitz 2014, Computing's energy problem (energy per count).
"""


def amount_of(amount: Amount, amounts: Mapping[Any, Any]) -> Any:
    """An amount among `amounts`, or what follows from them."""
    if isinstance(amount, str) or amount in amounts:
        return amounts[amount]
    return amount(amounts)


def every_amount() -> set[Amount]:
    """What any term is a term of, the time itself aside."""
    return {term.amount for term in TERMS} - {SECONDS}


class Entry(NamedTuple):
    """Terms of one lane that one figure paces, as they stand on a given machine: one summand."""

    lane: str
    figure: str
    """Empty: the amounts are in the lane's unit already."""
    how: How
    amounts: tuple[Amount, ...]
    """Words or functions of the amounts that are added up before the figure is applied."""

    def amount(self, amounts: Mapping[Any, Any]) -> Any:
        """What is asked for, all its terms together, in the shape of `amounts`."""
        parts = [amount_of(one, amounts) for one in self.amounts]
        return sum(parts[1:], start=parts[0])

    def applied(self, amount: Any, value: Any) -> Any:
        """The amount over, or times, the figure's value, in the unit of the lane."""
        if not self.figure:
            return amount
        return amount / value if self.how == "divided" else amount * value

    @property
    def idle(self) -> float:
        """The value of the figure at which the entry adds nothing."""
        return float("inf") if self.how == "divided" else 0.0


def entries(known: Collection[str], *lanes: str) -> tuple[Entry, ...]:
    """The summands of a machine that has the figures `known`, those of some `lanes` alone if named.

    A term whose figure the machine lacks follows the one that holds instead, or is left out. Terms
    of one lane and one figure are one summand.
    """
    summands = _entries(frozenset(known), tuple(TERMS))
    return tuple(one for one in summands if not lanes or one.lane in lanes)


@lru_cache(maxsize=256)
def _entries(known: frozenset[str], terms: tuple[Term, ...]) -> tuple[Entry, ...]:
    grouped: dict[tuple[str, str, How], list[Amount]] = {}
    for term in (*terms, *_level_terms(known)):
        figure = term.figure if term.figure in known or not term.figure else term.instead
        if term.figure and figure not in known:
            continue
        grouped.setdefault((term.lane, figure, term.how), []).append(term.amount)
    return tuple(Entry(*key, tuple(amounts)) for key, amounts in grouped.items())


def _level_terms(known: frozenset[str]) -> Iterator[Term]:
    """A term for each level on chip inside the first one, whose bandwidth a machine states."""
    for level in range(2, len(known)):
        if f"on_chip_bandwidth_{level}" in known:
            yield Term("on_chip", f"on_chip_bytes_{level}", f"on_chip_bandwidth_{level}")


def paced_by(figures: Collection[str]) -> list[Term]:
    """The terms whose pace any of the `figures` sets."""
    return [term for term in TERMS if term.figure in figures]


class Figure:
    """A figure of machines that another package adds: a quantity, and the terms that it paces.

    An entry point in the group `costmodel.figures`, whose name is the quantity's word, gives a
    subclass. Profiles may then state it, and every study knows it.
    """

    quantity: ClassVar[Any]
    """A `costmodel.core.quantities.MachineQuantity`."""
    terms: ClassVar[tuple[Term, ...]]


GROUP = "costmodel.figures"
"""The entry points of figures."""


def foreign_figure(word: str) -> type[Figure] | None:
    """What another package declares under `word`; None where none does."""
    point = entry_points(GROUP).get(word)
    return None if point is None else imported(point, Figure)
