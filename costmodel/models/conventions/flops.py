"""Floating-point operations: 2 per multiply-add, 1 per other arithmetic operation."""

from __future__ import annotations

from typing import Any

from costmodel.core.convention import Convention
from costmodel.core.tally import Tally


class Flops(Convention):
    """Floating-point operations: 2 per multiply-add, 1 per other operation; BN has 2 parameters.

    So batch norm counts 2 per element (scale, shift), ReLU 1, add and mul 1, max pool k^2 - 1 and
    average pool k^2 per output, softmax 3 per class.
    """

    source = "IEEE usage: one multiply-add is two operations (Williams et al. 2009, Roofline)"

    def ops(self, kind: str, tally: Tally) -> Any:
        """2 * macs + every single operation [FLOP]."""
        singles = tally.adds + tally.muls + tally.divs + tally.compares + tally.exps
        return 2 * tally.macs + singles

    def params(self, tally: Tally) -> Any:
        """Trainable parameters: weights, biases, BN scale and shift [count]."""
        return tally.moved_params
