"""Comma-separated values: one line per layer, block or kind, in full precision."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from costmodel.core.output import Format
from costmodel.report import files
from costmodel.studies import records
from costmodel.studies.run import Run


class Csv(Format):
    """The table of a run, floats in full precision, units in the columns' names."""

    source: ClassVar[str] = "RFC 4180, lines ending in a line feed"

    def write(self, run: Run, path: Path, by: str = "layer") -> None:
        """Write the table at `path`. Raises InputError where the place cannot be written."""
        rows = records.records(run, by)
        files.write_csv(path, rows, records.columns(rows))
