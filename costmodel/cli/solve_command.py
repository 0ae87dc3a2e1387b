"""What would it take? The smallest resource that meets a target, exactly.

--for a figure of the profile, batch, context or prompt; two rates give their trade-off curve.
"""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli import options
from costmodel.core.quantities import MACHINE
from costmodel.core.terms import paced_by
from costmodel.errors import BadValue, Place
from costmodel.language import units
from costmodel.report.numbers import columns, short
from costmodel.studies.questions import batch_for, tokens_for
from costmodel.studies.scan.inverse.solve import solve
from costmodel.studies.scan.inverse.solve_count import WORDS
from costmodel.studies.scan.inverse.target import Answer, Target
from costmodel.studies.scan.inverse.trade_off import trade_off
from costmodel.studies.simulation import simulate

EXAMPLES = (
    "solve hairnet --hw accel_1tflops --for bandwidth --target 'total_time <= 100 ms'",
    "solve hairnet --hw accel_1tflops --for bandwidth --for matrix --target 'total_time <= 100 ms'",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    network, machine, *others = options.RUN
    options.add_shared(parser, network, machine)
    options.add(
        parser,
        "--for RESOURCE",
        f"{', '.join(_askable())}, engine.NAME (a size of its array), batch, or a decoder's "
        "context or prompt; two rates for a trade-off curve",
        required=True,
        action="append",
        dest="resources",
    )
    options.add(
        parser,
        "--target BOUND",
        "'total_time <= 10 ms', 'throughput >= 100 /s', 'energy <= 5 mJ', 'external_bytes <= 5 MB'",
        required=True,
        action="append",
    )
    options.add_shared(parser, *others)
    options.add(parser, "--json FILE", "write the answer")


def _askable() -> list[str]:
    """The figures on which the time, the traffic or the energy of a run can depend."""
    return [w for w, one in MACHINE.items() if paced_by(one.fields) or "memory" in one.fields]


def run(args: argparse.Namespace) -> int:
    """Solve and print; an impossible target is an answer, not an error."""
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
    print(*record["marks"], sep="\n", end="\n" * bool(record["marks"]))
    options.write(args, json=lambda: record)
    return 0


def _answer(args: argparse.Namespace, resource: str, target: Target) -> Answer:
    asked = options.asked(args)
    if resource in WORDS:
        return tokens_for(args.arch, args.hw, resource, target, **asked)
    if resource == "batch" and args.batch != 1:
        raise BadValue("--batch is given, and solved for", "leave one of them out")
    run = simulate(options.network(args), args.hw, strict=False, **asked)
    if resource != "batch":
        return solve(run, resource, target)
    return batch_for(run, target, passes=asked["passes"], choices=options.policies(args))


def _print(record: dict[str, Any], target: str) -> None:
    dimension = {unit: name for name, unit in units.SI_UNITS.items()}.get(record["unit"])

    def shown(value: float) -> str:
        return units.show(value, dimension) if dimension else f"{value:.0f} {record['unit']}"

    if record["value"] is not None:
        print(f"{record['resource']} {shown(record['value'])}: {record['reason']} '{target}'")
    else:
        print(f"{'' if record['possible'] else 'No: '}{record['reason']} (target '{target}')")
    at_best = "there" if record["possible"] else "at best"
    print(f"total time {at_best} {short(record['achieved_total_time_s'])} s")
    if "achieved_energy_J" in record:
        print(f"energy {at_best} {units.show(record['achieved_energy_J'], 'energy')}")
    # where nothing helps, where it would stop helping is no answer
    if record["crossing"] is not None and record["possible"]:
        more_is_faster = MACHINE[record["resource"]].more_is_faster
        most, other = ("below", "above") if more_is_faster else ("above", "below")
        print(
            f"the bottleneck moves at {record['resource']} {shown(record['crossing'])}: "
            f"{most} it this resource takes most time, {other} it another one"
        )


def _curve(args: argparse.Namespace, resources: list[str], target: Target) -> dict[str, Any]:
    run = simulate(options.network(args), args.hw, strict=False, **options.asked(args))
    curve = trade_off(run, resources[0], resources[1], target)
    print(f"{curve.reason} ('{target.text}')")
    if curve.points:
        rows = ([f"{v:.6g}" for v in point.values()] for point in curve.points)
        print("\n".join(columns([[*curve.points[0]], *rows], left=0)))
    return curve.record()
