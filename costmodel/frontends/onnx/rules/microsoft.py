"""Operators that ONNX Runtime's own optimiser writes, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. onnx infers no shapes for them: where the file states
none, those under ``SAME_SHAPE`` give their first input's; the others are refused.
"""

from __future__ import annotations

from dataclasses import replace

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.frontends.onnx.rules import convolution, elementwise, move, norm, pool, product
from costmodel.frontends.onnx.samples import kept
from costmodel.models.layers.layer_norm import LayerNorm, RmsNorm
from costmodel.models.layers.merge import Add

DOMAIN = "com.microsoft"


def after_skip(kind: type[LayerNorm | RmsNorm]) -> Rule:
    """A sum of two maps and its normalisation: x, skip, scale, shift, bias."""

    def rule(node: OnnxNode) -> Work:
        maps = tuple(node.shape(n) for n in node.maps if n < 2)
        held = () if len(maps) == 2 else (maps[0],)
        return Work((Add(constants=held), kind()), maps, weights=(2, 3, 4))

    return rule


def side_by_side(node: OnnxNode) -> Work:
    """QLinearConcat: y's scale and zero point, then each map with its own."""
    return replace(move.concat(node), aside=tuple(range(len(node.inputs))))


NORMS: dict[str, Rule] = {
    "SimplifiedLayerNormalization": norm.rms_norm,
    "SkipLayerNormalization": after_skip(LayerNorm),
    "SkipSimplifiedLayerNormalization": after_skip(RmsNorm),
}
OWN: dict[str, Rule] = {
    **{
        op: rule
        for op, rule in (elementwise.RULES | pool.RULES).items()
        if op.startswith("QLinear") or "Gelu" in op
    },
    **{op: elementwise.RULES[op] for op in ("QuantizeLinear", "DequantizeLinear")},
    **NORMS,
    "FusedMatMul": product.matmul,
    "FusedConv": convolution.conv,
    "FusedGemm": product.gemm,
    "QLinearConcat": side_by_side,
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, rule in OWN.items()}
FOLLOW: dict[str, Follow] = {
    "FusedMatMul": product.multiplied,
    "FusedGemm": product.multiplied,
    "FusedConv": kept,
}
SAME_SHAPE = tuple(NORMS)
