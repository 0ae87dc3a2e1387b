"""What pictures share: colours of the lanes, figures without a display, titles, and files."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.quantities import RUN_LANES
from costmodel.errors import InputError, Place
from costmodel.studies.output import PICTURES
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "transfer": "#4477aa",
    "on_chip": "#66ccee",
    "matrix": "#ee6677",
    "host": "#ccbb44",
    "launch": "#aa3377",
    "link": "#228833",
    "overhead": "#bbbbbb",
}
"""Of the lanes: Tol's bright scheme."""
ALWAYS = ("transfer", "matrix", "host")
"""Lanes that pictures show even where they take no time."""


def label(lane: str) -> str:
    """How pictures name a lane."""
    return RUN_LANES[lane].label


def shown(times: dict[str, Any]) -> dict[str, Any]:
    """The lanes that a picture shows, of arrays of their times [s]."""
    return {word: value for word, value in times.items() if word in ALWAYS or value.any()}


def write(directory: str | Path, run: Run) -> list[Path]:
    """Write every picture that applies to a run into `directory`, as PNG.

    Raises InputError where the place cannot be written.
    """
    found = []
    for word in PICTURES.names():
        picture = PICTURES.load(word)
        if picture.applies(run):
            found.append(save(picture.figure(run), Path(directory) / f"{word}.png"))
    return found


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all. Raises InputError if it cannot."""
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a name in letters that the font lacks is drawn as boxes
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            warnings.filterwarnings("ignore", "No positive values", UserWarning)
            figure.savefig(draft, format="png", dpi=130, metadata={"Software": None})
        draft.replace(path)
    except OSError as error:
        raise InputError.at(
            Place(str(path)), f"cannot be written: {error.strerror}", "choose another place"
        ) from None
    return path


def new_figure(width: float, height: float) -> Figure:
    """An empty figure [inch] that needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def title(run: Run, what: str) -> str:
    """A title that says what was simulated."""
    chosen = run.policies
    return (
        f"{what}: {run.network.name} on {run.profile.name}\n{chosen.timed_convention}, "
        f"{chosen.placement}, {chosen.traffic}, {chosen.timing}, {chosen.dtype}, "
        f"batch {chosen.batch}; times {run.standing.grade}"
    )
