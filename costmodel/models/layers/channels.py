"""Layers that pick or reorder channels and positions: data movement without arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from costmodel.core.attributes import Sizes, pair, sizes, whole
from costmodel.core.layer import Example, Layer, need_axes
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.errors import BadValue


class Movement(Layer):
    """Shared by layers that copy elements and compute nothing."""

    routine = "move"
    across = True

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Elements move; there is no arithmetic."""
        return Tally.of(inputs, outputs)


@dataclass(frozen=True)
class ChannelSplit(Movement):
    """One map into several along its channels: `name.0`, `name.1`, ... are its outputs."""

    kind = "channel_split"
    source = "Ma et al. 2018, ShuffleNetV2, section 3.2"
    examples = (
        Example({"sizes": [2, 2]}, ((4, 5, 6),)),
        Example({"sizes": [6, 5, 5]}, ((16, 3, 3),)),
    )

    sizes: Shape = sizes()

    def out_shapes(self, inputs: Shapes) -> Shapes:
        """One shape for each size; BadValue where the sizes do not add up to the channels."""
        channels = inputs[0][0]
        if sum(self.sizes) != channels:
            raise BadValue(
                f"channel_split into {list(self.sizes)} takes {sum(self.sizes)} channels, "
                f"the map has {channels}",
                "make the sizes add up",
            )
        return tuple((size, *inputs[0][1:]) for size in self.sizes)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """torch.split along the channels."""
        return lambda x: torch.split(x, self.sizes, dim=1)


@dataclass(frozen=True)
class ChannelShuffle(Movement):
    """Channels of `groups` groups interleaved."""

    kind = "channel_shuffle"
    source = "Zhang et al. 2018, ShuffleNet (arXiv 1707.01083), section 3.1"
    examples = (Example({"groups": 2}, ((6, 4, 5),)),)

    groups: int = whole()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where the channels do not divide into the groups."""
        if inputs[0][0] % self.groups:
            raise BadValue(
                f"{inputs[0][0]} channels do not divide into {self.groups} groups", "change groups"
            )
        return inputs[0]

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Split the channel axis in two, swap, and merge."""
        return lambda x: x.unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)


@dataclass(frozen=True)
class StridedSlice(Movement):
    """Every stride-th row and column of a map, starting at `offset`."""

    kind = "strided_slice"
    source = "Gastaldi 2017, Shake-Shake (arXiv 1705.07485): shifted shortcut"
    examples = (
        Example({"stride": 2}, ((3, 8, 7),)),
        Example({"stride": [2, 3], "offset": [1, 2]}, ((3, 8, 9),)),
    )

    stride: Sizes = pair()
    offset: Sizes = pair((0, 0), least=0)

    def out_shape(self, *inputs: Shape) -> Shape:
        """(channels, ceil((H - offset) / stride), ceil((W - offset) / stride))."""
        lead, channels, (height, width) = need_axes(self.kind, inputs[0], 2)
        if self.offset[0] >= height or self.offset[1] >= width:
            raise BadValue(
                f"offset {list(self.offset)} lies outside the {height}x{width} map",
                "choose a smaller offset",
            )
        axes = zip((height, width), self.offset, self.stride, strict=True)
        return (*lead, channels, *(-(-(n - offset) // stride) for n, offset, stride in axes))

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Python's slicing of the last two axes."""
        (top, left), (down, right) = self.offset, self.stride
        return lambda x: x[..., top::down, left::right]


class LastToken(Movement):
    """The last of [tokens, features]: what follows needs no other, as in generating text."""

    kind = "last_token"
    source = "the next token follows from the last one's features alone"
    looks_up = True
    examples = (Example({}, ((5, 8),)),)

    def out_shape(self, *inputs: Shape) -> Shape:
        """One token: [1, features]."""
        if len(inputs[0]) != 2:
            raise BadValue(f"last_token needs [tokens, features], got {list(inputs[0])}", "")
        return (1, inputs[0][1])

    def elements_read(self, inputs: Shapes, outputs: Shapes) -> tuple[int, ...]:
        """The elements of one token."""
        return (inputs[0][1],)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """A slice of the tokens' axis."""
        return lambda x: x[:, -1:, :]
