"""Architectures written in YAML.

    read.py, checks.py, syntax.py   a file to what it says, before any variable is bound
    build.py, expand.py, scope.py   variables bound, blocks called, repeats unrolled: a network
    unrolled_size.py                how far it unrolls, told beforehand
    preset.py                       a base architecture and values for its variables

A key of the whole file goes into `read.TOP`, one of any item into `syntax.CONTROL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.frontend import FrontEnd
from costmodel.core.network import Network
from costmodel.frontends.yaml.preset import load_network


class Yaml(FrontEnd):
    """An architecture and its variables, as docs/architectures.md describes them."""

    suffixes: ClassVar[tuple[str, ...]] = (".yaml", ".yml")

    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """Read the file and those whose blocks it uses, bind its variables, and unroll it."""
        return load_network(path, settings)
