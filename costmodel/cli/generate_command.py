"""Prompt in, tokens out: time to the first token, time per token, tokens per second, memory.

Says what binds each phase, and the largest batch and context that fit.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.generate import Generation

EXAMPLES = (
    "generate llama-3.1-8b --hw h100_measured --prompt 1024 --generate 256",
    "generate config.json --hw h200 --prompt 1024 --generate 256 --tensor-parallel 4",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("arch", metavar="ARCH", help="a decoder: preset, YAML file or config.json")
    parser.add_argument(
        "--hw",
        required=True,
        action="append",
        help="hardware profile, or a shipped short name (repeatable: pictures compare them)",
    )
    parser.add_argument("--prompt", type=int, required=True, metavar="N", help="tokens in")
    parser.add_argument("--generate", type=int, default=1, metavar="M", help="tokens out")
    parser.add_argument("--concurrency", type=int, metavar="C", help="sequences that are served")
    parser.add_argument(
        "--tensor-parallel", type=int, default=1, metavar="T", help="devices that share the model"
    )
    parser.add_argument(
        "--expert-parallel", type=int, default=1, metavar="E", help="of these, for the experts"
    )
    options.add_settings(parser)
    options.add_policies(parser)
    parser.add_argument("--json", metavar="FILE", help="write everything as JSON")
    options.add_html(parser)
    parser.add_argument(
        "--plot", metavar="DIR", help="write throughput against latency, and memory over length"
    )


def run(args: argparse.Namespace) -> int:
    """Estimate, print, and write what was asked for."""
    from costmodel.report import generation
    from costmodel.report.files import write

    found = [_generated(args, machine, args.batch) for machine in args.hw]
    if args.json:
        import json

        records = [one.record() for one in found]
        whole = records[0] if len(records) == 1 else {"runs": records}
        write(args.json, lambda stream: json.dump(whole, stream, indent=1))
    print("\n\n".join(map(generation.text, found)))
    at = partial(_generated, args)
    if args.html:
        from costmodel.report.files import write_text
        from costmodel.report.generation_plot import trade_off
        from costmodel.report.page.generation_page import generation_page

        write_text(args.html, generation_page(found, trade_off(args.hw, at)))
    if args.plot:
        from costmodel.report import generation_plot

        for path in generation_plot.write(args.plot, found[0], args.hw, at):
            print(f"wrote {path}")
    for one in found:
        if not one.memory.fits:
            print(f"WARNING: {generation.shortage(one)}", file=sys.stderr)
    return 0


def _generated(args: argparse.Namespace, machine: str, sequences: int) -> Generation:
    """What is asked for, on one machine, with so many sequences."""
    from costmodel.studies.generate import generate

    return generate(
        args.arch,
        machine,
        args.prompt,
        args.generate,
        concurrency=args.concurrency,
        tensor_parallel=args.tensor_parallel,
        expert_parallel=args.expert_parallel,
        settings=options.settings(args.settings),
        passes=options.passes(args),
        **{**options.policies(args), "batch": sequences},
    )
