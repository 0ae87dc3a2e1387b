"""One ONNX node as the rules see it, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from costmodel.errors import BadValue
from costmodel.frontends.onnx.spread import Spread, Untracked
from costmodel.frontends.onnx.values import Value

STANDARD = ("", "ai.onnx")
"""Domains of onnx's own operators."""
KNOWN = (*STANDARD, "ai.onnx.ml", "com.microsoft")
"""Domains whose operators have a name that says enough."""
REMEDY = "check the node, or export the file again"


@contextmanager
def exported() -> Iterator[None]:
    """Say what a layer refuses with a remedy for files, not for architectures that one writes."""
    try:
        yield
    except BadValue as error:
        raise BadValue(error.what, REMEDY) from None


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """A node with everything known of its inputs and outputs."""

    proto: onnx.NodeProto
    inputs: tuple[Value | None, ...]
    """None where an optional input is left out."""
    wholes: Shapes = ()
    """The outputs' shapes as the file has them."""
    follow: Follow | None = None
    """How the samples lie in the outputs; None: every shape is taken whole."""
    count: int = 1
    """Samples that one run holds."""

    def untracked(self) -> OnnxNode:
        """The same node with every shape taken whole. Raises Untracked for several samples."""
        if self.count > 1:
            raise Untracked
        return replace(self, follow=None)

    # --- what the file says ------------------------------------------------------------------

    @property
    def op(self) -> str:
        """The operator's name without its domain."""
        return str(self.proto.op_type)

    @property
    def word(self) -> str:
        """The operator as the rules name it: led by its domain where that is not onnx's own."""
        domain = self.proto.domain
        return self.op if domain in STANDARD else f"{domain}:{self.op}"

    @property
    def label(self) -> str:
        """The operator for reports: led by its domain unless onnx or ONNX Runtime defines that."""
        return self.op if self.proto.domain in KNOWN else self.word

    @property
    def name(self) -> str:
        """The node's name, or its first output's where it has none, for messages."""
        return str(self.proto.name or self.proto.output[0])

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value, with text as str; the default where it is not stated."""
        for attribute in self.proto.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def has(self, index: int) -> bool:
        """True if the optional input `index` is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """What is known of an input that is there."""
        value = self.inputs[index]
        assert value is not None
        return value

    def whole(self, index: int = 0) -> Shape:
        """The shape of an input as the file has it."""
        return self.value(index).shape

    def numbers(self, name: str, index: int) -> list[int] | None:
        """Whole numbers from an attribute, or from a constant input of newer operator sets."""
        stated = self.get(name)
        if stated is None and self.has(index):
            stated = self.value(index).data
        return None if stated is None else np.ravel(stated).astype(int).tolist()

    def axes(self, otherwise: Iterable[int]) -> list[int]:
        """The axes that a reduction names, or `otherwise`."""
        single = self.get("axis", 0 if self.op in ("ArgMax", "ArgMin") else None)
        named = self.numbers("axes", 1) if single is None else [single]
        return list(otherwise) if named is None else named

    # --- per sample --------------------------------------------------------------------------

    @cached_property
    def maps(self) -> list[int]:
        """The inputs that are feature maps."""
        return [n for n, value in enumerate(self.inputs) if value and not value.constant]

    def spread(self, index: int = 0) -> Spread:
        """Where the samples lie in an input; nowhere in a constant."""
        spread = self._spreads[index]
        assert spread is not None
        return spread

    @cached_property
    def _spreads(self) -> list[Spread | None]:
        """Where the samples lie in each input; None where one is left out."""
        return [
            None
            if value is None
            else Spread(value.shape, value.axis if self.follow else None, self.count)
            for value in self.inputs
        ]

    @cached_property
    def ends(self) -> tuple[Spread, ...]:
        """Where the samples lie in the outputs. Raises Untracked."""
        ends = tuple(
            Spread(whole, self._axis(number), self.count)
            for number, whole in enumerate(self.wholes)
        )
        axes = {self.spread(n).axis for n in self.maps}
        if axes - {None} and None in {*axes, *(end.axis for end in ends)}:
            raise Untracked
        return ends

    def _axis(self, number: int) -> int | None:
        """The axis that holds the samples of an output. Raises Untracked."""
        axis = self.follow(self, number) if self.follow else None
        whole = self.wholes[number]
        if axis is not None and axis in range(len(whole)) and whole[axis] % self.count == 0:
            return axis
        if self.follow and self.count > 1:
            raise Untracked
        return None

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
        """An axis of an input as one of the sample's. Raises Untracked for the samples' own."""
        return self.spread(index).place(axis)

    def held(self, aside: Iterable[int] = ()) -> Shapes:
        """Shapes of constant operands that are stretched over the first output, per sample."""
        left_out = {*self.maps, *aside}
        return tuple(
            self.ends[0].beside(value.shape)
            for n, value in enumerate(self.inputs)
            if value is not None and n not in left_out
        )


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
    """Elements that are read of a table of weights that is only looked up."""
    bias: int | None = None
    """The input that holds a bias."""
    statistics: tuple[int, ...] = ()
    """The running mean and variance of a batch norm, whose `weights` are its scale and shift."""
    tables: tuple[int, ...] = ()
    """Inputs that move and are no parameters: scales of weights, sines and cosines, windows."""
    packed: Mapping[int, int] = field(default_factory=dict)
    """Weights behind an input that packs several of them into an element."""
    read: Mapping[int, int] = field(default_factory=dict)
    """Elements that are read of inputs that are looked up in part."""
    updates: Mapping[int, tuple[int, Shape]] = field(default_factory=dict)
    """Outputs whose memory is that of an input, of which no more than such a shape is written."""

    def moved(self, position: int, elements: int) -> int:
        """How many of an input's `elements` are read."""
        limit = self.read.get(position, self.rows_read)
        return elements if limit is None else min(elements, limit)

    def written(self, outputs: Shapes) -> Shapes:
        """Shapes of what is written for `outputs`: of a cache that is updated what is new."""
        return tuple(
            self.updates[n][1] if n in self.updates else shape for n, shape in enumerate(outputs)
        )

    def parts(self, maps: Sequence[int]) -> Parts:
        """The layers one after the other, for a node of whose inputs `maps` are feature maps.

        Raises BadValue on a misfit.
        """
        first, *rest = chained(self.layers, self.inputs)
        operands = maps if self.operands is None else self.operands
        reads = tuple(
            Source(OUTSIDE, maps.index(number)) if number in maps else HELD
            for number in operands[: len(first.inputs)]
        )
        return (changed(first, reads=reads), *rest)


Rule = Callable[[OnnxNode], Work]
"""What a node of an operator does."""
Follow = Callable[[OnnxNode, int], int | None]
"""The axis that holds the samples in one of a node's outputs, None where none does."""
