"""Where the samples of a run lie in each tensor of an ONNX graph.

ONNX bakes a batch into every shape; shapes here are per sample. So the axis that holds the samples
is followed from the inputs through every operator. It may be merged with others (windows of each
sample): then a sample's part of that axis stays. Where it cannot be followed, or an operator works
along it, a file of one sample goes on with whole shapes, which say the same; one of several is read
again as a run that is one sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from costmodel.core.tally import Shape
from costmodel.frontends.onnx.values import shape_in

if TYPE_CHECKING:
    import onnx

    from costmodel.frontends.onnx.node import Node


class Untracked(Exception):
    """An operator works along the samples, or mixes tensors with them and without."""


class Spread(NamedTuple):
    """A shape of a file, and the axis of it that holds so many samples (None: no axis does)."""

    whole: Shape
    axis: int | None
    held: int

    @property
    def alone(self) -> bool:
        """True where the axis holds the samples and nothing else: a sample has no such axis."""
        return self.axis is not None and self.whole[self.axis] == self.held

    @property
    def pieces(self) -> bool:
        """True where the axis holds pieces of each sample."""
        return self.axis is not None and not self.alone

    @property
    def shape(self) -> Shape:
        """The shape per sample. Raises Untracked where the axis does not divide."""
        if self.axis is None:
            return self.whole
        before, after = self.whole[: self.axis], self.whole[self.axis + 1 :]
        if self.alone:
            return (*before, *after)
        each, rest = divmod(self.whole[self.axis], self.held)
        if rest:
            raise Untracked
        return (*before, each, *after)

    def place(self, axis: int) -> int:
        """An axis of the file's shape as one of the sample's. Raises Untracked for the samples'."""
        found = axis % len(self.whole)
        if not self.alone or self.axis is None or found < self.axis:
            return found
        if found == self.axis:
            raise Untracked
        return found - 1

    def beside(self, constant: Shape) -> Shape:
        """A constant that is stretched over this shape, as one sample sees it."""
        if self.axis is None:
            return constant
        at = self.axis - (len(self.whole) - len(constant))
        if at < 0:
            return constant
        if self.alone:
            if constant[at] != 1:
                raise Untracked
            return (*constant[:at], *constant[at + 1 :])
        if constant[at] not in (1, self.whole[self.axis] // self.held):
            raise Untracked
        return constant


def reshaped(before: Spread, whole: Shape) -> int | None:
    """The axis of the samples once the same elements have the shape `whole`.

    None, or Untracked where there are several samples, if no single axis holds them.
    """
    if before.axis is None:
        return None
    start = prod(before.whole[: before.axis])
    found = []
    for axis, size in enumerate(whole):
        ahead = prod(whole[:axis])
        holds = start % max(ahead, 1) == 0 and (ahead * size) % max(start * before.held, 1) == 0
        if holds and ahead <= start and start * before.held <= ahead * size:
            found.append((ahead != start, size != before.held, axis))
    if found:
        return min(found)[-1]
    if before.held > 1:
        raise Untracked
    return None


def followed(node: Node) -> list[int | None]:
    """The axis of the samples in each output of a node. Raises Untracked."""
    rule = FOLLOW.get(node.op, _stretched)
    return [_checked(node, rule(node, number), number) for number in range(len(node.wholes))]


def _checked(node: Node, axis: int | None, number: int) -> int | None:
    """`axis` where it can hold the samples of an output."""
    whole = node.wholes[number]
    if axis is None or not 0 <= axis < len(whole) or whole[axis] % node.count:
        if node.count > 1:
            raise Untracked
        return None
    return axis


def _stretched(node: Node, number: int) -> int | None:
    """Shapes aligned at their ends, as for elementwise operators; sizes along the axis stay."""
    whole, found = node.wholes[number], set()
    for place in node.maps:
        spread = node.spread(place)
        if spread.axis is None:
            continue
        axis = spread.axis + len(whole) - len(spread.whole)
        if axis < 0 or axis >= len(whole) or whole[axis] != spread.whole[spread.axis]:
            return None
        found.add(axis)
    return found.pop() if len(found) == 1 else None


def _kept(node: Node, number: int) -> int | None:
    """The axis of the first input, whatever becomes of the others."""
    return node.spread(0).axis


def _turned(node: Node, number: int) -> int | None:
    axis, rank = node.spread(0).axis, len(node.spread(0).whole)
    order = tuple(node.get("perm", ())) or tuple(range(rank))[::-1]
    return None if axis is None else order.index(axis)


def _reduced(node: Node, number: int) -> int | None:
    """Axes that vanish in front of the samples' move it forward."""
    axis, rank = node.spread(0).axis, len(node.spread(0).whole)
    if axis is None or len(node.wholes[number]) == rank:
        return axis
    gone = [one % rank for one in node.axes(range(rank))]
    return None if axis in gone else axis - sum(one < axis for one in gone)


def _looked_up(node: Node, number: int) -> int | None:
    """Positions take the place of the axis that they count along."""
    data, positions = node.spread(0), node.spread(1)
    along = node.get("axis", 0) % max(len(data.whole), 1)
    if data.axis is None:
        return None if positions.axis is None else along + positions.axis
    if data.axis == along:
        return None
    return data.axis if data.axis < along else data.axis - 1 + len(positions.whole)


def _multiplied(node: Node, number: int) -> int | None:
    """Rows of the first factor, columns of the second, and axes in front of both are kept."""
    out, found = len(node.wholes[number]), set()
    left, right = (node.spread(place) for place in node.factors)
    for spread, other, turned in (
        (left, right, node.get("transA", 0)),
        (right, left, node.get("transB", 0)),
    ):
        if spread.axis is None:
            continue
        axis, rank = spread.axis, len(spread.whole)
        if turned and axis >= rank - 2:
            axis = 2 * rank - 3 - axis
        summed = rank - 1 if spread is left or rank == 1 else rank - 2
        if axis == summed:
            return None
        column = spread is right and axis == rank - 1
        # a product with a vector has one axis less
        lost = len(other.whole) == 1
        found.add(out - 1 if column else axis + out - rank + lost)
    return found.pop() if len(found) == 1 else None


def _named(node: Node, number: int) -> int | None:
    """The letter that stands where the samples lie, in the result of an einsum."""
    terms, out = node.equation
    found = set()
    for term, place in zip(terms, range(len(terms)), strict=True):
        axis = node.spread(place).axis
        if axis is not None:
            found.add(term[axis] if axis < len(term) else "")
    if len(found) != 1:
        return None
    letter = found.pop()
    return out.index(letter) if letter and letter in out else None


def _recurrent(node: Node, number: int) -> int | None:
    """Return the axis that holds the samples in output `number` of a recurrent operator.

    X is [steps, samples, size] and Y is [steps, directions, samples, hidden]; the states lack the
    steps.
    """
    first = bool(node.get("layout", 0))
    if node.spread(0).axis != (0 if first else 1):
        return None
    if first:
        return 0
    return 2 if len(node.wholes[number]) == 4 else 1


Follow = Callable[["Node", int], int | None]
REDUCTIONS: Sequence[str] = (
    *(f"Reduce{word}" for word in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum")),
    "ReduceLogSumExp",
    "ReduceSumSquare",
    "ArgMax",
    "ArgMin",
)
IN_FRONT: Sequence[str] = (
    *("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "FusedConv", "MaxPool", "AveragePool"),
    *("LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "QLinearAveragePool"),
    *("QLinearGlobalAveragePool", "Attention", "Resize", "Upsample", "GridSample", "DepthToSpace"),
    *("SpaceToDepth", "Pad", "TopK", "Unknown"),
)
FOLLOW: dict[str, Follow] = {
    "Transpose": _turned,
    "Gather": _looked_up,
    "Einsum": _named,
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys(
        ("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "FusedMatMul"), _multiplied
    ),
    **dict.fromkeys(("FusedGemm",), _multiplied),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    **dict.fromkeys(IN_FRONT, _kept),
}


def samples_along(inputs: Sequence[onnx.ValueInfoProto], axis: int) -> int:
    """Samples that the first input with two axes or more holds along `axis`. Raises Untracked."""
    for value in inputs:
        whole = shape_in(value.type)
        if len(whole) > max(axis, 1):
            return whole[axis]
        break
    raise Untracked
