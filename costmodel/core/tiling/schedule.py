"""A step of a front as a loop nest that can be written down and walked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from costmodel.core.tiling.front import Front
from costmodel.core.tiling.nest import Nest
from costmodel.core.tiling.orders import BESIDE, ORDERS, Order
from costmodel.core.tiling.windows import ALONG_OUTPUTS, ALONG_TAPS

NAMES = {"I": "input", "W": "weights", "O": "output"}
OUTPUT_AXES = ("p", "q", "z")
TAP_AXES = ("r", "s", "t")


class Cut(NamedTuple):
    """How one spatial axis is cut: one entry of `costmodel.core.tiling.orders.Tiles`."""

    outputs: int
    taps: int
    way: int
    other_outputs: int
    other_taps: int


@dataclass(frozen=True)
class Level:
    """A node: the tile that is fetched there, and of which sizes."""

    tensor: str
    """I, W or O."""
    tile: dict[str, int]
    """Along n, k, c and the spatial axes p, r; q, s; z, t."""


@dataclass(frozen=True)
class Schedule:
    """Three nodes, outermost first; loops over the tiles of each stand directly above it."""

    levels: tuple[Level, ...]
    slides: str
    """The axis along which the input's tile slides; empty: none. Its loop is the innermost one."""
    words: str
    """For readers."""


def schedule(nest: Nest, front: Front, step: int) -> Schedule:
    """The loop nest behind one step of a front."""
    number, n, k, c, *places = front.schedules[step]
    order = (ORDERS + BESIDE)[number]
    axes = [order.axis(sweep) for sweep in nest.sweeps]
    ways = [
        Cut(*(int(one[place]) for one in axis.tiles))
        for axis, place in zip(axes, places, strict=True)
    ]
    free = {"n": n, "k": k, "c": c}
    levels = tuple(
        Level(node, _free(order, at, free, nest) | _spatial(order, at, ways, nest))
        for at, node in enumerate(order.nodes)
    )
    slides = ""
    for axis, way in enumerate(ways):
        if way.way == ALONG_OUTPUTS:
            slides = OUTPUT_AXES[axis]
        elif way.way == ALONG_TAPS:
            slides = TAP_AXES[axis]
    return Schedule(levels, slides, _words(order, nest, free, ways, slides))


def _free(order: Order, at: int, free: dict[str, int], nest: Nest) -> dict[str, int]:
    """Tiles along n, k and c at one node: whole where no tensor so far or here is cut by them."""
    whole = {"n": nest.batch, "k": nest.out_channels, "c": nest.in_channels}
    tile = {axis: free[axis] if axis in order.free else size for axis, size in whole.items()}
    for node in order.nodes[1 : at + 1] if not order.beside else order.nodes[2 : at + 1]:
        # below the first node a tensor is cut to single words along its own axes
        # unless its room says otherwise
        for axis in {"I": "nc", "W": "kc", "O": "nk"}[node]:
            if axis not in order.rooms[node]:
                tile[axis] = 1
    return tile


def _spatial(order: Order, at: int, ways: list[Cut], nest: Nest) -> dict[str, int]:
    """Tiles along the spatial axes at one node."""
    tile = {}
    for axis, (way, sweep) in enumerate(zip(ways, nest.sweeps, strict=True)):
        here = _tile(order, at, way, (sweep.outputs, sweep.taps))
        tile[OUTPUT_AXES[axis]], tile[TAP_AXES[axis]] = here
    return tile


def _tile(order: Order, at: int, way: Cut, whole: tuple[int, int]) -> tuple[int, int]:
    """Outputs and taps of the tile at node number `at`."""
    (outputs, taps), mine = whole, (way.outputs, way.taps)
    other = (way.other_outputs, way.other_taps)
    levels = {
        "OIW": ((other[0], taps), mine, (mine[0], 1)),
        "OWI": ((other[0], taps), other, mine),
        "WOI": ((outputs, other[1]), other, mine),
        "WIO": ((outputs, other[1]), mine, (1, mine[1])),
        "IOW": (mine, (other[0], mine[1]), (other[0], 1)),
        "IWO": (mine, (mine[0], other[1]), (1, other[1])),
    }
    if order.beside:
        below = (mine[0], 1) if order.nodes == "OIW" else (1, mine[1])
        return (mine, mine, below)[at]
    return levels[order.nodes][at]


def _words(order: Order, nest: Nest, free: dict[str, int], ways: list[Cut], slides: str) -> str:
    """What stays, the tile's sizes where something is cut, and how the input slides."""
    parts = [f"{NAMES[order.nodes[0]]} stay" + ("" if order.nodes[0] == "W" else "s")]
    lengths = {"n": nest.batch, "k": nest.out_channels, "c": nest.in_channels}
    sizes = [f"{a}{free[a]}" for a, length in lengths.items() if a in order.free and length > 1]
    for axis, (way, sweep) in enumerate(zip(ways, nest.sweeps, strict=True)):
        outputs = way.other_outputs if order.nodes[0] == "O" and not order.beside else way.outputs
        if sweep.outputs > 1:
            sizes.append(f"{OUTPUT_AXES[axis]}{outputs}")
        if way.taps < sweep.taps:
            sizes.append(f"{TAP_AXES[axis]}{way.taps}")
    tile = " ".join(sizes)
    if slides:
        tile += f" slides along {slides}"
    return ", ".join([*parts, tile]) if tile else parts[0]
