"""What a finished scan leaves: best.csv, pareto.csv, summary.json."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from costmodel.scan.plan import Plan
from costmodel.scan.reduce import Best, Front
from costmodel.scan.store import Store
from costmodel.scan.words import OUTPUTS

SHOWN = ("total_time", "transfer_time", "matrix_time", "host_time", "external_bytes", "throughput")


@dataclass(frozen=True)
class Outcome:
    """A finished scan."""

    plan: Plan
    best: Best
    front: Front
    feasible: int
    seconds: float
    evaluated: int  # parts evaluated now; the others were found finished

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
    """The best points and the front (its first `most`) as records, evaluated at each point."""
    best = [{"rank": n, "index": index, **_record(outcome, index)}
            for n, (_, index) in enumerate(outcome.best, start=1)]  # fmt: skip
    front = [
        {"index": index, "count": count, **_record(outcome, index)}
        for _, index, count in outcome.front[:most]
    ]
    return best, front


def _record(outcome: Outcome, index: int) -> dict[str, Any]:
    """One point under the names of the tables: axes by their own words (SI), outputs with units."""
    plan = outcome.plan
    row = plan.row(index)
    row["external_bytes"] = int(row["external_bytes"])
    words = [*plan.space.models[0].labels, *(axis.name for axis in plan.space.axes)]
    return {**{w: row[w] for w in words}, **{OUTPUTS[w][1]: row[w] for w in SHOWN},
            **{name: row[name] for name, _ in plan.derive}}  # fmt: skip


def columns(outcome: Outcome, first: list[str]) -> list[str]:
    """The header of a table, also where it has no rows."""
    plan = outcome.plan
    words = [*plan.space.models[0].labels, *(axis.name for axis in plan.space.axes)]
    return [*first, *words, *(OUTPUTS[w][1] for w in SHOWN), *(name for name, _ in plan.derive)]


def as_csv(records: list[dict[str, Any]], names: list[str]) -> bytes:
    """Records as CSV, floats in full precision."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
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
