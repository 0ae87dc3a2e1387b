"""A CSV of measured networks: one run of a batch per line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from costmodel import dtypes, shipped
from costmodel.documents import read_text
from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean

NEEDED = ("network", "batch", "dtype", "seconds")
OPTIONAL = ("family", "layer")
AGREE = 0.05  # relative: two measurements of one thing that differ by more are a mistake


@dataclass(frozen=True)
class Measurement:
    """One measured run: a network (a path or a shipped name), its batch and dtype, and its time [s]."""

    network: str
    batch: int
    dtype: str
    seconds: float
    family: str
    place: Place

    @property
    def name(self) -> str:
        """The network's short name."""
        return Path(self.network).stem


def read(path: str) -> list[Measurement]:
    """The measurements in the CSV file `path`; networks are looked for beside it first.

    Raises InputError with every mistake: columns that are missing or unknown, batches and times that are no
    positive numbers, unknown dtypes, and measurements of one run that disagree by over 5 %.
    """
    problems, text = Problems(), read_text(path)
    lines = csv.reader(io.StringIO(text))
    head = next(lines)
    _check_head(path, head, problems)
    problems.raise_if_any()
    found = [m for m in _rows(path, head, lines, problems) if m is not None]
    _check_duplicates(found, problems)
    problems.raise_if_any()
    if not found:
        raise InputError.at(Place(path), "holds no measurements", "add lines under the header")
    return found


def _check_head(path: str, head: list[str], problems: Problems) -> None:
    for word in NEEDED:
        if word not in head:
            problems.add(
                Place(path, 1, 1),
                f"the table has no column '{word}'",
                f"columns: {', '.join(NEEDED)}",
            )
    for number, word in enumerate(head):
        if word not in (*NEEDED, *OPTIONAL):
            column = 1 + len(",".join(head[:number])) + bool(number)
            problems.add(
                Place(path, 1, column),
                f"unknown column '{word}'",
                did_you_mean(word, (*NEEDED, *OPTIONAL)),
            )


def _rows(
    path: str, head: list[str], lines: Iterator[list[str]], problems: Problems
) -> Iterator[Measurement | None]:
    for number, cells in enumerate(lines, start=2):
        if not any(cells):
            continue
        if len(cells) != len(head):
            problems.add(
                Place(path, number, 1),
                f"has {len(cells)} cells, the header {len(head)}",
                "fill them all",
            )
            continue
        row = dict(zip(head, cells, strict=True))
        places = {
            word: Place(path, number, 1 + len(",".join(cells[:at])) + bool(at))
            for at, word in enumerate(head)
        }
        yield _measurement(path, row, places, problems)


def _measurement(
    path: str, row: dict[str, str], places: dict[str, Place], problems: Problems
) -> Measurement | None:
    before = len(problems.found)
    if not row["batch"].isdigit() or int(row["batch"]) < 1:
        problems.add(places["batch"], f"batch is '{row['batch']}'", "write a whole number from 1")
    try:
        seconds = float(row["seconds"])
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        problems.add(
            places["seconds"],
            f"seconds is '{row['seconds']}'",
            "write a time above zero, e.g. 0.0125",
        )
    try:
        dtypes.bits(row["dtype"])
    except BadValue as error:
        problems.found.extend(error.at(places["dtype"]).problems)
    if len(problems.found) > before:
        return None
    network = shipped.beside(Path(path).parent, row["network"])
    return Measurement(
        network, int(row["batch"]), row["dtype"], seconds, row.get("family", ""), places["network"]
    )


def _check_duplicates(found: list[Measurement], problems: Problems) -> None:
    seen: dict[tuple[str, int, str], Measurement] = {}
    for one in found:
        first = seen.setdefault((one.network, one.batch, one.dtype), one)
        if abs(one.seconds - first.seconds) > AGREE * first.seconds:
            problems.add(one.place, f"'{one.network}' took {one.seconds:g} s, on line {first.place.line} {first.seconds:g} s",
                         "keep one of them, or their mean")  # fmt: skip
