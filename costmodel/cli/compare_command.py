"""Every given architecture on every given machine, in one table under one convention.

An architecture may carry settings: 'resnet_cifar:n=8,conv=multiception'.
"""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli import options
from costmodel.core.loading import load_network
from costmodel.errors import InputError, Place, Problems
from costmodel.papers.trained import trained
from costmodel.report import compare
from costmodel.report.page.compare_page import compare_page
from costmodel.studies import comparison
from costmodel.studies.comparison import Pair
from costmodel.studies.labels import once_each

Wanted = tuple[str, str, dict[str, Any], float | None]

EXAMPLES = (
    "compare mobilenet_v2 shufflenet_v2 --hw raspberry_pi_5 a100",
    "compare model.onnx --hw a100 h100 --dtype fp16 --csv -",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    several = "architectures, each with settings after a colon if needed"
    options.add(parser, "archs ARCH", several, nargs="*")
    options.add(parser, "--hw HW", "hardware profiles", nargs="+", action="extend", required=True)
    options.add(
        parser,
        "--accuracy DATASET",
        "add the papers' models trained on cifar10, cifar100, stl10 or "
        "imagenet32x32, with their published accuracies",
    )
    options.add_shared(parser, "--strict", *options.POLICIES)
    options.add(parser, "--csv FILE", "write the table, full precision")
    options.add_shared(parser, "--html FILE")
    options.add(parser, "--plot DIR", "write compare.png (and accuracy.png)")


def run(args: argparse.Namespace) -> int:
    """Simulate every pair, print, and write what was asked for."""
    entries = _entries(args)
    if not entries:
        raise InputError.at(Place("compare"), "nothing to compare", "name an ARCH or --accuracy")
    options.write(
        args,
        csv=lambda: ([one.record for one in entries], comparison.table_columns(entries)),
        html=lambda: compare_page(entries),
        plot=lambda: compare.charts(entries, args.accuracy),
    )
    print(compare.text(entries))
    return 0


def _entries(args: argparse.Namespace) -> list[Pair]:
    """Every pair, architectures outside; all input errors are collected first."""
    problems, profiles, models = Problems(), [], []
    for option, words in (("ARCH", args.archs), ("--hw", args.hw)):
        with problems.collect():
            once_each(words, Place(option))
    for label, name, settings, accuracy in _wanted(args, problems):
        with problems.collect():
            models.append((label, load_network(name, settings, strict=args.strict), accuracy))
    for word in args.hw:
        with problems.collect():
            profile, path = options.profile(word)
            profiles.append((profile, str(path)))
    problems.raise_if_any()
    return comparison.pairs(
        models,
        profiles,
        batch=args.batch,
        passes=options.passes(args),
        choices=options.policies(args),
    )


def _wanted(args: argparse.Namespace, problems: Problems) -> list[Wanted]:
    """What the command line and the papers name: label, architecture, settings, accuracy [%]."""
    wanted: list[Wanted] = []
    for word in args.archs:
        with problems.collect():
            name, settings = options.with_settings(word)
            wanted.append((word, name, settings, None))
    if args.accuracy:
        with problems.collect():
            models = trained(args.accuracy)
            wanted += [(m.label, m.arch, m.settings, m.accuracy) for m in models]
    return wanted
