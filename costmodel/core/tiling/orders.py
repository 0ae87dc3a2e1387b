"""The orders of the three nodes, and how each tiles the spatial axes.

The node that comes first is the tensor that stays: its tile is fetched once. Loops that do not
concern it go below its node (above, they would only repeat others), so its tile has a free size
along its own axes alone; the two nodes below choose their tiles inside it. What is left free by
such moves, which lower no node's room and raise nobody's traffic, is what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tiling.nest import Sweep
from costmodel.core.tiling.pareto import smallest
from costmodel.core.tiling.windows import (
    ALONG_OUTPUTS,
    ALONG_TAPS,
    STANDS,
    Ints,
    WindowTilings,
    window_sizes,
    window_tilings,
)


class Factors(NamedTuple):
    """What tilings of an axis multiply rooms and traffic with, each (m,); smaller is better."""

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


@dataclass(frozen=True)
class NodeOrder:
    """One order of the nodes, outermost first: I input, W weights, O output."""

    nodes: str
    free: str
    """The axes among n, k and c whose tile is free; the others are walked whole below."""
    rooms: dict[str, str]
    """Tensor -> the free axes that its tile extends along."""
    beside: bool = False
    """True: the first two nodes stand side by side, so that the input slides above both."""

    def axis(self, sweep: Sweep) -> AxisTilings:
        """How to tile a spatial axis."""
        return _axis(self.nodes, self.beside, sweep)


ORDERS = (
    NodeOrder("OIW", "nk", {"O": "nk", "I": "n", "W": ""}),
    NodeOrder("OWI", "nk", {"O": "nk", "W": "k", "I": ""}),
    NodeOrder("WOI", "kc", {"W": "kc", "O": "k", "I": ""}),
    NodeOrder("WIO", "kc", {"W": "kc", "I": "c", "O": ""}),
    NodeOrder("IOW", "nc", {"I": "nc", "O": "n", "W": ""}),
    NodeOrder("IWO", "nc", {"I": "nc", "W": "c", "O": ""}),
)
BESIDE = (
    NodeOrder("OIW", "nkc", {"O": "nk", "I": "nc", "W": ""}, beside=True),
    NodeOrder("WIO", "nkc", {"W": "kc", "I": "nc", "O": ""}, beside=True),
)
"""Worth trying with double buffers alone: the node named first needs its room once."""


@lru_cache(maxsize=2048)
def _axis(nodes: str, beside: bool, sweep: Sweep) -> AxisTilings:
    every = window_tilings(sweep)
    whole = (every.outputs == sweep.outputs, every.taps == sweep.taps)
    one = np.ones_like(every.held)
    if beside or nodes[0] == "I":
        return _best(_input_above(nodes, beside, sweep, every.take(whole[0] & whole[1])))
    standing = every.inner_outputs == every.outputs
    if nodes == "OIW":
        chosen = whole[1] & (standing | (every.way == ALONG_OUTPUTS))
        taps, sums = one, every.outputs
        passes, visits = every.inner_output_tiles, one
    elif nodes == "OWI":
        chosen, taps, sums = one.astype(bool), every.taps, every.outputs
        passes, visits = every.output_tiles, one
    elif nodes == "WOI":
        chosen, taps, sums = one.astype(bool), every.taps, every.outputs
        passes, visits = one, every.tap_tiles
    else:
        chosen = whole[0] & ((every.inner_taps == every.taps) | (every.way == ALONG_TAPS))
        taps, sums = every.taps, one
        passes, visits = one, every.inner_tap_tiles
    factors = Factors(every.held, sums, taps, passes, visits, every.fetched)
    tiles = WindowTiles(every.inner_outputs, every.inner_taps, every.way, sums, taps)
    return _best(AxisTilings(factors, tiles).take(chosen))


def _input_above(nodes: str, beside: bool, sweep: Sweep, every: WindowTilings) -> AxisTilings:
    """The input's node stands first, or beside the first: it slides over the whole axis."""
    outputs, taps, one = every.inner_outputs, every.inner_taps, np.ones_like(every.held)
    above = WindowTiles(outputs, taps, every.way, one, one)
    counts = {
        "held": every.held, "fetched": every.fetched, "passes": every.inner_output_tiles,
        "visits": every.inner_tap_tiles, "sums": one, "taps": one,
    }  # fmt: skip
    if beside:
        counts |= {"sums": outputs} if nodes == "OIW" else {"taps": taps}
        return AxisTilings(Factors(**counts), above)
    along_outputs = nodes == "IOW"
    length = sweep.outputs if along_outputs else sweep.taps
    mine = outputs if along_outputs else taps
    pairs = [
        (size, below)
        for size in np.unique(mine).tolist()
        for below in ([size] if sweep.taps == 1 else window_sizes(sweep, size).tolist())
    ]
    row = np.array([(at, b) for size, b in pairs for at in np.flatnonzero(mine == size)])
    at, below = row[:, 0], row[:, 1]
    tiles = {pair: _nested(length, *pair) for pair in pairs}
    times = np.array([tiles[pair] for pair in zip(mine[at].tolist(), below.tolist(), strict=True)])
    counts = {word: column[at] for word, column in counts.items()}
    above = WindowTiles(*(column[at] for column in above))
    if along_outputs:
        return AxisTilings(
            Factors(**counts | {"sums": below, "passes": times}),
            above._replace(other_outputs=below),
        )
    return AxisTilings(
        Factors(**counts | {"taps": below, "visits": times}), above._replace(other_taps=below)
    )


def _nested(length: int, outer: int, inner: int) -> int:
    """How many inner tiles there are when `length` is cut into outer ones and those again."""
    whole, rest = divmod(length, outer)
    return whole * -(-outer // inner) + -(-rest // inner)


def _best(axis: AxisTilings) -> AxisTilings:
    """Those that no other one beats in every factor; one that slides must beat more."""
    table = np.stack([*axis.factors, axis.slides], axis=1)
    return axis.take(smallest(table))
