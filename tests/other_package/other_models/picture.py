"""A picture."""

from typing import ClassVar

from matplotlib.figure import Figure

from costmodel.core.output import Picture
from costmodel.studies.run import Run


class Total(Picture):
    """One bar: the total."""

    source: ClassVar[str] = "made for the tests"

    def figure(self, run: Run) -> Figure:
        """Draw it."""
        drawn = Figure()
        drawn.add_subplot().bar(["total"], [run.total_time])
        return drawn
