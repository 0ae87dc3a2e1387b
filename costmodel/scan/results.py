"""What a finished scan leaves: best.csv, pareto.csv, summary.json."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from costmodel.scan.words import OUTPUTS

if TYPE_CHECKING:
    from costmodel.scan.drive import Outcome
    from costmodel.scan.store import Store


SHOWN = ("total_time", "transfer_time", "matrix_time", "host_time", "external_bytes", "throughput")


def rows(outcome: Outcome) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The best points and the front as records; every figure is evaluated at the point itself."""
    best = [{"rank": n, "index": index, **_record(outcome, index)}
            for n, (_, index) in enumerate(outcome.best, start=1)]  # fmt: skip
    front = [
        {"index": index, "count": count, **_record(outcome, index)}
        for _, index, count in outcome.front
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
