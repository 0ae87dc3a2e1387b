"""Depthwise Multiception Convolution."""

from __future__ import annotations

from statistics import mean
from typing import Any, ClassVar

from costmodel.papers import model
from costmodel.papers.paper import Paper, Trained
from costmodel.papers.stated import tables_of
from costmodel.papers.table import Table, read_csv

SOURCE = "G. Bao, M. B. Graeber, X. Wang, Depthwise Multiception Convolution, 2020"
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "ResNet-20": ("resnet_cifar", {"n": 3}),
    "ResNet-50": ("resnet_cifar", {"n": 8}),
    "SeNet-56": ("se_resnet_cifar", {"n": 9}),
    "ShakeNet-26-2x96d": ("shake_shake", {"n": 4, "width": 96}),
}
MOBILENET_V2 = ("mobilenet_v2", {"first_stride": 1})
"""Multiception section IV.B, for STL-10."""
LINES = list(read_csv("multiception"))
DIFFERENT = [line for line in LINES if line["published_param_diff_pct"]]
"""Lines that print a difference."""


def params(name: str, conv: str, classes: int) -> int:
    """Our parameters of a model [count]."""
    arch, settings = NETWORKS[name]
    return model.params(arch, conv=conv, classes=classes, **settings)


def difference(name: str, classes: int) -> float:
    """Multiception against standard convolution, from our counts [%]."""
    return 100 * (params(name, "multiception", classes) / params(name, "standard", classes) - 1)


def mean_difference() -> float:
    """The mean of our differences where the paper prints one [%]."""
    return mean(difference(line["model"], int(line["classes"])) for line in DIFFERENT)


def printed_difference(dataset: str, name: str) -> float:
    """The difference that follows from the printed counts of two models [%]."""
    printed = {
        line["conv"]: float(line["published_params_M"])
        for line in LINES
        if (line["dataset"], line["model"]) == (dataset, name)
    }
    return 100 * (printed["multiception"] / printed["standard"] - 1)


def mean_printed() -> float:
    """The mean of the printed differences [%]."""
    return mean(float(line["published_param_diff_pct"]) for line in DIFFERENT)


def apart(word: str, c: int, size: int, kernel: int, n: int) -> int:
    """A count of a depthwise and a pointwise convolution together."""
    depthwise = model.tally(word, "depthwise_conv2d", c, size, kernel, 1)
    return depthwise + model.tally(word, "conv2d", c, size, 1, n)


FUNCTIONS = (params, difference, mean_difference, printed_difference, mean_printed, apart)


class MulticeptionPaper(Paper):
    """Depthwise convolutions of several kernel sizes in the place of others."""

    source: ClassVar[str] = SOURCE
    tables: ClassVar[tuple[type[Table], ...]] = tables_of(
        "multiception", {function.__name__: function for function in FUNCTIONS}
    )

    def trained(self) -> list[Trained]:
        """Every model on every data set, with standard convolutions and with others."""
        models = []
        for line in read_csv("multiception_errors"):
            arch, settings = NETWORKS.get(line["model"], MOBILENET_V2)
            more: dict[str, Any] = {"classes": int(line["classes"]), "conv": line["conv"]}
            if line["resolution"] != "32":
                more["resolution"] = int(line["resolution"])
            models.append(
                Trained(
                    line["dataset"].lower().replace("-", ""),
                    f"{line['model']} {line['conv']}",
                    arch,
                    {**settings, **more},
                    round(100 - float(line["top1_error_pct"]), 2),
                    f"{SOURCE}, Table {line['table']}",
                )
            )
        return models
