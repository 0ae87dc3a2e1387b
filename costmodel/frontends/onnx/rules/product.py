"""Matrix products, whole and quantised, with weights or between maps, and sums by indices."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

from costmodel.core.tally import Shape, Shapes
from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work, exported
from costmodel.frontends.onnx.spread import Untracked, led
from costmodel.models.layers.einsum import Einsum
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.matmul import Matmul

FACTORS = {"QLinearMatMul": (0, 3), "QGemm": (0, 3), "QOrderedMatMul": (0, 2)}
"""The inputs that a product multiplies, where they are not the first two."""


def factors(node: OnnxNode) -> tuple[int, int]:
    """The inputs that a product multiplies."""
    return FACTORS.get(node.op, (0, 1))


def is_turned(node: OnnxNode, place: int) -> Any:
    """Whether the product takes this factor with its last two axes changed over."""
    return node.get("transB" if place else "transA", 0)


def fronted(node: OnnxNode, place: int) -> bool:
    """Whether the first axis of a factor is its last but one (FusedMatMul's transBatch)."""
    return bool(node.get("transBatchB" if place else "transBatchA", 0))


def turned(node: OnnxNode, place: int, shape: Shape) -> Shape:
    """The shape of a factor as the product multiplies it; a vector stays one.

    transBatch takes [m, b, k] as [b, m, k], before the last two axes are changed over.
    """
    if len(shape) > 2 and fronted(node, place):
        shape = (*shape[1:-1], shape[0], shape[-1])
    if len(shape) > 1 and is_turned(node, place):
        return (*shape[:-2], shape[-1], shape[-2])
    return shape


def product(node: OnnxNode, weights: tuple[int, ...], aside: tuple[int, ...] = ()) -> Work:
    """y = a b: a dense layer if one side is a matrix of weights, else a product of maps."""
    left, right = factors(node)
    if node.follow is not None and any(fronted(node, place) for place in (left, right)):
        # the samples' axis is then none of the product's
        raise Untracked
    if node.value(right).constant:
        work = _with_constant(node, left, right)
    elif node.value(left).constant:
        work = _with_constant(node, right, left)
    else:
        a, b = (turned(node, place, node.shape(place)) for place in (left, right))
        # a vector is a row on the left, a column on the right
        a, b = led(a, 2), b if len(b) > 1 else (*b, 1)
        rank = max(len(a), len(b))
        work = Work((Matmul(),), (led(a, rank), led(b, rank)), operands=(left, right))
    return replace(work, weights=weights, aside=aside)


def _with_constant(node: OnnxNode, place: int, constant: int) -> Work:
    """A map and a constant: of each vector of the map along the axis that is summed.

    A matrix [3, 5] on the right of a map [7, 3] is a dense layer of 5 features along its last axis;
    on the left of a map [5, 7], one of 3 features along its last but one.
    """
    in_front, spread = constant < place, node.spread(place)
    held = turned(node, constant, node.whole(constant))
    if prod(held[:-2]) == 1:
        last = len(spread.whole) == 1 or bool(is_turned(node, place)) == in_front
        features = 1 if len(held) == 1 else held[-2 if in_front else -1]
        layer = Linear(features=features, bias=False, axis=spread.place(-1 if last else -2))
        return Work((layer,), (spread.shape,), operands=(place,))
    held, shape = spread.beside(held), turned(node, place, spread.shape)
    rank = max(len(shape), len(held))
    matmul = Matmul(constant=led(held, rank), constant_first=in_front)
    return Work((matmul,), (led(shape, rank),), operands=(place,))


def matmul(node: OnnxNode) -> Work:
    """MatMul, and FusedMatMul, whose factors may be transposed."""
    return product(node, (0, 1))


def gemm(node: OnnxNode) -> Work:
    """Gemm: a and b possibly transposed, and a bias."""
    work = replace(product(node, (0, 1, 2)), bias=2)
    layer = work.layers[0]
    if isinstance(layer, Linear) and node.has(2) and node.value(2).constant:
        return replace(work, layers=(replace(layer, bias=True),))
    return work


def quantised_matmul(node: OnnxNode) -> Work:
    """QLinearMatMul: a, its scale and zero point, b, its scale and zero point, y's."""
    return product(node, (0, 3), (1, 2, 4, 5, 6, 7))


def integer_matmul(node: OnnxNode) -> Work:
    """MatMulInteger: a, b, and their zero points."""
    return product(node, (0, 1), (2, 3))


def multiplied(node: OnnxNode, number: int) -> int | None:
    """Rows of the first factor, columns of the second, and axes in front of both are kept."""
    out, axes = len(node.wholes[number]), set()
    sides = factors(node)
    for place, other in (sides, sides[::-1]):
        (whole, axis, _), lost = node.spread(place), len(node.whole(other)) == 1
        if axis is None:
            continue
        rank, second = len(whole), place == sides[1]
        if is_turned(node, place) and axis >= rank - 2:
            axis = 2 * rank - 3 - axis
        if axis == rank - 1 - (second and rank > 1):
            return None
        # a product with a vector has one axis less
        axes.add(out - 1 if second and axis == rank - 1 else axis + out - rank + lost)
    return axes.pop() if len(axes) == 1 else None


def named_axes(node: OnnxNode) -> tuple[list[str], str]:
    """An einsum's terms and result, one letter for each axis, also in the place of '...'."""
    equation = node.get("equation").replace(" ", "")
    left, arrow, right = equation.partition("->")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    terms = left.split(",")
    ranks = [len(value.shape) for value in node.inputs if value]
    hidden = [
        rank - len(term) + 3 if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    letters = "".join(spare[: max(hidden)])
    if not arrow:
        once = sorted(c for c in set(left) - set(",.") if left.count(c) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    full = [
        term.replace("...", letters[len(letters) - count :])
        for term, count in zip(terms, hidden, strict=True)
    ]
    return full, right.replace("...", letters)


def einsum(node: OnnxNode) -> Work:
    """Operands that share summed indices, the letter of the samples left out.

    Raises Untracked where a run takes fewer operations as a whole: where the best order multiplies
    constants with each other, which is done once for all samples, or gathers several samples first.
    """
    terms, out = named_axes(node)
    maps = len(node.maps)
    order = [*node.maps, *(n for n in range(len(terms)) if n not in node.maps)]
    spreads = [*map(node.spread, order), node.ends[0]]
    *own, result = (
        term[: spread.axis] + term[spread.axis + 1 :]
        if spread.alone and spread.axis is not None
        else term
        for spread, term in zip(spreads, [*(terms[place] for place in order), out], strict=True)
    )
    shapes = tuple(spread.shape for spread in spreads[:-1])
    layer = Einsum(f"{','.join(own)}->{result}", shapes[maps:])
    wholes = tuple(map(node.whole, order))
    at_once = Einsum(f"{','.join(terms[place] for place in order)}->{out}", wholes[maps:])
    if node.follow and effort(at_once, wholes[:maps]) < node.count * effort(layer, shapes[:maps]):
        raise Untracked
    return Work((layer,), shapes[:maps], weights=tuple(range(len(terms))))


def effort(layer: Einsum, shapes: Shapes) -> int:
    """Operations of an einsum on maps of these shapes [count]."""
    with exported():
        tally = layer.tally(shapes, layer.out_shapes(shapes))
    return int(tally.macs + tally.adds)


def named(node: OnnxNode, number: int) -> int | None:
    """The letter that stands where the samples lie, in the result of an einsum."""
    terms, out = named_axes(node)
    axes = [node.spread(place).axis for place in range(len(terms))]
    letters = {
        term[axis : axis + 1] for term, axis in zip(terms, axes, strict=True) if axis is not None
    }
    letter = letters.pop() if len(letters) == 1 else ""
    # a diagonal works along the samples
    if any(term.count(letter) > 1 for term in terms):
        return None
    return out.index(letter) if letter and letter in out else None


RULES: dict[str, Rule] = {
    "MatMul": matmul,
    "Gemm": gemm,
    "QLinearMatMul": quantised_matmul,
    "MatMulInteger": integer_matmul,
    "Einsum": einsum,
}
FOLLOW: dict[str, Follow] = {**dict.fromkeys(RULES, multiplied), "Einsum": named}
