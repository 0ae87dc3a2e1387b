"""How the samples lie in what an operator gives, by where they lie in what it reads.

These are the ways that several families of operators share. A family's own stand beside its rules,
and its ``FOLLOW`` says which of its operators go which way; `stretched` serves all others.
"""

from __future__ import annotations

from costmodel.frontends.onnx.node import OnnxNode


def stretched(node: OnnxNode, number: int) -> int | None:
    """Shapes aligned at their ends, as for elementwise operators; sizes along the axis stay."""
    whole, axes = node.wholes[number], set()
    for spread in map(node.spread, node.maps):
        if spread.axis is None:
            continue
        axis = spread.axis + len(whole) - len(spread.whole)
        if axis not in range(len(whole)) or whole[axis] != spread.whole[spread.axis]:
            return None
        axes.add(axis)
    return axes.pop() if len(axes) == 1 else None


def kept(node: OnnxNode, number: int) -> int | None:
    """The axis of the first input, whatever becomes of the others."""
    return node.spread(0).axis
