"""Runs a plan: parts that are missing are evaluated, kept, and merged in their order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from costmodel.errors import InputError, Place
from costmodel.studies.progress import bar
from costmodel.studies.scan.running import engines, results
from costmodel.studies.scan.running.pareto import merge_best, merge_fronts
from costmodel.studies.scan.running.plan import ScanPart, ScanPlan
from costmodel.studies.scan.running.results import ScanOutcome
from costmodel.studies.scan.running.store import Store

BYTES_PER_VALUE = 8
"""Of a Parquet column of doubles that do not compress."""
SELDOM = 5.0
"""[s] between two lines of progress."""


def disk_needed(plan: ScanPlan) -> int:
    """Bytes that the kept points may take [B]: every column as incompressible doubles."""
    return plan.space.points * (1 + len(plan.kept)) * BYTES_PER_VALUE if plan.points else 0


def check_disk(plan: ScanPlan, directory: Path) -> None:
    """InputError where the points cannot fit on the disk of `directory`."""
    needed = disk_needed(plan)
    place = next(folder for folder in (directory, *directory.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError.at(
            Place(str(directory)),
            f"{plan.space.points} points need up to "
            f"{needed / 1e9:.3g} GB and {free / 1e9:.3g} GB are free",
            "scan fewer points, or drop --points",
        )


def drive(
    plan: ScanPlan,
    directory: Path | None,
    *,
    engine: str = "local",
    workers: int = 1,
    address: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> ScanOutcome:
    """Run `plan`, continuing what `directory` already holds. Raises InputError."""
    started = time.perf_counter()
    ranges = plan.ranges()
    store = Store(directory, plan, len(ranges)) if directory else None
    parts: dict[int, ScanPart] = {}
    with store.opened() if store else nullcontext():
        if store:
            kept = {number: store.load(number) for number in range(len(ranges))}
            parts = {number: part for number, part in kept.items() if part is not None}
        todo = [(n, *limits) for n, limits in enumerate(ranges) if n not in parts]
        todo_points = {number: stop - start for number, start, stop in todo}
        workers = max(1, min(workers, len(todo)))
        pace = Pace(len(ranges), len(parts), plan.space.points, tell)
        drawn = bar("scanning", plan.space.points, "points")
        with engines.executor(engine, workers, address) as pool, drawn as shown:
            for number, part in engines.run(plan, todo, pool, workers):
                if store:
                    store.save(number, part)
                # the table is on the disk by now
                parts[number] = replace(part, table=b"")
                pace.step()
                shown.update(todo_points[number])
        ordered = [parts[number] for number in range(len(ranges))]
        best = merge_best([part.best for part in ordered], plan.k)
        front = merge_fronts([part.front for part in ordered])
        feasible = sum(part.feasible for part in ordered)
        outcome = ScanOutcome(plan, best, front, feasible, time.perf_counter() - started, len(todo))
        if store:
            with store.told():
                results.write(store, outcome, engine, workers)
    return outcome


class Pace:
    """Plain lines, seldom, of how far a long scan is: for logs, where no bar is drawn."""

    def __init__(
        self, parts: int, done: int, points: int, tell: Callable[[str], None] | None
    ) -> None:
        self.parts, self.done, self.points, self.tell = parts, done, points, tell
        self.first = done
        self.started = self.last = time.monotonic()

    def step(self) -> None:
        """Note one finished part, and say so now and then."""
        self.done += 1
        now = time.monotonic()
        if self.tell is None or now - self.last < SELDOM:
            return
        self.last = now
        # [parts/s]
        share = (self.done - self.first) / (now - self.started)
        left = (self.parts - self.done) / share
        pace = share * self.points / self.parts / 1e6
        self.tell(
            f"{100 * self.done / self.parts:5.1f} %  {pace:.4g} M points/s  {left:.0f} s left"
        )
