"""Positions as rotations of pairs of features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from costmodel.core.attributes import optional_whole
from costmodel.core.layer import Example, Layer, Share
from costmodel.core.sharing import Devices, Heads, Use
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.errors import BadValue


@dataclass(frozen=True)
class Rotary(Layer):
    """Pairs of features turned by an angle that depends on the token's place.

    Each element takes two products and an addition; sines and cosines are a table. Of the features
    of a token the first `turned` are rotated (default: all).
    """

    kind = "rotary"
    in_place = True
    across = True
    source = "Su et al. 2021, RoFormer (arXiv 2104.09864), eq. (34)"
    examples = (Example({}, ((5, 8),)), Example({"turned": 4}, ((5, 8),)))

    turned: int | None = optional_whole(1)

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's shape; BadValue where more features are turned than there are."""
        if (self.turned or 0) > inputs[0][-1]:
            raise BadValue(f"{self.turned} of {inputs[0][-1]} features", "turn fewer of them")
        return inputs[0]

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Two products and an addition for each element that is turned."""
        turned = prod(inputs[0][:-1]) * (self.turned or inputs[0][-1])
        return Tally.of(inputs, outputs, muls=2 * turned, adds=turned)

    def heads_read(
        self, inputs: Shapes, written: Heads | None, devices: Devices
    ) -> tuple[Heads | None, ...]:
        """Features stay where they are."""
        return (written,)

    def divided(self, devices: Devices, use: Use) -> Share:
        """The heads of queries and keys that a device keeps are turned."""
        if self.turned is None or use.heads is None:
            return Share(self, use.apart)
        turned = self.turned // use.heads.whole * use.heads.kept
        return Share(replace(self, turned=turned), use.apart)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Halves of the features turned by one angle."""

        def turn(x: Any) -> Any:
            turned = x[..., : self.turned]
            low, high = turned.chunk(2, dim=-1)
            return torch.cat((low - high, high + low, x[..., turned.shape[-1] :]), dim=-1)

        return turn
