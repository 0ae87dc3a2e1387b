"""The orders of the three nodes, and how each of them cuts the axes of a nest.

Plain axes, along which no word is met twice, are each absent from one tensor: n from the weights, k
from the input, c from the output. Only the tile size at that tensor's node matters, for a cut that
is moved there from elsewhere lowers a room and changes no count. Every node above it has that size
along the axis, every node below it has 1; where it is the outermost node the axis stays whole.

Axes of overlapping windows have tiles of their own at each node. The node that comes first is the
tensor that stays: loops that do not concern it go below it, where they repeat others less.

Example: 8 outputs and 3 taps of one channel, so 10 input words. All 3 weights stay; below them the
input slides along the outputs and holds 3 words; below it stands a single output. The room is
3 + 3 + 1 = 7 words, and each of 3 + 10 + 8 = 21 words crosses once. Where 4 outputs stay instead,
above the input that slides inside them and a single weight, the room is 4 + 3 + 1 = 8 words; each
of 2 tiles fetches 6 inputs, and each of 8 outputs fetches 3 weights: 8 + 12 + 24 = 44 words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tiling.boxes import Boxes, box_tilings, whole_axis
from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import (
    ALONG_OUTPUTS,
    ALONG_TAPS,
    STANDS,
    Ints,
    WindowTilings,
    window_sizes,
)


class Factors(NamedTuple):
    """What tilings of an axis of windows multiply rooms and traffic with, each (m,).

    Smaller is better.
    """

    held: Ints
    """Words of the input's tile."""
    sums: Ints
    """Outputs of the output's tile."""
    taps: Ints
    """Of the weights' tile."""
    passes: Ints
    """How often the weights are fetched."""
    visits: Ints
    """How often an output is fetched."""
    fetched: Ints
    """Words of the input, while each channel and sample is walked once."""


class WindowTiles(NamedTuple):
    """The tile sizes behind factors, each (m,): of the input's node, and of the other one's."""

    outputs: Ints
    taps: Ints
    way: Ints
    other_outputs: Ints
    other_taps: Ints


@dataclass(frozen=True)
class AxisTilings:
    """The tilings of one axis that can be best in an order."""

    factors: Factors
    tiles: WindowTiles

    @property
    def slides(self) -> NDArray[np.bool_]:
        """Where the input's tile slides along this axis."""
        return np.asarray(self.tiles.way != STANDS)

    def take(self, where: Ints | NDArray[np.bool_]) -> AxisTilings:
        """Some of them."""
        return AxisTilings(
            Factors(*(column[where] for column in self.factors)),
            WindowTiles(*(column[where] for column in self.tiles)),
        )


ABSENT = {"n": "W", "k": "I", "c": "O"}
"""Group of plain axes (`Nest.plain_axes`) -> the tensor that does not have them."""


@dataclass(frozen=True)
class NodeOrder:
    """One order of the nodes, outermost first: I input, W weights, O output."""

    nodes: str
    beside: bool = False
    """True: the first two nodes stand side by side, so that the input slides above both."""

    @cached_property
    def rooms(self) -> dict[str, str]:
        """Tensor -> the groups of plain axes that its tile extends along; it is 1 along others."""
        depth = {node: max(at - self.beside, 0) for at, node in enumerate(self.nodes)}
        return {
            node: "".join(
                group
                for group, other in ABSENT.items()
                if node != other and depth[node] <= depth[other]
            )
            for node in self.nodes
        }

    @cached_property
    def free(self) -> str:
        """The groups of plain axes that are cut; the others stay whole."""
        cut = "".join(self.rooms.values())
        return "".join(group for group in ABSENT if group in cut)

    def axis(self, sweep: Sweep) -> AxisTilings:
        """How to tile an axis of overlapping windows."""
        return _axis(self.nodes, self.beside, sweep)


ORDERS = tuple(NodeOrder(nodes) for nodes in ("OIW", "OWI", "WOI", "WIO", "IOW", "IWO"))
BESIDE = (NodeOrder("OIW", beside=True), NodeOrder("WIO", beside=True))
"""Worth trying with double buffers and sliding windows alone: the node named first needs its room
once."""


