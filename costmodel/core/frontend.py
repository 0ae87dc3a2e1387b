"""The contract of a front end: files of one kind to networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.network import Network
from costmodel.core.registry import Family


class FrontEnd(ABC):
    """Reads files with certain suffixes."""

    suffixes: ClassVar[tuple[str, ...]]
    """The suffixes of the files it reads, each led by a dot."""
    option: ClassVar[str] = "--set"
    """The option that sets its variables, for messages."""

    @abstractmethod
    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """The network in `path`, and all files it was read from.

        `settings` are for its variables; `strict` refuses what would be counted as data movement.
        Raises InputError with every mistake.
        """


FRONT_ENDS = Family("front end", "costmodel.frontends", "costmodel.frontends", FrontEnd)
