"""HTML: one page to look at, with sliders for every figure of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from costmodel.core.output import Format
from costmodel.report import files
from costmodel.report.page.run_page import run_page
from costmodel.studies.run import Run


class Html(Format):
    """Verdict, totals, pictures and the table of layers, all moved by the machine's figures."""

    source: ClassVar[str] = "HTML 5, ECMAScript 2022; the page fetches nothing"

    def write(self, run: Run, path: Path, by: str = "layer") -> None:
        """Write the page at `path`, whatever `by` says: the page groups its table itself.

        Raises InputError where the place cannot be written.
        """
        files.write_text(path, self.text(run))

    def text(self, run: Run) -> str:
        """Return the page of a run."""
        return run_page(run)
