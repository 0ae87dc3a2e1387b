"""Prompt in, tokens out: time to the first token, time per token, tokens per second, memory.

Says what binds each phase, and the largest batch and context that fit.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from costmodel.cli import options
from costmodel.errors import Place
from costmodel.report import generation, generation_plot
from costmodel.report.page.generation_page import generation_page
from costmodel.studies.generate import Generation, generate
from costmodel.studies.labels import once_each

EXAMPLES = (
    "generate llama-3.1-8b --hw h100_measured --prompt 1024 --generate 256",
    "generate config.json --hw h200 --prompt 1024 --generate 256 --tensor-parallel 4",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "arch ARCH", "a decoder: preset, YAML file or config.json")
    machine = "hardware profile, or a shipped short name (repeatable: pictures compare them)"
    options.add(parser, "--hw HW", machine, action="append")
    options.add(parser, "--prompt N", "tokens in", type=int, required=True)
    options.add(parser, "--generate M", "tokens out", type=int, default=1)
    options.add(parser, "--concurrency C", "sequences that are served", type=int)
    options.add(parser, "--tensor-parallel T", "devices that share the model", type=int, default=1)
    options.add(parser, "--expert-parallel E", "of these, for the experts", type=int, default=1)
    options.add_shared(parser, "--set NAME=VALUE", "--dim NAME=SIZE", *options.POLICIES)
    options.add(parser, "--json FILE", "write everything as JSON")
    options.add_shared(parser, "--html FILE")
    options.add(parser, "--plot DIR", "write throughput against latency, and memory over length")


def run(args: argparse.Namespace) -> int:
    """Estimate, print, and write what was asked for."""
    once_each(args.hw, Place("--hw"))
    generations = [_generated(args, machine, args.batch) for machine in args.hw]
    records = [one.record() for one in generations]
    at = partial(_generated, args)
    options.write(
        args,
        json=lambda: records[0] if len(records) == 1 else {"runs": records},
        html=lambda: generation_page(generations, generation_plot.trade_off(args.hw, at)),
    )
    print("\n\n".join(map(generation.text, generations)))
    if args.plot:
        for path in generation_plot.write(args.plot, generations[0], args.hw, at):
            print(f"wrote {path}")
    for one in generations:
        if not one.memory.fits:
            print(f"WARNING: {generation.shortage(one)}", file=sys.stderr)
    return 0


def _generated(args: argparse.Namespace, machine: str, sequences: int) -> Generation:
    """What is asked for, on one machine, with so many sequences."""
    return generate(
        args.arch,
        machine,
        args.prompt,
        args.generate,
        concurrency=args.concurrency,
        tensor_parallel=args.tensor_parallel,
        expert_parallel=args.expert_parallel,
        **{**options.asked(args), "batch": sequences},
    )
