"""Operators that ONNX Runtime's own optimiser writes, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. onnx infers no shapes for them: where the file states
none, those named in ``SAME_SHAPE`` give their first input's; the others are refused.
"""

from __future__ import annotations

from costmodel.frontends.onnx.node import Node, Rule, Work
from costmodel.frontends.onnx.rules import contraction, elementwise, move, norm, pool
from costmodel.models.layers.layer_norm import LayerNorm, RmsNorm
from costmodel.models.layers.merge import Add

DOMAIN = "com.microsoft"


def after_skip(kind: type[LayerNorm | RmsNorm]) -> Rule:
    """A sum of two maps and its normalisation: x, skip, scale, shift, bias."""

    def rule(node: Node) -> Work:
        maps = tuple(node.shape(n) for n in node.maps if n < 2)
        held = () if len(maps) == 2 else (maps[0],)
        return Work((Add(constants=held), kind()), maps, weights=(2, 3, 4))

    return rule


def side_by_side(node: Node) -> Work:
    """QLinearConcat: y's scale and zero point, then each map with its own."""
    work = move.concat(node)
    return Work(work.layers, work.inputs, aside=tuple(range(len(node.inputs))))


SAME_SHAPE = (
    *elementwise.RULES,
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "SimplifiedLayerNormalization",
)
_OWN: dict[str, Rule] = {
    **{
        op: rule
        for op, rule in elementwise.RULES.items()
        if op.startswith("QLinear") or "Gelu" in op
    },
    **{op: elementwise.RULES[op] for op in ("QuantizeLinear", "DequantizeLinear")},
    **{op: rule for op, rule in pool.RULES.items() if op.startswith("QLinear")},
    "SimplifiedLayerNormalization": norm.rms_norm,
    "SkipLayerNormalization": after_skip(LayerNorm),
    "SkipSimplifiedLayerNormalization": after_skip(RmsNorm),
    "FusedMatMul": contraction.matmul,
    "FusedConv": contraction.conv,
    "FusedGemm": contraction.gemm,
    "QLinearConcat": side_by_side,
}
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, rule in _OWN.items()}
