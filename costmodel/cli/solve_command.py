"""What would it take? The smallest resource that meets a target, exactly.

--for a figure of the profile (bandwidth, on_chip_memory, matrix, host, write_bandwidth,
on_chip_bandwidth, launch) or batch; two rates give their trade-off curve.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.run import Run
    from costmodel.studies.scan.inverse.target import Answer, Target

EXAMPLES = (
    "solve hairnet --hw accel_1tflops --for bandwidth --target 'total_time <= 100 ms'",
    "solve hairnet --hw accel_1tflops --for bandwidth --for matrix --target 'total_time <= 100 ms'",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("arch", metavar="ARCH", help="architecture file, or a shipped short name")
    parser.add_argument("--hw", required=True, help="hardware profile, or a shipped short name")
    parser.add_argument(
        "--for",
        required=True,
        action="append",
        dest="resources",
        metavar="RESOURCE",
        help="a figure of the machine, batch, or a decoder's context or prompt; twice for a "
        "trade-off curve",
    )
    parser.add_argument(
        "--target",
        required=True,
        action="append",
        metavar="BOUND",
        help="'total_time <= 10 ms', 'throughput >= 100 /s', 'external_bytes <= 5 MB'",
    )
    options.add_settings(parser)
    options.add_policies(parser)
    parser.add_argument("--json", metavar="FILE", help="write the answer")


def run(args: argparse.Namespace) -> int:
    """Solve and print; an impossible target is an answer, not an error."""
    from costmodel.errors import BadValue, Place
    from costmodel.report import files
    from costmodel.studies.scan.inverse.target import Target

    resources = [word.removeprefix("hw.") for word in args.resources]
    try:
        target = Target.read(options.once("--target", args.target))
    except BadValue as error:
        raise error.at(Place(f"--target {args.target[0]}")) from None
    try:
        if len(resources) > 2:
            raise BadValue(f"{len(resources)} resources", "one, or two for a trade-off curve")
        if len(resources) == 2:
            record = _curve(args, resources, target)
        else:
            record = _answer(args, resources[0], target).record()
            _print(record, target.text)
    except BadValue as error:
        raise error.at(Place(f"--for {' --for '.join(resources)}")) from None
    if args.json:
        files.write_json(args.json, record)
    return 0


def _simulated(args: argparse.Namespace) -> Run:
    from costmodel.studies.simulation import simulate

    return simulate(
        args.arch,
        args.hw,
        settings=options.settings(args.settings),
        batch=args.batch,
        strict=False,
        passes=options.passes(args),
        **options.policies(args),
    )


def _answer(args: argparse.Namespace, resource: str, target: Target) -> Answer:
    from costmodel.errors import BadValue
    from costmodel.studies.questions import batch_for, tokens_for
    from costmodel.studies.scan.inverse.solve import solve
    from costmodel.studies.scan.inverse.solve_count import WORDS

    if resource in WORDS:
        return tokens_for(
            args.arch,
            args.hw,
            resource,
            target,
            settings=options.settings(args.settings),
            batch=args.batch,
            passes=options.passes(args),
            **options.policies(args),
        )
    if resource != "batch":
        return solve(_simulated(args), resource, target)
    if args.batch != 1:
        raise BadValue("--batch is given, and solved for", "leave one of them out")
    return batch_for(
        _simulated(args), target, passes=options.passes(args), choices=options.policies(args)
    )


def _print(record: dict[str, Any], target: str) -> None:
    from costmodel.core.quantities import MACHINE
    from costmodel.language import units
    from costmodel.report.numbers import short

    dimension = {unit: name for name, unit in units.SI_UNITS.items()}.get(record["unit"])

    def shown(value: float) -> str:
        return units.show(value, dimension) if dimension else f"{value:.0f} {record['unit']}"

    if record["value"] is not None:
        print(f"{record['resource']} {shown(record['value'])}: {record['reason']} '{target}'")
    else:
        print(f"{'' if record['possible'] else 'No: '}{record['reason']} (target '{target}')")
    at_best = "there" if record["possible"] else "at best"
    print(f"total time {at_best} {short(record['achieved_total_time_s'])} s")
    # where nothing helps, where it would stop helping is no answer
    if record["crossing"] is not None and record["possible"]:
        more_is_faster = MACHINE[record["resource"]].more_is_faster
        most, other = ("below", "above") if more_is_faster else ("above", "below")
        print(
            f"the bottleneck moves at {record['resource']} {shown(record['crossing'])}: "
            f"{most} it this resource takes most time, {other} it another one"
        )


def _curve(args: argparse.Namespace, resources: list[str], target: Target) -> dict[str, Any]:
    from costmodel.report.numbers import columns
    from costmodel.studies.scan.inverse.trade_off import trade_off

    curve = trade_off(_simulated(args), resources[0], resources[1], target)
    print(f"{curve.reason} ('{target.text}')")
    if curve.points:
        rows = ([f"{v:.6g}" for v in point.values()] for point in curve.points)
        print("\n".join(columns([[*resources, "total_time_s"], *rows], left=0)))
    return curve.record()
