"""Published accuracies, carried as data: nothing here is predicted.

They let `compare` set what a model is worth against what it costs on a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costmodel.errors import InputError, Place, did_you_mean
from costmodel.published import mobilenet, multiception
from costmodel.published.base import read_csv

MOBILENET_V2 = ("mobilenet_v2", {"first_stride": 1})  # Multiception section IV.B, for STL-10


@dataclass(frozen=True)
class Trained:
    """A model that a paper trained: how to build it here, and the top-1 accuracy it reports [%]."""

    dataset: str
    label: str
    arch: str
    settings: dict[str, Any]
    accuracy: float
    source: str


def everything() -> list[Trained]:
    """Every published accuracy of the four papers."""
    found = []
    for (table, _), row in mobilenet.ROWS.items():
        variant = f"{row['variant']} d{row['delta']} a{row['alpha']}"
        found.append(Trained(f"cifar{row['classes']}", variant,
                             mobilenet.ARCHS[row["architecture_table"]], mobilenet.settings(row),
                             float(row["accuracy_pct"]), f"{mobilenet.SOURCE}, Table {table}"))  # fmt: skip
    for row in read_csv("multiception_errors"):
        arch, settings = multiception.NETWORKS.get(row["model"], MOBILENET_V2)
        more: dict[str, Any] = {"classes": int(row["classes"]), "conv": row["conv"]}
        if row["resolution"] != "32":
            more["resolution"] = int(row["resolution"])
        found.append(Trained(row["dataset"].lower().replace("-", ""), f"{row['model']} {row['conv']}",
                             arch, {**settings, **more}, round(100 - float(row["top1_error_pct"]), 2),
                             f"{multiception.SOURCE}, Table {row['table']}"))  # fmt: skip
    return found


def trained(dataset: str) -> list[Trained]:
    """The models trained on `dataset` (cifar10, cifar100, stl10, imagenet32x32). Raises InputError."""
    known = {model.dataset for model in everything()}
    if dataset not in known:
        raise InputError.at(Place(f"--accuracy {dataset}"), "no published accuracy on this data set",
                            did_you_mean(dataset, known))  # fmt: skip
    return [model for model in everything() if model.dataset == dataset]
