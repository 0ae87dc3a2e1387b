"""How much crosses the memory bus as a function of the on-chip memory.

Each step is the least traffic over tiled loop nests in that memory, nothing staying on chip from
row to row; docs/tiling.md has the schedules.
"""

from __future__ import annotations

import argparse

from costmodel.cli import options
from costmodel.errors import BadValue, InputError, Place
from costmodel.language.units import show
from costmodel.report.level_plot import level_chart, level_lines
from costmodel.report.numbers import columns, megabytes, short
from costmodel.report.page.level_page import level_page
from costmodel.report.page.slope_page import slope_page
from costmodel.report.slope_plot import slope_chart, steps
from costmodel.studies.level_grid import level_grid
from costmodel.studies.slope import Slope, SlopeCurve, slope

SHOWN = 16
"""Steps in the table; the JSON has them all."""

EXAMPLES = (
    "slope hairnet --hw accel_1tflops",
    "slope model.onnx --html slope.html",
    "slope hairnet --hw accel_1tflops --traffic fused",
    "slope hairnet --hw edge_npu --levels gb,l1 --plot pictures",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_shared(parser, "arch ARCH")
    options.add(parser, "--hw HW", "a machine, whose memory is marked", required=False)
    options.add(parser, "--traffic R", "fused: beside it, rows run depth first (default: tiled)")
    options.add(parser, "--row ID", "one row instead of the network")
    both = "two levels on chip: energy, else time, over both of their sizes"
    options.add(parser, "--levels OUTER,INNER", both)
    options.add_shared(
        parser, "--set NAME=VALUE", "--dim NAME=SIZE", "--dtype TYPE", "--pass NAME", "--batch N"
    )
    options.add(parser, "--json FILE", "write every step of every row")
    options.add_shared(parser, "--html FILE")
    options.add(parser, "--plot DIR", "write slope.png")


def run(args: argparse.Namespace) -> int:
    """Print some steps, the knee and the floor."""
    if args.levels is not None:
        return _levels(args)
    slopes = slope(options.network(args), args.hw, **options.asked(args))
    try:
        curve = slopes.network if args.row is None else slopes.row(args.row)
    except BadValue as error:
        raise error.at(Place("--row")) from None
    options.write(
        args,
        json=lambda: slopes.record,
        html=lambda: slope_page(slopes, curve),
        plot=lambda: {"slope.png": [slope_chart(slopes, curve)]},
    )
    print("\n".join(lines(slopes, curve)))
    return 0


def _levels(args: argparse.Namespace) -> int:
    """Draw the plane of two sizes, and print its best within sight."""
    for option, value in (("--row", args.row), ("--traffic", args.traffic)):
        if value is not None:
            raise InputError.at(Place(option), "goes without --levels", "drop one of them")
    if args.hw is None:
        raise InputError.at(Place("--levels"), "needs a machine", "add --hw HW")
    asked = {key: value for key, value in options.asked(args).items() if key != "traffic"}
    grid = level_grid(options.network(args), args.hw, args.levels.split(","), **asked)
    options.write(
        args,
        json=lambda: {"levels": grid.record, "provenance": grid.run.provenance},
        html=lambda: level_page(grid),
        plot=lambda: {"levels.png": [level_chart(grid)]},
    )
    print("\n".join(level_lines(grid)))
    return 0


def lines(slopes: Slope, curve: SlopeCurve) -> list[str]:
    """The table, thinned, and what stands out in it."""
    run, count = slopes.run, len(curve.memory)
    energy = slopes.energy if curve is slopes.network else None
    table = [
        [
            f"{step['memory']} B",
            short(step["external"] / 1e6),
            f"{step['times']:.3f}",
            *([short(step["energy_J"])] if energy is not None else []),
        ]
        for step in steps(curve, SHOWN, energy)
    ]
    head = ["memory", "bus_MB", "x compulsory", *["energy_J"] * (energy is not None)]
    tiling = run.profile.tiling(run.policies.dtype)
    return [
        f"{curve.id}, {run.policies.dtype}, sums of {tiling.sum_bits} bits, "
        f"{'double' if tiling.double else 'single'} buffers: {count} steps",
        "",
        *columns([head, *table]),
        "",
        f"Compulsory  {megabytes(curve.compulsory)}: what moves once whatever the memory",
        f"Knee        {show(curve.knee, 'memory')}: the least memory within 10 % of that",
        *_present(slopes, curve),
        *_fused(slopes, curve),
        *slopes.marks,
    ]


def _fused(slopes: Slope, curve: SlopeCurve) -> list[str]:
    """What moves where rows run depth first."""
    fused = slopes.fused
    if fused is None or curve is not slopes.network:
        return []
    lines = [
        f"Fused       {megabytes(fused.compulsory)} move once at least where rows run depth first, "
        f"within 10 % from {show(fused.knee, 'memory')} on"
    ]
    if slopes.present is not None and (moved := fused.at(slopes.present)) is not None:
        lines.append(f"            {megabytes(moved)} at most in {show(slopes.present, 'memory')}")
    return lines


def _present(slopes: Slope, curve: SlopeCurve) -> list[str]:
    """What moves in the memory that the machine has."""
    if slopes.present is None:
        return []
    moved, memory = curve.at(slopes.present), show(slopes.present, "memory")
    if moved is None:
        least = show(int(curve.memory[0]), "memory")
        return [f"Present     {memory}: less than the smallest tiles take, {least}"]
    return [f"Present     {memory}: {megabytes(moved)}"]
