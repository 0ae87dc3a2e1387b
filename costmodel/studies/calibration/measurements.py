"""Measured times come from a CSV table or from an ONNX Runtime profile.

A line of the table holds one run of a batch, or one layer of it.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from pathlib import Path

from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean
from costmodel.language import dtypes, shipped
from costmodel.language.documents import read_text
from costmodel.studies.calibration import runtime_profile

NEEDED = ("network", "batch", "dtype", "seconds")
OPTIONAL = ("family", "layer", "median_s", "runs")
SHORTEST, LONGEST = 1e-9, 1e6
"""[s] what a measured run can take."""
AGREE = 0.05
"""Relative: two measurements of one thing that differ by more are a mistake."""


@dataclass(frozen=True)
class Measurement:
    """A measurement is one measured run of a network.

    It holds the network (a path or a shipped name), its batch and dtype, and its time [s]. With a
    `layer` (the id or name of a row), the time is of that row alone.
    """

    network: str
    batch: int
    dtype: str
    seconds: float
    family: str
    place: Place
    layer: str = ""
    traced: bool = False
    """True where it comes from a profile, whose runtime may have renamed the layer."""

    @property
    def name(self) -> str:
        """The network's short name."""
        return Path(self.network).stem

    @property
    def run(self) -> tuple[str, int, str]:
        """The run that it is a time of: network, batch and element type."""
        return self.network, self.batch, self.dtype


def read(path: str) -> list[Measurement]:
    """The measurements in the CSV file `path`; networks are looked for beside it first.

    A cell of `seconds` may name an ONNX Runtime profile (.json) of that network: its median run and
    nodes. Raises InputError with every mistake: columns that are missing or unknown, batches and
    times that are no positive numbers, unknown dtypes, and measurements of one run that disagree by
    over 5 %.
    """
    problems = Problems()
    # spreadsheets write one
    text = read_text(path, wanted="a table in CSV").removeprefix("\ufeff")
    lines = csv.reader(
        io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), skipinitialspace=True
    )
    try:
        head = [word.strip() for word in next(lines)]
        _check_head(path, head, problems)
        problems.raise_if_any()
        table = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines]
    except csv.Error as error:
        raise InputError.at(
            Place(path, lines.line_num, 1), f"is no CSV: {error}", "save the table as CSV again"
        ) from None
    measurements = [m for line in table for m in _measurements(path, head, *line, problems)]
    _check_duplicates(measurements, problems)
    problems.raise_if_any()
    if not measurements:
        raise InputError.at(Place(path), "holds no measurements", "add lines under the header")
    return measurements


def _check_head(path: str, head: list[str], problems: Problems) -> None:
    for word in NEEDED:
        if word not in head:
            what, remedy = f"the table has no column '{word}'", f"columns: {', '.join(NEEDED)}"
            problems.add(Place(path, 1, 1), what, remedy)
    for number, word in enumerate(head):
        if word in head[:number]:
            what = f"the column '{word}' is there twice"
            problems.add(Place(path, 1, 1), what, "keep one of them")
        if word not in (*NEEDED, *OPTIONAL):
            remedy = did_you_mean(word, (*NEEDED, *OPTIONAL))
            problems.add(_place(path, 1, head, number), f"unknown column '{word}'", remedy)


def _place(path: str, line: int, cells: list[str], number: int) -> Place:
    """Where a cell of a line begins."""
    return Place(path, line, 1 + len(",".join(cells[:number])) + bool(number))


def _measurements(
    path: str, head: list[str], number: int, cells: list[str], problems: Problems
) -> list[Measurement]:
    """What a line says: one measurement, or those of the profile it names; none if it is wrong."""
    if not any(cells):
        return []
    if len(cells) != len(head):
        what = f"has {len(cells)} cells, the header {len(head)}"
        problems.add(Place(path, number, 1), what, "fill them all")
        return []
    row = dict(zip(head, cells, strict=True))
    places = {word: _place(path, number, cells, at) for at, word in enumerate(head)}
    before, cell, folder = len(problems.found), row["seconds"], Path(path).parent
    if not (row["batch"].isdecimal() and len(row["batch"]) < 10 and int(row["batch"]) >= 1):
        problems.add(places["batch"], f"batch is '{row['batch']}'", "write a whole number from 1")
    if not row["network"]:
        problems.add(places["network"], "names no network", "write a path or a shipped name")
    traced = cell.endswith(".json")
    seconds = 0.0 if traced else _seconds(cell, places["seconds"], problems)
    with problems.collect():
        _check_dtype(row["dtype"], places["dtype"])
    if len(problems.found) > before:
        return []
    one = Measurement(
        shipped.beside(folder, row["network"]),
        int(row["batch"]),
        row["dtype"],
        seconds,
        row.get("family", ""),
        places["network"],
        row.get("layer", ""),
    )
    with problems.collect():
        return from_profile(str(folder / cell), one) if traced else [one]
    return []


def checked(network: str, batch: int, dtype: str, place: Place) -> Measurement:
    """A measurement whose time is not known yet. Raises InputError for a bad batch or dtype."""
    if batch < 1:
        raise InputError.at(Place("--batch"), f"batch is {batch}", "use a whole number from 1")
    _check_dtype(dtype, Place("--dtype"))
    return Measurement(network, batch, dtype, 0.0, "", place)


def _check_dtype(dtype: str, place: Place) -> None:
    try:
        dtypes.bits(dtype)
    except BadValue as error:
        raise error.at(place) from None


def from_profile(path: str, one: Measurement) -> list[Measurement]:
    """Return `one` with the times of an ONNX Runtime profile.

    The times are of the run, and of each of its nodes. Raises InputError.
    """
    times = runtime_profile.read(path)
    nodes = [
        replace(one, seconds=time, layer=name.lstrip("/"), traced=True)
        for name, time in times.nodes.items()
        if time > 0
    ]
    return [replace(one, seconds=times.run), *nodes]


def _seconds(cell: str, place: Place, problems: Problems) -> float:
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not SHORTEST < seconds < LONGEST:
        remedy = "write a time above zero in seconds, e.g. 0.0125"
        problems.add(place, f"seconds is '{cell}'", remedy)
    return seconds


def _check_duplicates(measurements: list[Measurement], problems: Problems) -> None:
    seen: dict[tuple[object, str], Measurement] = {}
    for one in measurements:
        first = seen.setdefault((one.run, one.layer), one)
        if abs(one.seconds - first.seconds) > AGREE * first.seconds:
            problems.add(
                one.place,
                f"'{one.network}' took {one.seconds:g} s, "
                f"on line {first.place.line} {first.seconds:g} s",
                "keep one of them, or their mean",
            )
