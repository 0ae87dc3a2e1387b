"""JSON: the totals of a run, how to get them again, and one object per layer."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from costmodel.core.output import Format
from costmodel.report import files
from costmodel.studies.energy import parts
from costmodel.studies.levels import level_figures
from costmodel.studies.records import layer_records
from costmodel.studies.run import Run


class Json(Format):
    """Totals, provenance, and one object per layer under the names of the CSV's columns."""

    source: ClassVar[str] = "RFC 8259; figures that are not finite are null"

    def write(self, run: Run, path: Path, by: str = "layer") -> None:
        """Write everything at `path`, one object per layer whatever `by` says.

        Raises InputError where the place cannot be written.
        """
        levels = [level.record for level in level_figures(run)]
        content = {
            "totals": run.totals,
            **({"levels": levels} if levels else {}),
            **({} if run.energy is None else {"energy_by_part_J": parts(run)}),
            "provenance": run.provenance,
            "layers": layer_records(run),
        }
        files.write_json(path, content)
