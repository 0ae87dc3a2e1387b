"""Scan a design space: best points, Pareto front, every point on request.

From a YAML file, or inline:
costmodel scan ARCH --hw HW --axis 'hw.bandwidth=log(100 MB/s, 100 GB/s, 200)'.
With --out, results are kept part by part and the same command continues after any stop.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from costmodel.cli import options
from costmodel.core.quantities import AXES, STRUCTURAL
from costmodel.errors import InputError, Place
from costmodel.language import units
from costmodel.report import scan_plots
from costmodel.report.numbers import columns
from costmodel.report.page.scan_page import scan_page
from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.running import drive, engines, results
from costmodel.studies.scan.running.results import ScanOutcome
from costmodel.studies.scan.scan_file import is_scan_file, read_scan_file

SHOWN = 50
"""Points of a table that are printed."""
LOCAL = 50_000_000
"""[points] from which more than one process pays."""
LISTED: dict[str, Any] = {"action": "append", "default": []}
"""How an option is read that collects its words."""

EXAMPLES = (
    "scan hairnet --hw accel_1tflops --axis 'hw.bandwidth=log(100 MB/s, 100 GB/s, 200)'",
    "scan resnet_cifar --hw v100 --axis 'arch.n=[1, 2]' --axis 'batch=[1, 8]' --html r.html",
    "scan scan.yaml --out results",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    first = "a scan file, or one or more architectures"
    options.add(parser, "arch SCAN.yaml | ARCH", first, nargs="*")
    machines = {"nargs": "+", "action": "extend", "required": False}
    options.add(parser, "--hw HW", "hardware profiles", **machines)
    axis = (
        f"{', '.join(AXES)}, hw.engine.NAME, any number of a profile by its path, "
        f"arch.NAME, {', '.join(STRUCTURAL)}; a list [a, b], "
        "linear(a, b, n) or log(a, b, n)"
    )
    options.add(parser, "--axis NAME=VALUES", axis, **LISTED)
    over = "judge machines over several networks, each with a weight (repeatable)"
    options.add(parser, "--over NETWORK=WEIGHT", over, **LISTED)
    combine = "how their times and energies become one: sum (default), geomean, worst"
    options.add(parser, "--combine HOW", combine)
    _choosing(parser)
    searched = "search the schedules over several levels at every size, not their bound"
    options.add(parser, "--attained", searched, action="store_true")
    options.add(parser, "--points", "keep every point as Parquet", action="store_true")
    engines = ("local", "dask")
    options.add(parser, "--engine", "who evaluates", choices=engines, default="local")
    options.add(parser, "--workers N", "worker processes", type=int)
    options.add(parser, "--address tcp://...", "a Dask scheduler")
    options.add(parser, "--out DIR", "where results are kept")
    pictures = "pictures into DIR: time, heat map, front"
    options.add(parser, "--plot", pictures, action="store_true")
    options.add_shared(parser, "--html FILE", "--set NAME=VALUE", "--dim NAME=SIZE")
    *policies, batch = options.POLICIES
    options.add_shared(parser, *policies)
    options.add(parser, batch, default=None)


def _choosing(parser: argparse.ArgumentParser) -> None:
    """Declare which points there are, and which of them are kept."""
    options.add(parser, "--sample S", "grid (default), random, sobol or lhs")
    options.add(parser, "--n N", "points of a sample", type=int)
    options.add(parser, "--seed S", "of a sample (default 0)", type=int)
    where = "keep only points where this holds, e.g. 'hw.matrix <= 8 TFLOPS'"
    options.add(parser, "--where EXPR", where, **LISTED)
    derive = "a column by expression, e.g. 'cost=hw.matrix / 1 TFLOPS + hw.bandwidth / 1 GB/s'"
    options.add(parser, "--derive NAME=EXPR", derive, **LISTED)
    options.add(parser, "--best K", "how many best points (default 10)", type=int)
    options.add(parser, "--by WORD", "what best means (default total_time; -WORD: large)")
    options.add(parser, "--pareto WORDS", "objectives of the front, e.g. total_time,hw.bandwidth")


def run(args: argparse.Namespace) -> int:
    """Plan, announce, run, print."""
    if args.address and args.engine != "dask":
        raise InputError.at(
            Place("--address"), "is given without --engine dask", "add --engine dask"
        )
    plan = planned(_request(args))
    directory = Path(args.out) if args.out else None
    if (args.points or plan.points or args.plot) and directory is None:
        raise InputError.at(Place("--out"), "is missing", "--points and --plot need a directory")
    points = plan.space.points
    if args.workers is not None and args.workers < 1:
        raise InputError.at(Place("--workers"), f"is {args.workers}", "use 1 or more")
    workers = args.workers or (
        engines.default_workers() if points >= LOCAL or args.engine == "dask" else 1
    )
    if directory:
        drive.check_disk(plan, directory)
    parts, needed = len(plan.ranges()), drive.disk_needed(plan)
    _tell(
        f"{points} points in {parts} part{'s' if parts > 1 else ''}, {plan.path}"
        + (f"; up to {needed / 1e6:.4g} MB of points on disk" if needed else "")
    )
    outcome = drive.drive(
        plan, directory, engine=args.engine, workers=workers, address=args.address, tell=_tell
    )
    if args.plot and directory:
        scan_plots.write(directory, outcome)
    options.write(args, html=lambda: scan_page(outcome))
    print(_text(outcome))
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _request(args: argparse.Namespace) -> ScanRequest:
    """The request of the command line, over that of a scan file if one is named."""
    request = _named(args)
    for option, into, words in (("axis", "axes", args.axis), ("derive", "derive", args.derive)):
        _add(request, option, into, words)
    _networks(request, args.over)
    request.settings |= options.settings(args.settings)
    _over(request, args)
    request.where += args.where
    request.points = request.points or args.points
    request.attained = request.attained or args.attained
    if args.passes:
        request.passes = [*(options.passes(args) or ())]
    request.choices |= {key: word for key, word in options.policies(args).items() if word}
    return request


def _named(args: argparse.Namespace) -> ScanRequest:
    """The request of the scan file, or of the architectures and profiles that are named."""
    if not args.arch and not args.over:
        remedy = "name an architecture or a scan file, or networks with --over"
        raise InputError.at(Place("SCAN.yaml | ARCH"), "is missing", remedy)
    first, no_machine = (*args.arch, "")[0], args.hw is None
    yaml = first.endswith((".yaml", ".yml"))
    if len(args.arch) == 1 and (is_scan_file(first) or (no_machine and yaml)):
        request = read_scan_file(first)
        request.hw = args.hw or request.hw
        return request
    if no_machine:
        raise InputError.at(
            Place("--hw"), "is missing", "name a hardware profile, or give a scan file"
        )
    return ScanRequest(arch=args.arch, hw=args.hw)


def _add(request: ScanRequest, option: str, into: str, words: Sequence[str]) -> None:
    """Add what an option names, one NAME=VALUES each, `into` the request's axes or columns."""
    for word in words:
        place = Place(f"--{option} {word}")
        name, equals, value = word.partition("=")
        if not equals or not value.strip():
            request.problems.add(place, "is not NAME=VALUES", "write NAME=VALUES")
            continue
        key = f"{into} {name.strip()}"
        if str(request.places.get(key, "")).startswith(f"--{option}"):
            request.problems.add(place, f"'{name.strip()}' is given twice", "give it once")
        getattr(request, into)[name.strip()] = value
        request.places[key] = place


