"""One ONNX node as the rules see it, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from onnx import helper

from costmodel.core.builder import chained
from costmodel.core.layer import Layer
from costmodel.core.network import changed
from costmodel.core.part import HELD, OUTSIDE, Parts, Source
from costmodel.core.tally import Shape, Shapes
from costmodel.frontends.onnx.samples import Spread, Untracked, followed
from costmodel.frontends.onnx.values import Value
from costmodel.models.layers.move import Unknown

STANDARD = ("", "ai.onnx")
"""Domains of onnx's own operators."""


@dataclass(frozen=True, eq=False)
class Node:
    """A node with everything known of its inputs and outputs."""

    proto: onnx.NodeProto
    inputs: tuple[Value | None, ...]
    """None where an optional input is left out."""
    wholes: Shapes
    """The outputs' shapes as the file has them."""
    count: int = 1
    """Samples that one run holds."""
    tracked: bool = True
    """False: every shape is taken whole."""
    _spreads: dict[int, Spread] = field(default_factory=dict, init=False)

    def untracked(self) -> Node:
        """Return the same node with every shape taken whole.

        Raises Untracked where it holds several samples.
        """
        if self.count > 1:
            raise Untracked
        return replace(self, tracked=False)

    # --- what the file says ------------------------------------------------------------------

    @property
    def op(self) -> str:
        """The operator's name."""
        return str(self.proto.op_type)

    @property
    def word(self) -> str:
        """The operator as the rules name it: led by its domain where that is not onnx's own."""
        domain = self.proto.domain
        return self.op if domain in STANDARD else f"{domain}:{self.op}"

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value; text as str."""
        for attribute in self.proto.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def has(self, index: int) -> bool:
        """True if the optional input `index` is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """An input that is there."""
        found = self.inputs[index]
        assert found is not None
        return found

    def whole(self, index: int = 0) -> Shape:
        """The shape of an input as the file has it."""
        return self.value(index).shape

    def numbers(self, name: str, index: int) -> list[int] | None:
        """Whole numbers from an attribute, or from a constant input of newer operator sets."""
        found = self.get(name)
        if found is None and self.has(index):
            found = self.value(index).data
        return None if found is None else [int(one) for one in np.asarray(found).reshape(-1)]

    def axes(self, otherwise: Iterable[int]) -> list[int]:
        """The axes that a reduction names, or `otherwise`."""
        single = self.get("axis")
        found = [single] if single is not None else self.numbers("axes", 1)
        if found is None and self.op in ("ArgMax", "ArgMin"):
            found = [0]
        return list(otherwise) if found is None else found

    @property
    def factors(self) -> tuple[int, int]:
        """The inputs that a product multiplies."""
        return (0, 3) if self.op == "QLinearMatMul" else (0, 1)

    @cached_property
    def equation(self) -> tuple[list[str], str]:
        """Give one letter to each axis of every operand of an einsum, and of the result."""
        return named_axes(self.get("equation"), [len(v.shape) for v in self.inputs if v])

    # --- per sample --------------------------------------------------------------------------

    @cached_property
    def maps(self) -> list[int]:
        """The inputs that are feature maps."""
        return [
            n for n, value in enumerate(self.inputs) if value is not None and not value.constant
        ]

    def spread(self, index: int = 0) -> Spread:
        """Where the samples lie in an input; nowhere in a constant."""
        found = self._spreads.get(index)
        if found is None:
            value = self.value(index)
            axis = value.axis if self.tracked and not value.constant else None
            found = self._spreads[index] = Spread(value.shape, axis, self.count)
        return found

    @cached_property
    def ends(self) -> tuple[Spread, ...]:
        """Where the samples lie in the outputs. Raises Untracked."""
        axes = followed(self) if self.tracked else [None] * len(self.wholes)
        found = tuple(
            Spread(whole, axis, self.count) for whole, axis in zip(self.wholes, axes, strict=True)
        )
        lost = any(self.spread(n).axis is None for n in self.maps) or None in axes
        if self.tracked and lost and any(self.spread(n).axis is not None for n in self.maps):
            raise Untracked
        return found

    def shape(self, index: int = 0) -> Shape:
        """The shape per sample of an input."""
        return self.spread(index).shape

    @property
    def shapes(self) -> Shapes:
        """Shapes per sample of the feature maps that it reads."""
        return tuple(map(self.shape, self.maps))

    @property
    def outputs(self) -> Shapes:
        """Shapes per sample of the outputs."""
        return tuple(end.shape for end in self.ends)

    def place(self, axis: int, index: int = 0) -> int:
        """An axis of an input as one of the sample's."""
        return self.spread(index).place(axis)

    def held(self, aside: Iterable[int] = ()) -> Shapes:
        """Shapes of constant operands that are stretched over the first output, per sample."""
        left_out = {*self.maps, *aside}
        return tuple(
            self.ends[0].beside(value.shape)
            for n, value in enumerate(self.inputs)
            if value is not None and n not in left_out
        )


def named_axes(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """An einsum's terms and result with letters in the place of '...'."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    hidden = [
        rank - len(term) + 3 for term, rank in zip(terms, ranks, strict=True) if "..." in term
    ]
    letters = "".join(spare[: max(hidden, default=0)])
    if not arrow:
        once = sorted(c for c in set(left) - set(",.") if left.count(c) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    found = []
    for term, rank in zip(terms, ranks, strict=True):
        length = rank - len(term) + 3
        found.append(term.replace("...", letters[len(letters) - length :] if length > 0 else ""))
    return found, right.replace("...", letters)


@dataclass(frozen=True)
class Work:
    """What a node does: layers one after the other, and which inputs hold parameters."""

    layers: tuple[Layer, ...]
    inputs: Shapes
    """What the first layer takes: maps per sample, seen under any shape of as many elements."""
    operands: tuple[int, ...] | None = field(default=None, kw_only=True)
    """The inputs of the node that these are; None: its maps in order."""
    weights: tuple[int, ...] = ()
    """The inputs that hold weights even where the file writes them as plain constants."""
    aside: tuple[int, ...] = ()
    """Inputs that are no parameters: running statistics, scales of a resize, bounds of a clip."""
    rows_read: int | None = None
    """[elements] that are read of a table of weights that is only looked up."""
    bias: int | None = None
    """The input that holds a bias."""
    norm: bool = False
    """True for a batch norm: `weights` are its scale and shift."""
    statistics: tuple[int, ...] = ()
    """Its running mean and variance."""
    learned: bool = True
    """False: constants that meet maps elementwise may be masks and tables that nobody learnt."""

    def parts(self, maps: Sequence[int]) -> Parts:
        """The layers one after the other, for a node of whose inputs `maps` are feature maps."""
        first, *rest = chained(self.layers, self.inputs)
        operands = maps if self.operands is None else self.operands
        reads = tuple(
            Source(OUTSIDE, maps.index(number)) if number in maps else HELD
            for number in operands[: len(first.inputs)]
        )
        return (changed(first, reads=reads), *rest)


Rule = Callable[[Node], Work]


def unknown(node: Node) -> Work:
    """An operator without a rule: its maps move, what stands beside them counts as weights."""
    layer = Unknown(shapes=node.outputs)
    return Work((layer,), node.shapes, weights=tuple(range(len(node.inputs))))


def block_of(name: str) -> str:
    """The outermost module of a torch scope.

    It is stages.0 of 'stages/stages.0/...', and conv1 of 'conv1/Conv'.
    """
    steps = name.split("/")
    inner = len(steps) > 1 and steps[1].startswith(f"{steps[0]}.")
    return steps[1] if inner else steps[0]
