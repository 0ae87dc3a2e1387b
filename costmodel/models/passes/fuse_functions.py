"""Functions that an exporter spelt out in several rows become one row again."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.layers.layer_norm import GroupNorm
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.merge import Add, Mul
from costmodel.models.passes._draft import Draft, fused

# How exporters spell functions of one map: words of consecutive rows, none of which anybody else
# reads. A scale or a shift is a product or sum with a parameter that has axes.
SPELT = {
    ("div", "erf", "add", "mul", "mul"): "gelu",
    ("mul", "erf", "add", "mul", "mul"): "gelu",
    ("pow", "mul", "add", "mul", "tanh", "add", "mul", "mul"): "gelu by tanh",
    # x + 0.044715 x x x inside, as torch's older exporter writes it
    ("mul", "mul", "mul", "add", "mul", "tanh", "add", "mul", "mul"): "gelu by tanh",
    ("sigmoid", "mul"): "silu",
    ("hard_sigmoid", "mul"): "hard swish",
    ("sigmoid", "tanh", "mul"): "mish: softplus counts as sigmoid",
    ("group_norm", "scale", "shift"): "group norm: an instance norm, then parameters",
    ("scale", "mul", "shift"): "addcmul: shift + value * (x * scale)",
}


class FuseFunctions(Pass):
    """Rows that together are one function of one map (GELU by erf, x * sigmoid(x)) are joined.

    A bias added to a dense layer's output joins the layer. What a framework runs as an operation of
    its own without a compiler (a scale by a parameter, a sum) stays apart.
    """

    source = (
        "what torch.onnx.export writes for torch.nn.functional.gelu, silu, group_norm and linear, "
        "and for torch.addcmul (operator set 17)"
    )

    def apply(self, network: Network) -> Network:
        """Biases first, then functions, each in execution order."""
        draft = Draft(fused(network, _biased))
        for name in list(draft.rows):
            if name in draft.rows:
                chain = spelt(draft, draft.rows[name])
                for row in chain[1:]:
                    chain[0] = draft.merge(chain[0], row)
        return draft.network()


def _biased(draft: Draft, row: Row) -> Iterator[Row]:
    """The dense layer in front of a sum whose other summand is a constant."""
    if len(row.parts) == len(row.inputs) == 1 and isinstance(row.layer, Add):
        first = draft.feeds_only(row.inputs[0], row)
        if first is not None and isinstance(first.parts[-1].layer, Linear):
            yield first


def spelt(draft: Draft, row: Row) -> list[Row]:
    """The rows that spell out one function, beginning with `row`; empty if it begins none."""
    sources, chain = set(row.inputs), [row]
    words: tuple[str, ...] = (_word(row),)
    while len(sources) == 1 and words not in SPELT:
        if not any(known[: len(words)] == words for known in SPELT):
            return []
        last = chain[-1]
        reader = draft.only_reader(last)
        if reader is None or not {t for t in reader.inputs if t.node != last.id} <= sources:
            return []
        chain.append(reader)
        words = (*words, _word(reader))
    return chain if len(sources) == 1 else []


def _word(row: Row) -> str:
    """The function of an elementwise row or group norm; empty for anything else."""
    layer = row.layer
    if len(row.parts) > 1 or not (row.elementwise or isinstance(layer, GroupNorm)):
        return ""
    if row.constants is not None and row.constants.tensors and len(row.inputs) == 1:
        if isinstance(layer, Mul):
            return "scale"
        return "shift" if isinstance(layer, Add) else ""
    return layer.computes
