"""Published tables beside this model's figures.

tables/NAME.py        a paper: functions that its tables call, the models that it trained
tables/NAME*.yaml     its tables and what explains the differences; their figures as NAME*.csv
stated.py, table.py   how such a file is read, and how a figure is held against ours
model.py              our side of the comparison
pages.py, templates/  the pages that `costmodel reproduce` writes, and their prose
beyond.py, language_models.py   pages of our own, beside the papers'
"""

from __future__ import annotations

from collections.abc import Sequence

from costmodel.errors import CostModelError, InputError, Place, did_you_mean
from costmodel.papers.paper import PAPERS, Paper
from costmodel.papers.table import Cell, Status, Table, Verdict

__all__ = [
    "PAPERS",
    "Cell",
    "Paper",
    "Status",
    "Table",
    "Verdict",
    "by_paper",
    "every_table",
    "select",
]


def every_table() -> dict[str, dict[str, Table]]:
    """Every published table by its paper and its name. Raises CostModelError for a name twice."""
    tables: dict[str, dict[str, Table]] = {}
    for word in PAPERS.names():
        mine = {kind.name: kind() for kind in PAPERS.load(word).tables}
        for name in mine:
            if any(name in others for others in tables.values()):
                raise CostModelError(f"table '{name}' is defined twice")
        tables[word] = mine
    return tables


def select(words: Sequence[str]) -> dict[str, list[Table]]:
    """The tables that `words` name, by their paper.

    A paper's name means all of its tables; no words mean everything. Raises InputError for an
    unknown word.
    """
    known = every_table()
    names = [*known, *(name for mine in known.values() for name in mine)]
    for word in words:
        if word not in names:
            remedy = did_you_mean(word, names)
            raise InputError.at(Place(word), "no published table of this name", remedy)
    chosen = {
        paper: [t for name, t in mine.items() if not words or {paper, name} & {*words}]
        for paper, mine in known.items()
    }
    return {paper: mine for paper, mine in chosen.items() if mine}


def by_paper(chosen: dict[str, list[Table]]) -> dict[str, list[Table]]:
    """Every paper that `chosen` touches, with all of its tables, those judged already kept."""
    judged = {table.name: table for tables in chosen.values() for table in tables}
    known = every_table()
    return {
        paper: [judged.get(name, table) for name, table in known[paper].items()] for paper in chosen
    }
