"""Sequences of tensors whose length the file fixes: lists of maps, which move nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto

from costmodel.errors import BadValue
from costmodel.frontends.onnx.constants import tensor_type
from costmodel.frontends.onnx.control import (
    attributes,
    known,
    number,
    reshape,
    stack,
)
from costmodel.frontends.onnx.live import CUT
from costmodel.frontends.onnx.values import Origin, Value
from costmodel.frontends.onnx.walk import Walk


def items(walk: Walk, name: str) -> list[Value]:
    """The elements of a list. Raises BadValue for what is none."""
    found = walk.values[name].items
    if found is None:
        raise BadValue(f"'{name}' is no sequence whose length is known", CUT)
    return list(found)


def place(walk: Walk, proto: onnx.NodeProto, at: int, length: int, default: int) -> int:
    """The position that input `at` holds, from 0. Raises BadValue for one that is not there."""
    given = len(proto.input) > at and proto.input[at]
    position = int(known(walk, proto.input[at], "a position")) if given else default
    if not -length <= position < length:
        raise BadValue(f"position {position} of {length}", "correct it")
    return position % length


def sizes_of(walk: Walk, proto: onnx.NodeProto, whole: int) -> Iterator[int]:
    """The sizes of the pieces into which SplitToSequence cuts an axis of `whole` elements."""
    split = walk.values[proto.input[1]].data if len(proto.input) > 1 else np.array(1)
    if split is None:
        raise BadValue("how it is cut depends on the data", CUT)
    if np.ndim(split):
        yield from np.ravel(split).astype(int).tolist()
        return
    each = int(split)
    yield from [each] * (whole // each)
    if whole % each:
        yield whole % each


def split(walk: Walk, proto: onnx.NodeProto) -> None:
    """SplitToSequence: pieces of one axis."""
    said, source = attributes(proto), walk.values[proto.input[0]]
    axis = said.get("axis", 0) % len(source.shape)
    sizes = list(sizes_of(walk, proto, source.shape[axis]))
    name = proto.output[0]
    names = [f"{name}#{count}" for count in range(len(sizes))]
    # as many pieces as there are positions, each without the axis where it is not kept
    flat = len(proto.input) < 2 and not said.get("keepdims", 1)
    if walk.infer.opsets[""] < 13:
        walk.made("Split", [proto.input[0]], *names, axis=axis, split=sizes)
    else:
        kind = tensor_type(TensorProto.INT64, (len(sizes),))
        walk.constant(f"{name}>", kind, np.array(sizes, dtype=np.int64), Origin())
        walk.made("Split", [proto.input[0], f"{name}>"], *names, axis=axis)
    if flat:
        for one in names:
            shape = walk.values[one].shape
            reshape(walk, one, f"{one}-", (*shape[:axis], *shape[axis + 1 :]))
        names = [f"{one}-" for one in names]
    walk.values[name] = Value.of_list(name, [walk.values[one] for one in names])


def construct(walk: Walk, proto: onnx.NodeProto) -> None:
    """SequenceConstruct, and SequenceEmpty, which has no inputs."""
    name = proto.output[0]
    walk.values[name] = Value.of_list(name, [walk.values[one] for one in proto.input])


def insert(walk: Walk, proto: onnx.NodeProto) -> None:
    """SequenceInsert: at a position, at the end where none is given."""
    held, name = items(walk, proto.input[0]), proto.output[0]
    at = place(walk, proto, 2, len(held) + 1, len(held))
    held.insert(at, walk.values[proto.input[1]])
    walk.values[name] = Value.of_list(name, held)


def erase(walk: Walk, proto: onnx.NodeProto) -> None:
    """SequenceErase: an element, the last where no position is given."""
    held, name = items(walk, proto.input[0]), proto.output[0]
    del held[place(walk, proto, 1, len(held), len(held) - 1)]
    walk.values[name] = Value.of_list(name, held)


def pick(walk: Walk, proto: onnx.NodeProto) -> None:
    """SequenceAt: an element under another name."""
    held, name = items(walk, proto.input[0]), proto.output[0]
    walk.values[name] = replace(held[place(walk, proto, 1, len(held), 0)], name=name)


def length(walk: Walk, proto: onnx.NodeProto) -> None:
    """SequenceLength: a number that is known."""
    number(walk, proto.output[0], len(items(walk, proto.input[0])))


def joined(walk: Walk, proto: onnx.NodeProto) -> None:
    """ConcatFromSequence: side by side along an axis, or along a new one."""
    held, said, name = list(items(walk, proto.input[0])), attributes(proto), proto.output[0]
    if said.get("new_axis", 0):
        stack(walk, name, [*held], said["axis"])
        return
    names = [f"{name}#{count}" for count in range(len(held))]
    for one, value in zip(names, held, strict=True):
        walk.values[one] = replace(value, name=one)
    walk.made("Concat", names, name, axis=said["axis"])


def same(walk: Walk, proto: onnx.NodeProto) -> None:
    """What an Optional or an Identity hands on."""
    if not proto.input or not proto.input[0]:
        raise BadValue("holds nothing", CUT)
    walk.values[proto.output[0]] = replace(walk.values[proto.input[0]], name=proto.output[0])


def there(walk: Walk, proto: onnx.NodeProto) -> None:
    """OptionalHasElement: whether an input is there is known."""
    filled = bool(proto.input and proto.input[0])
    number(walk, proto.output[0], filled, TensorProto.BOOL)


LISTS: dict[str, Callable[[Walk, onnx.NodeProto], None]] = {
    "SplitToSequence": split,
    **dict.fromkeys(("SequenceConstruct", "SequenceEmpty"), construct),
    "SequenceInsert": insert,
    "SequenceErase": erase,
    "SequenceAt": pick,
    "SequenceLength": length,
    "ConcatFromSequence": joined,
    **dict.fromkeys(("Optional", "OptionalGetElement"), same),
    "OptionalHasElement": there,
}
"""Operators on sequences of tensors, and on tensors that may be absent."""
