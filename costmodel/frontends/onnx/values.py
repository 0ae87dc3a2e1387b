"""What is known of one tensor, or list of tensors, of an ONNX graph.

Type, shape, origin, and the contents of small ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from costmodel.core.network import Tap
from costmodel.core.tally import Shape

FLOATS: dict[int, str] = {
    TensorProto.FLOAT: "fp32",
    TensorProto.FLOAT16: "fp16",
    TensorProto.BFLOAT16: "bf16",
    TensorProto.DOUBLE: "fp64",
}
# Bits of one element by the ONNX data type (onnx.proto, TensorProto.DataType). They are the first
# number in its name (UINT4, BFLOAT16, FLOAT8E4M3FN), but for three names that hold none.
BITS: dict[int, int] = {TensorProto.FLOAT: 32, TensorProto.DOUBLE: 64, TensorProto.BOOL: 8}
BITS |= {
    number: int(digits[0])
    for name, number in TensorProto.DataType.items()
    if (digits := re.search(r"\d+", name))
}


@dataclass(frozen=True)
class Origin:
    """Where a constant comes from: the initialisers that it was made of."""

    weights: frozenset[str] = frozenset()
    """Initialisers that a training framework would hold."""
    literal: bool = False
    """Written into the graph as a Constant: a weight only where one must stand."""


@dataclass(frozen=True, eq=False)
class Value:
    """One tensor. A constant has an origin; a feature map has a tap."""

    name: str
    type: onnx.TypeProto
    data: Any = None
    """A numpy array, of a small constant."""
    origin: Origin | None = None
    tap: Tap | None = None
    axis: int | None = None
    """The axis of a feature map that holds the samples."""
    bits: int | None = None
    """Bits of one element of a constant, where the file fixes them."""
    items: tuple[Value, ...] | None = None
    """The elements of a sequence of tensors; None for a tensor."""

    @classmethod
    def of_list(cls, name: str, items: Iterable[Value]) -> Value:
        """A sequence of tensors."""
        kind = onnx.TypeProto()
        kind.sequence_type.SetInParent()
        return cls(name, kind, items=tuple(items))

    @property
    def floating(self) -> bool:
        """True for real numbers of any width."""
        return self.type.tensor_type.elem_type in FLOATS

    @cached_property
    def shape(self) -> Shape:
        """The sizes of all axes, the baked-in batch included [elements]."""
        return shape_in(self.type)

    @cached_property
    def content(self) -> tuple[bytes, ...]:
        """The type and, of a small constant, what it holds."""
        kind = self.type.SerializeToString()
        if self.data is None:
            return (kind,)
        array = np.asarray(self.data)
        return kind, array.dtype.str.encode(), array.tobytes()

    @property
    def elements(self) -> int:
        """The number of elements in the whole tensor."""
        return prod(self.shape)

    @property
    def constant(self) -> bool:
        """True for what does not depend on the network's input."""
        return self.tap is None


def unresolved(kind: onnx.TypeProto) -> bool:
    """True where a type has no known rank, or an axis without a size."""
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape"):
        return True
    dims = tensor.shape.dim
    return any(not dim.HasField("dim_value") or dim.dim_value < 0 for dim in dims)


def shape_in(kind: onnx.TypeProto) -> Shape:
    """The sizes that a type states, 0 for one that it leaves open."""
    return tuple([dim.dim_value for dim in kind.tensor_type.shape.dim])
