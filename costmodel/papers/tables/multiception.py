"""Depthwise Multiception Convolution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any, ClassVar

from costmodel.papers import model, pictures
from costmodel.papers.accuracy import Trained
from costmodel.papers.paper import Paper
from costmodel.papers.table import Cell, Contradiction, Explanation, Table, read_csv, truncated

SOURCE = "G. Bao, M. B. Graeber, X. Wang, Depthwise Multiception Convolution, 2020"
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "ResNet-20": ("resnet_cifar", {"n": 3}),
    "ResNet-50": ("resnet_cifar", {"n": 8}),
    "SeNet-56": ("se_resnet_cifar", {"n": 9}),
    "ShakeNet-26-2x96d": ("shake_shake", {"n": 4, "width": 96}),
}
PARAMS, EXACT, DIFF = "million parameters", "parameters", "difference, %"
MOBILENET_V2 = ("mobilenet_v2", {"first_stride": 1})
"""Multiception section IV.B, for STL-10."""
ROWS = list(read_csv("multiception"))


def params(row: dict[str, str], conv: str | None = None) -> int:
    """Our parameters of a row's model [count]."""
    arch, settings = NETWORKS[row["model"]]
    return model.params(arch, conv=conv or row["conv"], classes=int(row["classes"]), **settings)


def label(row: dict[str, str]) -> str:
    """The name of a row."""
    return f"{row['dataset']}, {row['model']}, {row['conv']}"


def ours(row: dict[str, str]) -> float:
    """Multiception against standard convolution, from our counts [%]."""
    return 100 * (params(row, "multiception") / params(row, "standard") - 1)


def printed(row: dict[str, str]) -> float:
    """The same from the printed counts of the two models [%]."""
    pair = {
        r["conv"]: float(r["published_params_M"])
        for r in ROWS
        if (r["dataset"], r["model"]) == (row["dataset"], row["model"])
    }
    return 100 * (pair["multiception"] / pair["standard"] - 1)


BY_LABEL = {label(row): row for row in ROWS}
WITH_DIFF = [row for row in ROWS if row["published_param_diff_pct"]]


