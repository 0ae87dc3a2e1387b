"""What one device holds while it generates: weights, states, maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from costmodel.core.loading import load_network
from costmodel.language import dtypes
from costmodel.studies.run import Run


@dataclass(frozen=True, eq=False)
class Memory:
    """What one device holds [B]."""

    weights: int
    state: int
    """Keys and values of all sequences at their full length; at the mean one where they are served
    and end one after the other.
    """
    activation: int
    """The most that is alive at once while a prompt is read."""
    capacity: float | None
    """What the external memory holds; None: the profile does not say."""

    @property
    def total(self) -> int:
        """Weights, states and maps together [B]."""
        return self.weights + self.state + self.activation

    @property
    def fits(self) -> bool:
        """True where it fits, or where the capacity is not known."""
        return self.capacity is None or self.total <= self.capacity

    def record(self) -> dict[str, Any]:
        """The sizes [B] under the names of the JSON report."""
        return {
            "weights_bytes": self.weights,
            "state_bytes": self.state,
            "activation_bytes": self.activation,
            "capacity_bytes": self.capacity,
            "fits": self.fits,
        }


def weight_bytes(run: Run) -> int:
    """Bytes of all parameters that one device holds [B]."""
    bits = dtypes.BITS[dtypes.types(run.policies.dtype).weights]
    parts = (part for row in run.network.rows for part in row.parts)
    return sum(part.held_bytes(bits) for part in parts)


def state_elements(prefill: Run, prompt: int, length: int) -> int:
    """Elements per sequence of keys and values of `length` tokens, by those that a prompt gives."""
    elements = 0
    for part in (part for row in prefill.network.rows for part in row.parts):
        kept = part.layer.state(part.inputs)
        if kept is not None:
            window = getattr(part.layer, "window", None) or length
            elements += kept.written // prompt * min(length, window)
    return elements


def named_state_elements(
    arch: str | Path, settings: Mapping[str, Any], prefill: Run, length: int
) -> int:
    """Elements per sequence of the states that a file declares by name, as long as they get."""
    if not any(tap.state for tap in prefill.network.inputs):
        return 0
    given = {**settings, "tokens": 1, "context": length}
    # a network that only says how large its state is has no positions to run out of
    if "max_positions" in prefill.network.facts.variables:
        given["max_positions"] = 0
    taps = load_network(arch, given).inputs
    return sum(prod(tap.shape) for tap in taps if tap.state)
