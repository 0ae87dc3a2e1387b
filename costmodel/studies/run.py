"""A run as people and notebooks meet it: tables, pictures, files, and what stands behind it."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core import output
from costmodel.errors import BadValue, Place
from costmodel.studies import records, trust
from costmodel.studies.energy import EnergyStanding, energy_standing
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.provenance import provenance
from costmodel.studies.standing import Standing, standing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FRAMED = 1000
"""Rows up to which a notebook gets a whole page."""


class Run(Evaluated):
    """A network on a machine, evaluated: totals, tables, pictures and files of it."""

    def _repr_html_(self) -> str:
        """What notebooks show: the page of the run in a frame; of a long network its blocks."""
        if len(self.workload.rows) > FRAMED:
            return f"<p>{escape(repr(self))}</p>{self.blocks.to_html(index=False)}"
        page = escape(output.FORMATS.load("html").text(self))
        style = "width: 100%; height: 640px; border: 0"
        return f'<iframe sandbox="allow-scripts" style="{style}" srcdoc="{page}"></iframe>'

    @cached_property
    def doubts(self) -> list[str]:
        """Why the interval of a calibrated profile may not hold for this run."""
        return trust.doubts(self)

    @property
    def provenance(self) -> dict[str, Any]:
        """Everything that must be known to get these figures again."""
        return provenance(self)

    @cached_property
    def standing(self) -> Standing:
        """What stands behind its times."""
        return standing(self)

    @cached_property
    def energy_standing(self) -> EnergyStanding | None:
        """What stands behind its energy; None where the machine states none."""
        return energy_standing(self)

    @property
    def layers(self) -> pd.DataFrame:
        """One line per row of the network, under the names of the CSV report."""
        return records.frame(self, "layer")

    @property
    def blocks(self) -> pd.DataFrame:
        """One line per block in order, and what a cut behind it would carry."""
        return records.frame(self, "block")

    @property
    def kinds(self) -> pd.DataFrame:
        """One line per kind of row, slowest first."""
        return records.frame(self, "kind")

    def save(self, path: str | Path, by: str = "layer") -> Path:
        """Write the run in the format of the file's suffix (.csv, .json); the file's path.

        A table is `by` layer, block or kind. Raises InputError for a suffix without a format, and
        where the place cannot be written.
        """
        target = Path(path)
        try:
            output.format_of(target).write(self, target, by)
        except BadValue as error:
            raise error.at(Place(str(path))) from None
        return target

    def plot(self, name: str) -> Figure:
        """The picture `name` (roofline, time, timeline, memory) as a matplotlib Figure.

        Raises InputError for an unknown name, and for one that does not apply to this run.
        """
        try:
            picture = output.PICTURES.load(name)
            if not picture.applies(self):
                raise BadValue(f"'{name}' has nothing to draw", "ask for another picture")
        except BadValue as error:
            raise error.at(Place("plot")) from None
        return picture.figure(self)
