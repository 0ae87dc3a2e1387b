"""Time networks on this machine with ONNX Runtime, as a table for `calibrate`.

Beside the table a profile of this machine is written, its peaks as numpy or a network reaches \
them, to calibrate from. Without NETWORK fifteen small networks of five families are written \
beside the table and timed. docs/calibration.md says how to keep a machine quiet.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from costmodel.cli import options
from costmodel.core.loading import load_network
from costmodel.errors import InputError, Place, Problems
from costmodel.report import files
from costmodel.studies.labels import once_each
from costmodel.studies.measuring import machine, networks, timing
from costmodel.studies.measuring.timing import Measured

EXAMPLES = ("measure --out mine.csv", "measure model.onnx other.onnx --out mine.csv --seconds 5")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "networks NETWORK", "ONNX files with their weights", nargs="*")
    options.add(parser, "--out MEASUREMENTS.csv", "the table to write", required=True)
    options.add(parser, "--seconds S", "for each network (default 3)", type=float, default=3.0)
    options.add(parser, "--threads N", "threads (default: every core)", type=int)


def run(args: argparse.Namespace) -> int:
    """Measure, write the table and the machine, print."""
    once_each(args.networks, Place("NETWORK"))
    _check(args)
    out = Path(args.out)
    measured = timing.measure(
        _networks(args.networks, out),
        seconds=args.seconds,
        threads=args.threads,
        tell=lambda line: print(line, file=sys.stderr),
    )
    rows = [
        {**one.record(), "network": os.path.relpath(one.network, out.parent)} for one in measured
    ]
    for one, row in zip(measured, rows, strict=True):
        print(f"{1e3 * one.least:10.4g} ms  median {1e3 * one.median:8.4g}  {row['network']}")
    profile = out.with_name(f"{out.stem}_machine.yaml")
    text = machine.profile_text(max(map(_rate, measured)))
    files.write_text(profile, text)
    files.write_csv(out, rows, timing.COLUMNS)
    print(
        f"wrote {out} and {profile}; now: costmodel calibrate {out} --hw {profile} --out cpu.yaml"
    )
    if warning := timing.busy(measured):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _rate(one: Measured) -> float:
    """Operations of the multiply-adds of a network over its time [op/s]."""
    rows = load_network(one.network).rows
    macs = sum(part.tally.macs for row in rows for part in row.parts)
    return float(2 * macs / one.least)


def _check(args: argparse.Namespace) -> None:
    """Raise InputError for options that make no sense."""
    problems = Problems()
    if not 0 < args.seconds < 3600:
        problems.add(Place("--seconds"), f"{args.seconds:g} seconds", "give 0.1 to 3600")
    if args.threads is not None and args.threads < 1:
        problems.add(Place("--threads"), f"{args.threads} threads", "give a whole number from 1")
    for word in args.networks:
        if not Path(word).is_file():
            problems.add(Place(word), "no such file", "give ONNX files with their weights")
    problems.raise_if_any()


def _networks(words: Sequence[str], out: Path) -> list[tuple[Path, str]]:
    """The files that are named, or this project's own, written beside `out`."""
    if words:
        return [(Path(word), "") for word in words]
    try:
        return networks.write(out.parent / f"{out.stem}_networks")
    except OSError as error:
        raise InputError.at(Place(str(out)), str(error), "choose another folder") from None
