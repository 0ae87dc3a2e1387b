"""Per-layer params, ops and times of a network on a machine.

Prints a table like the HairNet Appendix and the answers under it.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.run import Run

EXAMPLES = (
    "simulate hairnet --hw accel_1tflops --by block",
    "simulate mobilenet_v2 --hw rtx3090_measured --dtype fp16 --batch 64",
    "simulate model.onnx --hw a100 --dim tokens=128 --html report.html",
)


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
    parser.add_argument(
        "--effort",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="let placement resident search for better addresses (needs OR-Tools; default: no)",
    )
    parser.add_argument(
        "--by",
        choices=("layer", "block", "kind"),
        default="layer",
        help="one line per layer (default), block or kind",
    )
    _files(parser)


def _files(parser: argparse.ArgumentParser) -> None:
    """What is written besides the text."""
    parser.add_argument("--csv", metavar="FILE", help="write the table, full precision")
    parser.add_argument("--json", metavar="FILE", help="write totals, provenance and layers")
    parser.add_argument(
        "--html", metavar="FILE", help="write one page with pictures, sliders and the table"
    )
    parser.add_argument(
        "--save",
        metavar="FILE",
        action="append",
        default=[],
        help="write the run in the format of the file's suffix (repeatable; 'list formats')",
    )
    parser.add_argument(
        "--plot",
        metavar="DIR|FILE",
        help="write every picture into DIR (roofline, time, timeline and, where maps have "
        "addresses, memory), or one of them, as PNG, SVG or PDF: roofline.svg",
    )
    parser.add_argument(
        "--trace", metavar="FILE", help="write the timeline as a Chrome/Perfetto trace (JSON)"
    )


def run(args: argparse.Namespace) -> int:
    """Simulate, print, and write what was asked for."""
    from costmodel.report import terminal, text
    from costmodel.studies.simulation import simulate

    done = simulate(
        args.arch,
        args.hw,
        settings=options.settings(args.settings),
        batch=args.batch,
        strict=args.strict,
        passes=options.passes(args),
        effort=args.effort,
        **options.policies(args),
    )
    drawn = _write(args, done)
    print("\n".join([text.report(done, args.by, terminal.width()), *drawn]))
    for warning in done.network.facts.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _write(args: argparse.Namespace, done: Run) -> list[str]:
    """Write the files that were asked for; what became of the pictures. Raises InputError."""
    from pathlib import Path

    from costmodel.core.output import FORMATS

    for word, file in (("csv", args.csv), ("json", args.json), ("html", args.html)):
        if file:
            FORMATS.load(word).write(done, Path(file), args.by)
    for file in args.save:
        done.save(file, args.by)
    if args.trace:
        from costmodel.report import timeline

        timeline.write_trace(args.trace, done)
    if not args.plot:
        return []
    from costmodel.report import plots

    return plots.write(args.plot, done)
