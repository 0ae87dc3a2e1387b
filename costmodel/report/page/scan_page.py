"""The page of a scan: its best points, its front, a picture, and all points side by side."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from costmodel.core.quantities import JOULES, OUTPUTS
from costmodel.report import scan_plots
from costmodel.report.chart import Chart
from costmodel.report.page.figures import ChartPage, Encoded, TableColumn, figures_page
from costmodel.studies.scan.running import results
from costmodel.studies.scan.running.results import ScanOutcome

MOST = 100_000
"""Points that are drawn as parallel coordinates."""
BLOCKS = 100
"""Stretches of neighbouring points that a larger space is sampled by."""
SHOWN = 500
"""Best points, and points of the front, in the table."""
STANDING = (
    "nobody measured these machines: compare the points with one another; "
    "'costmodel simulate' says how far the profile itself can be trusted"
)
CELLS = 40_000
"""Cells that a heat map may have."""


def scan_page(outcome: ScanOutcome) -> str:
    """A finished scan as one HTML file."""
    space = outcome.plan.space
    best, front = results.rows(outcome, SHOWN)
    rows = [{"what": f"best {row.pop('rank')}", **row} for row in best]
    rows += [{"what": "front", **row} for row in front]
    columns = [TableColumn("what", "kept as", number=False)]
    names = [name for name in (rows[0] if rows else ()) if name not in ("what", "index", "count")]
    columns += [_column(name, rows) for name in names]
    charts = (
        _front(outcome, len(best), len(rows)),
        scan_plots.heat(outcome, CELLS),
        _parallel(outcome, rows),
    )
    titles = {model.title for model in space.variants}
    return figures_page(
        ChartPage(
            title=f"Scan of {space.points} points: {', '.join(sorted(titles)[:3])}",
            subtitle=f"{outcome.feasible} points meet the constraints; {outcome.plan.path}",
            verdict=_verdict(outcome, best[0]) if best else "No point meets the constraints.",
            standing="; ".join([STANDING, *space.marks]),
            caption=f"The best points and the front, at most {SHOWN} of each",
            columns=columns,
            rows=rows,
            charts=[chart for chart in charts if chart is not None],
        )
    )


def _verdict(outcome: ScanOutcome, best: dict[str, Any]) -> str:
    """What the best point takes: its time, and first the energy where that decides."""
    word, time = outcome.plan.by.word, f"{best['total_time_s'] * 1e3:.6g} ms"
    if word not in JOULES:
        return f"The best point takes {time}."
    column = OUTPUTS[word].column
    value = best[column if column in best else word]
    return f"The best point by {word} takes {scan_plots.value_text(word, value)}, in {time}."


def _column(name: str, rows: list[dict[str, Any]]) -> TableColumn:
    """A column under its name in the tables; SI figures bear their unit."""
    network, colon, column = name.rpartition(":")
    own = next((one.word for one in OUTPUTS.values() if one.column == column), column)
    word = f"{network}{colon}{own}"
    number = any(isinstance(row.get(name), int | float) for row in rows)
    unit = scan_plots.unit_of(word) if number else ""
    return TableColumn(name, word, unit or None, number)


def _front(outcome: ScanOutcome, best: int, shown: int) -> Chart | None:
    """The front; its points stand behind the best ones in the table, as far as this goes."""
    chart = scan_plots.front(outcome)
    if chart is None or len(outcome.plan.pareto) < 2:
        return None
    lines = [best + n if best + n < shown else None for n in range(len(outcome.front))]
    return chart | {"places": lines}


def _sampled(outcome: ScanOutcome, words: list[str]) -> dict[str, Any]:
    """Columns of at most MOST points, from all over the space."""
    points, size = outcome.plan.space.points, MOST // BLOCKS
    starts = [0] if points <= MOST else np.linspace(0, points - size, BLOCKS).astype(int).tolist()
    span = min(points, MOST) if points <= MOST else size
    gathered: dict[str, list[Any]] = {word: [] for word in words}
    per_variant = outcome.plan.space.per_variant
    for start in starts:
        stop = start + span
        while start < stop:
            # a stretch lies within one model
            end = min(stop, (start // per_variant + 1) * per_variant)
            indices, columns = outcome.plan.columns(start, end)
            for word in words:
                gathered[word].append(np.broadcast_to(np.asarray(columns[word]), len(indices)))
            start = end
    return {word: np.concatenate(parts) for word, parts in gathered.items()}


def _parallel(outcome: ScanOutcome, rows: list[dict[str, Any]]) -> Chart | None:
    """Every axis of the scan and the total time, each in 256 levels."""
    space = outcome.plan.space
    labels = [
        w for w in space.variants[0].labels if len({str(m.labels[w]) for m in space.variants}) > 1
    ]
    derived = [name for name, _ in outcome.plan.derive]
    objectives = {one.word for one in (outcome.plan.by, *outcome.plan.pareto)}
    joules = [word for word in JOULES if word in objectives and word not in derived]
    words = [*labels, *(one.name for one in space.axes), "total_time", *joules, *derived]
    if len(words) < 2:
        return None
    columns = _sampled(outcome, words)
    axes, marked = [], []
    for word in words:
        place, low, high = _levels(columns[word], word)
        packed = base64.b64encode(place(columns[word]).tobytes()).decode()
        axes.append({"label": word, "low": low, "high": high, "levels": Encoded(packed)})
        key = OUTPUTS[word].column if word in OUTPUTS and word not in derived else word
        marked.append(place(np.array([row[key] for row in rows])).tolist())
    count = len(columns["total_time"])
    some = "" if count == space.points else f" ({count} of {space.points})"
    return {
        "kind": "parallel",
        "title": f"All points at a glance{some}",
        "axes": axes,
        "marked": list(zip(*marked, strict=True)),
    }


def _levels(values: Any, word: str) -> tuple[Callable[[Any], Any], str, str]:
    """How values become levels from 0 to 255, and the words at both ends."""
    if values.dtype.kind not in "iufb":
        known = np.unique(values.astype(str))
        step = 255 / max(1, len(known) - 1)
        return (
            lambda given: (step * np.searchsorted(known, given.astype(str))).round().astype("u1"),
            str(known[0]),
            str(known[-1]),
        )
    finite = values[np.isfinite(values)].astype(float)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    log = low > 0 and high > 20 * low
    start, end = (np.log(low), np.log(high)) if log else (low, high)

    def level(given: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            number = np.log(given.astype(float)) if log else given.astype(float)
            share = (number - start) / ((end - start) or 1.0)
        return np.nan_to_num(np.clip(share, 0, 1) * 255).round().astype("u1")

    return level, scan_plots.value_text(word, low), scan_plots.value_text(word, high)
