"""Functions that an exporter spelt out in several rows become one row again."""

from __future__ import annotations

from typing import ClassVar

from costmodel.arch.network import Network, Row
from costmodel.passes.base import Draft, Pass, elementwise

WHOLE = (
    "batch_norm",
    "layer_norm",
    "group_norm",
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "gelu",
    "silu",
    "hard_swish",
)


class FuseFunctions(Pass):
    """Arithmetic rows that together are one function of one map (GELU by erf, x * sigmoid(x)) are joined.

    A bias added to a dense layer's output joins the layer. Rows that are a layer of their own, as a framework runs them without a compiler, stay apart.
    """

    source: ClassVar[str] = (
        "what torch.onnx.export writes for torch.nn.functional.gelu and silu (operator set 17)"
    )

    def apply(self, network: Network) -> Network:
        """One sweep in execution order; a row that was joined is looked at again."""
        draft = Draft(network)
        for row in network.rows:
            if row.kind == "add" and len(row.inputs) == 1:  # the other summand is a constant
                first = draft.feeds_only(row.inputs[0], row)
                if first is not None and first.parts[-1].layer.kind == "linear":
                    draft.merge(first, row, (*first.parts, *row.parts))
        for name in list(draft.rows):
            current: Row | None = draft.rows.get(name)
            while current is not None and arithmetic(current):
                current = _join(draft, current)
        return draft.network()


def arithmetic(row: Row) -> bool:
    """True for an elementwise row none of whose parts is a layer of its own."""
    return elementwise(row) and not any(part.layer.kind in WHOLE for part in row.parts)


def _join(draft: Draft, row: Row) -> Row | None:
    """`row` with a row before it that makes one function of one map together with it; None if there is none."""
    for tap in row.inputs:
        first = draft.feeds_only(tap, row)
        if first is None or not arithmetic(first) or first.outputs[0] != row.outputs[0]:
            continue
        if {*first.inputs, *row.inputs} - {tap} == set(first.inputs) and len(
            set(first.inputs)
        ) == 1:
            return draft.merge(first, row, (*first.parts, *row.parts))
    return None
