"""Published tables beside this model's figures. One paper is one file here, with its CSV data."""

from __future__ import annotations

import importlib

from costmodel import discovery
from costmodel.errors import InputError, Place, did_you_mean
from costmodel.published.base import Cell, Status, Table, Verdict

__all__ = ["Cell", "Status", "Table", "Verdict", "papers", "select", "tables"]


def papers() -> tuple[str, ...]:
    """The short names of the papers."""
    return tuple(p for p in discovery.modules(__name__) if p not in ("model", "pages"))


def tables() -> dict[str, Table]:
    """Every published table by its name, paper by paper."""
    found: dict[str, Table] = {}
    for paper in papers():
        module = importlib.import_module(f"{__name__}.{paper}")
        for cls in discovery.classes(module, Table):
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
