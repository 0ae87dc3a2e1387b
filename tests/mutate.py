"""Change the code of a room, one thing at a time, and see that its tests notice.

    python tests/mutate.py ROOM [--count 150] [--seed 0] [--all] [--only PATTERN]
    python tests/mutate.py all --all --out reports/mutants.md

Works on a copy of the package in a temporary directory. The rooms, their files and the tests that
must notice stand in `mutation/rooms.py`; the changes are told in `mutation/python.py` and
`mutation/text.py`. Of a room's changes `--count` are drawn at random. A change that leaves the tests
green is a survivor; exit code 1 if there is one that `mutation/equivalent.py` does not explain.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutation import python, text
from mutation.equivalent import reason
from mutation.mutant import Mutant, Reason
from mutation.rooms import HOUSE, ROOMS, Room
from mutation.runs import GREEN, PATIENCE, SECONDS, copied, imported, noticed, run


class Counts(NamedTuple):
    """What became of the changes of a room."""

    room: str
    known: int
    """Changes that there are."""
    tried: int
    caught: int
    equivalent: int
    seconds: float

    @property
    def survivors(self) -> int:
        """Changes that no test notices and nothing explains."""
        return self.tried - self.caught - self.equivalent


def mutants(folder: Path, room: Room) -> list[Mutant]:
    """All changes of the files of a room, by their order in them."""
    made: list[Mutant] = []
    for pattern, functions in room.files.items():
        files = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not files:
            sys.exit(f"no file is like {pattern}: name it in tests/mutation/rooms.py")
        for file in files:
            source = file.read_bytes()
            match file.suffix:
                case ".py":
                    made += python.mutants(file, source, functions)
                case ".js":
                    made += text.of_script(file, source)
                case ".yaml":
                    made += text.of_table(file, source)
    return made


def tried(
    folder: Path, name: str, room: Room, every: list[Mutant], chosen: list[Mutant], why: Reason
) -> Counts:
    """Run the chosen changes; print those that are not noticed."""
    began = time.monotonic()
    if run(folder, room.tests) != GREEN:
        sys.exit("the tests are red without a change")
    seconds = max(SECONDS, PATIENCE * (time.monotonic() - began))
    caught = equivalent = 0
    for mutant in chosen:
        if noticed(folder, room.tests, mutant, seconds):
            caught += 1
            continue
        because = why(mutant)
        equivalent += because is not None
        where = f"{mutant.file.relative_to(folder)}:{mutant.line} {mutant.function}"
        print(f"{where}: {mutant.change}\n    {mutant.text}")
        print(f"    equivalent: {because}" if because else "    SURVIVES")
    took = time.monotonic() - began
    return Counts(name, len(every), len(chosen), caught, equivalent, took)


def by_hand(folder: Path) -> Iterator[tuple[str, str]]:
    """The changes that once went unnoticed, by name, and what becomes of each."""
    for name, (file, old, new, tests) in HOUSE.items():
        path = folder / file
        source = path.read_text()
        if source.count(old) != 1:
            yield name, "no longer there"
            continue
        line = source[: source.index(old)].count("\n") + 1
        mutated = source.replace(old, new).encode()
        mutant = Mutant(path, line, "", f"{old} -> {new}", "", mutated)
        yield name, "caught" if noticed(folder, tests, mutant) else "SURVIVES"


def table(counts: list[Counts]) -> str:
    """Counts of each room as a table in Markdown."""
    lines = [
        "| room | changes | tried | caught | equivalent, with reason | survivors | time |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.room} | {one.known} | {one.tried} | {one.caught} | {one.equivalent} "
        f"| {one.survivors} | {one.seconds:.0f} s |"
        for one in counts
    ]
    return "\n".join(lines)


def report(counts: list[Counts], by_name: dict[str, str]) -> str:
    """The text of reports/mutants.md."""
    words = " ".join(word for word in sys.argv[1:])
    lines = [
        "# Changes that tests must notice",
        "",
        "Each room's code was changed in one place at a time, and its tests run on it. Written by",
        f"`python tests/mutate.py {words}`. Rooms, tests and changes stand in tests/mutation; what",
        "nothing can notice stands in tests/mutation/equivalent.py, with the reason.",
        "",
        table(counts),
    ]
    if by_name:
        lines += ["", "| changes that no test noticed once | |", "|---|---|"]
        lines += [f"| {name} | {outcome} |" for name, outcome in by_name.items()]
    return "\n".join(lines) + "\n"


def arguments() -> argparse.Namespace:
    """What the command was asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room", choices=[*ROOMS, "house", "all"])
    parser.add_argument("--count", type=int, default=150, help="changes drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true", help="every change of the room")
    parser.add_argument(
        "--only", default="", help="a regular expression: of file, function and line"
    )
    parser.add_argument("--out", type=Path, help="a Markdown file for the table")
    return parser.parse_args()


def main() -> int:
    """Run what is asked for and print the table; 1 if a change goes unnoticed."""
    asked = arguments()
    names = list(ROOMS) if asked.room == "all" else [asked.room]
    counts, by_name, unnoticed = list[Counts](), dict[str, str](), 0
    with copied() as folder:
        imported(folder)
        if asked.room in ("house", "all"):
            for name, outcome in by_hand(folder):
                by_name[name] = outcome
                print(f"{name}: {outcome}")
                unnoticed += outcome == "SURVIVES"
        for name in names:
            if name == "house":
                continue
            every = mutants(folder, ROOMS[name])
            chosen = [
                m for m in every if re.search(asked.only, f"{m.file.name} {m.function} {m.text}")
            ]
            if not asked.all and len(chosen) > asked.count:
                chosen = random.Random(asked.seed).sample(chosen, asked.count)
            counts.append(tried(folder, name, ROOMS[name], every, chosen, reason))
            if asked.out is not None:
                # what is done stays told if the rest is not waited for
                asked.out.write_text(report(counts, by_name))
    print(f"\n{table(counts)}")
    if asked.out is not None:
        asked.out.write_text(report(counts, by_name))
    unnoticed += sum(one.survivors for one in counts)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