def _networks(request: ScanRequest, words: Sequence[str]) -> None:
    """Add the networks of --over, one NETWORK=WEIGHT each, to those of a scan file."""
    for word in words:
        place = Place(f"--over {word}")
        name, equals, weight = word.rpartition("=")
        if not equals or not weight.strip() or not name:
            request.problems.add(place, "is not NETWORK=WEIGHT", "write e.g. --over alexnet=2")
        elif str(request.places.get(f"over {name}", "")).startswith("--over"):
            request.problems.add(place, f"'{name}' is given twice", "give it once")
        else:
            request.over[name], request.places[f"over {name}"] = weight, place


def _over(request: ScanRequest, args: argparse.Namespace) -> None:
    """Single values of the command line in the place of the file's."""
    for key in ("sample", "n", "seed", "best", "by", "batch", "combine"):
        if getattr(args, key) is not None:
            setattr(request, key, getattr(args, key))
            request.places[key] = Place(f"--{key}")
    if args.pareto:
        request.pareto = args.pareto.split(",")
        request.places["pareto"] = Place(f"--pareto {args.pareto}")
    if args.where:
        request.places["where"] = Place("--where")


def _text(outcome: ScanOutcome) -> str:
    """The best points and the front, as tables."""
    best, front = results.rows(outcome, SHOWN)
    summary = outcome.summary("", 1)
    lines = [
        f"{summary['points']} points, {summary['feasible']} feasible, "
        f"in {summary['seconds']:.3g} s "
        f"({summary['points_per_s'] / 1e6:.4g} M points/s, {summary['path']})"
    ]
    for title, rows, count in (
        ("best", best, len(outcome.best)),
        (f"Pareto front, {len(outcome.front)} points", front, len(outcome.front)),
    ):
        if rows:
            table = [
                list(rows[0]),
                *([_cell(name, value) for name, value in row.items()] for row in rows),
            ]
            lines += ["", title, *columns(table, left=0)]
        if count > SHOWN:
            lines.append(f"... and {count - SHOWN} more")
    lines += summary["marks"]
    return "\n".join(lines)


def _cell(word: str, value: object) -> str:
    """A figure of the machine with its unit; others are in the unit that their column names."""
    if not isinstance(value, float):
        return "-" if value is None else str(value)
    rounded = f"{value:.7g}"
    return units.show(float(rounded), AXES[word].dimension) if word in AXES else rounded
