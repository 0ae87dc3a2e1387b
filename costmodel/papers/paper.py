"""The contract of a paper: its tables, the models that it trained, and the pictures on its page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.registry import Family
from costmodel.papers.table import Table


@dataclass(frozen=True)
class Trained:
    """A model that a paper trained: how to build it here, and the accuracy that it reports."""

    dataset: str
    """The data set as the command line names it, e.g. `cifar10`."""
    label: str
    """The name under which pictures show it."""
    arch: str
    settings: dict[str, Any]
    accuracy: float
    """Top-1 accuracy as published [%]."""
    source: str


class Paper:
    """One published paper. A module of `costmodel.papers.tables` defines one, with its tables."""

    source: ClassVar[str]
    tables: ClassVar[tuple[type[Table], ...]]
    """In the order in which reports show them."""

    def trained(self) -> list[Trained]:
        """Every model with a published accuracy; none here."""
        return []

    def pictures(self, folder: Path) -> None:
        """Write the pictures that only this paper's page shows, each with its data, into `folder`.

        Raises InputError where the place cannot be written.
        """


PAPERS = Family("paper", "costmodel.papers.tables", "costmodel.papers", Paper)
