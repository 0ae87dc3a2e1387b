"""Writing files whole or not at all."""

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from costmodel.errors import InputError, Place
from costmodel.report.records import LAYER, Record, layer_records, records
from costmodel.run import Run


def write(path: str | Path, fill: Callable[[IO[str]], object]) -> None:
    """Let `fill` write a text file at `path`, which appears only when it is complete.

    Raises InputError where the place cannot be written.
    """
    target = Path(path)
    try:
        target = target.resolve()  # a link stays one, and what it points to is replaced
        if target.exists() and not target.is_file():  # a device or a pipe has nothing to replace
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
    except OSError as error:
        raise InputError.at(Place(str(path)), f"cannot be written: {error.strerror}",
                            "choose another place") from None  # fmt: skip


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_csv(path: str | Path, rows: Sequence[Record], names: Sequence[str]) -> None:
    """Write the columns `names` of `rows`, floats in full precision."""

    def fill(stream: IO[str]) -> None:
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

    write(path, fill)


def run_csv(path: str | Path, run: Run, by: str) -> None:
    """The CSV report of a run, grouped like its table."""
    rows = records(run, by)
    write_csv(path, rows, LAYER if by == "layer" else list(rows[0]))


def run_json(path: str | Path, run: Run) -> None:
    """The JSON report of a run: totals, provenance, one object per layer."""
    write_json(path, {"totals": run.totals(), "provenance": run.provenance(),
                      "layers": layer_records(run)})  # fmt: skip


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as JSON; figures that are not finite become null."""
    write(path, lambda s: s.write(json.dumps(_finite(content), indent=1, allow_nan=False) + "\n"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
