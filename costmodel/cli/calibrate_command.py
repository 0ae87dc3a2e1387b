"""A machine's profile fitted to measured times, with its error bar.

MEASUREMENTS.csv has the columns network, batch, dtype, seconds and, if wanted, family and layer; \
networks are paths
relative to the file (YAML or ONNX) or shipped names; a cell of seconds may name \
an ONNX Runtime profile. A profile (.json)
is accepted in the table's place, with --network; so is a folder of tables of kernel times. \
docs/calibration.md says what is fitted, and how to measure.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from costmodel.cli import options
from costmodel.errors import InputError, Place, Problems
from costmodel.report import files
from costmodel.report.calibration import folder, text
from costmodel.studies.calibration import calibrate, kernels, measured_runs, measurements, profile
from costmodel.studies.calibration.measurements import Measurement

EXAMPLES = (
    "calibrate mine.csv --hw this_machine.yaml --out mine.yaml",
    "calibrate kernel_tables --hw h100 --out h100_mine.yaml",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(
        parser,
        "measurements MEASUREMENTS.csv",
        "measured networks, one ONNX Runtime profile (.json), or a folder of kernel times",
    )
    base = "the profile to start from, or a shipped short name"
    options.add(parser, "--hw BASE", base, required=True)
    options.add(parser, "--out PROFILE.yaml", "the calibrated profile", required=True)
    options.add(parser, "--network ARCH", "the network that a profile (.json) is of")
    options.add(parser, "--batch N", "its samples per run")
    options.add(parser, "--dtype TYPE", "its element type", default="fp32")
    options.add_shared(parser, "--convention C")
    for words in ("--placement P", "--timing T"):
        best = f"{options.SHARED[words][0]} (else what predicts best)"
        options.add(parser, words, best)
    options.add_shared(parser, "--pass NAME")
    options.add(parser, "--json FILE", "write errors, parameters and every measurement")
    options.add(parser, "--plot DIR", "write calibration.png: held-out predictions")
    study = "write what each feature is worth, and a learning curve: takes minutes"
    options.add(parser, "--study DIR", study)


def run(args: argparse.Namespace) -> int:
    """Fit, cross-validate, write the profile, print."""
    if Path(args.measurements).is_dir():
        return _kernels(args)
    problems = Problems()
    with problems.collect():
        table = _table(args)
    with problems.collect():
        machine, base = options.profile(args.hw)
    problems.raise_if_any()
    calibrated = calibrate.calibrate(
        table,
        machine,
        hw_file=str(base),
        passes=options.passes(args),
        choices={key: getattr(args, key) for key in ("convention", "placement", "timing")},
    )
    written = profile.text(base, calibrated, Path(args.measurements).name)
    options.write(
        args,
        json=lambda: text.record(calibrated),
        plot=lambda: {"calibration.png": [text.chart(calibrated)]},
    )
    if args.study:
        folder.write(args.study, calibrated)
    # last: it stands for a calibration that is whole
    files.write_text(args.out, written)
    told = measured_runs.widened(machine, table)
    print("\n".join([*text.lines(calibrated), *told]))
    return 0


def _kernels(args: argparse.Namespace) -> int:
    """Fit routines to the tables of kernel times in a folder."""
    machine, base = options.profile(args.hw)
    fitted = kernels.fits(Path(args.measurements), machine)
    written = profile.kernel_text(base, fitted, f"{Path(args.measurements).name} (kernel times)")
    options.write(args, json=lambda: {"routines": [vars(fit) for fit in fitted]})
    files.write_text(args.out, written)
    for fit in fitted:
        figures = ", ".join(f"{word} {value:.4g}" for word, value in fit.figures.items())
        print(
            f"{fit.routine:12} {figures}; {fit.count} kernels, mean error {100 * fit.mean:.1f} %, "
            f"median {100 * fit.median:.1f} %, unseen fifths {100 * fit.unseen:.1f} %"
        )
    print(f"wrote {args.out}")
    return 0


def _table(args: argparse.Namespace) -> list[Measurement]:
    """The measurements of the table, or of the one profile. Raises InputError."""
    if not args.measurements.endswith(".json"):
        if args.network:
            raise InputError.at(
                Place("--network"),
                "is for an ONNX Runtime profile (.json)",
                "name networks in the table",
            )
        return measurements.read(args.measurements)
    if not args.network:
        raise InputError.at(
            Place(args.measurements),
            "a profile does not say which network it is of",
            "add --network MODEL.onnx (and --batch, --dtype)",
        )
    place = Place(args.measurements)
    return measurements.from_profile(
        args.measurements, measurements.checked(args.network, args.batch, args.dtype, place)
    )
