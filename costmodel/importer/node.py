"""One ONNX node as the rules see it, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from costmodel.importer.values import Value
from costmodel.layers.base import Layer
from costmodel.tally import Shape, Shapes, Tally

STANDARD = ("", "ai.onnx")  # domains of onnx's own operators


@dataclass(frozen=True, eq=False)
class Node:
    """A node with everything known of its inputs and outputs."""

    proto: onnx.NodeProto
    inputs: tuple[Value | None, ...]  # None where an optional input is left out
    outputs: tuple[Shape, ...]

    @property
    def word(self) -> str:
        """The operator as the rules name it: led by its domain where that is not onnx's own."""
        domain = self.proto.domain
        return self.op if domain in STANDARD else f"{domain}:{self.op}"

    @property
    def op(self) -> str:
        """The operator's name."""
        return str(self.proto.op_type)

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value; text as str."""
        for attribute in self.proto.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def shape(self, index: int = 0) -> Shape:
        """The shape of an input."""
        value = self.inputs[index]
        assert value is not None
        return value.shape

    def has(self, index: int) -> bool:
        """True if the optional input `index` is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    @property
    def shapes(self) -> Shapes:
        """Shapes of the inputs that are there."""
        return tuple(value.shape for value in self.inputs if value is not None)


@dataclass(frozen=True)
class Work:
    """What a node does: a layer that stands for it, and its neutral tally.

    `weights` are the inputs that hold weights even where the file writes them as plain constants;
    `aside` are inputs that are no parameters: running statistics, scales of a resize, bounds of a clip.
    `rows_read` [elements] is what is read of a table of weights that is only looked up.
    """

    layer: Layer
    tally: Tally
    weights: tuple[int, ...] = ()
    aside: tuple[int, ...] = ()
    rows_read: int | None = None
    bias: int | None = None  # the input that holds a bias
    norm: bool = False  # a batch norm: `weights` are its scale and shift
    statistics: tuple[int, ...] = ()  # and these its running mean and variance


Rule = Callable[[Node], Work]
