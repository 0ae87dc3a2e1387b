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

from costmodel.core.lanes import (
    ENERGY,
    MOST_LEVELS,
    OVERHEAD,
    RUN_LANES,
    SECONDS,
    TRAFFIC,
)
from costmodel.core.registry import entry_points, imported
from costmodel.errors import did_you_mean

Amount = str | Callable[[Mapping[str, Any]], Any]
"""The word of an amount, or a function of all amounts that is linear in them."""
How = Literal["divided", "multiplied"]
"""A rate divides the amount; a time, an energy or a power multiplies it."""


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
    unless: str = ""
    """A figure of the machine that makes the term drop out."""


def awake_macs(amounts: Mapping[str, Any]) -> Any:
    """Multiply-adds that are not gated: all of them, unless the rows say how many are zeros."""
    return amounts["awake_macs" if "awake_macs" in amounts else "macs"]


def paired_operations(amounts: Mapping[str, Any]) -> Any:
    """The operations of multiply-adds, two each."""
    return 2 * amounts["macs"]


def single_operations(amounts: Mapping[str, Any]) -> Any:
    """The operations besides multiply-adds."""
    return amounts["operations"] - 2 * amounts["macs"]


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
    # what crosses the bus is written to the chip or read there; the engine takes and gives the rest
    Term(ENERGY, "external_bytes", "on_chip_byte_energy", "multiplied"),
    Term(ENERGY, "engine_bytes", "on_chip_byte_energy", "multiplied"),
    Term(ENERGY, awake_macs, "mac_energy", "multiplied"),
    # operations of multiply-adds too, unless these have an energy of their own
    Term(ENERGY, paired_operations, "operation_energy", "multiplied", unless="mac_energy"),
    Term(ENERGY, single_operations, "operation_energy", "multiplied"),
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
    """Give the amounts of all terms, but for the time itself; those of levels are besides."""
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
    for term in (*terms, *LEVEL_TERMS, *_level_terms(known)):
        if term.unless in known:
            continue
        figure = term.figure if term.figure in known else term.instead
        if not term.figure or figure in known:
            grouped.setdefault((term.lane, figure, term.how), []).append(term.amount)
    by_lane: dict[str, tuple[Entry, ...]] = {}
    for key, amounts in grouped.items():
        entry = Entry(*key, tuple(amounts))
        by_lane[entry.lane] = (*by_lane.get(entry.lane, ()), entry)
    return by_lane


def _level_terms(known: frozenset[str]) -> Iterator[Term]:
    """Give a term for the maps of each level on chip, from the second one on, with a bandwidth."""
    for level in range(2, len(known)):
        yield Term("on_chip", f"on_chip_bytes_{level}", f"on_chip_bandwidth_{level}")


LEVEL_TERMS = [
    *(
        Term(f"level_{n}", f"level_bytes_{n}", f"level_bandwidth_{n}")
        for n in range(1, MOST_LEVELS + 1)
    ),
    *(
        Term(ENERGY, f"level_{way}_{n}", f"level_{way}_energy_{n}", "multiplied")
        for n in range(MOST_LEVELS + 1)
        for way in ("read", "written")
    ),
]
"""What machines add that state their levels one by one: a term for each level that has the figure.

Level 0 is the external memory, level 1 the outermost one on chip. Source of the counts: Parashar et
al. 2019, Timeloop (accesses by level).
"""


def paced_by(figures: Collection[str]) -> list[Term]:
    """Give the terms whose pace any of the `figures` sets."""
    return [term for term in (*TERMS, *LEVEL_TERMS) if term.figure in figures]


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
