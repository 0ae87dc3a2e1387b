"""Recurrence: what works along the steps of a sequence."""

from __future__ import annotations

from costmodel.frontends.onnx.node import Follow, OnnxNode, Rule, Work
from costmodel.models.layers.recurrent import Recurrent


def recurrent(node: OnnxNode) -> Work:
    """An LSTM, GRU or RNN over [steps, samples, size]: x, w, r, b, lengths, states.

    w is [directions, gates * hidden, size] and r [directions, gates * hidden, hidden].
    """
    shape, directions = node.shape(), node.whole(1)[0]
    layer = Recurrent(
        cell=node.op.lower(),
        hidden=node.whole(2)[-1],
        bidirectional=directions == 2,
        bias=node.has(3),
    )
    others = tuple(node.shape(n) for n in node.maps if n)
    return Work((layer,), (shape, *others), weights=(1, 2, 3, 7), aside=(4, 5, 6))


def recurred(node: OnnxNode, number: int) -> int | None:
    """The axis of the samples in output `number` of a recurrent operator.

    X is [steps, samples, size] and Y is [steps, directions, samples, hidden]; the states lack the
    steps. With `layout` 1 the samples stand first in all of them.
    """
    first = bool(node.get("layout", 0))
    if node.spread(0).axis != (0 if first else 1):
        return None
    if first:
        return 0
    return 2 if len(node.wholes[number]) == 4 else 1


CELLS = ("LSTM", "GRU", "RNN")
RULES: dict[str, Rule] = dict.fromkeys(CELLS, recurrent)
FOLLOW: dict[str, Follow] = dict.fromkeys(CELLS, recurred)
