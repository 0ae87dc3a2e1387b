"""How methods store one matrix of weights: its values, their scales, and what else lies beside."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from costmodel.language.dtypes import BITS


class Module(NamedTuple):
    """One matrix of a model, as its checkpoint names it."""

    path: str
    """With the layer's number: model.layers.0.self_attn.q_proj."""
    role: str
    """`linear`, `expert`, `head` or `embedding`."""
    outputs: int
    inputs: int
    module_class: str = "Linear"
    """The class of torch or transformers that holds it."""

    @property
    def values(self) -> int:
        """How many weights it has."""
        return self.outputs * self.inputs


class Scale(NamedTuple):
    """Numbers beside the values, one for each block of `rows` outputs and `columns` inputs."""

    bits: Fraction | int
    rows: int = 1
    """0: all of them."""
    columns: int = 0
    """0: all of them."""
    flat: int = 0
    """One for so many values in the order of memory instead."""

    def numbers(self, outputs: int, inputs: int) -> int:
        """How many there are for a matrix."""
        if self.flat:
            return -(-outputs * inputs // self.flat)
        return -(-outputs // (self.rows or outputs)) * -(-inputs // (self.columns or inputs))


@dataclass(frozen=True)
class Format:
    """How a matrix of weights is stored."""

    word: str
    """The type of its values, as reports and profiles call it."""
    bits: Fraction | int
    """Of one value, as it is packed."""
    scales: tuple[Scale, ...] = ()
    fixed: int = 0
    """Bytes that each matrix takes besides, whatever its size [B]."""
    computes: str | None = None
    """The element type of activations where they are quantised too; None: the model's own."""

    def size(self, outputs: int, inputs: int) -> int:
        """Bytes of a matrix, each of its tensors in whole bytes [B].

        >>> Format("int4", 4, (Scale(16, 1, 128), Scale(4, 1, 128))).size(4096, 4096)
        8716288
        """
        return _size(self, outputs, inputs)


@lru_cache(maxsize=4096)
def _size(form: Format, outputs: int, inputs: int) -> int:
    """Bytes of a matrix; a model has few different ones [B]."""
    beside = (_whole(scale.bits, scale.numbers(outputs, inputs)) for scale in form.scales)
    return _whole(form.bits, outputs * inputs) + sum(beside) + form.fixed


def _whole(bits: Fraction | int, count: int) -> int:
    """Whole bytes of `count` numbers [B]."""
    return -(-count * Fraction(bits) // 8)


def plain(dtype: str) -> Format:
    """A matrix that is not quantised."""
    return Format(dtype, BITS[dtype])


def words_of(bits: int) -> Fraction:
    """Bits that a value takes where words of 32 bits hold as many whole values as they can.

    Ten values of three bits fill a word but for two bits.
    """
    return Fraction(32, 32 // bits)
