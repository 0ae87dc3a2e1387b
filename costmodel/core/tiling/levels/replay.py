"""A schedule on several levels as a loop nest that can be written down and walked."""

from __future__ import annotations

from costmodel.core.tiling.levels.descent import BoxedSchedule
from costmodel.core.tiling.levels.level import Node
from costmodel.core.tiling.levels.node_orders import GROUPS
from costmodel.core.tiling.levels.plain import PlainSchedule
from costmodel.core.tiling.levels.pricing import Pricing
from costmodel.core.tiling.nest import OUTPUT_AXES, TAP_AXES
from costmodel.core.tiling.orders import ABSENT
from costmodel.core.tiling.windows import ALONG_OUTPUTS, STANDS


def plain_nodes(pricing: Pricing, schedule: PlainSchedule) -> tuple[Node, ...]:
    """The nodes with their tiles along plain axes."""
    above, nodes = dict.fromkeys("IWO", 0), []
    for operand in schedule.order.nodes:
        tile = {}
        for group, cut, place in zip(GROUPS, schedule.cuts, schedule.places, strict=True):
            along, depth = cut.chains.along[place], above[ABSENT[group]]
            for axis, sizes in zip(pricing.nest.plain_axes[group], along, strict=True):
                tile[axis] = int(sizes[depth]) if depth < len(sizes) else 1
        nodes.append(Node(operand, pricing.holders[operand][above[operand]], tile))
        above[operand] += 1
    return tuple(nodes)


def boxed_nodes(pricing: Pricing, schedule: BoxedSchedule) -> tuple[Node, ...]:
    """The nodes with their tiles along all axes."""
    nodes = []
    numbers = [n for n, sweep in enumerate(pricing.nest.sweeps) if not sweep.disjoint]
    for node in plain_nodes(pricing, schedule.plain):
        order, ways, place = schedule.cuts[node.level]
        at, tile, slides = order.nodes.index(node.operand), dict(node.tile), ""
        for number, one, choice in zip(numbers, ways.axes, ways.places[place], strict=True):
            tile[OUTPUT_AXES[number]] = int(one.outputs[choice, at])
            tile[TAP_AXES[number]] = int(one.taps[choice, at])
            way = one.tilings.tiles.way[choice]
            if node.operand == "I" and way != STANDS:
                slides = (OUTPUT_AXES if way == ALONG_OUTPUTS else TAP_AXES)[number]
        nodes.append(Node(node.operand, node.level, tile, slides))
    return tuple(nodes)


def in_words(pricing: Pricing, nodes: tuple[Node, ...]) -> str:
    """Each node's operand, level counted from inside, and sizes that are cut, outermost first."""
    nest = pricing.nest
    lengths = {"n": nest.batch, "k": nest.out_channels, "c": nest.in_channels}
    for sweep, output_axis, tap_axis in zip(nest.sweeps, OUTPUT_AXES, TAP_AXES, strict=False):
        lengths |= {output_axis: sweep.outputs, tap_axis: sweep.taps}
    words = []
    for operand, level, tile, slides in nodes:
        sizes = [f"{axis}{tile[axis]}" for axis in lengths if tile.get(axis, 1) < lengths[axis]]
        sizes += [f"slides along {slides}"] if slides else []
        words.append(" ".join([f"{operand}{len(pricing.levels) - level}", *sizes]))
    return ", ".join(words)
