"""Pools, reductions and searches along axes."""

from __future__ import annotations

from math import prod

from costmodel.frontends.onnx.node import Node, Rule, Work
from costmodel.frontends.onnx.rules.contraction import known_rank, window
from costmodel.models.layers.pool import (
    AvgPool,
    AvgPool1d,
    AvgPool3d,
    GlobalAvgPool,
    MaxPool,
    MaxPool1d,
    MaxPool3d,
    Pool,
)
from costmodel.models.layers.reduce import CumulativeSum, Reduce, Search

Pools = dict[int, type[Pool]]
MAXIMA: Pools = {1: MaxPool1d, 2: MaxPool, 3: MaxPool3d}
MEANS: Pools = {1: AvgPool1d, 2: AvgPool, 3: AvgPool3d}


def pool(kinds: Pools) -> Rule:
    """A pool over windows."""

    def rule(node: Node) -> Work:
        kernel = tuple(node.get("kernel_shape"))
        axes = known_rank({**kinds}, len(kernel))
        options = window(node, node.shape()[-axes:], kernel, node.outputs[0][-axes:])
        aside = tuple(range(1, len(node.inputs)))
        return Work((kinds[axes](**options),), (node.shape(),), aside=aside)

    return rule


def average_all(node: Node) -> Work:
    """The mean over all positions."""
    layer = GlobalAvgPool(keep_dims=True, axes=len(node.whole()) - 2)
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def largest_of_all(node: Node) -> Work:
    """The maximum over all positions."""
    axes = tuple(node.place(axis) for axis in range(2, len(node.whole())))
    return Work((Reduce(function="amax", axes=axes, keep_dims=True),), (node.shape(),))


def reduction(function: str) -> Rule:
    """A function over the axes that the node names, or over all."""

    def rule(node: Node) -> Work:
        rank = len(node.whole())
        axes = node.axes(() if node.get("noop_with_empty_axes", 0) else range(rank))
        # an axis of the samples alone, of which there is one, is not there per sample
        places = tuple(node.place(axis) for axis in axes)
        keep = bool(node.get("keepdims", 1))
        if not places:
            places, keep = (len(node.shape()),), True
            return Work(
                (Reduce(function=function, axes=places, keep_dims=False),),
                ((*node.shape(), 1),),
                aside=(1,),
            )
        return Work(
            (Reduce(function=function, axes=places, keep_dims=keep),), (node.shape(),), aside=(1,)
        )

    return rule


def running_sum(node: Node) -> Work:
    """CumSum along an axis that is an input."""
    axis = (node.numbers("axis", 1) or [0])[0]
    return Work((CumulativeSum(axis=node.place(axis)),), (node.shape(),), aside=(1,))


def search(node: Node) -> Work:
    """ArgMax, ArgMin and TopK."""
    topk = node.op == "TopK"
    axis = node.place(node.get("axis", -1 if topk else 0))
    whole, out = node.shape(), node.outputs[0]
    keep = out[axis] if len(out) == len(whole) else None
    both = len(node.outputs) == 2
    return Work((Search(axis=axis, keep=keep, both=both),), (whole,), aside=(1,))


def hard_max(node: Node) -> Work:
    """A one at the largest element of each vector: searched, then written out."""
    whole = node.shape()
    axis = node.place(node.get("axis", -1))
    return Work((Search(axis=axis, keep=whole[axis] if prod(whole) else None),), (whole,))


REDUCTIONS = {
    "Sum": "sum",
    "Mean": "mean",
    "Max": "amax",
    "Min": "amin",
    "Prod": "prod",
    "L1": "l1",
    "L2": "l2",
    "LogSum": "log_sum",
    "LogSumExp": "log_sum_exp",
    "SumSquare": "sum_square",
}
RULES: dict[str, Rule] = {
    "MaxPool": pool(MAXIMA),
    "AveragePool": pool(MEANS),
    "LpPool": pool(MEANS),
    "QLinearAveragePool": pool(MEANS),
    "GlobalAveragePool": average_all,
    "QLinearGlobalAveragePool": average_all,
    "GlobalLpPool": average_all,
    "GlobalMaxPool": largest_of_all,
    **{f"Reduce{word}": reduction(function) for word, function in REDUCTIONS.items()},
    "CumSum": running_sum,
    "ArgMax": search,
    "ArgMin": search,
    "TopK": search,
    "Hardmax": hard_max,
}
