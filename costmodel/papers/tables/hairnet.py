"""HairNet: The Thinned Convolutional Network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from costmodel.papers import model, pictures
from costmodel.papers.paper import Paper
from costmodel.papers.stated import tables_of
from costmodel.papers.table import Table
from costmodel.studies.records import layer_records
from costmodel.studies.run import Run


def record(number: int, column: str) -> Any:
    """A figure of our row of this number, counted from 1."""
    return _records(model.run("hairnet"))[number - 1][column]


@lru_cache(1)
def _records(run: Run) -> list[dict[str, Any]]:
    """The rows of a run as our own reports show them."""
    return layer_records(run)


def slowest() -> str:
    """The name of the row that takes most time."""
    run = model.run("hairnet")
    return run.workload.rows[int(run.result.total.argmax())].name


class HairNetPaper(Paper):
    """The network with its Appendix: sizes, operations, places and times of 66 rows."""

    source: ClassVar[str] = "H. Jansma, HairNet: The Thinned Convolutional Network, 2020"
    tables: ClassVar[tuple[type[Table], ...]] = tables_of(
        "hairnet",
        {"record": record, "slowest": slowest, "time": lambda: model.run("hairnet").total_time},
    )

    def pictures(self, folder: Path) -> None:
        """Write the rows and the pictures of the Appendix's run."""
        pictures.of_run(folder, model.run("hairnet"))
