"""Pools, reductions and searches along axes."""

from __future__ import annotations

from math import prod

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.convolution import sliding, window
from costmodel.frontends.onnx.samples import kept
from costmodel.models.layers.pool import GlobalAvgPool
from costmodel.models.layers.reduce import CumulativeSum, Reduce, Search


def pool(kind: str) -> Rule:
    """A pool over windows; the kind of two axes bears no number."""

    def rule(node: OnnxNode) -> Work:
        kernel = tuple(node.get("kernel_shape"))
        axes = len(kernel)
        attributes = window(node, node.shape()[-axes:], kernel, node.outputs[0][-axes:])
        layer = sliding(kind, axes, ("1d", "", "3d"), **attributes)
        return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))

    return rule


def average_all(node: OnnxNode) -> Work:
    """The mean over all positions."""
    layer = GlobalAvgPool(keep_dims=True, axes=len(node.whole()) - 2)
    return Work((layer,), (node.shape(),), aside=tuple(range(1, len(node.inputs))))


def largest_of_all(node: OnnxNode) -> Work:
    """The maximum over all positions."""
    axes = tuple(node.place(axis) for axis in range(2, len(node.whole())))
    return Work((Reduce(function="amax", axes=axes, keep_dims=True),), (node.shape(),))


def reduction(function: str) -> Rule:
    """A function over the axes that the node names, or over all."""

    def rule(node: OnnxNode) -> Work:
        rank = len(node.whole())
        axes = node.axes(() if node.get("noop_with_empty_axes", 0) else range(rank))
        # an axis of the samples alone, of which there is one, is not there per sample
        places = tuple(node.place(axis) for axis in axes)
        shape, keep = node.shape(), bool(node.get("keepdims", 1))
        if not places:
            # nothing is summed: each element stands along an axis of its own
            places, shape, keep = (len(shape),), (*shape, 1), False
        layer = Reduce(function=function, axes=places, keep_dims=keep)
        return Work((layer,), (shape,), aside=(1,))

    return rule


def reduced(node: OnnxNode, number: int) -> int | None:
    """Axes that vanish in front of the samples' move it forward."""
    axis, rank = node.spread().axis, len(node.whole())
    if axis is None or len(node.wholes[number]) == rank:
        return axis
    gone = [place % rank for place in node.axes(range(rank))]
    return None if axis in gone else axis - sum(place < axis for place in gone)


def running_sum(node: OnnxNode) -> Work:
    """CumSum along an axis that is an input."""
    axis = (node.numbers("axis", 1) or [0])[0]
    return Work((CumulativeSum(axis=node.place(axis)),), (node.shape(),), aside=(1,))


def search(node: OnnxNode) -> Work:
    """ArgMax and ArgMin, which keep one element of an axis, and TopK, which keeps several."""
    topk = node.op == "TopK"
    axis = node.place(node.get("axis", -1 if topk else 0))
    whole, out = node.shape(), node.outputs[0]
    keep = out[axis] if len(out) == len(whole) else None
    both = len(node.outputs) == 2
    return Work((Search(axis=axis, keep=keep, both=both),), (whole,), aside=(1,))


def hard_max(node: OnnxNode) -> Work:
    """A one at the largest element of each vector: searched, then written out."""
    whole = node.shape()
    axis = node.place(node.get("axis", -1))
    return Work((Search(axis=axis, keep=whole[axis] if prod(whole) else None),), (whole,))


REDUCTIONS = {
    "Sum": "sum", "Mean": "mean", "Max": "amax", "Min": "amin", "Prod": "prod", "L1": "l1",
    "L2": "l2", "LogSum": "log_sum", "LogSumExp": "log_sum_exp", "SumSquare": "sum_square",
}  # fmt: skip
REDUCED: dict[str, Rule] = {
    **{f"Reduce{word}": reduction(function) for word, function in REDUCTIONS.items()},
    "ArgMax": search,
    "ArgMin": search,
}
POOLS: dict[str, Rule] = {
    "MaxPool": pool("max_pool"),
    **dict.fromkeys(("AveragePool", "LpPool", "QLinearAveragePool"), pool("avg_pool")),
    **dict.fromkeys(("GlobalAveragePool", "QLinearGlobalAveragePool", "GlobalLpPool"), average_all),
    "GlobalMaxPool": largest_of_all,
    "TopK": search,
}
RULES: dict[str, Rule] = {**POOLS, **REDUCED, "CumSum": running_sum, "Hardmax": hard_max}
FOLLOW: dict[str, Follow] = {**dict.fromkeys(REDUCED, reduced), **dict.fromkeys(POOLS, kept)}
