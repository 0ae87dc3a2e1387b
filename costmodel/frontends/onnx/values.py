"""A value holds what is known of one tensor of an ONNX graph.

That is its type, its shape, its contents where they are small, and its origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import onnx
from onnx import TensorProto, helper

from costmodel.core.network import Tap
from costmodel.core.tally import Shape

FLOATS: dict[int, str] = {
    TensorProto.FLOAT: "fp32",
    TensorProto.FLOAT16: "fp16",
    TensorProto.BFLOAT16: "bf16",
    TensorProto.DOUBLE: "fp64",
}
# Bits of one element, by the ONNX data type (onnx.proto, TensorProto.DataType).
BITS: dict[int, int] = {
    TensorProto.FLOAT: 32,
    TensorProto.FLOAT16: 16,
    TensorProto.BFLOAT16: 16,
    TensorProto.DOUBLE: 64,
    TensorProto.INT8: 8,
    TensorProto.UINT8: 8,
    TensorProto.INT16: 16,
    TensorProto.UINT16: 16,
    TensorProto.INT32: 32,
    TensorProto.UINT32: 32,
    TensorProto.INT64: 64,
    TensorProto.UINT64: 64,
    TensorProto.BOOL: 8,
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.FLOAT8E4M3FN: 8,
    TensorProto.FLOAT8E5M2: 8,
    TensorProto.COMPLEX64: 64,
    TensorProto.COMPLEX128: 128,
}

for _name, _bits in (
    ("FLOAT8E4M3FNUZ", 8),
    ("FLOAT8E5M2FNUZ", 8),
    ("FLOAT8E8M0", 8),
    ("FLOAT4E2M1", 4),
    ("INT2", 2),
    ("UINT2", 2),
):
    # types that older releases of onnx do not have
    if hasattr(TensorProto, _name):
        BITS[getattr(TensorProto, _name)] = _bits


@dataclass(frozen=True)
class Origin:
    """An origin says where a constant comes from.

    It holds the initialisers that the constant was made of, and whether they are weights.
    """

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
    """That holds the samples of a feature map."""
    bits: int | None = None
    """Of one element of a constant where the file fixes them."""

    @property
    def elem(self) -> int:
        """The ONNX element type."""
        return int(self.type.tensor_type.elem_type)

    @property
    def floating(self) -> bool:
        """True for real numbers of any width."""
        return self.elem in FLOATS

    @cached_property
    def shape(self) -> Shape:
        """All axes, the baked-in batch included."""
        return tuple(d.dim_value for d in self.type.tensor_type.shape.dim)

    @property
    def elements(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def constant(self) -> bool:
        """True for what does not depend on the network's input."""
        return self.tap is None


def tensor_type(elem: int, shape: Shape) -> onnx.TypeProto:
    """The ONNX type of a tensor."""
    return helper.make_tensor_type_proto(elem, shape)


def unresolved(kind: onnx.TypeProto) -> bool:
    """True where a type has no known rank, or an axis without a size."""
    tensor = kind.tensor_type
    if not kind.HasField("tensor_type") or not tensor.HasField("shape"):
        return True
    return any(not dim.HasField("dim_value") or dim.dim_value < 0 for dim in tensor.shape.dim)


def shape_in(kind: onnx.TypeProto) -> tuple[int, ...]:
    """The sizes that a type states."""
    return tuple(d.dim_value for d in kind.tensor_type.shape.dim)
