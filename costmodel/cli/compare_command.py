"""Every given architecture on every given machine, in one table under one convention.

An architecture may carry settings: 'resnet_cifar:n=8,conv=multiception'.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.errors import Problems
    from costmodel.studies.comparison import Pair

    Wanted = tuple[str, str, dict[str, Any], float | None]

EXAMPLES = (
    "compare mobilenet_v2 shufflenet_v2 --hw raspberry_pi_5 a100",
    "compare model.onnx --hw a100 h100 --dtype fp16 --csv -",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "archs",
        nargs="*",
        metavar="ARCH",
        help="architectures, each with settings after a colon if needed",
    )
    parser.add_argument(
        "--hw", nargs="+", action="extend", required=True, metavar="HW", help="hardware profiles"
    )
    parser.add_argument(
        "--accuracy",
        metavar="DATASET",
        help="add the papers' models trained on cifar10, cifar100, stl10 or "
        "imagenet32x32, with their published accuracies",
    )
    options.add_strict(parser)
    options.add_policies(parser)
    parser.add_argument("--csv", metavar="FILE", help="write the table, full precision")
    options.add_html(parser)
    parser.add_argument("--plot", metavar="DIR", help="write compare.png (and accuracy.png)")


def run(args: argparse.Namespace) -> int:
    """Simulate every pair, print, and write what was asked for."""
    from costmodel.errors import InputError, Place
    from costmodel.report import compare, files
    from costmodel.studies import comparison

    entries = _entries(args)
    if not entries:
        raise InputError.at(Place("compare"), "nothing to compare", "name an ARCH or --accuracy")
    if args.csv:
        files.write_csv(
            args.csv, [entry.record for entry in entries], comparison.table_columns(entries)
        )
    if args.html:
        from costmodel.report.page.compare_page import compare_page

        files.write_text(args.html, compare_page(entries))
    if args.plot:
        from pathlib import Path

        from costmodel.report import plots

        plots.save(compare.time_figure(entries), Path(args.plot) / "compare.png")
        if any(entry.accuracy is not None for entry in entries):
            plots.save(
                compare.accuracy_figure(entries, args.accuracy), Path(args.plot) / "accuracy.png"
            )
    print(compare.text(entries))
    return 0


def _entries(args: argparse.Namespace) -> list[Pair]:
    """Every pair, architectures outside; all input errors are collected first."""
    from costmodel.core.loading import load_network
    from costmodel.errors import Problems
    from costmodel.hardware.read import load_profile
    from costmodel.language import shipped
    from costmodel.studies import comparison

    problems, profiles, models = Problems(), [], []
    for label, name, settings, accuracy in _wanted(args, problems):
        with problems.collect():
            models.append((label, load_network(name, settings, strict=args.strict), accuracy))
    for word in args.hw:
        with problems.collect():
            path = str(shipped.find(word, "hwprofiles"))
            profiles.append((load_profile(path), path))
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
    found: list[Wanted] = []
    for word in args.archs:
        with problems.collect():
            name, settings = options.with_settings(word)
            found.append((word, name, settings, None))
    if args.accuracy:
        from costmodel.papers.trained import trained

        with problems.collect():
            models = trained(args.accuracy)
            found += [(m.label, m.arch, m.settings, m.accuracy) for m in models]
    return found
