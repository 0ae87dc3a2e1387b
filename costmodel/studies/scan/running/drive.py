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
        drawn = bar("scanning", plan.space.points, "points")
        told = started
        with engines.executor(engine, workers, address) as pool, drawn as shown:
            for done, (number, part) in enumerate(engines.run(plan, todo, pool, workers), start=1):
                if store:
                    store.save(number, part)
                # the table is on the disk by now
                parts[number] = replace(part, table=b"")
                shown.update(todo_points[number])
                now = time.perf_counter()
                if tell is not None and now - told >= SELDOM:
                    told = now
                    tell(_progress(plan, len(ranges), len(parts), done / (now - started)))
        seconds = time.perf_counter() - started
        ordered = [parts[number] for number in sorted(parts)]
        outcome = _merged(plan, ordered, seconds, len(todo))
        if store:
            with store.told():
                results.write(store, outcome, engine, workers)
    return outcome


def _merged(plan: ScanPlan, parts: list[ScanPart], seconds: float, evaluated: int) -> ScanOutcome:
    """The outcome of all parts in their order, of which `evaluated` ones took so many seconds."""
    best = merge_best([part.best for part in parts], plan.k)
    front = merge_fronts([part.front for part in parts])
    feasible = sum(part.feasible for part in parts)
    return ScanOutcome(plan, best, front, feasible, seconds, evaluated)


def _progress(plan: ScanPlan, parts: int, finished: int, pace: float) -> str:
    """A plain line of how far a scan of so many `parts` is, at a `pace` [parts/s]: for logs."""
    points, left = pace * plan.space.points / parts / 1e6, (parts - finished) / pace
    return f"{100 * finished / parts:5.1f} %  {points:.4g} M points/s  {left:.0f} s left"
