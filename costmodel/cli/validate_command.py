"""Shapes and parameters of architectures against torch, layer by layer.

Twins are built on the meta device: nothing is allocated. Exit code 1 on a mismatch.
"""

from __future__ import annotations

import argparse
import sys

from costmodel.cli import options
from costmodel.core.loading import load_network
from costmodel.errors import Place, Problems
from costmodel.studies.labels import once_each
from costmodel.studies.validate import import_torch, validate

EXAMPLES = ("validate hairnet mobilenet_v2 --rows",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "archs ARCH", "architecture files, or shipped short names", nargs="+")
    options.add_shared(parser, "--set NAME=VALUE")
    options.add(parser, "--rows", "print every row, not only mismatches", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Validate each architecture; 1 if any layer differs from torch."""
    version = import_torch().__version__.split("+")[0]
    problems, loaded = Problems(), []
    with problems.collect():
        once_each(args.archs, Place("ARCH"))
    for word in args.archs:
        if word.endswith(".onnx"):
            problems.add(
                Place(word),
                "is an ONNX file, whose shapes come from onnx itself",
                "validate compares architectures in YAML and config.json files",
            )
            continue
        with problems.collect():
            loaded.append(load_network(word, options.settings(args.settings)))
    problems.raise_if_any()
    failed = False
    for network in loaded:
        compared = list(validate(network))
        wrong = [c for c in compared if not c.agrees]
        failed = failed or bool(wrong)
        for comparison in compared if args.rows else ():
            shown = comparison.ours if comparison.agrees else "DIFFERS"
            print(f"{comparison.row.id}  {comparison.kind}  {shown}")
        for comparison in wrong:
            print(comparison.line(), file=sys.stderr)
        print(
            f"{network.name}: {len(compared) - len(wrong)} of {len(compared)} layers in "
            f"{len(network.rows)} rows agree with torch {version} in shape and parameters"
        )
    return 1 if failed else 0
