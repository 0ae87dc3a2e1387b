"""What a finished scan leaves: best.csv, pareto.csv, summary.json."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.core.quantities import column_name
from costmodel.language.harmless import cell
from costmodel.studies.scan.running.pareto import Best, Front
from costmodel.studies.scan.running.plan import ScanPlan
from costmodel.studies.scan.running.store import Store

COUNTS = ("params", "macs")
"""Outputs that tables leave out: the same at every point of a network."""


@dataclass(frozen=True)
class ScanOutcome:
    """A finished scan: its plan, and what is kept of its points."""

    plan: ScanPlan
    best: Best
    front: Front
    feasible: int
    seconds: float
    evaluated: int
    """Parts evaluated now; the others were finished already."""

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
            "marks": self.plan.space.marks,
            "engine": engine,
            "workers": workers,
            "plan": self.plan.identity,
            "parts": parts,
            "parts_found_finished": parts - self.evaluated,
        }


def rows(
    outcome: ScanOutcome, most: int | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The best points and the front (the first `most` of each) as records, evaluated again.

    Axes stand under their own words (SI), outputs under names with units.
    """
    best, front = outcome.best[:most], outcome.front[:most]
    places = [index for _, index in best] + [index for _, index, _ in front]
    names = _names(outcome.plan).items()
    points = [
        {name: _given(row[word]) for word, name in names} | _whole(row)
        for row in outcome.plan.rows(places)
    ]
    first = [{"rank": n, "index": index} for n, (_, index) in enumerate(best, start=1)]
    first += [{"index": index, "count": count} for _, index, count in front]
    records = [given | point for given, point in zip(first, points, strict=True)]
    return records[: len(best)], records[len(best) :]


def _whole(row: Mapping[str, Any]) -> dict[str, Any]:
    """The bytes of a row as the whole numbers that they are; none where several networks run."""
    bytes_moved = row.get("external_bytes")
    return {} if bytes_moved is None else {"external_bytes": int(bytes_moved)}


def _given(value: Any) -> Any:
    """A figure of a table; None for one that is no number, such as an energy that none states."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _names(plan: ScanPlan) -> dict[str, str]:
    """The names of a table's columns by the word of the quantity."""
    outputs = {w: column_name(w) for w in plan.space.outputs if w not in COUNTS}
    return {w: w for w in plan.space.words} | outputs | {name: name for name, _ in plan.derive}


def columns(outcome: ScanOutcome, first: list[str]) -> list[str]:
    """The header of a table, also where it has no rows."""
    return [*first, *_names(outcome.plan).values()]


def as_csv(records: list[dict[str, Any]], names: list[str]) -> bytes:
    """Records as CSV, floats in full precision."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: cell(value) for name, value in row.items()} for row in records)
    return stream.getvalue().encode()


def write(store: Store, outcome: ScanOutcome, engine: str, workers: int) -> None:
    """Write the three files, each whole or not at all. Raises OSError."""
    best, front = rows(outcome)
    files = {"best.csv": as_csv(best, columns(outcome, ["rank", "index"]))}
    if outcome.plan.pareto:
        files["pareto.csv"] = as_csv(front, columns(outcome, ["index", "count"]))
    summary = outcome.summary(engine, workers)
    files["summary.json"] = (json.dumps(summary, indent=1) + "\n").encode()
    for name, content in files.items():
        store.write(store.directory / name, content)
