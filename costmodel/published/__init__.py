"""Published tables beside this model's figures. One paper is one file here, with its CSV data."""

from __future__ import annotations

import importlib

from costmodel import discovery
from costmodel.errors import InputError, Place, did_you_mean
from costmodel.published.base import Cell, Status, Table, Verdict

__all__ = ["Cell", "Status", "Table", "Verdict", "by_paper", "papers", "select", "tables"]

HELPERS = ("accuracy", "model", "pages", "pictures")  # modules here that are no papers


def papers() -> tuple[str, ...]:
    """The short names of the papers."""
    return tuple(p for p in discovery.modules(__name__) if p not in HELPERS)


def tables() -> dict[str, Table]:
    """Every published table by its name, paper by paper."""
    found: dict[str, Table] = {}
    for paper in papers():
        module = importlib.import_module(f"{__name__}.{paper}")
        for cls in discovery.classes(module, Table):
            if "name" not in vars(cls):  # shared by several tables
                continue
            if cls.name in found:
                raise RuntimeError(f"table '{cls.name}' is defined twice")
            found[cls.name] = cls()
    return found


def select(words: list[str]) -> list[Table]:
    """The tables that `words` name: a paper's name means all of its tables; none means all.

    Raises InputError for an unknown word.
    """
    known = tables()
    if not words:
        return list(known.values())
    chosen = []
    for word in words:
        found = [
            t for name, t in known.items() if word in (name, type(t).__module__.split(".")[-1])
        ]
        if not found:
            raise InputError.at(Place(word), "no published table of this name",
                                did_you_mean(word, [*papers(), *known]))  # fmt: skip
        chosen += [t for t in found if t not in chosen]
    return chosen


def paper_of(table: Table) -> str:
    """The short name of the paper that `table` belongs to."""
    return type(table).__module__.rsplit(".", 1)[-1]


def by_paper(chosen: list[Table]) -> dict[str, list[Table]]:
    """Every paper that `chosen` touches, with all of its tables."""
    known = {table.name: table for table in [*tables().values(), *chosen]}
    wanted = dict.fromkeys(map(paper_of, chosen))
    return {paper: [t for t in known.values() if paper_of(t) == paper] for paper in wanted}
