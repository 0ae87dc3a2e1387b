"""Normalisations, with a scale and a shift or without."""

from __future__ import annotations

from math import prod

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.samples import batched, beside
from costmodel.frontends.onnx.shaping import Shaper, same
from costmodel.models.layers.computed import behind
from costmodel.models.layers.layer_norm import GroupNorm, LayerNorm, LocalResponseNorm, RmsNorm
from costmodel.models.layers.norm import BatchNorm


def channels(node: OnnxNode) -> int:
    """The axis per sample that holds the channels: the file's second."""
    return node.place(1 if len(node.whole()) > 1 else 0)


def normalised(node: OnnxNode) -> int:
    """How many of the last axes are normalised."""
    rank = len(node.whole())
    axis: int = node.get("axis", -1)
    return rank - axis % rank


def batch_norm(node: OnnxNode) -> Work:
    """A batch norm: x, scale, shift, and the running mean and variance."""
    size = prod(node.shape())
    # statistics of the batch itself: a mean and a variance besides
    training = size if node.get("training_mode", 0) else 0
    return Work(
        (
            BatchNorm(axis=channels(node)),
            *behind(node.shape(), adds=3 * training, muls=training),
        ),
        (node.shape(),),
        weights=(1, 2),
        aside=(3, 4),
        statistics=(3, 4),
    )


def layer_norm(node: OnnxNode) -> Work:
    """A layer norm: x, its scale, and a shift that is left out now and then."""
    return Work((LayerNorm(axes=normalised(node)),), (node.shape(),), weights=(1, 2))


def group_norm(node: OnnxNode) -> Work:
    """A group norm: x, scale, shift. An instance norm has one group per channel."""
    groups = node.get("num_groups", node.whole()[1])
    layer = GroupNorm(groups=groups, axis=channels(node))
    return Work((layer,), (node.shape(),), weights=(1, 2))


def rms_norm(node: OnnxNode) -> Work:
    """A root-mean-square norm: x and its scale."""
    return Work((RmsNorm(axes=normalised(node)),), (node.shape(),), weights=(1,))


def local_response(node: OnnxNode) -> Work:
    """LRN over `size` channels."""
    return Work((LocalResponseNorm(size=node.get("size")),), (node.shape(),))


def plain(node: OnnxNode) -> Work:
    """Mean and variance, or a norm, taken out: nothing to scale or shift."""
    return Work((LayerNorm(affine=False),), (node.shape(),))


def channelled(node: OnnxNode, number: int) -> int | None:
    """MeanVarianceNormalization works over the batch too unless it says otherwise."""
    return None if 0 in node.get("axes", (0, 2, 3)) else batched(node, number)


RULES: dict[str, Rule] = {
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "InstanceNormalization": group_norm,
    **dict.fromkeys(("RMSNormalization", "SimplifiedLayerNormalization"), rms_norm),
    "LRN": local_response,
    "MeanVarianceNormalization": plain,
    "LpNormalization": plain,
}
SAME_SHAPE = tuple(RULES)
SHAPES: dict[str, Shaper] = dict.fromkeys(
    ("GroupNormalization", "MeanVarianceNormalization", "SimplifiedLayerNormalization"), same
)

LAYERS = ("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
FOLLOW: dict[str, Follow] = {
    **dict.fromkeys(("GroupNormalization", "InstanceNormalization"), batched),
    **dict.fromkeys(("BatchNormalization", "LRN"), beside(lambda node: (1,))),
    **dict.fromkeys(LAYERS, beside(lambda node: range(-normalised(node), 0))),
    "MeanVarianceNormalization": channelled,
    "LpNormalization": beside(lambda node: (node.get("axis", -1),)),
}
