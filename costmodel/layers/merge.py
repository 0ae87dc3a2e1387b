"""Layers that join branches: add, mul, concat."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Example, Layer
from costmodel.layers.fields import numbers, whole
from costmodel.tally import Shape, Shapes, Tally, elements

MAPS: Shapes = ((3, 4, 5), (3, 4, 5))


class Broadcast(Layer):
    """Shared by add and mul: maps of one shape, or with axes of size 1 stretched."""

    in_place: ClassVar[bool] = True

    arity: ClassVar[tuple[int, int | None]] = (2, None)
    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, MAPS),
        Example({}, ((3, 4, 5), (3, 1, 1))),
        Example({}, (*MAPS, (3, 4, 5))),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue where sizes differ and neither is 1."""
        if len({len(shape) for shape in inputs}) == 1:
            sizes = [set(axis) - {1} for axis in zip(*inputs, strict=True)]
            if all(len(size) <= 1 for size in sizes):
                return tuple(size.pop() if size else 1 for size in sizes)
        shown = " and ".join(str(list(shape)) for shape in inputs)
        raise BadValue(f"{self.kind} joins maps of different shapes: {shown}",
                       "give the branches equal channels and strides")  # fmt: skip


@dataclass(frozen=True)
class Add(Broadcast):
    """Elementwise sum of n maps: n - 1 additions per element, and n products if weighted."""

    kind: ClassVar[str] = "add"
    source: ClassVar[str] = "He et al. 2016 (shortcuts); Gastaldi 2017, Shake-Shake (weights)"
    examples: ClassVar[tuple[Example, ...]] = (
        *Broadcast.examples,
        Example({"weights": [0.5, 0.25]}, MAPS),
    )

    weights: tuple[float, ...] = numbers(())

    def out_shape(self, *inputs: Shape) -> Shape:
        """The common shape; BadValue also where weights and maps differ in number."""
        if self.weights and len(self.weights) != len(inputs):
            raise BadValue(
                f"add has {len(self.weights)} weights for {len(inputs)} maps", "give one for each"
            )
        return super().out_shape(*inputs)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """n - 1 additions per output element, and a multiplication for each weight."""
        size = elements(outputs)
        work = {"adds": (len(inputs) - 1) * size, "muls": len(self.weights) * size}
        return Tally.of(inputs, outputs, **work)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The weighted sum of the arguments."""
        weights = self.weights or (1.0,) * len(inputs)
        return lambda *maps: reduce(torch.add, (x * w for x, w in zip(maps, weights, strict=True)))


class Mul(Broadcast):
    """Elementwise product of two or more maps: n - 1 multiplications per element."""

    kind: ClassVar[str] = "mul"
    source: ClassVar[str] = "Hu et al. 2018 (squeeze-and-excitation scaling)"

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """n - 1 multiplications per output element."""
        return Tally.of(inputs, outputs, muls=(len(inputs) - 1) * elements(outputs))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The product of the arguments."""
        return lambda *maps: reduce(torch.mul, maps)


@dataclass(frozen=True)
class Concat(Layer):
    """Concatenation along an axis (0: channels): data movement, no arithmetic."""

    kind: ClassVar[str] = "concat"
    routine: ClassVar[str] = "move"
    source: ClassVar[str] = "Szegedy et al. 2015 (Inception)"
    arity: ClassVar[tuple[int, int | None]] = (1, None)

    axis: int = whole(0, least=0)

    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((3, 4, 5), (2, 4, 5))),
        Example({"axis": 1}, ((3, 4), (3, 1), (3, 2))),
    )

    def out_shape(self, *inputs: Shape) -> Shape:
        """Sizes add along the axis; BadValue where another axis differs."""
        axis = self.axis
        rests = {(*shape[:axis], -1, *shape[axis + 1 :]) for shape in inputs}
        if len(rests) != 1 or any(axis >= len(shape) for shape in inputs):
            shown = " and ".join(str(list(shape)) for shape in inputs)
            raise BadValue(f"concat along axis {axis} of shapes {shown}",
                           "all other axes must be equal")  # fmt: skip
        total = sum(shape[axis] for shape in inputs)
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """No arithmetic."""
        return Tally.of(inputs, outputs)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.cat."""
        return lambda *maps: torch.cat(maps, dim=self.axis + 1)


@dataclass(frozen=True)
class ConcatInPlace(Concat):
    """Concatenation without a copy: whoever reads it reads its parts where they lie."""

    kind: ClassVar[str] = "concat_in_place"
    view: ClassVar[bool] = True
