"""Where the samples of a run lie in a tensor of an ONNX graph.

ONNX bakes a batch into every shape; shapes here are per sample. So the axis that holds the samples
is followed from the inputs through every operator (`samples.py`). It may be merged with others
(windows of each sample): then a sample's part of that axis stays. Where it cannot be followed, or
an operator works along it, a file of one sample goes on with whole shapes, which say the same; one
of several is read again as a run that is one sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import onnx

from costmodel.core.tally import Shape
from costmodel.frontends.onnx.values import shape_in


class Untracked(Exception):
    """An operator works along the samples, or mixes tensors with them and without."""


class Spread(NamedTuple):
    """A shape of a file, and the axis of it that holds so many samples (None: no axis does).

    >>> batch = Spread((4, 3, 8), axis=0, held=4)
    >>> batch.shape, batch.place(2), batch.beside((1, 3, 1))
    ((3, 8), 1, (3, 1))
    >>> windows = Spread((20, 3), axis=0, held=4)  # 5 windows of each of 4 samples
    >>> windows.pieces, windows.shape
    (True, (5, 3))
    """

    whole: Shape
    axis: int | None
    held: int

    @property
    def alone(self) -> bool:
        """True where the axis holds the samples and nothing else: a sample has no such axis."""
        return self.axis is not None and self.whole[self.axis] == self.held

    @property
    def pieces(self) -> bool:
        """True where the axis holds pieces of each sample."""
        return self.axis is not None and not self.alone

    @property
    def shape(self) -> Shape:
        """The shape per sample. Raises Untracked where the axis does not divide."""
        if self.axis is None:
            return self.whole
        each, rest = divmod(self.whole[self.axis], self.held)
        if rest and not self.alone:
            raise Untracked
        middle = () if self.alone else (each,)
        return (*self.whole[: self.axis], *middle, *self.whole[self.axis + 1 :])

    def place(self, axis: int) -> int:
        """An axis of the file's shape as one of the sample's. Raises Untracked for the samples'."""
        counted = axis % len(self.whole)
        if not self.alone or self.axis is None or counted < self.axis:
            return counted
        if counted == self.axis:
            raise Untracked
        return counted - 1

    def beside(self, constant: Shape) -> Shape:
        """The shape of a constant that is stretched over this one, as one sample sees it.

        Raises Untracked where the constant differs from sample to sample.
        """
        at = -1 if self.axis is None else self.axis - (len(self.whole) - len(constant))
        if self.axis is None or at < 0:
            return constant
        if constant[at] not in (1, *([] if self.alone else [self.whole[self.axis] // self.held])):
            raise Untracked
        return (*constant[:at], *constant[at + 1 :]) if self.alone else constant


def reshaped(before: Spread, whole: Shape) -> int | None:
    """The axis of the samples once the same elements have the shape `whole`.

    None, or Untracked where there are several samples, if no single axis holds them. Of several
    axes that could, the first is taken that begins with the samples and holds nothing else.

    >>> reshaped(Spread((2, 4, 6), axis=1, held=4), (8, 2, 3))
    0
    """
    if before.axis is None:
        return None
    start = prod(before.whole[: before.axis])
    holding = []
    for axis, size in enumerate(whole):
        ahead = prod(whole[:axis])
        divides = start % max(ahead, 1) == 0 and (ahead * size) % max(start * before.held, 1) == 0
        if divides and ahead <= start and start * before.held <= ahead * size:
            holding.append((ahead != start, size != before.held, axis))
    if not holding and before.held > 1:
        raise Untracked
    return min(holding)[-1] if holding else None


def samples_along(inputs: Sequence[onnx.ValueInfoProto], axis: int) -> int:
    """Samples that the first input, of two axes or more, holds along `axis`. Raises Untracked."""
    for value in inputs[:1]:
        whole = shape_in(value.type)
        if len(whole) > max(axis, 1):
            return whole[axis]
    raise Untracked


def led(shape: Shape, rank: int) -> Shape:
    """The shape with axes of size 1 in front until it has `rank` axes, as broadcasting has it."""
    return (1,) * (rank - len(shape)) + shape
