"""What goes straight to the engine: operands that no level inside a boundary holds."""

from __future__ import annotations

from math import ceil, prod

import numpy as np

from costmodel.core.tiling.joint import AnyNest, JointNest
from costmodel.core.tiling.nest import AttentionNest, Nest, Widths
from costmodel.core.tiling.traffic_curve import MovedBytes

Sharing = tuple[int, int, int]
"""Along n, k and c: how many multiply-adds a word of the weights, the input and a sum serves."""
ALONE: Sharing = (1, 1, 1)


def through(nest: AnyNest, widths: Widths, operands: str, sharing: Sharing = ALONE) -> MovedBytes:
    """Count what `operands` move that are fetched for each multiply-add [unit of the widths].

    The input moves a word for each output channel, the weights one for each position, sums go out
    and come back for each input channel and tap; fewer where several elements share them. Attention
    has ways of its own, and moves nothing so.
    """
    if isinstance(nest, JointNest):
        pieces = [
            through(piece.nest, piece.widths(widths), operands, sharing) for piece in nest.pieces
        ]
        return MovedBytes(*(np.asarray(sum(column)) for column in zip(*pieces, strict=True)))
    if isinstance(nest, AttentionNest):
        return MovedBytes(*np.zeros(4, dtype=np.int64))
    n, k, c = _turns(nest, sharing)
    met, outputs, taps = windows(nest)
    lone = nest.groups * prod(prod(nest.plain_axes[group].values()) for group in "nc")
    sums = nest.output_words * (c * taps - 1) * widths.sum if "O" in operands else 0
    moved = (
        lone * met * k * widths.input if "I" in operands else 0,
        nest.weight_words * outputs * n * widths.weight if "W" in operands else 0,
        sums,
        sums + nest.output_words * widths.output if "O" in operands else 0,
    )
    return MovedBytes(*np.array(moved, dtype=np.int64))


def windows(nest: Nest) -> tuple[int, int, int]:
    """Pairs of outputs and taps that meet a word, outputs, and taps, along all windows."""
    met = prod(int((sweep.met >= 0).sum()) for sweep in nest.overlapping)
    outputs, taps = (prod(getattr(s, name) for s in nest.overlapping) for name in SIZES)
    return met, outputs, taps


SIZES = ("outputs", "taps")


def _turns(nest: Nest, sharing: Sharing) -> list[int]:
    """How often the engine takes a word of the tensor that lacks n, k and c."""
    lengths = (prod(axes.values()) for axes in nest.plain_axes.values())
    return [ceil(length / shared) for length, shared in zip(lengths, sharing, strict=True)]
