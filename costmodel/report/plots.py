"""Pictures of a run: the roofline and the time per row."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel import units
from costmodel.errors import InputError, Place
from costmodel.report.numbers import seconds
from costmodel.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"transfer": "#4477aa", "matrix": "#ee6677", "host": "#ccbb44"}  # Tol's bright scheme
WORDS = {"transfer": "memory bus", "matrix": "matrix engine", "host": "host"}
MOST_ROWS = 120  # bars that stay readable on one page
MOST_NAMES = 8  # points that get a number and a line in the legend
MOST_CLUSTERS = 400  # of a huge network; the slowest rows come first
NEAR = 0.09  # [decades] points closer than this share one number


def write(directory: str | Path, run: Run) -> list[Path]:
    """Write roofline.png and time.png into `directory`. Raises InputError if it cannot."""
    return [save(roofline(run), Path(directory) / "roofline.png"),
            save(time_bars(run), Path(directory) / "time.png")]  # fmt: skip


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all. Raises InputError if it cannot."""
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():  # a name in letters that the font lacks is drawn as boxes
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            warnings.filterwarnings("ignore", "No positive values", UserWarning)
            figure.savefig(draft, format="png", dpi=130, metadata={"Software": None})
        draft.replace(path)
    except OSError as error:
        raise InputError.at(Place(str(path)), f"cannot be written: {error.strerror}",
                            "choose another place") from None  # fmt: skip
    return path


def new_figure(width: float, height: float) -> Figure:
    """An empty figure [inch] that needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@dataclass(frozen=True)
class Points:
    """The roofline's points; rows that move nothing over the bus stand at the right edge."""

    intensity: Any  # (P,) [op/B]
    rate: Any  # (P,) [op/s]
    rows: Any  # (P,) row numbers
    free: Any  # (P,) True where no byte crosses the bus


def roofline_points(run: Run) -> Points:
    """Every row that computes: its ops per external byte, and ops per second of its total time."""
    ops = run.workload.matrix_ops + run.workload.host_ops
    rows = np.flatnonzero((ops > 0) & (run.result.total > 0))
    moved = run.result.external_bytes[rows]
    free = moved == 0
    intensity = ops[rows] / np.where(free, 1, moved)
    edge = 4 * max(intensity[~free].max(initial=0), run.machine.matrix / run.machine.bandwidth)
    return Points(np.where(free, edge, intensity), ops[rows] / run.result.total[rows], rows, free)


def roofline(run: Run) -> Figure:
    """Rows as points under the roofs of the matrix engine and the host."""
    figure = new_figure(11, 6.2)
    axes = figure.add_subplot()
    points = roofline_points(run)
    low = min(points.intensity.min(initial=1), 0.1) / 2
    high = max(points.intensity.max(initial=1), 10.0) * 2
    _roofs(axes, run, low, high)
    bound = np.array(run.bound)[points.rows]
    for word, colour in COLOURS.items():
        for free, marker in ((False, "o"), (True, ">")):
            chosen = (bound == word) & (points.free == free)
            if chosen.any():
                label = f"bound by {WORDS[word]}" + (", no bus traffic" if free else "")
                axes.scatter(points.intensity[chosen], points.rate[chosen], s=34, color=colour,
                             marker=marker, edgecolor="white", linewidth=0.5, label=label, zorder=3)  # fmt: skip
    _name_points(axes, run, points)
    axes.set(xscale="log", yscale="log", xlim=(low, high),
             xlabel="arithmetic intensity [op per byte over the memory bus]",
             ylabel="rate reached [op/s], transfer included", title=title(run, "Roofline"))  # fmt: skip
    axes.set_ylim(bottom=points.rate.min(initial=1e9) / 3, top=run.machine.matrix * 4)
    axes.grid(alpha=0.25, which="major")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8, frameon=False,
                title="the numbered points take most time", title_fontsize=8)  # fmt: skip
    return figure


def _roofs(axes: Axes, run: Run, low: float, high: float) -> None:
    """Bandwidth slope, the two flat roofs, and their ridge points."""
    machine = run.machine
    x = np.geomspace(low, high, 200)
    for word, peak in (("matrix", machine.matrix), ("host", machine.host)):
        ridge = peak / machine.bandwidth
        axes.plot(x, np.minimum(machine.bandwidth * x, peak), color=COLOURS[word], lw=1.6)
        axes.axvline(ridge, color=COLOURS[word], lw=0.8, ls=":")
        axes.annotate(f"{WORDS[word]} {units.show(peak, 'rate')}, ridge {ridge:.4g} op/B",
                      (high / 1.15, peak), xytext=(0, 4), textcoords="offset points",
                      ha="right", fontsize=8, color="#444444")  # fmt: skip


def clusters(run: Run, points: Points) -> list[tuple[float, Any]]:
    """Points that lie together and take most time: (their time [s], their numbers), slowest first."""
    time = run.result.total[points.rows]
    place = np.log10(np.stack([points.intensity, points.rate]))
    left = np.argsort(-time, kind="stable")
    found: list[tuple[float, Any]] = []
    while len(left) and len(found) < MOST_CLUSTERS:
        near = np.abs(place[:, left] - place[:, left[:1]]).max(axis=0) < NEAR
        found.append((float(time[left[near]].sum()), left[near]))
        left = left[~near]
    return sorted(found, key=lambda cluster: -cluster[0])[:MOST_NAMES]


def _name_points(axes: Axes, run: Run, points: Points) -> None:
    """Number the clusters of points that take most time; their names go into the legend."""
    for number, (spent, members) in enumerate(clusters(run, points), start=1):
        head = members[0]
        # down and to the right: away from the roof above and the neighbours along its slope
        axes.annotate(str(number), (points.intensity[head], points.rate[head]), xytext=(7, -12),
                      textcoords="offset points", fontsize=8, fontweight="bold", zorder=4)  # fmt: skip
        alike = f" and {len(members) - 1} alike" if len(members) > 1 else ""
        row = run.workload.rows[points.rows[head]]
        axes.plot([], [], " ", label=f"{number}  {row.id}{alike}: {seconds(spent)}")


def time_bars(run: Run) -> Figure:
    """Time per row, stacked: transfer, matrix, host. The slowest rows if there are too many."""
    rows = np.arange(len(run.workload.rows))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.argsort(-run.result.total, kind="stable")[:MOST_ROWS])
    figure = new_figure(10, 1.6 + 0.17 * len(rows))
    axes = figure.add_subplot()
    y, left = np.arange(len(rows)), np.zeros(len(rows))
    parts = {"transfer": run.result.transfer, "matrix": run.result.matrix, "host": run.result.host}
    for word, times in parts.items():
        width = times[rows] * 1e3
        axes.barh(y, width, left=left, height=0.8, color=COLOURS[word],
                  label=f"{WORDS[word]} {seconds(float(times.sum()))}")  # fmt: skip
        left = left + width
    axes.set_yticks(y, [run.workload.rows[r].id for r in rows], fontsize=7)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel="time per row [ms]",
             title=title(run, "Time per row" if len(rows) == len(run.workload.rows)
                         else f"The {MOST_ROWS} slowest rows"))  # fmt: skip
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", fontsize=9, title=f"total {seconds(run.total_time)}")
    return figure


def title(run: Run, what: str) -> str:
    """A title that says what was simulated."""
    chosen = run.policies
    return (f"{what}: {run.network.name} on {run.profile.name}\n{chosen.timed_convention}, "
            f"{chosen.placement}, {chosen.timing}, {chosen.dtype}, batch {chosen.batch}")  # fmt: skip
