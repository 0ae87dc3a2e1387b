"""What is known of each tensor of an ONNX graph: type, shape, contents where they are small, origin."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import onnx
from onnx import TensorProto, helper

from costmodel.arch.network import Tap
from costmodel.tally import Shape

FLOATS: dict[int, str] = {TensorProto.FLOAT: "fp32", TensorProto.FLOAT16: "fp16", TensorProto.BFLOAT16: "bf16",
          TensorProto.DOUBLE: "fp64"}  # fmt: skip
# Bits of one element, by the ONNX data type (onnx.proto, TensorProto.DataType).
BITS: dict[int, int] = {TensorProto.FLOAT: 32, TensorProto.FLOAT16: 16, TensorProto.BFLOAT16: 16, TensorProto.DOUBLE: 64,
        TensorProto.INT8: 8, TensorProto.UINT8: 8, TensorProto.INT16: 16, TensorProto.UINT16: 16,
        TensorProto.INT32: 32, TensorProto.UINT32: 32, TensorProto.INT64: 64, TensorProto.UINT64: 64,
        TensorProto.BOOL: 8, TensorProto.INT4: 4, TensorProto.UINT4: 4, TensorProto.FLOAT8E4M3FN: 8,
        TensorProto.FLOAT8E5M2: 8, TensorProto.COMPLEX64: 64, TensorProto.COMPLEX128: 128}  # fmt: skip

for _name, _bits in (
    ("FLOAT8E4M3FNUZ", 8),
    ("FLOAT8E5M2FNUZ", 8),
    ("FLOAT8E8M0", 8),
    ("FLOAT4E2M1", 4),
    ("INT2", 2),
    ("UINT2", 2),
):
    if hasattr(TensorProto, _name):  # types that older releases of onnx do not have
        BITS[getattr(TensorProto, _name)] = _bits


@dataclass(frozen=True)
class Origin:
    """Where a constant comes from: the initialisers it was made of, and whether they are weights."""

    weights: frozenset[str] = frozenset()  # initialisers that a training framework would hold
    literal: bool = (
        False  # written into the graph as a Constant: a weight only where one must stand
    )


@dataclass(frozen=True, eq=False)
class Value:
    """One tensor. A constant has an origin; a feature map has a tap."""

    name: str
    type: onnx.TypeProto
    data: Any = None  # numpy array of a small constant
    origin: Origin | None = None
    tap: Tap | None = None
    bits: int | None = None  # of one element of a constant where the file fixes them

    @property
    def elem(self) -> int:
        """The ONNX element type."""
        return int(self.type.tensor_type.elem_type)

    @property
    def floating(self) -> bool:
        """True for real numbers of any width."""
        return self.elem in FLOATS

    @property
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
