"""Predicted times beside measured ones: errors by family and kind, rank correlation, the worst ten.

MEASUREMENTS.csv has the columns network, batch, dtype, seconds and, if wanted, family; \
networks are paths
relative to the file (YAML or ONNX) or shipped names.
"""

from __future__ import annotations

import argparse

from costmodel.cli import options
from costmodel.errors import Problems
from costmodel.report.calibration import evaluation_page, scatter, tables
from costmodel.studies.calibration import evaluation, measured_runs, measurements
from costmodel.studies.calibration.evaluation import Prediction

CHOICES = ("--convention C", "--placement P", "--traffic R", "--timing T")
EXAMPLES = ("evaluate mine.csv --hw mine.yaml --html errors.html",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add(parser, "measurements MEASUREMENTS.csv", "measured networks")
    options.add_shared(parser, "--hw HW", *CHOICES, "--pass NAME")
    options.add(parser, "--json FILE", "write errors and every row")
    options.add(parser, "--csv FILE", "write every row")
    options.add_shared(parser, "--html FILE")
    options.add(parser, "--plot DIR", "write evaluation.png")


def run(args: argparse.Namespace) -> int:
    """Predict, compare, print, and write what was asked for."""
    problems = Problems()
    with problems.collect():
        table = measurements.read(args.measurements)
    with problems.collect():
        profile, path = options.profile(args.hw)
    problems.raise_if_any()
    outcomes = evaluation.evaluate(
        table,
        profile,
        hw_file=str(path),
        passes=options.passes(args),
        choices=options.policies(args),
    )
    records = [one.record for one in outcomes]
    options.write(
        args,
        json=lambda: evaluation.report(outcomes),
        csv=lambda: (records, list(records[0])),
        html=lambda: evaluation_page.evaluation_page(outcomes, profile),
        plot=lambda: {"evaluation.png": [scatter.scatter_chart(outcomes, profile.name)]},
    )
    told = measured_runs.widened(profile, table)
    print("\n".join([*_text(outcomes, profile.name), *told]))
    return 0


def _text(outcomes: list[Prediction], machine: str) -> list[str]:
    """The errors by family and by kind, and the worst of them."""
    every = evaluation.figures(outcomes)
    rho = every["rank_correlation"]
    lines = [f"{every['n']} measurements on {machine}: absolute error of the predicted time", ""]
    for title, by in (("family", "family"), ("dominating kind", "dominating_kind")):
        groups = evaluation.grouped(outcomes, by) | {"all": every}
        lines += [*tables.errors(title, groups, ("mape", "median_ape", "p90_ape", "bias")), ""]
    correlation = "-" if rho is None else f"{rho:.3f}"
    return [
        *lines,
        f"Rank correlation of times per sample {correlation}",
        "",
        "Worst",
        *tables.worst(outcomes),
    ]
