"""Per-layer params, ops and times of a network on a machine.

Prints a table like the HairNet Appendix and the answers under it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from costmodel.cli import options
from costmodel.core.output import FORMATS
from costmodel.report import plots, terminal, text, timeline
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulate

EXAMPLES = (
    "simulate hairnet --hw accel_1tflops --by block",
    "simulate mobilenet_v2 --hw rtx3090_measured --dtype fp16 --batch 64",
    "simulate model.onnx --hw a100 --dim tokens=128 --html report.html",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    network, *others = options.RUN
    every = "architecture (.yaml) or model (.onnx) file, or a shipped short name"
    options.add(parser, network, every)
    options.add_shared(parser, *others, "--strict")
    options.add(
        parser,
        "--effort SECONDS",
        "let placement resident search for better addresses (needs OR-Tools; default: no)",
        type=float,
        default=0.0,
    )
    groups = ("layer", "block", "kind")
    by = "one line per layer (default), block or kind"
    options.add(parser, "--by", by, choices=groups, default="layer")
    options.add(parser, "--csv FILE", "write the table, full precision")
    options.add(parser, "--json FILE", "write totals, provenance and layers")
    options.add(parser, "--html FILE", "write one page with pictures, sliders and the table")
    save = "write the run in the format of the file's suffix (repeatable; 'list formats')"
    options.add(parser, "--save FILE", save, action="append", default=[])
    options.add(
        parser,
        "--plot DIR|FILE",
        "write every picture into DIR (roofline, time, timeline and, where maps have "
        "addresses, memory), or one of them, as PNG, SVG or PDF: roofline.svg",
    )
    options.add(parser, "--trace FILE", "write the timeline as a Chrome/Perfetto trace (JSON)")


def run(args: argparse.Namespace) -> int:
    """Simulate, print, and write what was asked for."""
    asked = options.asked(args)
    done = simulate(options.network(args), args.hw, strict=args.strict, effort=args.effort, **asked)
    drawn = _write(args, done)
    print("\n".join([text.report(done, args.by, terminal.width()), *drawn]))
    for warning in done.network.facts.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _write(args: argparse.Namespace, done: Run) -> list[str]:
    """Write the files that were asked for; what became of the pictures. Raises InputError."""
    for word, file in (("csv", args.csv), ("json", args.json), ("html", args.html)):
        if file:
            FORMATS.load(word).write(done, Path(file), args.by)
    for file in args.save:
        done.save(file, args.by)
    if args.trace:
        timeline.write_trace(args.trace, done)
    return plots.write(args.plot, done) if args.plot else []