@lru_cache(maxsize=2048)
def _axis(nodes: str, beside: bool, sweep: Sweep) -> AxisTilings:
    return best(box_axis(nodes, beside, whole_axis(sweep)))


def box_axis(nodes: str, beside: bool, boxes: Boxes, *, every_run: bool = False) -> AxisTilings:
    """The outer tile is the outermost node's, the inner one the input's; others follow from these.

    A size is left out where moving a cut to another node lowers a room and changes no count, but
    for `every_run`: a ragged cut can suit what stands further inside, where windows meet padding.
    """
    every = box_tilings(boxes)
    single = np.ones_like(every.held)
    if beside or nodes[0] == "I":
        whole = (every.outputs == boxes.outputs) & (every.taps == boxes.taps)
        return _input_above(nodes, beside, boxes, every.take(whole))
    chosen, sums, taps = single.astype(bool), every.outputs, every.taps
    passes, visits = every.output_tiles, every.tap_tiles
    if nodes == "OIW":
        # a shorter run lets the input hold less only where words wait while others are met
        runs = (every.taps == boxes.taps) | ((every.way == ALONG_TAPS) & (boxes.tap_lag > 1))
        chosen = runs & ((every.inner_outputs == every.outputs) | (every.way == ALONG_OUTPUTS))
        taps, passes = single, every.inner_output_tiles
    elif nodes == "WIO":
        runs = every.outputs == boxes.outputs
        runs |= (every.way == ALONG_OUTPUTS) & (boxes.output_lag > 1)
        chosen = runs & ((every.inner_taps == every.taps) | (every.way == ALONG_TAPS))
        sums, visits = single, every.inner_tap_tiles
    elif nodes == "OWI":
        visits = np.full_like(single, boxes.tap_runs)
    else:
        passes = np.full_like(single, boxes.output_runs)
    chosen |= every_run
    factors = Factors(every.held, sums, taps, passes, visits, every.fetched)
    tiles = WindowTiles(every.inner_outputs, every.inner_taps, every.way, every.outputs, every.taps)
    return AxisTilings(factors, tiles).take(chosen)


def _input_above(nodes: str, beside: bool, boxes: Boxes, every: WindowTilings) -> AxisTilings:
    """The input's node stands first, or beside the first: it slides over the whole axis."""
    outputs, taps, single = every.inner_outputs, every.inner_taps, np.ones_like(every.held)
    above = WindowTiles(outputs, taps, every.way, single, single)
    counts = {
        "held": every.held, "fetched": every.fetched, "passes": every.inner_output_tiles,
        "visits": every.inner_tap_tiles, "sums": single, "taps": single,
    }  # fmt: skip
    if beside:
        counts |= {"sums": outputs} if nodes == "OIW" else {"taps": taps}
        return AxisTilings(Factors(**counts), above)
    along_outputs = nodes == "IOW"
    mine = outputs if along_outputs else taps
    smaller = {size: window_sizes(boxes.full, size) for size in np.unique(mine).tolist()}
    tried = [smaller[size] for size in mine.tolist()]
    at, below = np.repeat(np.arange(len(mine)), [len(t) for t in tried]), np.concatenate(tried)
    # whole tiles of the input cut into smaller ones, and the rest of the axis likewise
    times = np.zeros_like(below)
    for length, runs in boxes.output_lengths if along_outputs else boxes.tap_lengths:
        whole, rest = np.divmod(length, mine[at])
        times += runs * (whole * -(-mine[at] // below) + -(-rest // below))
    counts = {word: column[at] for word, column in counts.items()}
    above = WindowTiles(*(column[at] for column in above))
    if along_outputs:
        counts |= {"sums": below, "passes": times}
        return AxisTilings(Factors(**counts), above._replace(other_outputs=below))
    counts |= {"taps": below, "visits": times}
    return AxisTilings(Factors(**counts), above._replace(other_taps=below))


def best(axis: AxisTilings) -> AxisTilings:
    """Those that no other one beats in every factor; one that slides must beat more."""
    table = np.stack([*axis.factors, axis.slides], axis=1)
    return axis.take(smallest(table))
