"""What a finished scan leaves: best.csv, pareto.csv, summary.json."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from costmodel.core.quantities import OUTPUTS
from costmodel.language.harmless import cell
from costmodel.studies.scan.plan import Plan
from costmodel.studies.scan.reduce import Best, Front
from costmodel.studies.scan.store import Store

COUNTS = ("params", "macs")
"""Outputs that tables leave out: the same at every point of a network."""


@dataclass(frozen=True)
class Outcome:
    """A finished scan."""

    plan: Plan
    best: Best
    front: Front
    feasible: int
    seconds: float
    evaluated: int
    """Parts evaluated now; the others were found finished."""

    def summary(self, engine: str, workers: int) -> dict[str, Any]:
        """The figures of summary.json. Rates are of the points evaluated in this run."""
        parts = len(self.plan.ranges())
        points = self.plan.space.points
        share = self.evaluated / parts if parts else 0.0
        return {
            "points": points,
            "feasible": self.feasible,
            "seconds": self.seconds,
            "points_per_s": points * share / self.seconds if self.seconds else 0.0,
            "path": self.plan.path,
            "engine": engine,
            "workers": workers,
            "plan": self.plan.identity,
            "parts": parts,
            "parts_found_finished": parts - self.evaluated,
        }


def rows(
    outcome: Outcome, most: int | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The best points and the front (the first `most` of each) as records, evaluated again."""
    kept = outcome.best[:most], outcome.front[:most]
    points = outcome.plan.rows([index for _, index in kept[0]] + [index for _, index, _ in kept[1]])
    records = iter([_record(outcome.plan, row) for row in points])
    best = [
        {"rank": n, "index": index, **next(records)}
        for n, (_, index) in enumerate(kept[0], start=1)
    ]
    front = [{"index": index, "count": count, **next(records)} for _, index, count in kept[1]]
    return best, front


def _record(plan: Plan, row: dict[str, Any]) -> dict[str, Any]:
    """One point under the names of the tables: axes by their own words (SI), outputs with units."""
    row["external_bytes"] = int(row["external_bytes"])
    return {column: row[word] for word, column in _words(plan).items()}


def _words(plan: Plan) -> dict[str, str]:
    """The words of a table's columns, and the names that these bear."""
    space = plan.space
    axes = (*space.models[0].labels, *(axis.name for axis in space.axes))
    outputs = {w: OUTPUTS[w].column for w in space.outputs if w not in COUNTS}
    return {w: w for w in axes} | outputs | {name: name for name, _ in plan.derive}


def columns(outcome: Outcome, first: list[str]) -> list[str]:
    """The header of a table, also where it has no rows."""
    return [*first, *_words(outcome.plan).values()]


def as_csv(records: list[dict[str, Any]], names: list[str]) -> bytes:
    """Records as CSV, floats in full precision."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in records)
    return stream.getvalue().encode()


def write(store: Store, outcome: Outcome, engine: str, workers: int) -> None:
    """Write the three files, each whole or not at all. Raises OSError."""
    best, front = rows(outcome)
    store.write(store.directory / "best.csv", as_csv(best, columns(outcome, ["rank", "index"])))
    if outcome.plan.pareto:
        store.write(
            store.directory / "pareto.csv", as_csv(front, columns(outcome, ["index", "count"]))
        )
    text = json.dumps(outcome.summary(engine, workers), indent=1) + "\n"
    store.write(store.directory / "summary.json", text.encode())
