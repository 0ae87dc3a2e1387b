"""Operators that ONNX Runtime's own optimiser writes, in its domain com.microsoft.

Source: onnxruntime, docs/ContribOperators.md. onnx infers no shapes for them: where the file states none, those
named in ``SAME_SHAPE`` give their first input's; the others are refused.
"""

from __future__ import annotations

from costmodel.importer.node import Node, Rule, Work
from costmodel.importer.rules import contraction, elementwise, move, norm, pool
from costmodel.layers.layer_norm import LayerNorm, RmsNorm
from costmodel.tally import Tally

DOMAIN = "com.microsoft"


def after_skip(kind: type[LayerNorm | RmsNorm]) -> Rule:
    """A sum of two maps and its normalisation: x, skip, scale, shift, bias."""

    def rule(node: Node) -> Work:
        layer = kind()
        norm_tally = layer.tally((node.shape(),), node.outputs[:1])
        adds = norm_tally.adds + Tally.of((), node.outputs[:1]).out_elements
        tally = Tally.of(node.shapes[:2], node.outputs, adds=adds, muls=norm_tally.muls)
        return Work(layer, tally, weights=(2, 3, 4))

    return rule


def product(node: Node) -> Work:
    """FusedMatMul: a product of possibly transposed maps, scaled."""
    axis = -2 if node.get("transA", 0) else -1
    return contraction.product(node, 0, 1, node.shape(0)[axis], (0, 1))


def side_by_side(node: Node) -> Work:
    """QLinearConcat: y's scale and zero point, then each map with its own."""
    work = move.concat(node)
    return Work(work.layer, work.tally, aside=tuple(range(len(node.inputs))))


SAME_SHAPE = (*(op for op in elementwise.RULES), "SkipLayerNormalization", "SkipSimplifiedLayerNormalization",
              "SimplifiedLayerNormalization")  # fmt: skip
_OWN: dict[str, Rule] = {
    **{op: rule for op, rule in elementwise.RULES.items() if op.startswith("QLinear") or "Gelu" in op},
    **{op: elementwise.RULES[op] for op in ("QuantizeLinear", "DequantizeLinear")},
    **{op: rule for op, rule in pool.RULES.items() if op.startswith("QLinear")},
    "SimplifiedLayerNormalization": norm.rms_norm, "SkipLayerNormalization": after_skip(LayerNorm),
    "SkipSimplifiedLayerNormalization": after_skip(RmsNorm), "FusedMatMul": product, "FusedConv": contraction.conv,
    "FusedGemm": contraction.gemm, "QLinearConcat": side_by_side,
}  # fmt: skip
RULES: dict[str, Rule] = {f"{DOMAIN}:{op}": rule for op, rule in _OWN.items()}
