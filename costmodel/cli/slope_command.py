"""How much crosses the memory bus as a function of the on-chip memory.

Each step is the least traffic over tiled loop nests in that memory, nothing staying on chip from
row to row; docs/tiling.md has the schedules.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.slope import Slope, SlopeCurve

SHOWN = 16
"""Steps in the table; the JSON has them all."""

EXAMPLES = (
    "slope hairnet --hw accel_1tflops",
    "slope model.onnx --html slope.html",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("arch", metavar="ARCH", help="architecture file, or a shipped short name")
    parser.add_argument("--hw", help="a machine, whose memory is marked")
    parser.add_argument("--row", metavar="ID", help="one row instead of the network")
    options.add_settings(parser)
    parser.add_argument("--dtype", metavar="TYPE", help="element type: fp32, fp16, int8, ...")
    options.add_passes(parser)
    options.add_batch(parser)
    parser.add_argument("--json", metavar="FILE", help="write every step of every row")
    options.add_html(parser)
    parser.add_argument("--plot", metavar="DIR", help="write slope.png")


def run(args: argparse.Namespace) -> int:
    """Print some steps, the knee and the floor."""
    from costmodel.errors import BadValue, Place
    from costmodel.studies.slope import slope

    found = slope(
        args.arch,
        args.hw,
        settings=options.settings(args.settings),
        batch=args.batch,
        dtype=args.dtype,
        passes=options.passes(args),
    )
    try:
        curve = found.network if args.row is None else found.row(args.row)
    except BadValue as error:
        raise error.at(Place("--row")) from None
    _write(args, found, curve)
    print("\n".join(lines(found, curve)))
    return 0


def lines(found: Slope, curve: SlopeCurve) -> list[str]:
    """The table, thinned, and what stands out in it."""
    import numpy as np

    from costmodel.language.units import show
    from costmodel.report.numbers import columns, short

    run, count = found.run, len(curve.memory)
    # evenly over the memory's octaves
    wanted = np.geomspace(max(curve.memory[0], 1), max(curve.memory[-1], 1), SHOWN)
    places = np.unique(np.searchsorted(curve.memory, wanted, side="right").clip(1, count) - 1)
    table = [["memory", "bus_MB", "x compulsory"]]
    for place in places:
        moved = int(curve.external[place])
        times = moved / curve.compulsory if curve.compulsory else 1.0
        memory = f"{int(curve.memory[place])} B"
        table.append([memory, short(moved / 1e6), f"{times:.3f}"])
    tiling = run.profile.tiling(run.policies.dtype)
    return [
        f"{curve.id}, {run.policies.dtype}, sums of {tiling.sum_bits} bits, "
        f"{'double' if tiling.double else 'single'} buffers: {count} steps",
        "",
        *columns(table),
        "",
        f"Compulsory  {short(curve.compulsory / 1e6)} MB: what moves once whatever the memory",
        f"Knee        {show(curve.knee, 'memory')}: the least memory within 10 % of that",
        *_present(found, curve),
    ]


def _present(found: Slope, curve: SlopeCurve) -> list[str]:
    """What moves in the memory that the machine has."""
    from costmodel.language.units import show
    from costmodel.report.numbers import short

    if found.present is None:
        return []
    moved, memory = curve.at(found.present), show(found.present, "memory")
    if moved is None:
        least = show(int(curve.memory[0]), "memory")
        return [f"Present     {memory}: less than the smallest tiles take, {least}"]
    return [f"Present     {memory}: {short(moved / 1e6)} MB"]


def _write(args: argparse.Namespace, found: Slope, curve: SlopeCurve) -> None:
    """Write the files that were asked for. Raises InputError."""
    from pathlib import Path

    from costmodel.report import files

    if args.json:
        files.write_json(args.json, found.record)
    if args.html:
        from costmodel.report.page.slope_page import slope_page

        files.write_text(args.html, slope_page(found, curve))
    if args.plot:
        from costmodel.report import plots
        from costmodel.report.slope_plot import slope_figure

        plots.save(slope_figure(found, curve), Path(args.plot) / "slope.png")
