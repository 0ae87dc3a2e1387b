"""Recurrence: what works along the steps of a sequence."""

from __future__ import annotations

from math import prod

import onnx

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work, exported
from costmodel.frontends.onnx.shaping import Shaper, typed
from costmodel.models.layers.computed import behind
from costmodel.models.layers.recurrent import Recurrent


def recurrent(node: OnnxNode) -> Work:
    """An LSTM, GRU or RNN over [steps, samples, size]: x, w, r, b, lengths, states.

    w is [directions, gates * hidden, size] and r [directions, gates * hidden, hidden].
    """
    shape, directions = node.shape(), node.whole(1)[0]
    dynamic = node.op == "DynamicQuantizeLSTM"
    if node.get("layout", 0) and len(shape) == 3:
        # [samples, steps, size]: the steps come first
        shape = (shape[1], shape[0], shape[2])
    hidden = node.whole(2)[1 if dynamic else 2]
    layer = Recurrent(
        cell="lstm" if dynamic else node.op.lower(),
        hidden=hidden,
        bidirectional=directions == 2,
        bias=node.has(3),
    )
    with exported():
        out = layer.out_shape(shape)
    # three gates of an LSTM see the state of each of their units
    peeping = 3 * hidden * directions * prod(shape[:-1]) * node.has(7)
    others = tuple(n for n in node.maps if n)
    return Work(
        (layer, *behind(out, muls=peeping, adds=peeping)),
        (shape, *map(node.shape, others)), operands=(0, *others),
        weights=(1, 2, 3, 7), aside=(4, 5, 6), tables=(8, 9, 10, 11),
    )  # fmt: skip


def dynamic_shapes(node: OnnxNode) -> list[onnx.TypeProto]:
    """[steps, directions, samples, hidden], and the last of them twice."""
    (steps, samples, _), directions = node.whole(), node.whole(1)[0]
    state = (directions, samples, node.whole(2)[1])
    return typed(node, (steps, *state), state, state)


def recurred(node: OnnxNode, number: int) -> int | None:
    """The axis of the samples in output `number` of a recurrent operator.

    X is [steps, samples, size] and Y is [steps, directions, samples, hidden]; the states lack the
    steps. With `layout` 1 the samples stand first in all of them.
    """
    first = bool(node.get("layout", 0))
    if {node.spread(place).axis for place in node.maps} != {0 if first else 1}:
        return None
    if first:
        return 0
    return 2 if len(node.wholes[number]) == 4 else 1


CELLS = ("LSTM", "GRU", "RNN")
DYNAMIC = "DynamicQuantizeLSTM"
"""ONNX Runtime's LSTM of weights in 8 bits, [directions, size, gates * hidden]."""
RULES: dict[str, Rule] = dict.fromkeys((*CELLS, f"com.microsoft:{DYNAMIC}"), recurrent)
FOLLOW: dict[str, Follow] = dict.fromkeys((*CELLS, DYNAMIC), recurred)
SHAPES: dict[str, Shaper] = {f"com.microsoft:{DYNAMIC}": dynamic_shapes}
