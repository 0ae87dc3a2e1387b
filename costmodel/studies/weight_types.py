"""In which types the weights of a run are stored, where its rows say more than its dtype."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from costmodel.language import dtypes

if TYPE_CHECKING:
    from costmodel.core.network import Network, Row
    from costmodel.studies.evaluated import Evaluated

ROLES = {
    "linear": "linear layers", "moe": "experts", "embedding": "embedding",
    "rms_norm": "norms", "layer_norm": "norms",
}  # fmt: skip
"""What rows of these kinds are called in a language model; others are called by their kind."""
NARROW = 16
"""Types of fewer bits than this have kernels of their own [bit]."""


def by_type(network: Network, dtype: str) -> dict[str, tuple[str, ...]]:
    """The roles whose weights are stored in each type, with its bits; empty where all are alike."""
    fixed: dict[tuple[str, str], list[float]] = defaultdict(list)
    plain: set[str] = set()
    for row in network.rows:
        for part in row.parts:
            if not part.tally.moved_params:
                continue
            role, bits = _role(network, row, part.layer.kind), part.layer.weight_bits
            if bits is None:
                plain.add(role)
                continue
            fixed[part.layer.weight_type, role].append(bits)
            plain |= {"biases"} if part.tally.biases else set()
            plain |= {"routers"} if part.layer.kind == "moe" else set()
    if not fixed:
        return {}
    told: dict[str, tuple[str, ...]] = {}
    for (word, role), each in sorted(fixed.items()):
        text = f"{word} ({_span(each)} bits with scales)" if word else f"{_span(each)} bits"
        told[text] = (*told.get(text, ()), role)
    own = dtypes.types(dtype).weights
    return told | ({own: tuple(sorted(plain))} if plain else {})


def line(network: Network, dtype: str) -> str:
    """The same in one line; empty where all weights have the type of the run."""
    told = by_type(network, dtype)
    return "; ".join(f"{word}: {', '.join(roles)}" for word, roles in told.items())


def narrow_words(run: Evaluated) -> set[str]:
    """The types of fewer than 16 bits in which rows fix their weights, or else the run does."""
    layers = [part.layer for row in run.network.rows for part in row.parts]
    words = {word for layer in layers for word in layer.weight_type.split("+") if word}
    words |= {f"{x.weight_bits:.3g}-bit" for x in layers if x.weight_bits and not x.weight_type}
    words |= {dtypes.types(run.policies.dtype).weights}
    return {word for word in words if dtypes.BITS.get(word, 0) < NARROW}


def _role(network: Network, row: Row, kind: str) -> str:
    """What a row is in a language model."""
    last = row.id in {tap.node for tap in network.outputs}
    return "head" if last and kind == "linear" else ROLES.get(kind, kind)


def _span(bits: list[float]) -> str:
    """The bits of a weight, from the fewest to the most."""
    low, high = (f"{value:.4g}" for value in (min(bits), max(bits)))
    return low if low == high else f"{low} to {high}"
