"""The contracts of report formats and of pictures: what a run can be written as.

A run is what `simulate` gives, a `Run` of `costmodel.studies.run`, which stands above this room.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from costmodel.core.registry import Family
from costmodel.errors import BadValue, did_you_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Format(ABC):
    """A kind of file that a run can be written as; its word is the file's suffix."""

    source: ClassVar[str]

    @abstractmethod
    def write(self, run: Any, path: Path, by: str = "layer") -> None:
        """Write `run` at `path`, whole or not at all, one line per layer, block or kind.

        Raises InputError where the place cannot be written.
        """

    def text(self, run: Any) -> str:
        """Give the file as text, where the format can. Raises BadValue where it cannot."""
        raise BadValue(f"{type(self).__name__} is written to files only", "use Run.save")


class Picture(ABC):
    """The contract of a picture of a run."""

    source: ClassVar[str]
    needs: ClassVar[str] = "there is nothing to draw"
    """What is said where it does not apply."""

    def applies(self, run: Any) -> bool:
        """Whether there is anything to draw."""
        return True

    @abstractmethod
    def figure(self, run: Any) -> Figure:
        """The picture; it needs no display."""


FORMATS = Family("report format", "costmodel.report.formats", "costmodel.formats", Format)
PICTURES = Family("picture", "costmodel.report.pictures", "costmodel.pictures", Picture)


def format_of(path: Path) -> Format:
    """The format of a file, by its suffix. Raises BadValue for a suffix without one."""
    word = path.suffix.removeprefix(".").lower()
    if not word:
        raise BadValue(f"'{path}' has no suffix", did_you_mean("", FORMATS.names()))
    return FORMATS.load(word)
