"""Files as people have them, and whether each is read right: python tests/files.py

The inputs and what is right of them stand in `data/files`, `expected.csv` with the derivation of
every number. What a file gives may be right, refused by the name of what is not read, or marked
as incomplete by that name; a wrong number without such a word is silent, and exit code 1.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.cli import main as run

FILES = Path(__file__).parent / "data" / "files"


class Case(NamedTuple):
    """One figure of one file: a line of `expected.csv`, in its order."""

    file: str
    kind: str
    command: str
    options: str
    field: str
    value: str
    tolerance: str
    may_refuse: str
    source: str
    derivation: str

    @property
    def name(self) -> str:
        """The file and its figure."""
        return f"{self.file}:{self.field}"

    @property
    def words(self) -> tuple[str, ...]:
        """Words of which a refusal has to say one; none where the number is wanted."""
        return tuple(filter(None, self.may_refuse.split("|")))


class Answer(NamedTuple):
    """What the command said of a file."""

    code: int
    said: str
    """What stood on the error output."""
    result: dict[str, Any]
    """The JSON; empty where the command refused."""

    def incomplete(self) -> list[str]:
        """The operators whose work is not in the total."""
        provenance = self.result.get("provenance", {})
        return [entry["operator"] for entry in provenance.get("incomplete", [])]


def cases() -> list[Case]:
    """All lines of `expected.csv`."""
    with (FILES / "expected.csv").open() as lines:
        _, *rows = csv.reader(lines)
    return [Case(*row) for row in rows]


@functools.cache
def answer(file: str, command: str, options: str) -> Answer:
    """Run a command on a file, as a user would."""
    given = options.split() or ["--hw", "accel_1tflops", "--convention", "flops"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answer.json"
        told, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(told), redirect_stderr(errors):
            code = run([command, str(FILES / file), *given, "--json", str(out)])
        result = json.loads(out.read_text()) if out.exists() else {}
    return Answer(code, errors.getvalue(), result)


def found(case: Case, result: dict[str, Any]) -> float:
    """The figure of a case in the command's JSON."""
    match case.field:
        case "weights_bytes":
            return float(result["memory"]["weights_bytes"])
        case "out_bytes":
            return float(result["layers"][-1]["out_map_MB"]) * 1e6
        case "param_bytes":
            return sum(float(row["param_MB"]) for row in result["layers"]) * 1e6
        case "ops_min":
            return float(result["totals"]["ops"])
        case "external_bytes_max":
            return float(result["totals"]["external_bytes"])
        case _:
            return float(result["totals"][case.field])


def right(case: Case, result: dict[str, Any]) -> bool:
    """True where the figure is what `expected.csv` says, within its tolerance."""
    value = found(case, result)
    if case.field == "ops_min":
        return value >= float(case.value)
    if case.field == "external_bytes_max":
        return value <= float(case.value)
    # six decimals of a megabyte are the last byte: what a division leaves is no difference
    room = max(float(case.tolerance), 1e-9)
    wanted = [float(word) for word in case.value.split("|")]
    return any(abs(value - number) <= room * number for number in wanted)


def verdict(case: Case) -> tuple[str, str]:
    """What became of a case, right, refused, marked or wrong, and what was found."""
    got = answer(case.file, case.command, case.options)
    if got.code:
        named = got.code == 2 and any(word in got.said for word in case.words)
        return "refused" if named else "wrong", got.said.strip().splitlines()[-1][:100]
    if case.field == "incomplete":
        marked = got.incomplete()
        return "marked" if case.value in marked else "wrong", ", ".join(marked)
    if right(case, got.result):
        return "right", f"{found(case, got.result):.12g}"
    if case.words and got.incomplete():
        return "marked", ", ".join(got.incomplete())
    return "wrong", f"{found(case, got.result):.12g}"


def main() -> int:
    """Print every case and the counts; 1 if one is wrong."""
    counts = Counter[str]()
    for case in cases():
        outcome, value = verdict(case)
        counts[outcome] += 1
        print(f"{outcome:8} {case.name:40} wanted {case.value:24} found {value}")
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
