"""What the engine takes out of the innermost memory and gives back: the words of every row.

A multiply-add takes one word of the input and one of the weights; an output is written once at its
own width, and before that is written and read back as a partial sum at each visit but one. An array
hands a word to several of its elements, and adds sums up on the way.

Example: 4 outputs of 3 channels each that are summed one by one, in one byte with sums of 4 bytes:
12 words of the input, 12 of the weights, and for each output 2 times 4 bytes that come back. So the
engine takes 12 + 12 + 4 x 2 x 4 = 56 B and gives 4 x (1 + 2 x 4) = 36 B. Where an array adds all 3
channels up at once nothing comes back: it takes 24 B and gives 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import NamedTuple

import numpy as np

from costmodel.core.arrays import Ints
from costmodel.core.engine import EngineModel, products
from costmodel.core.network import Row, Tap
from costmodel.core.part import Part
from costmodel.core.tiling.nest import Contraction, Nest
from costmodel.language.dtypes import size_of


@dataclass(frozen=True, eq=False)
class EngineWords:
    """Bytes between the innermost memory and the engine, of each row (R,) [B]."""

    taken: Ints
    given: Ints
    copied: Ints
    """Bytes that are written besides where each element of an array has a memory of its own: a word
    of the input into one for each filter, one of the weights into one for each position."""
    unread: Ints
    """Of the bytes taken, those of operands that the innermost memory does not hold."""
    unwritten: Ints
    """Of the bytes given, likewise."""


@dataclass(frozen=True)
class ElementBits:
    """Bits of an element of each kind of tensor [bit]."""

    maps: int
    params: int
    state: int
    sums: int


def engine_words(
    rows: Sequence[Row],
    samples: int,
    bits: ElementBits,
    array: EngineModel | None,
    touched: tuple[Ints, Ints],
    *,
    per_element: bool = False,
    holds: str = "IWO",
) -> EngineWords:
    """Count the bytes that the engine takes and gives in each row, all samples together.

    Parameters
    ----------
    rows : sequence of Row
        In execution order.
    samples : int
        Of one run.
    bits : ElementBits
        What an element of each kind of tensor takes, where no file fixes it.
    array : EngineModel or None
        The shape of the matrix engine, which says how often a word serves.
    touched : pair of arrays
        The bytes that each row reads and writes once, (R,) each [B]: what rows without a
        contraction take and give.
    per_element : bool
        True: each element has the innermost memory for itself, and shares no word of it.
    holds : str
        Which operands that memory has tiles of: input I, weights W, output O.

    Returns
    -------
    EngineWords
        Arrays over the rows.

    """
    taken, given = (np.array(once) for once in touched)
    copied, unread, unwritten = (np.zeros_like(taken) for _ in range(3))
    for number, row in enumerate(rows):
        moved = [
            _moved(row, at, one, bits, array, holds if per_element else "")
            for at, part in enumerate(row.parts)
            for one in part.layer.contractions(part.inputs, samples)
            if one.macs
        ]
        if moved:
            others = sum(
                size_of(prod(tap.shape) * samples, tap.bits or bits.maps) for tap in _others(row)
            )
            words = {way: sum(getattr(one, way) for one in moved) for way in _Words._fields}
            taken[number] = others + words["input"] + words["weights"] + words["sums"]
            given[number], copied[number] = words["given"], words["copied"]
            operands = {"I": "input", "W": "weights", "O": "sums"}
            unread[number] = sum(words[w] for one, w in operands.items() if one not in holds)
            unwritten[number] = words["given"] if "O" not in holds else 0
    return EngineWords(taken, given, copied, unread, unwritten)


class _Words(NamedTuple):
    """Bytes of one contraction: taken of each operand, given, and copied [B]."""

    input: int
    weights: int
    sums: int
    given: int
    copied: int


def _moved(
    row: Row,
    at: int,
    one: Contraction,
    bits: ElementBits,
    array: EngineModel | None,
    own: str,
) -> _Words:
    """What a contraction of part `at` takes, gives, and copies.

    `own` are the operands that each element of the array holds for itself; empty: they share one
    memory.
    """
    part = row.parts[at]
    read = row.source_of(at, one.input[0]) if isinstance(one.input, tuple) else None
    of_input = (read.bits if read else None) or bits.maps
    of_weights = _weight_bits(row, at, one, bits, part)
    of_output = (row.taps[0].bits if row.taps else None) or bits.maps
    inputs = weights = sums = given = copied = 0.0
    for nest in products(one.nest):
        shared = (1, 1, 1) if array is None else array.shared(nest)
        if own and array is not None and array.elements is not None:
            lengths = (_positions(nest), nest.out_channels, nest.in_channels)
            n, k, c = map(min, array.elements, lengths)
            # only sums are added up from element to element
            shared = (1, 1, c)
            copied += (k - 1) * nest.input_words * of_input * ("I" in own)
            copied += (n - 1) * nest.weight_words * of_weights * ("W" in own)
        macs = nest.macs if one.counted is None else nest.macs * one.counted / one.nest.macs
        visits = ceil(nest.in_channels * nest.taps / shared[2])
        again = nest.output_words * (visits - 1) * bits.sums
        inputs += macs * of_input * _served(nest.out_channels, shared[0])
        weights += macs * of_weights * _served(_positions(nest), shared[1])
        sums += again
        given += nest.output_words * of_output + again
    return _Words(*(ceil(bits / 8) for bits in (inputs, weights, sums, given, copied)))


def _served(length: int, shared: int) -> float:
    """How many words are taken for each multiply-add, where one serves `shared` along an axis.

    Of 10 filters that share a word in fours three words are taken for ten multiply-adds.
    """
    return ceil(length / shared) / length


def _positions(nest: Nest) -> int:
    """Outputs that meet the same weight."""
    return nest.batch * prod(sweep.outputs for sweep in nest.sweeps)


def _weight_bits(row: Row, at: int, one: Contraction, bits: ElementBits, part: Part) -> float:
    """Bits of an element of the second operand."""
    if one.weights == "parameters":
        return part.layer.weight_bits or bits.params
    if one.weights == "state":
        return bits.state
    read = row.source_of(at, one.weights[0]) if isinstance(one.weights, tuple) else None
    return (read.bits if read else None) or bits.maps


def _others(row: Row) -> list[Tap]:
    """The maps that a row reads beside the operands of its contractions."""
    operands = [
        row.source_of(at, place)
        for at, part in enumerate(row.parts)
        for one in part.layer.contractions(part.inputs, 1)
        for operand in (one.input, one.weights)
        if isinstance(operand, tuple)
        for place in operand
    ]
    own = {tap.key for tap in operands if tap is not None}
    if None in operands and row.inputs:
        # what an earlier part makes of the row's first map
        own.add(row.inputs[0].key)
    return [tap for tap in row.inputs if tap.key not in own]
