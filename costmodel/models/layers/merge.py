"""Layers that join maps, and parameters with them: add, mul, concat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from costmodel.core.attributes import numbers, shapes, whole
from costmodel.core.layer import Example, Layer
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._twins import holding
from costmodel.models.layers.channels import Movement

MAPS: Shapes = ((3, 4, 5), (3, 4, 5))


def weights_in(constants: Shapes) -> int:
    """Elements of parameters among operands: those with axes; mere numbers are none."""
    return sum(prod(shape) for shape in constants if shape)


def listed(shapes: Shapes) -> str:
    """Shapes as messages name them: [3, 4] and [3, 1]."""
    return " and ".join(str(list(shape)) for shape in shapes)


class Broadcast(Layer):
    """Shared by what joins maps of one shape, or with axes of size 1 stretched.

    `constants` are further operands that the layer holds: learned where they have axes.
    """

    in_place = True
    arity = (2, None)

    constants: Shapes

    @property
    def input_count(self) -> tuple[int, int | None]:
        """A constant stands for a map."""
        return max(self.arity[0] - len(self.constants), 1), None

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue where sizes differ and neither is 1."""
        if len({len(shape) for shape in inputs}) == 1:
            sizes = [set(axis) - {1} for axis in zip(*inputs, strict=True)]
            if all(len(size) <= 1 for size in sizes):
                return self._with_constants(tuple(s.pop() if s else 1 for s in sizes))
        raise BadValue(
            f"{self.kind} joins maps of different shapes: {listed(inputs)}",
            "give the branches equal channels and strides",
        )

    def _with_constants(self, shape: Shape) -> Shape:
        """What comes of a map of `shape` and the constants, stretched as numpy does."""
        try:
            return tuple(map(int, np.broadcast_shapes(shape, *self.constants)))
        except ValueError:
            held = listed(self.constants)
            raise BadValue(
                f"{self.kind} joins a map of {list(shape)} with constants of {held}",
                "give sizes that are equal or 1",
            ) from None

    def operands(self, inputs: Shapes) -> int:
        """Maps and constants together."""
        return len(inputs) + len(self.constants)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The torch function of this name, from one operand to the next."""
        join = getattr(torch, self.computes)
        return holding(
            torch, self.constants, lambda self, *maps: reduce(join, (*maps, *self.parameters()))
        )


@dataclass(frozen=True)
class Add(Broadcast):
    """Elementwise sum of n operands: n - 1 additions per element, and n products if weighted.

    A `bias` of so many channels starts an accumulator elsewhere: it counts no operation.
    """

    kind = "add"
    source = "He et al. 2016 (shortcuts); Gastaldi 2017, Shake-Shake (weights)"
    examples = (
        Example({}, MAPS),
        Example({}, ((3, 4, 5), (3, 1, 1))),
        Example({}, (*MAPS, (3, 4, 5))),
        Example({"weights": [0.5, 0.25]}, MAPS),
        Example({"constants": [[7, 8]]}, ((7, 8),)),
        Example({"bias": 3}, ((3, 4, 5),)),
    )

    weights: tuple[float, ...] = numbers(())
    constants: Shapes = shapes(())
    bias: int = whole(0, least=0)

    @property
    def input_count(self) -> tuple[int, int | None]:
        """A bias stands for a map too."""
        return (1, None) if self.bias else super().input_count

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue also where weights and maps differ in number."""
        if self.weights and len(self.weights) != len(inputs):
            raise BadValue(
                f"add has {len(self.weights)} weights for {len(inputs)} maps", "give one for each"
            )
        return super().out_shape(*inputs)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One addition less than operands per output element, and a product for each weight."""
        size = elements(outputs)
        work = {"adds": (self.operands(inputs) - 1) * size, "muls": len(self.weights) * size}
        held = weights_in(self.constants)
        return Tally.of(inputs, outputs, **work, weights=held, biases=self.bias)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The weighted sum of the arguments and the constants."""
        factors = self.weights or (1.0,) * len(inputs)
        held = list(self.constants)
        if self.bias:
            held.append((self.bias, *(1,) * (len(inputs[0]) - 1)))

        def total(self: Any, *maps: Any) -> Any:
            weighted = (x * w for x, w in zip(maps, factors, strict=True))
            return reduce(torch.add, (*weighted, *self.parameters()))

        return holding(torch, held, total)


@dataclass(frozen=True)
class Mul(Broadcast):
    """Elementwise product of n operands: n - 1 multiplications per element."""

    kind = "mul"
    source = "Hu et al. 2018 (squeeze-and-excitation scaling)"
    examples = (
        Example({}, MAPS),
        Example({}, ((3, 4, 5), (3, 1, 1))),
        Example({}, (*MAPS, (3, 4, 5))),
        Example({"constants": [[8]]}, ((7, 8),)),
    )

    constants: Shapes = shapes(())

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """One multiplication less than operands per output element."""
        muls = (self.operands(inputs) - 1) * elements(outputs)
        return Tally.of(inputs, outputs, muls=muls, weights=weights_in(self.constants))


@dataclass(frozen=True)
class Concat(Movement):
    """Concatenation along an axis (0: channels): data movement, no arithmetic.

    `constants` are further pieces that the layer holds, such as a class token.
    """

    kind = "concat"
    source = "Szegedy et al. 2015 (Inception)"
    arity = (1, None)

    axis: int = whole(0, least=0)
    constants: Shapes = shapes(())

    examples = (
        Example({}, ((3, 4, 5), (2, 4, 5))),
        Example({"axis": 1}, ((3, 4), (3, 1), (3, 2))),
        Example({"constants": [[1, 8]]}, ((7, 8),)),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """Sizes add along the axis; BadValue where another axis differs."""
        axis, pieces = self.axis, (*inputs, *self.constants)
        rests = {(*shape[:axis], -1, *shape[axis + 1 :]) for shape in pieces}
        if len(rests) != 1 or any(axis >= len(shape) for shape in pieces):
            raise BadValue(
                f"concat along axis {axis} of shapes {listed(pieces)}",
                "all other axes must be equal",
            )
        total = sum(shape[axis] for shape in pieces)
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Pieces move; there is no arithmetic."""
        return Tally.of(inputs, outputs, weights=weights_in(self.constants))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.cat along the axis."""

        def joined(module: Any, *maps: Any) -> Any:
            held = (p.expand(len(maps[0]), *p.shape) for p in module.parameters())
            return torch.cat((*maps, *held), dim=self.axis + 1)

        return holding(torch, self.constants, joined)


@dataclass(frozen=True)
class ConcatInPlace(Concat):
    """Concatenation without a copy: whoever reads it reads its parts where they lie."""

    kind = "concat_in_place"
    view = True
