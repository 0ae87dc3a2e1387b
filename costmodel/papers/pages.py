"""The reproduction as text, CSV and one Markdown page per paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from costmodel.papers import pictures, templates
from costmodel.papers.paper import PAPERS
from costmodel.papers.table import Status, Table, Verdict
from costmodel.report import files
from costmodel.report.numbers import columns

WIDE = 100
"""Cells; larger tables print one line per row, and only differences twice."""
COLUMNS = ("row", "column", "published", "ours", "difference", "status", "sentence")


def summary(tables: Sequence[Table]) -> list[str]:
    """One line per table: rows, and how many are in each state."""
    lines = [["table", "rows", *map(str, Status)]]
    for table in tables:
        states = list(table.rows().values())
        lines.append([table.name, str(len(states)), *(str(states.count(s)) for s in Status)])
    return columns(lines)


def text(table: Table) -> list[str]:
    """A table in full: published beside ours."""
    cells = table.verdicts
    lines = columns(_wide(cells) if len(cells) > WIDE else _long(cells), left=2)
    said = [
        f"  {status} ({cells}: {rows}): {sentence}"
        for status, cells, rows, sentence in remarks(table)
    ]
    return [table.title, f"  {table.source}", "", *lines, *said]


def remarks(table: Table, most: int = 8) -> Iterator[tuple[Status, str, str, str]]:
    """What is said about cells that are not equal: their state, number and rows, and a sentence."""
    differing = [v for v in table.verdicts if v.status is not Status.EQUAL]
    for said in dict.fromkeys(v.sentence for v in differing):
        about = [v for v in differing if v.sentence == said]
        rows = list(dict.fromkeys(v.cell.row for v in about))
        more = f" and {len(rows) - most} more" if len(rows) > most else ""
        cells = f"{len(about)} cell" + ("s" if len(about) > 1 else "")
        yield about[0].status, cells, "; ".join(rows[:most]) + more, said or "no explanation yet"


def _line(verdict: Verdict) -> tuple[str, ...]:
    """A verdict under the names of COLUMNS."""
    cell = verdict.cell
    figures = (cell.row, cell.column, cell.published, cell.ours, cell.difference)
    return (*figures, str(verdict.status), verdict.sentence)


def _long(cells: Sequence[Verdict]) -> list[list[str]]:
    """A table of cells as lines of text, one for each cell."""
    lines = [["row", "column", "published", "ours", "difference", "state"]]
    for verdict in cells:
        row, column, published, ours, difference, state, _ = _line(verdict)
        shown = "" if verdict.status is Status.EQUAL else difference
        lines.append([row, column, published, ours, shown, state])
    return lines


def _wide(cells: Sequence[Verdict]) -> list[list[str]]:
    """One line for each row; a cell shows the published figure, and ours where it differs."""
    names = list(dict.fromkeys(v.cell.column for v in cells))
    rows: dict[str, dict[str, str]] = {}
    for v in cells:
        same = v.status is Status.EQUAL
        shown = v.cell.published if same else f"{v.cell.published} (ours {v.cell.ours})"
        rows.setdefault(v.cell.row, {})[v.cell.column] = shown
    body = [[row, *(cells_of.get(n, "") for n in names[1:])] for row, cells_of in rows.items()]
    return [["row", *names[1:]], *body]


def write(directory: Path, paper: str, tables: Sequence[Table]) -> Path:
    """Write `paper`'s page, a CSV per table, and its pictures. Raises InputError.

    `tables` are all tables of the paper. Returns the folder.
    """
    folder, published = directory / paper, PAPERS.load(paper)
    for table in tables:
        rows = [dict(zip(COLUMNS, _line(verdict), strict=True)) for verdict in table.verdicts]
        files.write_csv(folder / f"{table.name}.csv", rows, COLUMNS)
    published.pictures(folder)
    pictures.accuracies(folder, published.trained())
    names = sorted(path.name for path in folder.glob("*.png"))
    sections = [part for table in tables for part in _section(table)]
    if names:
        sections += ["## Pictures", "Each with its data as CSV beside it."]
        sections += [f"![{name}]({name})" for name in names]
    title = tables[0].source.split(", Appendix")[0].split(", Table")[0]
    counts = "\n".join(summary(tables))
    return templates.write(
        folder, "paper", title=title, summary=counts, sections="\n\n".join(sections)
    )


def _section(table: Table) -> Iterator[str]:
    """One table on a paper's page, paragraph by paragraph."""
    yield f"## {table.title}"
    yield f"Source: {table.source}. Every cell: [{table.name}.csv]({table.name}.csv)."
    said = [
        f"- **{status}**, {cells} ({rows}): {sentence}"
        for status, cells, rows, sentence in remarks(table)
    ]
    yield "\n".join(said) or "Every figure is equal to the printed precision."
    if len(table.verdicts) <= WIDE:
        yield "\n".join(["```", *columns(_long(table.verdicts), left=2), "```"])


def write_index(directory: Path, papers: dict[str, list[Table]]) -> None:
    """Write the page that links every paper's page. Raises InputError."""
    every = [table for tables in papers.values() for table in tables]
    links = [
        f"- [{paper}]({paper}/README.md): {'; '.join(table.title for table in tables)}"
        for paper, tables in papers.items()
    ]
    templates.write(directory, "index", summary="\n".join(summary(every)), papers="\n".join(links))
