"""How much the total depends on each resource: shares, elasticities, a tornado plot."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.run import Run
    from costmodel.studies.scan.inverse.sensitivity import Effect

EXAMPLES = ("sensitivity hairnet --hw accel_1tflops",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("arch", metavar="ARCH", help="architecture file, or a shipped short name")
    parser.add_argument("--hw", required=True, help="hardware profile, or a shipped short name")
    options.add_settings(parser)
    options.add_policies(parser)
    parser.add_argument("--json", metavar="FILE", help="write the effects")
    parser.add_argument("--plot", metavar="DIR", help="write tornado.png")


def run(args: argparse.Namespace) -> int:
    """Print a line per resource."""
    from costmodel.report.numbers import columns, short
    from costmodel.studies.scan.inverse.sensitivity import effects
    from costmodel.studies.simulation import simulate

    done = simulate(
        args.arch,
        args.hw,
        settings=options.settings(args.settings),
        batch=args.batch,
        strict=False,
        passes=options.passes(args),
        **options.policies(args),
    )
    found = effects(done)
    _write(args, done, found)
    table = [["resource", "share", "elasticity", "halved_s", "doubled_s"]]
    for effect in found:
        times = (short(effect.halved_s), short(effect.doubled_s))
        share = f"{100 * effect.share:.1f} %"
        table.append([effect.resource, share, f"{effect.elasticity:+.3f}", *times])
    print("\n".join([f"total {short(done.total_time)} s", *columns(table)]))
    print(
        "elasticity: per cent more time for one per cent more of the resource; "
        "the memory acts in steps"
    )
    return 0


def _write(args: argparse.Namespace, done: Run, found: list[Effect]) -> None:
    """Write the files that were asked for. Raises InputError."""
    from costmodel.report import files

    if args.json:
        files.write_json(
            args.json,
            {
                "total_time_s": done.total_time,
                "effects": [vars(e) for e in found],
                "provenance": done.provenance,
            },
        )
    if args.plot:
        from pathlib import Path

        from costmodel.report import plots, scan_plots

        title = plots.title(done, "Each resource halved and doubled")
        plots.save(
            scan_plots.tornado(found, done.total_time, title), Path(args.plot) / "tornado.png"
        )
