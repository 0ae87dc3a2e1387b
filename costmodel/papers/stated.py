"""Tables as data: a YAML file for each paper, CSV files beside it, and expressions for our figures.

A table has a `title`, says `where` in the paper it stands, and has groups of `cells`. A group has
lines, of a CSV file (`data`), of every combination of a `grid` ({a b: [[1, 2], [3, 4]], c: [5]}),
or `lines` themselves, and what each of them gives: a cell for each of its `columns`, with the
`row` and the figure `published` as templates or names of the line's entries, and `ours`, an
expression (`shown`: ours in the paper's own format). What a group leaves out stands in its lines.
A line without a published figure is no cell. `explanations` and `contradictions` hold for cells
that meet `when`; the former give the paper's `figure`. Expressions know the line's entries, the
cell's row, column, published and value, and the functions below and those of the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

from costmodel.language import documents
from costmodel.language.expressions import evaluate, fill
from costmodel.papers import model
from costmodel.papers.table import Cell, Explanation, Table, read_csv, truncated
from costmodel.report.numbers import count, short

TABLES = Path(__file__).parent / "tables"
Spec = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


def _paired(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes its keywords as pairs: params('resnet_cifar', 'n', 3)."""
    return lambda first, *pairs: function(first, **dict(zip(pairs[::2], pairs[1::2], strict=True)))


FUNCTIONS: Functions = {
    "params": _paired(model.params),
    "macs": _paired(model.macs),
    "block_params": _paired(model.block_params),
    "tally": model.tally,
    "truncated": truncated,
    "count": count,
    "short": short,
    "without": lambda text, part: text.replace(part, ""),
}


class StatedTable(Table):
    """A table that a file states."""

    stated: ClassVar[Spec]
    functions: ClassVar[Functions]

    def cells(self) -> Iterator[Cell]:
        """Every cell of every line."""
        for group in self.stated["cells"]:
            for line in _lines(group):
                yield from self._cells(group, line)

    def _cells(self, group: Spec, line: Spec) -> Iterator[Cell]:
        """The cells of one line: one for each column, and for each of its heads."""
        names = {word: _number(entry) for word, entry in line.items()}
        row = fill(group.get("row", line.get("row")), names)
        for asked in group.get("columns", [{}]):
            heads = asked.get("column", line.get("column"))
            for head in heads if isinstance(heads, list) else [heads]:
                column = fill(head, names)
                at = asked.get("published", "published" if "published" in line else column)
                published = str(line[at]) if at in line else _printed(fill(at, names))
                if not published:
                    continue
                known = {**names, "row": row, "column": column, "published": published}
                value = self.value(asked.get("ours", line.get("ours")), known)
                shown = None
                if "shown" in asked:
                    shown = self.value(asked["shown"], {**known, "value": value})
                yield Cell(row, column, published, value, shown, names)

    @classmethod
    def value(cls, text: str, names: Spec) -> Any:
        """The value of an expression."""
        return evaluate(text, names, {**FUNCTIONS, **cls.functions})

    @classmethod
    def of_cell(cls, text: str, cell: Cell) -> Any:
        """The value of an expression about a cell."""
        return cls.value(text, {**cell.line, **vars(cell)})


def _lines(group: Spec) -> Iterator[Spec]:
    """The lines of a group, each with its `number` from 1."""
    lines = group.get("lines", ())
    if "data" in group:
        lines = read_csv(group["data"])
    if "grid" in group:
        axes = [
            [_named(words, values) for values in listed] for words, listed in group["grid"].items()
        ]
        lines = ({k: v for part in point for k, v in part.items()} for point in product(*axes))
    for number, line in enumerate(lines, start=1):
        if all(_number(line[word]) == value for word, value in group.get("only", {}).items()):
            yield {**line, "number": number}


def _named(words: str, values: Any) -> dict[str, Any]:
    """One value under each word: `"a b"` and [1, 2] give a: 1, b: 2."""
    listed = values if isinstance(values, list) else [values]
    return dict(zip(words.split(), listed, strict=True))


def _printed(figure: Any) -> str:
    """What a formula of the paper gives."""
    return figure if isinstance(figure, str) else f"{figure:.12g}"


def _number(entry: Any) -> Any:
    """A number where a CSV's text is one."""
    for kind in (int, float):
        try:
            return kind(entry) if isinstance(entry, str) else entry
        except ValueError:
            continue
    return entry


def tables_of(paper: str, functions: Functions) -> tuple[type[Table], ...]:
    """The tables of the file `paper`.yaml, whose expressions may call `functions` too."""
    whole = documents.load(TABLES / f"{paper}.yaml").plain()
    return tuple(
        _table(name, stated, whole["source"], functions) for name, stated in whole["tables"].items()
    )


def _table(name: str, stated: Spec, source: str, functions: Functions) -> type[StatedTable]:
    """The table called `name`, as a class of its own."""
    members = {
        "name": name,
        "title": stated["title"],
        "source": ", ".join([source, *([stated["where"]] if "where" in stated else [])]),
        "stated": stated,
        "functions": functions,
    }
    kind: Any = type(name, (StatedTable,), members)
    kind.explanations = tuple(
        Explanation(
            entry["sentence"],
            partial(kind.of_cell, entry["when"]),
            partial(kind.of_cell, entry["figure"]) if "figure" in entry else None,
        )
        for section in ("explanations", "contradictions")
        for entry in stated.get(section, ())
    )
    made: type[StatedTable] = kind
    return made
