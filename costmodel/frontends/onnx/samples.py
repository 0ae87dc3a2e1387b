"""How the samples lie in what an operator gives, by where they lie in what it reads.

These are the ways that several families of operators share. A family's own stand beside its rules,
and its ``FOLLOW`` says which of its operators go which way; `stretched` serves all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from costmodel.frontends.onnx.node import Follow, OnnxNode


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


def batched(node: OnnxNode, number: int) -> int | None:
    """The first axis of every map, for operators that give each further axis a meaning."""
    return 0 if {node.spread(place).axis for place in node.maps} == {0} else None


def leading(node: OnnxNode, number: int) -> int | None:
    """One axis of every map, counted from the front, and the last of none."""
    axes = {node.spread(place).axis for place in node.maps}
    last = any(node.spread(place).axis == len(node.whole(place)) - 1 for place in node.maps)
    return None if last or len(axes) > 1 else axes.pop()


def nowhere(node: OnnxNode, number: int) -> int | None:
    """No axis holds samples apart: tokens of several sequences, regions of several images."""
    return None


def beside(worked: Callable[[OnnxNode], Iterable[int]]) -> Follow:
    """As `stretched`, for operators that work along those axes of their first map."""

    def follow(node: OnnxNode, number: int) -> int | None:
        spread = node.spread(node.maps[0])
        along = {axis % max(len(spread.whole), 1) for axis in worked(node)}
        return None if spread.axis in along else stretched(node, number)

    return follow


vectors = beside(lambda node: (-1,))
"""Each vector along the last axis on its own."""
