"""Every given architecture on every given machine, in one table under one convention.

An architecture may carry settings: 'resnet_cifar:n=8,conv=multiception'.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.report.compare import Entry


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("archs", nargs="*", metavar="ARCH",
                        help="architectures, each with settings after a colon if needed")  # fmt: skip
    parser.add_argument(
        "--hw", nargs="+", action="extend", required=True, metavar="HW", help="hardware profiles"
    )
    parser.add_argument("--accuracy", metavar="DATASET",
                        help="add the papers' models trained on cifar10, cifar100, stl10 or "
                        "imagenet32x32, with their published accuracies")  # fmt: skip
    options.add_strict(parser)
    options.add_policies(parser)
    parser.add_argument("--csv", metavar="FILE", help="write the table, full precision")
    parser.add_argument("--plot", metavar="DIR", help="write compare.png (and accuracy.png)")


def run(args: argparse.Namespace) -> int:
    """Simulate every pair, print, and write what was asked for."""
    from costmodel.errors import InputError, Place
    from costmodel.report import compare, files

    entries = _entries(args)
    if not entries:
        raise InputError.at(Place("compare"), "nothing to compare", "name an ARCH or --accuracy")
    if args.csv:
        files.write_csv(
            args.csv, [entry.record for entry in entries], compare.table_columns(entries)
        )
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


def _entries(args: argparse.Namespace) -> list[Entry]:
    """Every pair, architectures outside; all input errors are collected first."""
    from costmodel import hardware, networks, shipped
    from costmodel.errors import Problems
    from costmodel.published import accuracy
    from costmodel.report.compare import Entry
    from costmodel.run import run as simulate

    problems, profiles, models = Problems(), [], []
    wanted: list[tuple[str, str, dict[str, Any], float | None]] = []
    for word in args.archs:
        with problems.collect():
            name, settings = options.with_settings(word)
            wanted.append((word, name, settings, None))
    if args.accuracy:
        with problems.collect():
            wanted += [
                (m.label, m.arch, m.settings, m.accuracy) for m in accuracy.trained(args.accuracy)
            ]
    for label, name, settings, top1 in wanted:
        with problems.collect():
            models.append((label, networks.load(name, settings, strict=args.strict), top1))
    for word in args.hw:
        with problems.collect():
            path = shipped.find(word, "hwprofiles")
            profiles.append((hardware.load_profile(path), str(path)))
    problems.raise_if_any()
    return [
        Entry(label, simulate(network, profile, hw_file=path, batch=args.batch, uniform=True,
                              passes=options.passes(args), choices=options.policies(args)), top1)
        for label, network, top1 in models for profile, path in profiles
    ]  # fmt: skip
