"""What of a node's row its rule does not say: shapes that the file states, its block, no rule."""

from __future__ import annotations

from math import prod

from costmodel.core.builder import extended
from costmodel.core.part import Parts
from costmodel.frontends.onnx.node import OnnxNode, Work, exported
from costmodel.models.layers.move import StridedView, Unknown


@exported()
def agreed(node: OnnxNode, work: Work, notes: list[str]) -> Parts:
    """The parts, and a view where the file shows further outputs or another shape.

    Where that has another number of elements, the report is told so in `notes`.
    """
    parts = work.parts(node.maps)
    given, stated = parts[-1].outputs, work.written(node.outputs)
    if given == stated:
        return parts
    if sum(map(prod, given[:1])) != sum(map(prod, stated[:1])):
        notes.append(
            f"node '{node.name}' ({node.op}) gives {list(stated[0])} per sample, "
            f"its layer {list(given[0])}: check its figures"
        )
    return extended(parts, StridedView(stated), given[:1])


def unknown(node: OnnxNode) -> Work:
    """An operator without a rule: everything moves; stored matrices of floats count as weights."""
    held = {n: v for n, v in enumerate(node.inputs) if v is not None and v.constant}
    weights = tuple(n for n, v in held.items() if v.floating and len(v.shape) > 1)
    tables = tuple(n for n in held if n not in weights)
    layer = Unknown(shapes=node.outputs)
    return Work((layer,), node.shapes, weights=weights, tables=tables)


def block_of(name: str) -> str:
    """The outermost module of a torch scope.

    >>> block_of("stages/stages.0/conv1/Conv"), block_of("conv1/Conv")
    ('stages.0', 'conv1')
    """
    first, *inner = name.split("/")
    return inner[0] if inner and inner[0].startswith(f"{first}.") else first
