"""Normalisations."""

from __future__ import annotations

from costmodel.importer.node import Node, Rule, Work
from costmodel.importer.rules.contraction import flat
from costmodel.layers.layer_norm import GroupNorm, LayerNorm, LocalResponseNorm, RmsNorm
from costmodel.layers.norm import BatchNorm


def batch_norm(node: Node) -> Work:
    """x, scale, shift, mean, variance: the last two are running statistics."""
    shape = node.shape()
    channels, rest = (shape[1], (*shape[:1], *shape[2:])) if len(shape) > 1 else (shape[0], ())
    shapes = ((channels, *rest),)
    layer = BatchNorm()
    return Work(
        layer,
        layer.tally(shapes, shapes),
        weights=(1, 2),
        aside=(3, 4),
        norm=True,
        statistics=(3, 4),
    )


def layer_norm(node: Node) -> Work:
    """x, scale, shift (left out now and then)."""
    layer = LayerNorm(affine=True)
    return Work(layer, layer.tally((node.shape(),), node.outputs[:1]), weights=(1, 2))


def group_norm(node: Node) -> Work:
    """x, scale, shift; an instance norm has one group per channel."""
    layer = GroupNorm(groups=node.get("num_groups", node.shape()[1]))
    return Work(layer, layer.tally((flat(node.shape()),), (flat(node.outputs[0]),)), weights=(1, 2))


def rms_norm(node: Node) -> Work:
    """x, scale."""
    layer = RmsNorm()
    return Work(layer, layer.tally((node.shape(),), node.outputs[:1]), weights=(1,))


def local_response(node: Node) -> Work:
    """LRN over `size` channels."""
    layer = LocalResponseNorm(size=node.get("size"))
    return Work(layer, layer.tally((node.shape(),), node.outputs))


def plain(node: Node) -> Work:
    """Mean and variance, or a norm, taken out: nothing to scale or shift."""
    layer = LayerNorm(affine=False)
    return Work(layer, layer.tally((node.shape(),), node.outputs[:1]))


RULES: dict[str, Rule] = {
    "BatchNormalization": batch_norm, "LayerNormalization": layer_norm, "GroupNormalization": group_norm,
    "InstanceNormalization": group_norm, "RMSNormalization": rms_norm, "SimplifiedLayerNormalization": rms_norm,
    "LRN": local_response, "MeanVarianceNormalization": plain, "LpNormalization": plain,
}  # fmt: skip
