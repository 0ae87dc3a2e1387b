"""What pictures share: colours of the lanes, figures without a display, titles, and files."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.output import PICTURES, Picture
from costmodel.core.quantities import RUN_LANES
from costmodel.errors import BadValue, InputError, Place
from costmodel.language.harmless import harmless
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
KINDS: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Suffixes of pictures, and what would make two files of one picture differ."""
UNITS = (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9))
ALWAYS = ("transfer", "matrix", "host")
"""Lanes that pictures show even where they take no time."""


def label(lane: str) -> str:
    """How pictures name a lane."""
    return RUN_LANES[lane].label


def shown(times: dict[str, Any]) -> dict[str, Any]:
    """The lanes that a picture shows, of arrays of their times [s]."""
    return {word: value for word, value in times.items() if word in ALWAYS or value.any()}


def write(place: str | Path, run: Run) -> list[str]:
    """Write every picture that applies to a run into the folder `place`; what was done, in lines.

    A place with a suffix is one picture, named for it: `roofline.svg`. Raises InputError where the
    place cannot be written, or where there is no such picture.
    """
    target = Path(place)
    if target.suffix.lower() in KINDS:
        try:
            picture = PICTURES.load(target.stem)
        except BadValue as error:
            raise error.at(Place(str(place))) from None
        return [_drawn(picture, run, target)]
    every = {word: PICTURES.load(word) for word in PICTURES.names()}
    return [_drawn(one, run, target / f"{word}.png") for word, one in every.items()]


def _drawn(picture: Picture, run: Run, path: Path) -> str:
    if not picture.applies(run):
        return f"no {path.name}: {picture.needs}"
    return f"wrote {save(picture.figure(run), path)}"


def save(figure: Figure, path: Path) -> Path:
    """Write a figure in the format of the suffix, whole or not at all.

    Raises InputError if it cannot.
    """
    kind = path.suffix.lower()
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a name in letters that the font lacks is drawn as boxes
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            warnings.filterwarnings("ignore", "No positive values", UserWarning)
            figure.savefig(draft, format=kind[1:], dpi=130, metadata=KINDS[kind])
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise InputError.at(
            Place(str(path)), f"cannot be written: {error.strerror}", "choose another place"
        ) from None
    return path


def new_figure(width: float, height: float) -> Figure:
    """An empty figure [inch] that needs no display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def unit_of(most: float) -> tuple[str, float]:
    """The unit of time in which `most` [s] is a handy number, and how many of it make a second."""
    return next(((unit, many) for unit, many in UNITS if most * many >= 1), UNITS[-1])


def named(name: str) -> str:
    """A name as a picture may show it: dollars are no formulas."""
    return harmless(name, 60).replace("$", r"\$")


def title(run: Run, what: str) -> str:
    """A title that says what was simulated."""
    chosen = run.policies
    return (
        f"{what}: {named(run.network.name)} on {named(run.profile.name)}\n"
        f"{chosen.timed_convention}, {chosen.placement}, {chosen.traffic}, {chosen.timing}, "
        f"{chosen.dtype}, batch {chosen.batch}; times {run.standing.grade}"
    )
