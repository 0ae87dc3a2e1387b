"""Tables of errors: of groups of measurements, and of those that are furthest off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel.report.numbers import columns, seconds
from costmodel.studies.calibration import evaluation
from costmodel.studies.calibration.evaluation import Prediction

HEADS = {"mape": "mean_%", "median_ape": "median_%", "p90_ape": "p90_%", "bias": "bias_%"}
"""The figures of a group of errors, and how their columns are called."""


def errors(title: str, groups: Mapping[str, Mapping[str, Any]], words: Sequence[str]) -> list[str]:
    """Lines of a table with the figures `words` of each group of measurements, in per cent."""
    table = [[title, "n", *(HEADS[word] for word in words)]]
    for name, group in groups.items():
        table.append(
            [name or "-", str(group["n"]), *(f"{100 * group[word]:.1f}" for word in words)]
        )
    return columns(table)


def worst(outcomes: Sequence[Prediction]) -> list[str]:
    """Lines of a table of the largest errors, without columns that nobody has anything in."""
    table = [
        (
            one.measured.name,
            one.measured.layer,
            seconds(one.measured.seconds),
            seconds(one.predicted_s),
            f"{100 * one.error:+.0f} %",
            "outside its interval" if one.inside is False else "",
            one.reason,
        )
        for one in evaluation.worst(outcomes)
    ]
    told = [column for column in zip(*table, strict=True) if any(column)]
    return columns([list(row) for row in zip(*told, strict=True)])
