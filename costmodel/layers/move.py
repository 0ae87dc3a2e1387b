"""Layers that only move elements: transpose, copy, resize; and operators nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.errors import BadValue
from costmodel.layers.base import Example, need_map
from costmodel.layers.channels import Movement
from costmodel.layers.fields import Pair, attribute, pair, whole_list
from costmodel.tally import Shape, Shapes


@dataclass(frozen=True)
class Transpose(Movement):
    """Axes in another order (0: channels); every element moves."""

    kind: ClassVar[str] = "transpose"
    source: ClassVar[str] = "row-major order, as in numpy and torch"
    examples: ClassVar[tuple[Example, ...]] = (
        Example({"axes": [1, 0]}, ((7, 8),)),
        Example({"axes": [2, 0, 1]}, ((3, 4, 5),)),
    )

    axes: tuple[int, ...] = whole_list()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The sizes in the new order; BadValue where `axes` is no order of them."""
        if sorted(self.axes) != list(range(len(inputs[0]))):
            raise BadValue(
                f"axes {list(self.axes)} do not order {list(inputs[0])}", "name each axis once"
            )
        return tuple(inputs[0][axis] for axis in self.axes)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.permute."""
        return lambda x: x.permute(0, *(axis + 1 for axis in self.axes))


@dataclass(frozen=True)
class Resize(Movement):
    """A map enlarged by whole factors, each element repeated (nearest neighbour)."""

    kind: ClassVar[str] = "resize"
    source: ClassVar[str] = "Long et al. 2015 (upsampling); nearest neighbour"
    examples: ClassVar[tuple[Example, ...]] = (Example({"scale": [2, 3]}, ((3, 4, 5),)),)

    scale: Pair = pair()

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, height * scale, width * scale)."""
        channels, height, width = need_map(self.kind, inputs[0])
        return (channels, height * self.scale[0], width * self.scale[1])

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """nn.Upsample."""
        return torch.nn.Upsample(scale_factor=tuple(map(float, self.scale)))


class Copy(Movement):
    """The same elements again in memory of their own: slices, gathers, paddings, tiles."""

    kind: ClassVar[str] = "copy"
    source: ClassVar[str] = "each element is read and written once"
    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((3, 4, 5),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape."""
        return inputs[0]

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Tensor.clone."""
        return lambda x: x.clone()


class StridedView(Copy):
    """The same elements where they lie, read with other strides."""

    kind: ClassVar[str] = "strided_view"
    source: ClassVar[str] = (
        "numpy and torch: transposing, slicing and broadcasting change strides alone"
    )
    view: ClassVar[bool] = True


@dataclass(frozen=True)
class Piece(Copy):
    """Elements of one range or position of an axis, copied."""

    kind: ClassVar[str] = "piece"
    source: ClassVar[str] = (
        "slices, splits and scalar indices: a view where its readers take strides, else a copy"
    )

    axis: int | None = attribute(
        lambda value: None if value is None else int(value), None
    )  # that is indexed away; None: ranges


class Cast(Copy):
    """The same elements in another number format."""

    kind: ClassVar[str] = "cast"
    routine: ClassVar[str] = "stream"


class Unknown(Copy):
    """An operator that this program does not know: its maps move, its arithmetic is not counted."""

    kind: ClassVar[str] = "unknown"
