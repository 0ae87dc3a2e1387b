"""A step of a traffic curve as a loop nest that can be written down and walked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from costmodel.core.tiling.nest import OUTPUT_AXES, TAP_AXES, Nest, Sweep
from costmodel.core.tiling.orders import ABSENT, BESIDE, ORDERS, NodeOrder
from costmodel.core.tiling.traffic_curve import TrafficCurve
from costmodel.core.tiling.windows import ALONG_OUTPUTS, STANDS

NAMES = {"I": "input", "W": "weights", "O": "output"}


@dataclass(frozen=True)
class WindowCut:
    """How one axis with overlapping windows is cut: a row of `orders.WindowTiles`."""

    outputs: int
    taps: int
    way: int
    other_outputs: int
    other_taps: int


@dataclass(frozen=True)
class NodeTile:
    """A node: the tile that is fetched there, and of which sizes."""

    tensor: str
    """I, W or O."""
    tile: dict[str, int]
    """Along n, k, c and the spatial axes p, r; q, s; z, t."""


@dataclass(frozen=True)
class Schedule:
    """Three nodes, outermost first; loops over the tiles of each stand directly above it."""

    levels: tuple[NodeTile, ...]
    slides: str
    """The axis along which the input's tile slides; empty: none. Its loop is the innermost one."""
    words: str
    """For readers."""


def schedule(nest: Nest, curve: TrafficCurve, step: int) -> Schedule:
    """The loop nest behind one step of a contraction's curve."""
    number, *numbers = curve.schedules[step]
    order = (ORDERS + BESIDE)[number]
    names = list(chain.from_iterable(nest.plain_axes.values()))
    free = dict(zip(names, numbers, strict=False))
    windows = {}
    places = iter(numbers[len(names) :])
    for axis, sweep in enumerate(nest.sweeps):
        if not sweep.disjoint:
            tiles, place = order.axis(sweep).tiles, next(places)
            windows[axis] = WindowCut(*(int(column[place]) for column in tiles))
    levels = tuple(
        NodeTile(node, _plain(order, at, free, nest) | _spatial(order, at, windows, nest))
        for at, node in enumerate(order.nodes)
    )
    slides = ""
    for axis, cut in windows.items():
        if cut.way != STANDS:
            slides = (OUTPUT_AXES if cut.way == ALONG_OUTPUTS else TAP_AXES)[axis]
    return Schedule(levels, slides, _words(order, nest, levels, slides))


def _plain(order: NodeOrder, at: int, free: dict[str, int], nest: Nest) -> dict[str, int]:
    """Tiles along plain axes at one node.

    They are single words from the first node on that stands below the one which lacks the axis.
    """
    tile = dict(free)
    for node in order.nodes[: at + 1]:
        for group, other in ABSENT.items():
            if node != other and group not in order.rooms[node]:
                tile |= dict.fromkeys(nest.plain_axes[group], 1)
    return tile


def _spatial(
    order: NodeOrder, at: int, windows: dict[int, WindowCut], nest: Nest
) -> dict[str, int]:
    """Tiles along the axes with overlapping windows at one node."""
    tile = {}
    for axis, cut in windows.items():
        here = _tile(order, at, cut, nest.sweeps[axis])
        tile[OUTPUT_AXES[axis]], tile[TAP_AXES[axis]] = here
    return tile


def _tile(order: NodeOrder, at: int, cut: WindowCut, sweep: Sweep) -> tuple[int, int]:
    """Outputs and taps of the tile at node number `at`."""
    mine, other = (cut.outputs, cut.taps), (cut.other_outputs, cut.other_taps)
    levels = {
        "OIW": (other, mine, (mine[0], 1)),
        "OWI": ((other[0], sweep.taps), other, mine),
        "WOI": ((sweep.outputs, other[1]), other, mine),
        "WIO": (other, mine, (1, mine[1])),
        "IOW": (mine, (other[0], mine[1]), (other[0], 1)),
        "IWO": (mine, (mine[0], other[1]), (1, other[1])),
    }
    if order.beside:
        below = (mine[0], 1) if order.nodes == "OIW" else (1, mine[1])
        return (mine, mine, below)[at]
    return levels[order.nodes][at]


def _words(order: NodeOrder, nest: Nest, levels: tuple[NodeTile, ...], slides: str) -> str:
    """What stays, the tile's sizes where something is cut, and how the input slides."""
    stays = f"{NAMES[order.nodes[0]]} stay" + ("" if order.nodes[0] == "W" else "s")
    first, of_input = levels[0].tile, levels[order.nodes.index("I")].tile
    lengths = {"n": nest.batch, "k": nest.out_channels, "c": nest.in_channels}
    sizes = [f"{a}{first[a]}" for a, length in lengths.items() if a in order.free and length > 1]
    outputs = first if order.nodes[0] == "O" and not order.beside else of_input
    for sweep, output_axis, tap_axis in zip(nest.sweeps, OUTPUT_AXES, TAP_AXES, strict=False):
        if sweep.outputs > 1:
            sizes.append(f"{output_axis}{outputs[output_axis]}")
        if of_input[tap_axis] < sweep.taps:
            sizes.append(f"{tap_axis}{of_input[tap_axis]}")
    tile = " ".join(sizes)
    if slides:
        tile += f" slides along {slides}"
    return f"{stays}, {tile}" if tile else stays
