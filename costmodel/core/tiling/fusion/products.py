"""Two products one after the other whose hidden map never leaves the chip: Y = f(X A) B.

n tokens of d features become h hidden ones and then o; e, w, b are the bytes of an element of X, of
the weights and of Y, a those of a partial sum. What is computed element by element between the
products costs nothing. Either

- x rows of X and of the sums of Y stay, and the weights pass by once for each of the n|x blocks:
  room x (d e + o a) + x a + max(d, o) w, traffic n (d e + o b) + (n|x) h (d + o) w; or
- f hidden units stay with their weights, and X passes by once for each of the t = h|f slices, the
  sums of Y going out and coming back between them:
  room f (d + o) w + f a + d e + o a, traffic h (d + o) w + n d e t + n o (b + 2 a (t - 1)).

Several products may make the hidden map (a gate and what it lets through); d w stands then for all
of them. Example: a feed-forward block of 128 tokens, 768 to 3072 and back, in bytes with sums of 4:
256 KiB hold 64 rows, so that the weights pass by twice, 9 633 792 B; 1 MiB holds all 128, and
everything moves once, 4 915 200 B.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costmodel.core.tiling.fusion.group import Group
from costmodel.core.tiling.nest import Nest
from costmodel.core.tiling.windows import sizes

if TYPE_CHECKING:
    from costmodel.core.maps import Maps
    from costmodel.core.network import Row, Tap

MOST = 16
"""Rows of the report that such a run may have."""


@dataclass(frozen=True)
class ProductRun:
    """Rows that are two products with a hidden map between them; widths in bits."""

    begin: int
    end: int
    first: tuple[int, ...]
    """The rows that make the hidden map: one product, or several of the same input."""
    tokens: int
    features: int
    """Of the input."""
    hidden: int
    outputs: int
    """Features of the output."""
    input_bits: int
    weight_bits: int
    output_bits: int
    sum_bits: int
    parameters: int
    """Everything that the rows hold [bit]."""

    def groups(self, room: int, *, double: bool) -> Iterator[ProductGroup]:
        """The best of both ways in `room` [bit], as far as they fit."""
        buffers = 2 if double else 1
        for size in reversed(sizes(self.tokens).tolist()):
            taken = self._rows_room(size, buffers)
            if taken <= room:
                blocks = -(-self.tokens // size)
                yield self._group("rows", size, (1, blocks), taken)
                break
        for size in reversed(sizes(self.hidden).tolist()):
            taken = self._slice_room(size, buffers)
            if taken <= room:
                slices = -(-self.hidden // size)
                yield self._group("hidden units", size, (slices, 1), taken)
                break

    def _rows_room(self, rows: int, buffers: int) -> int:
        """What stays of so many rows, and one filter that passes by [bit]."""
        ways = len(self.first)
        stays = rows * (self.features * self.input_bits + (self.outputs + ways) * self.sum_bits)
        return stays + buffers * max(self.features, self.outputs) * self.weight_bits

    def _slice_room(self, units: int, buffers: int) -> int:
        """What stays of so many hidden units, and one row that passes by [bit]."""
        ways = len(self.first)
        weights = units * (ways * self.features + self.outputs) * self.weight_bits
        row = self.features * self.input_bits + self.outputs * self.sum_bits
        return weights + units * ways * self.sum_bits + buffers * row

    def _group(self, stays: str, size: int, times: tuple[int, int], room: int) -> ProductGroup:
        """The group that reads its input and its weights so many `times`."""
        of_input, of_weights = times
        read = self.tokens * self.features * self.input_bits * of_input // 8
        words = self.tokens * self.outputs
        sums = words * self.sum_bits * (of_input - 1) // 8
        written = words * self.output_bits // 8
        held = -(-self.parameters // 8) * of_weights
        moved = read + 2 * sums + written + held
        group = Group(self.begin, self.end, 0, of_weights, frozenset(), moved, room)
        return ProductGroup(
            **vars(group), stays=stays, size=size, read=read, sums=sums, written=written + sums
        )


@dataclass(frozen=True)
class ProductGroup(Group):
    """Two products as they are executed."""

    stays: str
    """'rows' or 'hidden units'."""
    size: int
    """How many of them."""
    read: int
    """Of the input, all its passes together [B]."""
    sums: int
    """Of partial sums that come back [B]."""
    written: int
    """Of the output, complete or not [B]."""

    @property
    def words(self) -> str:
        """How it runs, for readers."""
        return f"two products, {self.size} {self.stays} stay"


def product_runs(
    maps: Maps, samples: int, sum_bits: int, param_bytes: Sequence[int], last: Sequence[int]
) -> tuple[ProductRun, ...]:
    """Find the runs of rows that are two products with a hidden map between them.

    Parameters
    ----------
    maps : Maps
        The tensors of R rows.
    samples : int
        Of a run.
    sum_bits : int
        Width of a partial sum [bit].
    param_bytes : sequence of int
        What each row reads of parameters (R,) [B].
    last : sequence of int
        The last row that reads each tensor (T,).

    """
    rows = maps.network.rows
    nests = [_product(row, samples) for row in rows]
    found = []
    for end, nest in enumerate(nests):
        for begin in range(end - 1, max(-1, end - MOST), -1) if nest else ():
            run = _run(maps, nests, begin, end, last)
            if run is not None:
                found.append(_described(maps, nests, run, end, sum_bits, param_bytes))
    return tuple(found)


def _product(row: Row, samples: int) -> Nest | None:
    """The product of parameters that a row is; None where it is something else besides."""
    each = [part.layer.contractions(part.inputs, samples) for part in row.parts]
    if len(row.parts) != 1 or len(each[0]) != 1 or len(row.outputs) != 1 or len(row.inputs) != 1:
        return None
    (one,) = each[0]
    alone = isinstance(one.nest, Nest) and one.nest.product and one.nest.groups == 1
    mine = one.weights == "parameters" and one.output is None and one.counted is None
    if not (alone and mine and isinstance(one.nest, Nest)):
        return None
    return one.nest if one.nest.batch == 1 and len(one.nest.sweeps) == 1 else None


def _run(
    maps: Maps, nests: Sequence[Nest | None], begin: int, end: int, last: Sequence[int]
) -> tuple[int, ...] | None:
    """The rows that make the hidden map of the run from `begin` to `end`; None where it is none."""
    rows = maps.network.rows
    outer = rows[begin].inputs[0].key if nests[begin] else None
    inner: dict[object, int] = {}
    first = []
    for number in range(begin, end):
        row = rows[number]
        if nests[number] and row.inputs[0].key == outer:
            first.append(number)
        elif not _elementwise(row) or any(tap.key not in inner for tap in row.inputs):
            return None
        for tap in row.taps:
            inner[tap.key] = number
            if any(last[tensor] > end for tensor in maps.behind[tap.key]):
                return None
    if not first or rows[end].inputs[0].key not in inner or rows[end].inputs[0].key == outer:
        return None
    return tuple(first) if _alike([nests[number] for number in (*first, end)]) else None


def _elementwise(row: Row) -> bool:
    """True for a row that makes each element of its output from those at the same place."""
    return len(row.outputs) == 1 and (row.view or all(part.elementwise for part in row.parts))


def _alike(nests: Sequence[Nest | None]) -> bool:
    """True where all products but the last make the map that the last one reads."""
    *first, second = (one for one in nests if one is not None)
    tokens = {one.sweeps[0].outputs for one in (*first, second)}
    shapes = {(one.in_channels, one.out_channels) for one in first}
    return len(tokens) == len(shapes) == 1 and first[0].out_channels == second.in_channels


def _described(
    maps: Maps,
    nests: Sequence[Nest | None],
    first: tuple[int, ...],
    end: int,
    sum_bits: int,
    param_bytes: Sequence[int],
) -> ProductRun:
    """The sizes of a run."""
    rows = maps.network.rows
    one, two = nests[first[0]], nests[end]
    assert one is not None
    assert two is not None
    held = [8 * size for size in param_bytes[first[0] : end + 1]]
    words = len(first) * one.weight_words + two.weight_words

    def bits(tap: Tap) -> int:
        return tap.bits or maps.bits

    return ProductRun(
        first[0], end, first, one.sweeps[0].outputs, one.in_channels, one.out_channels,
        two.out_channels, bits(rows[first[0]].inputs[0]), -(-sum(held) // words),
        bits(rows[end].taps[0]), sum_bits, sum(held),
    )  # fmt: skip
