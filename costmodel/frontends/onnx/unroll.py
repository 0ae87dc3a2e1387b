"""The walk that takes control flow and lists of tensors apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import onnx

from costmodel.frontends.onnx.control import CONTROL
from costmodel.frontends.onnx.lists import LISTS, same
from costmodel.frontends.onnx.walk import Walk


class Unrolled(Walk):
    """A walk in which every trip of a loop, and every element of a list, is rows of its own."""

    UNROLLED: ClassVar[Mapping[str, Callable[[Any, onnx.NodeProto], None]]] = {**CONTROL, **LISTS}

    def unroll(self, proto: onnx.NodeProto) -> None:
        """Control flow, or work on lists of tensors. Raises BadValue."""
        if proto.op_type == "Identity":
            same(self, proto)
        else:
            super().unroll(proto)
