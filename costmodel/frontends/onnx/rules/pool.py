"""Pools, reductions and searches along axes."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import onnx
from onnx import TensorProto

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules.convolution import in_front, is_last, sliding, window
from costmodel.frontends.onnx.samples import batched, beside
from costmodel.frontends.onnx.shaping import Shaper, element, spread_out, typed, window_of
from costmodel.models.layers.move import Copy
from costmodel.models.layers.pool import GlobalAvgPool
from costmodel.models.layers.reduce import CumulativeSum, Reduce, Search


def pool(kind: str) -> Rule:
    """A pool over windows; the kind of two axes bears no number."""

    def rule(node: OnnxNode) -> Work:
        kernel = tuple(node.get("kernel_shape"))
        axes, last = len(kernel), is_last(node)
        shape, out = (in_front(s, axes, last) for s in (node.shape(), node.outputs[0]))
        attributes = window(node, shape[-axes:], kernel, out[-axes:])
        layer = sliding(kind, axes, ("1d", "", "3d"), **attributes)
        aside = tuple(range(1, len(node.inputs)))
        return Work((layer,), (shape,), operands=(0,), aside=aside)

    return rule


def pooled(node: OnnxNode) -> list[onnx.TypeProto]:
    """[batch, channels, positions], or with the channels last; and where the largest stand."""
    kernel, whole = tuple(node.get("kernel_shape")), node.whole()
    axes, last = len(kernel), is_last(node)
    given = in_front(whole, axes, last)
    out = window_of(node, given[-axes:], kernel)
    lead, channels = given[: -axes - 1], given[-axes - 1]
    shape = (*lead, *out, channels) if last else (*lead, channels, *out)
    return [*typed(node, shape), element(TensorProto.INT64, shape)]


def average_all(node: OnnxNode) -> Work:
    """The mean over all positions."""
    axes = len(node.whole()) - 2
    layer = GlobalAvgPool(keep_dims=True, axes=axes)
    shape = in_front(node.shape(), axes, is_last(node))
    return Work((layer,), (shape,), operands=(0,), aside=tuple(range(1, len(node.inputs))))


def averaged_all(node: OnnxNode) -> list[onnx.TypeProto]:
    """One element for each channel, whose axes stay."""
    whole = node.whole()
    ones = (1,) * (len(whole) - 2)
    return typed(node, (whole[0], *ones, whole[-1]) if is_last(node) else (*whole[:2], *ones))


def unpooled(node: OnnxNode) -> Work:
    """MaxUnpool: zeros, and each element at the place that its index names."""
    return Work((Copy(shape=node.outputs[0]),), (node.shape(),), operands=(0,), aside=(2,))


def unpooled_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """s (n - 1) + k less the padding on each axis, or the shape that an input states."""
    stated = node.numbers("", 2) if node.has(2) else None
    if stated:
        return typed(node, tuple(stated))
    kernel, whole = tuple(node.get("kernel_shape")), node.whole()
    axes = len(kernel)
    out = spread_out(node, whole[-axes:], kernel, node.get("pads") or (0,) * 2 * axes)
    return typed(node, (*whole[:-axes], *out))


def reduced_shape(node: OnnxNode) -> list[onnx.TypeProto]:
    """The input's without the axes, or with 1 there, for reductions that onnx does not define."""
    whole, keep = node.whole(), node.get("keepdims", 1)
    gone = {axis % len(whole) for axis in node.get("axes") or range(len(whole))}
    out = [1 if n in gone else size for n, size in enumerate(whole) if keep or n not in gone]
    if node.op == "ReduceSumInteger":
        return [element(TensorProto.INT32, tuple(out))]
    return typed(node, tuple(out))


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
    **dict.fromkeys(("AveragePool", "LpPool"), pool("avg_pool")),
    **dict.fromkeys(("GlobalAveragePool", "GlobalLpPool"), average_all),
    "GlobalMaxPool": largest_of_all,
    "TopK": search,
    "MaxUnpool": unpooled,
}
OWN: dict[str, tuple[Rule, Shaper]] = {
    "NhwcMaxPool": (pool("max_pool"), pooled),
    "MaxpoolWithMask": (pool("max_pool"), pooled),
    "QLinearAveragePool": (pool("avg_pool"), pooled),
    "QLinearGlobalAveragePool": (average_all, averaged_all),
    "QLinearReduceMean": (
        lambda node: replace(reduction("mean")(node), aside=(1, 2, 3, 4)),
        reduced_shape,
    ),
    "ReduceSumInteger": (reduction("sum"), reduced_shape),
}
"""Operators of ONNX Runtime's own domain."""
RULES: dict[str, Rule] = {
    **POOLS,
    **REDUCED,
    **dict.fromkeys(("CumSum", "CumProd"), running_sum),
    "Hardmax": hard_max,
    **{f"com.microsoft:{op}": rule for op, (rule, _) in OWN.items()},
}
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys(REDUCED, reduced),
    **dict.fromkeys((*POOLS, *OWN), batched),
    **dict.fromkeys(("QLinearReduceMean", "ReduceSumInteger"), reduced),
    **dict.fromkeys(("TopK", "Hardmax"), beside(lambda node: (node.get("axis", -1),))),
    **dict.fromkeys(("CumSum", "CumProd"), beside(lambda node: node.numbers("axis", 1) or [0])),
}
SHAPES: dict[str, Shaper] = {
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), pooled),
    "MaxUnpool": unpooled_shape,
    **{f"com.microsoft:{op}": shape for op, (_, shape) in OWN.items()},
}
