"""Predicted times beside measured ones: errors by family and kind, rank correlation, the worst ten.

MEASUREMENTS.csv has the columns network, batch, dtype, seconds and, if wanted, family; \
networks are paths
relative to the file (YAML or ONNX) or shipped names.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from costmodel.cli import options

if TYPE_CHECKING:
    from costmodel.studies.calibration.evaluation import Prediction

EXAMPLES = ("evaluate mine.csv --hw mine.yaml --html errors.html",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("measurements", metavar="MEASUREMENTS.csv", help="measured networks")
    parser.add_argument("--hw", required=True, help="hardware profile, or a shipped short name")
    parser.add_argument("--convention", metavar="C", help="how ops and params are counted")
    parser.add_argument("--placement", metavar="P", help="which tensors live on chip")
    parser.add_argument("--traffic", metavar="R", help="what moves again: once, tiled")
    parser.add_argument("--timing", metavar="T", help="how transfer and compute add up")
    options.add_passes(parser)
    parser.add_argument("--json", metavar="FILE", help="write errors and every row")
    parser.add_argument("--csv", metavar="FILE", help="write every row")
    options.add_html(parser)
    parser.add_argument("--plot", metavar="DIR", help="write evaluation.png")


def run(args: argparse.Namespace) -> int:
    """Predict, compare, print, and write what was asked for."""
    from costmodel.errors import Problems
    from costmodel.hardware.read import load_profile
    from costmodel.language import shipped
    from costmodel.report import files
    from costmodel.studies.calibration import evaluation, measurements

    problems = Problems()
    with problems.collect():
        table = measurements.read(args.measurements)
    with problems.collect():
        path = shipped.find(args.hw, "hwprofiles")
        profile = load_profile(path)
    problems.raise_if_any()
    choices = {key: getattr(args, key) for key in ("convention", "placement", "traffic", "timing")}
    found = evaluation.evaluate(
        table, profile, hw_file=str(path), passes=options.passes(args), choices=choices
    )
    if args.json:
        files.write_json(args.json, evaluation.report(found))
    if args.csv:
        records = [one.record for one in found]
        files.write_csv(args.csv, records, list(records[0]))
    if args.html:
        from costmodel.report.calibration.evaluation_page import evaluation_page

        files.write_text(args.html, evaluation_page(found, profile))
    if args.plot:
        from pathlib import Path

        from costmodel.report import plots
        from costmodel.report.calibration import scatter

        plots.save(scatter.figure(found, profile.name), Path(args.plot) / "evaluation.png")
    print("\n".join(_text(found, profile.name)))
    return 0


def _text(found: list[Prediction], machine: str) -> list[str]:
    from costmodel.report.numbers import columns, seconds
    from costmodel.studies.calibration import evaluation

    head = ["", "n", "mean_%", "median_%", "p90_%", "bias_%"]
    every = evaluation.figures(found)
    rho = every["rank_correlation"]
    lines = [f"{every['n']} measurements on {machine}: absolute error of the predicted time", ""]
    for title, by in (("family", "family"), ("dominating kind", "dominating_kind")):
        groups = evaluation.grouped(found, by)
        table = [
            [title, *head[1:]],
            *(_line(word or "-", group) for word, group in groups.items()),
            _line("all", every),
        ]
        lines += [*columns(table), ""]
    lines.append(f"Rank correlation of times per sample {'-' if rho is None else f'{rho:.3f}'}")
    lines += ["", "Worst"]
    lines += columns(
        [
            [
                one.measured.name,
                seconds(one.measured.seconds),
                seconds(one.predicted_s),
                f"{100 * one.error:+.0f} %",
                one.reason,
            ]
            for one in evaluation.worst(found)
        ]
    )
    return lines


def _line(word: str, group: dict[str, Any]) -> list[str]:
    return [
        word,
        str(group["n"]),
        *(f"{100 * group[key]:.1f}" for key in ("mape", "median_ape", "p90_ape", "bias")),
    ]
