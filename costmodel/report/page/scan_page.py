"""The page of a scan: its best points, its front, a picture, and all points side by side."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from costmodel.core.quantities import OUTPUTS, dimension_of
from costmodel.language import units
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
CELLS = 40_000
"""Of a heat map."""


def scan_page(outcome: ScanOutcome) -> str:
    """A finished scan as one HTML file."""
    space = outcome.plan.space
    best, front = results.rows(outcome, SHOWN)
    rows = [{"what": f"best {row.pop('rank')}", **row} for row in best]
    rows += [{"what": "front", **row} for row in front]
    columns = [TableColumn("what", "kept as", number=False)]
    names = [name for name in (rows[0] if rows else ()) if name not in ("what", "index", "count")]
    columns += [_column(name, rows) for name in names]
    charts = [*_front(outcome, len(best), len(rows)), *_parallel(outcome, rows)]
    charts[-1:-1] = [chart for chart in [scan_plots.heat(outcome, CELLS)] if chart]
    titles = {model.title for model in space.variants}
    return figures_page(
        ChartPage(
            title=f"Scan of {space.points} points: {', '.join(sorted(titles)[:3])}",
            subtitle=f"{outcome.feasible} points meet the constraints; {outcome.plan.path}",
            verdict=_verdict(best),
            standing="nobody measured these machines: compare the points with one another; "
            "'costmodel simulate' says how far the profile itself can be trusted",
            caption=f"The best points and the front, at most {SHOWN} of each",
            columns=columns,
            rows=rows,
            charts=charts,
        )
    )


def _verdict(best: list[dict[str, Any]]) -> str:
    if not best:
        return "No point meets the constraints."
    return f"The best point takes {best[0]['total_time_s'] * 1e3:.6g} ms."


def _unit(word: str) -> str | None:
    kind = dimension_of(word)
    return units.SI_UNITS[kind] if kind else None


def _column(name: str, rows: list[dict[str, Any]]) -> TableColumn:
    """A column under its name in the tables; SI figures bear their unit."""
    word = next((one.word for one in OUTPUTS.values() if one.column == name), name)
    number = any(isinstance(row.get(name), int | float) for row in rows)
    return TableColumn(name, word, _unit(word) if number else None, number)


def _front(outcome: ScanOutcome, best: int, shown: int) -> list[Chart]:
    """The front; its points stand behind the best ones in the table, as far as this goes."""
    chart = scan_plots.front(outcome)
    if chart is None or len(outcome.plan.pareto) < 2:
        return []
    lines = [best + n if best + n < shown else None for n in range(len(outcome.front))]
    return [chart | {"places": lines}]


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
            # a stretch lies within one variant
            end = min(stop, (start // per_variant + 1) * per_variant)
            indices, columns = outcome.plan.columns(start, end)
            for word in words:
                gathered[word].append(np.broadcast_to(np.asarray(columns[word]), len(indices)))
            start = end
    return {word: np.concatenate(parts) for word, parts in gathered.items()}


def _parallel(outcome: ScanOutcome, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every axis of the scan and the total time, each in 256 levels."""
    space = outcome.plan.space
    labels = [
        w for w in space.variants[0].labels if len({str(m.labels[w]) for m in space.variants}) > 1
    ]
    words = [*labels, *(one.name for one in space.axes), "total_time"]
    words += [name for name, _ in outcome.plan.derive]
    if len(words) < 2:
        return []
    columns = _sampled(outcome, words)
    axes, scales = [], []
    for word in words:
        place, low, high = _levels(columns[word], word)
        scales.append(place)
        packed = base64.b64encode(place(columns[word]).tobytes()).decode()
        axes.append({"label": word, "low": low, "high": high, "levels": Encoded(packed)})
    keys = [OUTPUTS[word].column if word in OUTPUTS else word for word in words]
    marked = [
        [int(place(np.array([row[key]]))[0]) for place, key in zip(scales, keys, strict=True)]
        for row in rows
    ]
    count = len(columns["total_time"])
    some = "" if count == space.points else f" ({count} of {space.points})"
    return [
        {
            "kind": "parallel",
            "title": f"All points at a glance{some}",
            "axes": axes,
            "marked": marked,
        }
    ]


def _levels(values: Any, word: str) -> tuple[Any, str, str]:
    """How values become levels from 0 to 255, and the words at both ends."""
    if values.dtype.kind not in "iufb":
        known = sorted(set(map(str, values.tolist())))
        step = 255 / max(1, len(known) - 1)
        places = {name: round(n * step) for n, name in enumerate(known)}

        def named(given: Any) -> Any:
            return np.array([places[str(value)] for value in given], dtype=np.uint8)

        return named, known[0], known[-1]
    finite = values[np.isfinite(values)].astype(float)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    log = low > 0 and high > 20 * low
    ends = (np.log(low), np.log(high)) if log else (low, high)

    def level(given: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            number = np.log(given.astype(float)) if log else given.astype(float)
            share = (number - ends[0]) / ((ends[1] - ends[0]) or 1.0)
        return np.nan_to_num(np.clip(share, 0, 1) * 255).round().astype(np.uint8)

    return level, _end(low, word), _end(high, word)


def _end(value: float, word: str) -> str:
    kind = dimension_of(word)
    return units.show(float(f"{value:.4g}"), kind) if kind else f"{value:.4g}"
