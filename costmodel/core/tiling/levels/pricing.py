"""What the tiles of a nest cost and hold on several levels, as sums over the three groups of axes.

The input is fetched once for each tile of k, the weights for each tile of n, the outputs for each
of c; so each boundary's cost is a sum of three terms, each a count times a slope. Axes of
overlapping windows multiply slopes and rooms by factors (`costmodel.core.tiling.orders.Factors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from costmodel.core.tiling.levels.chains import Chains, chains
from costmodel.core.tiling.levels.level import OPERANDS, Level, serving
from costmodel.core.tiling.levels.node_orders import GROUPS, Nodes, NodesOrder, Tile
from costmodel.core.tiling.levels.search import Floats, Room, Ways
from costmodel.core.tiling.nest import Nest
from costmodel.core.tiling.orders import ABSENT, Factors
from costmodel.core.tiling.traffic_curve import MovedBytes

TIE = 1e-12
"""Of equally cheap schedules the one that moves less over outer boundaries is taken: their costs
count by so much more, each boundary's more than the next one's inside. Of several boundaries of
which the slowest one counts, the sum of all counts by so much."""
HELD = {"I": "held", "W": "taps", "O": "sums"}
FETCHED = {"I": "fetched", "W": "passes", "O": "visits"}
"""The factors of each operand's room and of its traffic."""


def factor(factors: Floats, name: str, level: int) -> Floats:
    """One column of factors (..., L + 1, 6)."""
    return factors[..., level, Factors._fields.index(name)]


