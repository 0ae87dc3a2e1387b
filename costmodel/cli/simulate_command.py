"""Per-layer params, ops and times of a network on a machine.

Prints a table like the HairNet Appendix and the answers under it.
"""

from __future__ import annotations

import argparse
import sys

from costmodel.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "arch",
        metavar="ARCH",
        help="architecture (.yaml) or model (.onnx) file, or a shipped short name",
    )
    parser.add_argument("--hw", required=True, help="hardware profile, or a shipped short name")
    options.add_settings(parser)
    options.add_strict(parser)
    options.add_policies(parser)
    parser.add_argument("--by", choices=("layer", "block", "kind"), default="layer",
                        help="one line per layer (default), block or kind")  # fmt: skip
    parser.add_argument("--csv", metavar="FILE", help="write the table, full precision")
    parser.add_argument("--json", metavar="FILE", help="write totals, provenance and layers")
    parser.add_argument(
        "--plot",
        metavar="DIR",
        help="write roofline.png, time.png, timeline.png and, where maps have addresses, memory.png",
    )
    parser.add_argument(
        "--trace", metavar="FILE", help="write the timeline as a Chrome/Perfetto trace (JSON)"
    )


def run(args: argparse.Namespace) -> int:
    """Simulate, print, and write what was asked for."""
    from costmodel.report import text
    from costmodel.run import simulate

    done = simulate(args.arch, args.hw, settings=options.settings(args.settings),
                    batch=args.batch, strict=args.strict, passes=options.passes(args), **options.policies(args))  # fmt: skip
    if args.csv or args.json:
        from costmodel.report import files

        if args.csv:
            files.run_csv(args.csv, done, args.by)
        if args.json:
            files.run_json(args.json, done)
    if args.plot:
        from costmodel.report import memory_map, plots, timeline

        for picture in (plots, timeline, memory_map):
            picture.write(args.plot, done)
    if args.trace:
        from costmodel.report import timeline

        timeline.write_trace(args.trace, done)
    print(text.report(done, args.by))
    for warning in done.network.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0
