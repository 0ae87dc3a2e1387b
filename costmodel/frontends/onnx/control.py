"""Graphs inside a graph that run a number of times which the file fixes: trip after trip.

An If whose condition is known is its branch. A Loop runs as often as its constant count and its
condition, followed from trip to trip, say; a Scan once for each piece along its scan axes; a
SequenceMap once for each element. Weights inside count once and move at each trip. What depends on
data is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from costmodel.errors import BadValue
from costmodel.frontends.onnx.constants import tensor_type
from costmodel.frontends.onnx.live import CUT
from costmodel.frontends.onnx.values import Origin, Value
from costmodel.frontends.onnx.walk import Refused, Walk

MOST = 20_000
"""Nodes that the trips of one file may run."""
Values = list[Value | None]
"""What a graph takes or gives; None where nobody needs it."""


def attributes(proto: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes by name."""
    return {one.name: helper.get_attribute_value(one) for one in proto.attribute}


def known(walk: Walk, name: str, what: str) -> Any:
    """The number that a tensor holds. Raises BadValue where it depends on data."""
    data = walk.values[name].data
    if data is None or np.size(data) != 1:
        raise BadValue(f"{what} depends on the data ('{name}')", CUT)
    return np.ravel(data)[0].item()


def number(walk: Walk, name: str, value: Any, elem: int = TensorProto.INT64) -> None:
    """Note a scalar constant, which no file stores."""
    kind = tensor_type(elem, ())
    walk.constant(name, kind, np.array(value), Origin())


def trip(walk: Walk, proto: onnx.NodeProto, count: int, body: onnx.GraphProto) -> Values:
    """Run a body whose inputs are bound; what it gives. Raises BadValue beyond MOST nodes."""
    walk.trips += len(body.node)
    if walk.trips > MOST:
        raise BadValue(f"its trips run over {MOST} nodes", CUT)
    label = proto.name or proto.output[0]
    walk.stated |= {value.name: value.type for value in body.value_info}
    with walk.inside(label, f"{label}/{count}", again=count > 0):
        walk.body(body)
    given = [output.name for output in body.output]
    if any(name and name not in walk.values for name in given):
        raise Refused
    return [walk.values[name] if name else None for name in given]


def bind(walk: Walk, names: Sequence[str], values: Sequence[Value | None]) -> None:
    """Give values further names."""
    for name, value in zip(names, values, strict=True):
        if name and value is not None:
            walk.values[name] = replace(value, name=name)


def branch(walk: Walk, proto: onnx.NodeProto) -> None:
    """An If whose condition is known: that branch."""
    taken = known(walk, proto.input[0], "which branch runs")
    body = attributes(proto)["then_branch" if taken else "else_branch"]
    bind(walk, proto.output, trip(walk, proto, 0, body))


def loop(walk: Walk, proto: onnx.NodeProto) -> None:
    """A Loop: count, condition, then what goes from trip to trip."""
    body = attributes(proto)["body"]
    count, condition, *first = (*proto.input, "", "")[: max(len(proto.input), 2)]
    most = known(walk, count, "how often it runs") if count else None
    goes_on = known(walk, condition, "whether it runs at all") if condition else True
    carried = given_as(walk, first)
    names = [value.name for value in body.input]
    gathered: list[Values] = []
    while goes_on and (most is None or len(gathered) < most):
        number(walk, names[0], len(gathered))
        number(walk, names[1], True, TensorProto.BOOL)
        bind(walk, names[2:], carried)
        _, *given = trip(walk, proto, len(gathered), body)
        goes_on = known(walk, body.output[0].name, "whether it goes on")
        carried, rest = given[: len(first)], given[len(first) :]
        gathered.append(rest)
    bind(walk, proto.output[: len(first)], carried)
    for place, name in enumerate(proto.output[len(first) :]):
        stack(walk, name, [rest[place] for rest in gathered], 0)


def scan(walk: Walk, proto: onnx.NodeProto) -> None:
    """A Scan: states, then what is cut into pieces, one for each trip."""
    said = attributes(proto)
    body, pieces = said["body"], said["num_scan_inputs"]
    states = len(proto.input) - pieces
    sources = proto.input[states:]
    outputs = proto.output[states:]
    axes = said.get("scan_input_axes", [0] * pieces)
    back = said.get("scan_input_directions", [0] * pieces)
    if walk.infer.opsets[""] < 9:
        raise BadValue("a Scan of operator set 8", "export with a newer one")
    length = walk.values[sources[0]].shape[axes[0]]
    carried = given_as(walk, proto.input[:states])
    names = [value.name for value in body.input]
    gathered: list[Values] = []
    for count in range(length):
        bind(walk, names[:states], carried)
        for name, source, axis, turned in zip(names[states:], sources, axes, back, strict=True):
            at = length - 1 - count if turned else count
            walk.made("Gather", [source, index(walk, at)], name, axis=axis)
        given = trip(walk, proto, count, body)
        carried, rest = given[:states], given[states:]
        gathered.append(rest)
    bind(walk, proto.output[:states], carried)
    axes = said.get("scan_output_axes", [0] * len(outputs))
    back = said.get("scan_output_directions", [0] * len(outputs))
    for place, name in enumerate(outputs):
        made = [rest[place] for rest in gathered]
        stack(walk, name, made[::-1] if back[place] else made, axes[place])


def index(walk: Walk, place: int) -> str:
    """The name of a constant that counts along an axis."""
    name = f"#{place}"
    number(walk, name, place)
    return name


def given_as(walk: Walk, names: Sequence[str]) -> Values:
    """What stands under these names."""
    return [walk.values[name] if name else None for name in names]


def stack(walk: Walk, name: str, gathered: Values, axis: int) -> None:
    """What trips gave, side by side along a new axis. Raises BadValue where there is nothing."""
    if not name or name not in walk.used:
        return
    values = [value for value in gathered if value is not None]
    if not values:
        raise BadValue(f"'{name}' gathers what no trip gives", CUT)
    names = []
    for place, value in enumerate(values):
        at = axis % (len(value.shape) + 1)
        shape = (*value.shape[:at], 1, *value.shape[at:])
        part = f"{name}#{place}"
        walk.values[f"{part}<"] = replace(value, name=f"{part}<")
        names.append(part)
        reshape(walk, f"{part}<", part, shape)
    walk.made("Concat", names, name, axis=axis)


def reshape(walk: Walk, source: str, name: str, shape: Sequence[int]) -> None:
    """The same elements under another shape."""
    kind = tensor_type(TensorProto.INT64, (len(shape),))
    walk.constant(f"{name}>", kind, np.array(shape, dtype=np.int64), Origin())
    walk.made("Reshape", [source, f"{name}>"], name)


def sequence_map(walk: Walk, proto: onnx.NodeProto) -> None:
    """A SequenceMap: the body for each element of the first list, and of others as long."""
    body = attributes(proto)["body"]
    given = [walk.values[name] for name in proto.input]
    names = [value.name for value in body.input]
    results: list[Values] = []
    for count, _ in enumerate(given[0].items or ()):
        bind(walk, names, [one if one.items is None else one.items[count] for one in given])
        results.append(trip(walk, proto, count, body))
    for place, name in enumerate(proto.output):
        made = [value for one in results if (value := one[place]) is not None]
        walk.values[name] = Value.of_list(name, made)


CONTROL: dict[str, Callable[[Walk, onnx.NodeProto], None]] = {
    "If": branch,
    "Loop": loop,
    "Scan": scan,
    "SequenceMap": sequence_map,
}
"""Operators that run graphs inside the graph."""
