"""Prompt in, tokens out: time to the first token, time per token, tokens per second, memory.

Says what binds each phase, and the largest batch and context that fit.
"""

from __future__ import annotations

import argparse
import sys

from costmodel.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("arch", metavar="ARCH", help="a decoder: preset, YAML file or config.json")
    parser.add_argument("--hw", required=True, help="hardware profile, or a shipped short name")
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


def run(args: argparse.Namespace) -> int:
    """Estimate, print, and write what was asked for."""
    from costmodel.report import generation
    from costmodel.report.files import write
    from costmodel.studies.generate import generate

    found = generate(
        args.arch,
        args.hw,
        args.prompt,
        args.generate,
        batch=args.batch,
        concurrency=args.concurrency,
        tensor_parallel=args.tensor_parallel,
        expert_parallel=args.expert_parallel,
        settings=options.settings(args.settings),
        passes=options.passes(args),
        **options.policies(args),
    )
    if args.json:
        import json

        write(args.json, lambda stream: json.dump(found.record(), stream, indent=1))
    print(generation.text(found))
    if not found.memory.fits:
        print(f"WARNING: {generation.shortage(found)}", file=sys.stderr)
    return 0
