"""The contract of a paper: its tables, and the pictures on its page."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from costmodel.core.registry import Family
from costmodel.papers.table import Table


class Paper:
    """One published paper. A module of `costmodel.papers.tables` defines one, with its tables."""

    source: ClassVar[str]
    tables: ClassVar[tuple[type[Table], ...]]
    """In the order in which reports show them."""

    def pictures(self, folder: Path) -> None:
        """Write the pictures of the paper's page, each with its data, into `folder`; none here.

        Raises InputError where the place cannot be written.
        """


PAPERS = Family("paper", "costmodel.papers.tables", "costmodel.papers", Paper)