@dataclass(frozen=True)
class Pricing:
    """A nest on levels."""

    nest: Nest
    levels: tuple[Level, ...]
    longest: bool

    @cached_property
    def served(self) -> dict[str, tuple[int, ...]]:
        """Operand -> for each boundary, the level that serves it; L: the engine."""
        return serving(self.levels)

    @cached_property
    def holders(self) -> dict[str, tuple[int, ...]]:
        """Operand -> the levels that hold it."""
        return {
            operand: tuple(n for n, level in enumerate(self.levels) if operand in level.holds)
            for operand in OPERANDS
        }

    @cached_property
    def limits(self) -> list[int]:
        """(L,) room of each level."""
        return [level.size for level in self.levels]

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes of all levels."""
        return Nodes(
            tuple(level.holds for level in self.levels),
            tuple(
                "".join(node for node in level.holds if level.width(node)) for level in self.levels
            ),
            tuple(level.double for level in self.levels),
        )

    @cached_property
    def engine_factors(self) -> Floats:
        """(6,) Windows as the engine meets them: every output and tap takes a word of its own."""
        sweeps = self.nest.overlapping
        met = prod(int((sweep.met >= 0).sum()) for sweep in sweeps)
        outputs, taps = (prod(getattr(s, size) for s in sweeps) for size in ("outputs", "taps"))
        return np.array([1, 1, 1, outputs, taps, met], dtype=float)

    @cached_property
    def bases(self) -> tuple[Floats, Floats]:
        """(3, L) cost of a turn of n, k and c at each boundary, and (L,) what no turn changes."""
        nest, words = self.nest, self.words
        slopes, rest = np.zeros((len(GROUPS), len(self.levels))), np.zeros(len(self.levels))
        for at, level in enumerate(self.levels):
            turns = {
                "k": level.down * level.widths.input * words["I"],
                "n": level.down * level.widths.weight * words["W"],
                "c": (level.down + level.up) * level.widths.sum * words["O"],
            }
            slopes[:, at] = [turns[group] for group in GROUPS]
            rest[at] = level.up * level.widths.output * nest.output_words - turns["c"]
        return slopes, rest

    @cached_property
    def words(self) -> dict[str, int]:
        """Words of each operand, those of the input for one word along all windows."""
        nest = self.nest
        lone = nest.groups * prod(prod(nest.plain_axes[group].values()) for group in "nc")
        return {"I": lone, "W": nest.weight_words, "O": nest.output_words}

    def slopes(self, factors: Floats) -> Floats:
        """(..., 3, L) cost of a turn at each boundary, with factors (..., L + 1, 6) of windows."""
        bases, _ = self.bases
        by_group = [
            np.stack(
                [
                    bases[at, b] * factor(factors, FETCHED[ABSENT[group]], level)
                    for b, level in enumerate(self.served[ABSENT[group]])
                ],
                axis=-1,
            )
            for at, group in enumerate(GROUPS)
        ]
        return np.stack(by_group, axis=-2)

    def sums(self, costs: Floats) -> Floats:
        """Costs (..., L) by boundary as the sums of which the largest one counts (..., B)."""
        return counting(costs, longest=self.longest)

    def cuts(self, group: str, cuts: tuple[bool, ...], *, coarse: bool) -> Cuts:
        """The ways to cut a group of axes."""
        lengths = tuple(self.nest.plain_axes[group].values())
        ways = chains(lengths, cuts, coarse=coarse)
        rows = len(ways.sizes)
        sizes = np.concatenate([ways.sizes, np.ones((rows, 1))], axis=1)
        counts = np.concatenate([ways.counts, np.full((rows, 1), prod(lengths))], axis=1)
        operand = ABSENT[group]
        columns = [*self.holders[operand], len(self.levels)]
        at = [columns.index(level) for level in self.served[operand]]
        return Cuts(ways, sizes.astype(float), counts[:, at].astype(float))

    def ways(self, cuts: Sequence[Cuts], factors: Floats) -> list[Ways]:
        """Sizes and costs of each group's cuts with factors (L + 1, 6) of windows."""
        slopes, (_, rest) = self.slopes(factors), self.bases
        return [
            Ways(
                cut.sizes,
                self.sums(cut.counts * slopes[at] + (0 if at else rest)),
                np.arange(len(cut.sizes)),
            )
            for at, cut in enumerate(cuts)
        ]

    def rooms(self, order: NodesOrder, factors: Floats) -> list[Room]:
        """What each node's tile takes, with factors (L + 1, 6) of windows."""
        rooms = []
        for tile in order.tiles:
            axes = tuple(GROUPS.index(group) for group in tile.depth)
            first, second = tile.depth.values()
            rooms.append(
                Room(
                    tile.level,
                    float(self.extents(tile, factors)),
                    (axes[0], axes[1]),
                    (first, second),
                )
            )
        return rooms

    def extents(self, tile: Tile, factors: Floats) -> Floats:
        """(...,) Room of a node's tile for every word along plain axes."""
        width = self.levels[tile.level].width(tile.operand) * tile.buffers
        return np.asarray(width * factor(factors, HELD[tile.operand], tile.level))

    def moved(
        self, counts: dict[str, NDArray[np.int64]], factors: Floats
    ) -> tuple[MovedBytes, ...]:
        """What crosses each boundary, with counts (L,) of each group and factors of windows."""
        return tuple(self._moved(b, counts, factors) for b in range(len(self.levels)))

    def _moved(self, b: int, counts: dict[str, NDArray[np.int64]], factors: Floats) -> MovedBytes:
        times = {
            other: int(counts[group][b])
            * int(factor(factors, FETCHED[other], self.served[other][b]))
            for group, other in ABSENT.items()
        }
        widths, words = self.levels[b].widths, self.words
        sums = widths.sum * words["O"] * (times["O"] - 1)
        moved = (
            widths.input * words["I"] * times["I"],
            widths.weight * words["W"] * times["W"],
            sums,
            sums + widths.output * words["O"],
        )
        return MovedBytes(*np.array(moved, dtype=np.int64))


def counting(costs: Floats, *, longest: bool) -> Floats:
    """Costs (..., L) by boundary as the sums of which the largest one counts (..., B)."""
    weights = 1 + TIE * np.arange(costs.shape[-1], 0, -1)
    total = costs @ weights[:, np.newaxis]
    return costs + TIE * total if longest else total


def cost_of(moved: Sequence[MovedBytes], levels: Sequence[Level], *, longest: bool) -> float:
    """What all that moves costs: over all boundaries, or over the dearest one."""
    costs = [
        level.down * float(over.input + over.weights + over.sums_read)
        + level.up * float(over.output)
        for level, over in zip(levels, moved, strict=True)
    ]
    return max(costs) if longest else sum(costs)


@dataclass(frozen=True)
class Cuts:
    """Ways to cut a group of axes."""

    chains: Chains
    sizes: Floats
    """(m, H + 1) at each node of the tensor that lacks the axes, and 1 below them."""
    counts: Floats
    """(m, L) turns at each boundary."""
