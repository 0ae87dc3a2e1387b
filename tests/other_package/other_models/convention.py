"""A convention."""

from typing import Any, ClassVar

from costmodel.core.convention import Convention
from costmodel.core.tally import Tally


class AddsToo(Convention):
    """Three operations per multiply-add, and nothing else."""

    source: ClassVar[str] = "made for the tests"

    def ops(self, kind: str, tally: Tally) -> Any:
        """Three per multiply-add."""
        return 3 * tally.macs

    def params(self, tally: Tally) -> Any:
        """What inference reads."""
        return tally.moved_params
