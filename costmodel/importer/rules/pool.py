"""Pools, reductions and searches along axes."""

from __future__ import annotations

from math import prod

from costmodel.importer.node import Node, Rule, Work
from costmodel.importer.rules.contraction import flat, pair
from costmodel.layers.pool import AvgPool, GlobalAvgPool, MaxPool
from costmodel.layers.reduce import Reduce


def window(kind: type[AvgPool | MaxPool]) -> Rule:
    """A pool over windows."""

    def rule(node: Node) -> Work:
        layer = kind(kernel=pair(tuple(node.get("kernel_shape"))))
        tally = layer.tally((flat(node.shape()),), (flat(node.outputs[0]),))
        return Work(layer, tally, aside=tuple(range(1, len(node.inputs))))

    return rule


def average_all(node: Node) -> Work:
    """The mean over all positions."""
    layer = GlobalAvgPool(keep_dims=True)
    return Work(
        layer,
        layer.tally((flat(node.shape()),), node.outputs),
        aside=tuple(range(1, len(node.inputs))),
    )


def reduction(function: str) -> Rule:
    """One operation for each element that vanishes; a mean divides once per output."""

    def rule(node: Node) -> Work:
        layer = Reduce(function=function, axes=(0,))
        return Work(layer, layer.tally((node.shape(),), node.outputs[:1]), aside=(1,))

    return rule


def search(node: Node) -> Work:
    """ArgMax, TopK and the like: each element is compared once (for TopK, k times in the worst case)."""
    layer = Reduce(function="amax", axes=(0,))
    return Work(layer, layer.tally((node.shape(),), ((max(prod(node.shape()) // max(node.shape()[-1], 1), 1),),)),
                aside=(1,))  # fmt: skip


RULES: dict[str, Rule] = {
    "MaxPool": window(MaxPool), "AveragePool": window(AvgPool), "LpPool": window(AvgPool),
    "QLinearAveragePool": window(AvgPool), "GlobalAveragePool": average_all, "QLinearGlobalAveragePool": average_all,
    "GlobalLpPool": average_all, "GlobalMaxPool": reduction("amax"),
    **{f"Reduce{word}": reduction(function) for word, function in {
        "Sum": "sum", "Mean": "mean", "Max": "amax", "Min": "amin", "Prod": "prod", "L1": "sum", "L2": "sum",
        "LogSum": "sum", "LogSumExp": "sum", "SumSquare": "sum"}.items()},
    "CumSum": reduction("sum"), "ArgMax": search, "ArgMin": search, "TopK": search, "Hardmax": search,
}  # fmt: skip
