"""A front end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core import kinds
from costmodel.core.builder import Builder
from costmodel.core.frontend import FrontEnd
from costmodel.core.layer import make
from costmodel.core.network import Facts, Network, Taps
from costmodel.errors import Place


class Widths(FrontEnd):
    """A chain of dense layers from a line of numbers: '8 16 4'."""

    suffixes: ClassVar[tuple[str, ...]] = (".widths",)
    source: ClassVar[str] = "made for the tests"

    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """One dense layer between each two numbers."""
        first, *others = map(int, path.read_text().split())
        builder = Builder()
        taps: Taps = (builder.input("x", (first,)),)
        for number, width in enumerate(others):
            layer = make(kinds.get("linear"), {"features": width})
            taps = builder.row(f"d{number}", f"d{number}", "b", Place(str(path)), [layer], taps)
        return builder.network(Facts(path.stem, "a line", str(path), taps)), [path]
