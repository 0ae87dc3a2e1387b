"""Layers that only move elements: transposed, resized, copied, cut out, looked up, converted."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from operator import mul
from typing import Any, ClassVar

from costmodel.core.attributes import (
    Sizes,
    attribute,
    optional_per_axis,
    optional_shape,
    optional_whole,
    shapes,
    whole,
    whole_list,
)
from costmodel.core.layer import Example, need_axes
from costmodel.core.tally import Shape, Shapes, Tally, elements
from costmodel.errors import BadValue
from costmodel.models.layers._twins import holding
from costmodel.models.layers.channels import Movement


@dataclass(frozen=True)
class Transpose(Movement):
    """Axes in another order (0: channels); every element moves."""

    kind = "transpose"
    writes = "row_major"
    source = "row-major order, as in numpy and torch"
    examples = (Example({"axes": [1, 0]}, ((7, 8),)), Example({"axes": [2, 0, 1]}, ((3, 4, 5),)))

    axes: tuple[int, ...] = whole_list()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The sizes in the new order; BadValue where `axes` is no order of them."""
        if sorted(self.axes) != list(range(len(inputs[0]))):
            raise BadValue(
                f"axes {list(self.axes)} do not order {list(inputs[0])}", "name each axis once"
            )
        return tuple(inputs[0][axis] for axis in self.axes)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.permute behind the batch axis."""
        return lambda x: x.permute(0, *(axis + 1 for axis in self.axes))


@dataclass(frozen=True)
class Resize(Movement):
    """A map whose last axes are enlarged by whole factors (`scale`), or brought to a `size`.

    The nearest neighbour takes no arithmetic. `taps` are the input elements that an output element
    is mixed of along each axis that is resized: 2 where it is linear, 4 where it is cubic.
    """

    kind = "resize"
    precision = "wide"
    source = "Long et al. 2015 (upsampling); nearest neighbour"
    examples = (
        Example({"scale": [2, 3]}, ((3, 4, 5),)),
        Example({"size": [7, 3], "taps": [2, 2]}, ((3, 4, 5),)),
    )

    scale: Sizes | None = optional_per_axis(2)
    size: Shape | None = optional_shape()
    taps: tuple[int, ...] = whole_list(())

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, height * scale, width * scale), or (channels, *size)."""
        if (self.scale is None) == (self.size is None):
            raise BadValue("resize needs a scale or a size, and not both", "give one of them")
        if self.size is not None:
            lead, channels, _ = need_axes(self.kind, inputs[0], len(self.size))
            return (*lead, channels, *self.size)
        lead, channels, sizes = need_axes(self.kind, inputs[0], 2)
        return (*lead, channels, *map(mul, sizes, self.scale or ()))

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """A product for each tap of each axis, and an addition for each but an axis's first."""
        size = elements(outputs)
        muls, adds = sum(self.taps) * size, sum(taps - 1 for taps in self.taps) * size
        return Tally.of(inputs, outputs, muls=muls, adds=adds)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Upsample to the size, or by the scale."""
        if self.size is not None:
            return torch.nn.Upsample(size=self.size)
        return torch.nn.Upsample(scale_factor=tuple(map(float, self.scale or ())))


@dataclass(frozen=True)
class Copy(Movement):
    """Every element read and written once: tiles, paddings, expansions.

    `shape` is what comes out; the input's own where it is not given.
    """

    kind = "copy"
    source = "each element is read and written once"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({}, ((3, 4, 5),)),
        Example({"shape": [3, 8, 5]}, ((3, 4, 5),)),
    )

    shape: Shape | None = optional_shape()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The stated shape, or the input's."""
        return inputs[0] if self.shape is None else self.shape

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.clone, or what has the wanted shape."""
        wanted = self.shape
        if wanted is None:
            return lambda x: x.clone()
        return lambda x: x.new_empty((x.shape[0], *wanted))


@dataclass(frozen=True)
class Pieces(Movement):
    """Pieces of one map, each of one of the `shapes`, copied; what they leave out is not read.

    `axis` is the one that a single position is taken of, where it is indexed away.
    """

    kind = "piece"
    looks_up = True
    source = "slices, splits and scalar indices: a view where its readers take strides, else a copy"
    examples = (
        Example({"shapes": [[3, 2, 5]]}, ((3, 4, 5),)),
        Example({"shapes": [[1, 8], [3, 8]]}, ((4, 8),)),
    )

    shapes: Shapes = shapes()
    axis: int | None = optional_whole()

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """The pieces; BadValue where one is larger than the map."""
        if any(prod(shape) > prod(inputs[0]) for shape in self.shapes):
            raise BadValue(f"pieces {self.shapes} of a map of {list(inputs[0])}", "cut less")
        return self.shapes

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """The elements of the pieces."""
        return (min(sum(map(prod, outputs)), prod(inputs[0])),)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The first positions of each axis."""
        return lambda x: tuple(x[(slice(None), *map(slice, shape))] for shape in self.shapes)


