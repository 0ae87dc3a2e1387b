"""Pictures as files, and what drawings of other rooms share with them."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.output import PICTURES, Picture
from costmodel.errors import BadValue, InputError, Place
from costmodel.report.chart import Chart, about
from costmodel.report.painter import figure
from costmodel.report.painter.frame import letters, new_figure
from costmodel.report.palette import LIGHT
from costmodel.studies.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "ChartPicture", "new_figure", "save", "title", "write"]
COLOURS = LIGHT
"""Of the lanes, by their words."""
KINDS: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Suffixes of pictures, and what would make two files of one picture differ."""
TEXT: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "costmodel"}
"""Text stays text, and a picture's file is the same each time."""


class ChartPicture(Picture):
    """A picture of a run by its chart specification, which the page of the run shows too."""

    @abstractmethod
    def chart(self, run: Run) -> Chart:
        """Describe the picture. Raises BadValue where it does not apply."""

    def figure(self, run: Run) -> Figure:
        """The picture, painted by matplotlib. Raises BadValue where it does not apply."""
        return figure(self.chart(run) | {"about": about(run)})


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
        pictures = {target: picture}
    else:
        pictures = {target / f"{word}.png": PICTURES.load(word) for word in PICTURES.names()}
    return [
        f"wrote {save(picture.figure(run), path)}"
        if picture.applies(run)
        else f"no {path.name}: {picture.needs}"
        for path, picture in pictures.items()
    ]


def save(figure: Figure, path: Path) -> Path:
    """Write a figure in the format of the suffix, whole or not at all.

    Raises InputError if it cannot.
    """
    from matplotlib import rc_context

    kind = path.suffix.lower()
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # a name in letters that the font lacks is drawn as boxes
        with warnings.catch_warnings(), rc_context(TEXT):
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            figure.savefig(draft, format=kind[1:], dpi=130, metadata=KINDS[kind])
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise InputError.at(
            Place(str(path)), f"cannot be written: {error.strerror}", "choose another place"
        ) from None
    return path


def write_charts(folder: str | Path, charts: Mapping[str, Sequence[Chart]]) -> list[Path]:
    """Paint the pictures of a folder, each of some charts below one another; their paths.

    Raises InputError where one cannot be written.
    """
    return [save(figure(*several), Path(folder) / name) for name, several in charts.items()]


def title(run: Run, what: str) -> str:
    """A title that says what was simulated."""
    return letters(f"{what}: ") + "\n".join(map(letters, about(run)))
