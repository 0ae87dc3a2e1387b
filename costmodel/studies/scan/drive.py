"""Runs a plan: parts that are missing are evaluated, kept, and merged in their order."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from costmodel.errors import InputError, Place
from costmodel.studies.scan import engines, results
from costmodel.studies.scan.plan import Part, Plan
from costmodel.studies.scan.reduce import merge_best, merge_fronts
from costmodel.studies.scan.results import Outcome
from costmodel.studies.scan.store import Store

BYTES_PER_VALUE = 8
"""Of a Parquet column of doubles that do not compress."""


def disk_needed(plan: Plan) -> int:
    """Bytes that the kept points may take [B]: every column as incompressible doubles."""
    if not plan.points:
        return 0
    columns = 1 + len(plan.kept)
    return plan.space.points * columns * BYTES_PER_VALUE


def check_disk(plan: Plan, directory: Path) -> None:
    """InputError where the points cannot fit on the disk of `directory`."""
    needed = disk_needed(plan)
    place = directory
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError.at(
            Place(str(directory)),
            f"{plan.space.points} points need up to "
            f"{needed / 1e9:.3g} GB and {free / 1e9:.3g} GB are free",
            "scan fewer points, or drop --points",
        )


def drive(
    plan: Plan,
    directory: Path | None,
    *,
    engine: str = "local",
    workers: int = 1,
    address: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """Run `plan`, continuing what `directory` already holds. Raises InputError."""
    started = time.perf_counter()
    ranges = plan.ranges()
    store = Store(directory, plan, len(ranges)) if directory else None
    parts: dict[int, Part] = {}
    with store.opened() if store else nullcontext():
        if store:
            found = ((number, store.load(number)) for number in range(len(ranges)))
            parts = {number: part for number, part in found if part is not None}
        todo = [(n, *limits) for n, limits in enumerate(ranges) if n not in parts]
        workers = max(1, min(workers, len(todo)))
        progress = Progress(len(ranges), len(parts), plan.space.points, tell)
        with engines.executor(engine, workers, address) as pool:
            for number, part in engines.run(plan, todo, pool, workers):
                if store:
                    store.save(number, part)
                # the table is on the disk by now
                parts[number] = replace(part, table=b"")
                progress.step()
        progress.close()
        ordered = [parts[number] for number in range(len(ranges))]
        best = merge_best([part.best for part in ordered], plan.k)
        front = merge_fronts([part.front for part in ordered])
        feasible = sum(part.feasible for part in ordered)
        outcome = Outcome(plan, best, front, feasible, time.perf_counter() - started, len(todo))
        if store:
            with store.told():
                results.write(store, outcome, engine, workers)
    return outcome


class Progress:
    """A bar with rate and time left on a terminal; plain lines, seldom, elsewhere."""

    def __init__(
        self, parts: int, done: int, points: int, tell: Callable[[str], None] | None
    ) -> None:
        self.parts, self.done, self.points, self.tell = parts, done, points, tell
        self.first = done
        self.started = self.last = time.monotonic()
        self.bar = tell is not None and sys.stderr.isatty()

    def step(self) -> None:
        """Note one finished part, and say so now and then."""
        self.done += 1
        now = time.monotonic()
        if self.tell is None or now - self.last < (0.1 if self.bar else 5.0):
            return
        self.last = now
        # [parts/s]
        share = (self.done - self.first) / (now - self.started)
        left = (self.parts - self.done) / share
        pace = share * self.points / self.parts / 1e6
        line = f"{100 * self.done / self.parts:5.1f} %  {pace:.4g} M points/s  {left:.0f} s left"
        if self.bar:
            filled = 30 * self.done // self.parts
            drawn = f"\r[{'#' * filled}{'.' * (30 - filled)}] {line}"
            print(drawn, end="", file=sys.stderr, flush=True)
        else:
            self.tell(line)

    def close(self) -> None:
        """End the bar's line."""
        if self.bar and self.done > self.first:
            print(file=sys.stderr)