@dataclass(frozen=True)
class Gather(Movement):
    """Elements of a map, or of a `table` of weights, by their positions; others are not read.

    Out of a table of rows comes one row for each position (an embedding). `axis` is the table's
    axis that the positions count along. Of a map comes what has the given `shape`.
    """

    kind = "gather"
    looks_up = True
    source = "numpy.take; Mikolov et al. 2013 (word embeddings)"
    arity = (1, 2)
    examples = (
        Example({"table": [100, 8]}, ((5,),)),
        Example({"table": [3, 20, 4], "axis": 1}, ((5,),)),
        Example({"shape": [3, 8]}, ((7, 8),)),
    )

    table: Shape | None = optional_shape()
    shape: Shape | None = optional_shape()
    axis: int = whole(0, least=0)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The positions' shape in the place of the table's axis, or `shape`."""
        if (self.table is None) == (self.shape is None):
            raise BadValue("gather needs a table or a shape, and not both", "give one of them")
        if self.shape is not None:
            return self.shape
        table = self.table or ()
        if self.axis >= len(table):
            raise BadValue(f"axis {self.axis} of a table {list(table)}", "axes count from 0")
        return (*table[: self.axis], *inputs[0], *table[self.axis + 1 :])

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """No arithmetic; the table is a weight."""
        return Tally.of(inputs, outputs, weights=prod(self.table) if self.table else 0)

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """As many elements of a map as are written, and all positions."""
        if self.table is not None:
            return tuple(map(prod, inputs))
        return (min(prod(outputs[0]), prod(inputs[0])), *map(prod, inputs[1:]))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """The table indexed along its axis, or what has the wanted shape."""
        if self.table is None:
            return lambda x, *_: x.new_empty((x.shape[0], *(self.shape or ())))
        ahead = tuple(range(1, self.axis + 1))

        def looked_up(module: Any, x: Any) -> Any:
            rows = module.p0.movedim(self.axis, 0)[x.long()]
            return rows.movedim(tuple(place + x.dim() - 1 for place in ahead), ahead)

        return holding(torch, (self.table,), looked_up)


class Cast(Copy):
    """The same elements in another number format."""

    kind = "cast"
    routine = "stream"
    across = False
    examples = (Example({}, ((3, 4, 5),)),)


@dataclass(frozen=True)
class Stated(Movement):
    """Shared by kinds whose outputs have the stated `shapes`."""

    shapes: Shapes = shapes()

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """The shapes that the file states."""
        return self.shapes

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensors of the stated shapes."""
        return lambda x, *_: tuple(x.new_empty((x.shape[0], *shape)) for shape in self.shapes)


class StridedView(Stated):
    """The same elements where they lie, read with other strides, as maps of the given `shapes`."""

    kind = "strided_view"
    view = True
    across = False
    source = "numpy and torch: transposing, slicing and broadcasting change strides alone"
    examples = (Example({"shapes": [[4, 3, 5]]}, ((3, 4, 5),)),)


@dataclass(frozen=True)
class Unknown(Stated):
    """An operator that this program does not know: its maps move, its arithmetic is not counted."""

    kind = "unknown"
    source = "what an operator reads and writes, and nothing else"
    arity = (1, None)
    examples = (Example({"shapes": [[3, 4, 5]]}, ((3, 4, 5),)),)

    weights: int = attribute(int, 0)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """No arithmetic; what stands beside the maps counts as weights."""
        return Tally.of(inputs, outputs, weights=self.weights)
