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
from typing import TYPE_CHECKING

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.calibration.measurements import Measurement

EXAMPLES = (
    "calibrate mine.csv --hw this_machine.yaml --out mine.yaml",
    "calibrate kernel_tables --hw h100 --out h100_mine.yaml",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "measurements",
        metavar="MEASUREMENTS.csv",
        help="measured networks, one ONNX Runtime profile (.json), or a folder of kernel times",
    )
    parser.add_argument(
        "--hw",
        required=True,
        metavar="BASE",
        help="the profile to start from, or a shipped short name",
    )
    parser.add_argument(
        "--out", required=True, metavar="PROFILE.yaml", help="the calibrated profile"
    )
    parser.add_argument(
        "--network", metavar="ARCH", help="the network that a profile (.json) is of"
    )
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="its samples per run")
    parser.add_argument("--dtype", metavar="TYPE", default="fp32", help="its element type")
    parser.add_argument("--convention", metavar="C", help="how ops and params are counted")
    parser.add_argument(
        "--placement", metavar="P", help="which tensors live on chip (else what predicts best)"
    )
    parser.add_argument(
        "--timing", metavar="T", help="how transfer and compute add up (else what predicts best)"
    )
    options.add_passes(parser)
    parser.add_argument(
        "--json", metavar="FILE", help="write errors, parameters and every measurement"
    )
    parser.add_argument("--plot", metavar="DIR", help="write calibration.png: held-out predictions")

    parser.add_argument(
        "--study",
        metavar="DIR",
        help="write what each feature is worth, and a learning curve: takes minutes",
    )


def run(args: argparse.Namespace) -> int:
    """Fit, cross-validate, write the profile, print."""
    from pathlib import Path

    from costmodel.errors import Problems
    from costmodel.hardware.read import load_profile
    from costmodel.language import shipped
    from costmodel.report import files
    from costmodel.report.calibration import text
    from costmodel.studies.calibration import calibrate, profile

    if Path(args.measurements).is_dir():
        return _kernels(args)
    problems = Problems()
    with problems.collect():
        table = _table(args)
    with problems.collect():
        base = shipped.find(args.hw, "hwprofiles")
        machine = load_profile(base)
    problems.raise_if_any()
    found = calibrate.calibrate(
        table,
        machine,
        hw_file=str(base),
        passes=options.passes(args),
        choices={key: getattr(args, key) for key in ("convention", "placement", "timing")},
    )
    written = profile.text(base, found, Path(args.measurements).name)
    if args.json:
        files.write_json(args.json, text.record(found))
    if args.study:
        from costmodel.report.calibration import folder

        folder.write(args.study, found)
    if args.plot:
        from costmodel.report import plots

        plots.save(text.figure(found), Path(args.plot) / "calibration.png")
    # last: it stands for a calibration that is whole
    files.write(args.out, lambda stream: stream.write(written))
    print("\n".join(text.lines(found)))
    return 0


def _kernels(args: argparse.Namespace) -> int:
    """Fit routines to the tables of kernel times in a folder."""
    from pathlib import Path

    from costmodel.hardware.read import load_profile
    from costmodel.language import shipped
    from costmodel.report import files
    from costmodel.studies.calibration import kernels, profile

    base = shipped.find(args.hw, "hwprofiles")
    fitted = kernels.fits(Path(args.measurements), load_profile(base))
    written = profile.kernel_text(base, fitted, f"{Path(args.measurements).name} (kernel times)")
    if args.json:
        files.write_json(args.json, {"routines": [vars(fit) for fit in fitted]})
    files.write(args.out, lambda stream: stream.write(written))
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
    from costmodel.errors import InputError, Place
    from costmodel.studies.calibration import measurements

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
