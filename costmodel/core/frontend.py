"""The contract of a front end: files of one kind to networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.network import Network
from costmodel.core.registry import Family
from costmodel.core.section import section


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

    def load_piece(
        self,
        path: Path,
        settings: Mapping[str, Any],
        start: Sequence[str],
        end: Sequence[str],
        *,
        strict: bool = False,
    ) -> tuple[Network, list[Path]]:
        """A piece of the network, from nodes of `start` to those of `end`; all files it is read of.

        The whole is read and cut; a front end that can do without the rest reads the piece alone.
        Raises InputError with every mistake.
        """
        network, files = self.load(path, settings, strict=strict)
        return section(network, start, end), files


FRONT_ENDS = Family("front end", "costmodel.frontends", "costmodel.frontends", FrontEnd)
