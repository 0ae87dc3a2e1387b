"""The contract of a counting convention."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from costmodel.core.registry import Family
from costmodel.core.tally import Tally


class Convention(ABC):
    """A rule for operations and a rule for parameters.

    Both are plain arithmetic on a Tally, so they serve integers and numpy arrays alike.
    """

    source: ClassVar[str]
    report_only: ClassVar[bool] = False
    """True: changes what is printed, never a time."""

    @abstractmethod
    def ops(self, kind: str, tally: Tally) -> Any:
        """Operations of one layer of `kind` per sample [count]."""

    @abstractmethod
    def params(self, tally: Tally) -> Any:
        """Parameters of one layer [count]."""


CONVENTIONS = Family(
    "convention", "costmodel.models.conventions", "costmodel.conventions", Convention
)