class Table5(Table):
    """Parameters of standard and Multiception models, and their differences."""

    name: ClassVar[str] = "multiception_table5"
    title: ClassVar[str] = "Multiception, Table V: parameters"
    source: ClassVar[str] = f"{SOURCE}, Table V; exact counts recomputed from the layer structure"
    explanations: ClassVar[tuple[Explanation, ...]] = (
        Explanation(
            "The paper cuts this figure off instead of rounding it.",
            covers=lambda cell: cell.column == PARAMS,
            figure=lambda cell: truncated(float(cell.value), cell.published),
        ),
        Explanation(
            "Computed from the two printed counts, which have four digits.",
            covers=lambda cell: cell.column == DIFF and cell.row in BY_LABEL,
            figure=lambda cell: printed(BY_LABEL[cell.row]),
        ),
        Explanation(
            "The mean of the eight printed differences.",
            covers=lambda cell: cell.row == "Average",
            figure=lambda cell: mean(float(r["published_param_diff_pct"]) for r in WITH_DIFF),
        ),
    )
    contradictions: ClassVar[tuple[Contradiction, ...]] = (
        Contradiction(
            "The same layers give every other figure of the table to the last digit; this one is "
            "0.25 % (ResNet-20), 0.5 % (SeNet-56) and 0.06 % (ShakeNet, 100 classes) away from "
            "them.",
            covers=lambda cell: (
                cell.column == PARAMS and cell.published in ("0.1899", "0.5886", "17.59")
            ),
        ),
        Contradiction(
            "Follows neither from the exact counts (-30.48) nor from the printed ones (-30.29).",
            covers=lambda cell: (cell.column, cell.published) == (DIFF, "-30.30"),
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """Printed and exact parameters of 16 models, eight differences and their mean."""
        for row in ROWS:
            count = params(row)
            yield Cell(label(row), PARAMS, row["published_params_M"], count / 1e6)
            yield Cell(label(row), EXACT, row["exact_params"], count)
            if row["published_param_diff_pct"]:
                yield Cell(label(row), DIFF, row["published_param_diff_pct"], ours(row))
        yield Cell("Average", DIFF, "-32.48", mean(map(ours, WITH_DIFF)))


GRID = [(c, n, k, 8) for c, n in ((16, 16), (16, 32), (64, 128)) for k in (1, 3, 5, 7)]


class Equations(Table):
    """Equations (1) to (6) against layers of C input and N output channels on H x W maps."""

    name: ClassVar[str] = "multiception_equations"
    title: ClassVar[str] = "Multiception, equations (1)-(6) against the layers they describe"
    source: ClassVar[str] = f"{SOURCE}, sections II.B and III"
    explanations: ClassVar[tuple[Explanation, ...]] = (
        Explanation(
            "Equation (6) is an upper bound, not the layer: it counts the depthwise kernels, "
            "C sum K^2, three times; the layer has them once.",
            covers=lambda cell: cell.column == "(6)",
            figure=lambda cell: float(cell.value) + 2 * int(cell.row.split()[0][2:]) * KERNELS,
        ),
    )

    def cells(self) -> Iterator[Cell]:
        """The equation's value as published, the layer's tally as ours."""
        for c, n, k, size in GRID:
            name = f"C={c} N={n} K={k} H=W={size}"
            full = model.layer("conv2d", (c, size, size), kernel=k, filters=n, padding="same").tally
            parts = [part.tally for part in model.separable((c, size, size), k, n)]
            weights, macs = sum(t.weights for t in parts), sum(t.macs for t in parts)
            yield Cell(name, "(1)", str(c * k**2 * n), full.weights)
            yield Cell(name, "(2)", str(size * size * c * k**2 * n), full.macs)
            yield Cell(name, "(3)", str(c * (k**2 + n)), weights)
            yield Cell(name, "(4)", str(size * size * c * (k**2 + n)), macs)
            ratio = (k**2 + n) / (k**2 * n)
            yield Cell(name, "(5) parameters", f"{ratio:.12g}", weights / full.weights)
            yield Cell(name, "(5) operations", f"{ratio:.12g}", macs / full.macs)
        for c, n in ((16, 16), (32, 64)):
            yield Cell(
                f"C={c} N={n} K=3,5,7", "(6)", str(3 * c * (KERNELS + n)), multiception(c, n)
            )


KERNELS = 3**2 + 5**2 + 7**2
"""Sum of K^2 of the three kernels."""


def multiception(c: int, n: int, size: int = 8) -> int:
    """Weights of a Multiception layer with kernels 3, 5, 7: its convolutions only [count]."""
    depthwise = [
        model.layer("depthwise_conv2d", (c, size, size), kernel=k, padding="same").tally.weights
        for k in (3, 5, 7)
    ]
    pointwise = model.layer("conv2d", (3 * c, size, size), kernel=1, filters=n).tally.weights
    return int(sum(depthwise) + pointwise)


class Multiception(Paper):
    """Depthwise convolutions of several kernel sizes in the place of others."""

    source: ClassVar[str] = SOURCE
    tables: ClassVar[tuple[type[Table], ...]] = (Table5, Equations)

    def pictures(self, folder: Path) -> None:
        """Published accuracy against modelled time."""
        pictures.accuracies(folder, trained())


def trained() -> list[Trained]:
    """Every model of the paper with its published accuracy."""
    found = []
    for row in read_csv("multiception_errors"):
        arch, settings = NETWORKS.get(row["model"], MOBILENET_V2)
        more: dict[str, Any] = {"classes": int(row["classes"]), "conv": row["conv"]}
        if row["resolution"] != "32":
            more["resolution"] = int(row["resolution"])
        found.append(
            Trained(
                row["dataset"].lower().replace("-", ""),
                f"{row['model']} {row['conv']}",
                arch,
                {**settings, **more},
                round(100 - float(row["top1_error_pct"]), 2),
                f"{SOURCE}, Table {row['table']}",
            )
        )
    return found
