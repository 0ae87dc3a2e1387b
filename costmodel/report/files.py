"""Writing files whole or not at all."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from costmodel.errors import InputError, Place
from costmodel.language.harmless import cell

STANDARD = "-"
"""The path that means the standard output."""
standard: list[IO[str]] = []
"""Where that is, while reports are sent elsewhere."""


def write(path: str | Path, fill: Callable[[IO[str]], object]) -> None:
    """Let `fill` write a text file at `path`, which appears only when it is complete.

    '-' is the standard output.

    Raises InputError where the place cannot be written.
    """
    target = Path(path)
    if not str(path):
        raise InputError.at(Place("output"), "the path is empty", "name a file")
    if str(path) == STANDARD:
        fill(standard[-1] if standard else sys.stdout)
        return
    try:
        # a link stays one, and what it points to is replaced
        target = target.resolve()
        # a device or a pipe has nothing to replace
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8", newline="") as stream:
                fill(stream)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                fill(stream)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    # Python before 3.13 has no OSError for a circle of links
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else "its links run in a circle"
        raise InputError.at(
            Place(str(path)), f"cannot be written: {why}", "choose another place"
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    """Write a text. Raises InputError where the place cannot be written."""
    write(path, lambda stream: stream.write(text))


def write_csv(path: str | Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Write the columns `names` of `rows`, floats in full precision."""

    def fill(stream: IO[str]) -> None:
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: cell(row.get(name, "")) for name in names} for row in rows)

    write(path, fill)


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as JSON; figures that are not finite become null."""
    write(path, lambda s: s.write(json.dumps(_finite(content), indent=1, allow_nan=False) + "\n"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
