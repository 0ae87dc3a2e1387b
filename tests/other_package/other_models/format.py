"""A report format."""

from pathlib import Path
from typing import ClassVar

from costmodel.core.output import Format
from costmodel.studies.run import Run


class Text(Format):
    """The run's one line."""

    source: ClassVar[str] = "made for the tests"

    def write(self, run: Run, path: Path, by: str = "layer") -> None:
        """Write it."""
        path.write_text(f"{run!r}\n")
