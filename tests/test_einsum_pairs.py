"""Operands of an einsum are multiplied in the order that takes the fewest products."""

from __future__ import annotations

import random
from itertools import combinations
from math import prod

import pytest

from costmodel.core import kinds
from costmodel.core.layer import make

Term = frozenset[str]


def fewest(terms: list[Term], out: Term, sizes: dict[str, int]) -> int:
    """The least over every sequence of pairs, each tried: by definition, without any table."""
    terms = [summed(terms, at, out) for at in range(len(terms))]
    if len(terms) == 1:
        return 0
    found = []
    for one, other in combinations(range(len(terms)), 2):
        rest = [term for at, term in enumerate(terms) if at not in (one, other)]
        needed = out.union(*rest)
        both = terms[one] | terms[other]
        cost = prod(sizes[axis] for axis in both)
        found.append(cost + fewest([*rest, both & needed], out, sizes))
    return min(found)


def summed(terms: list[Term], at: int, out: Term) -> Term:
    """A term without the axes that nobody else needs."""
    return terms[at] & out.union(*terms[:at], *terms[at + 1 :])


@pytest.mark.parametrize("seed", range(60))
def test_the_order_is_the_best_of_all(seed: int) -> None:
    draw = random.Random(seed)
    letters = "abcdef"[: draw.randint(2, 6)]
    count = draw.randint(2, 5)
    terms = [
        "".join(draw.sample(letters, draw.randint(1, min(3, len(letters))))) for _ in range(count)
    ]
    used = sorted(set("".join(terms)))
    sizes = {letter: draw.randint(2, 6) for letter in used}
    out = "".join(draw.sample(used, draw.randint(0, len(used))))
    layer = make(kinds.get("einsum"), {"equation": f"{','.join(terms)}->{out}"})
    shapes = tuple(tuple(sizes[letter] for letter in term) for term in terms)
    tally = layer.tally(shapes, layer.out_shapes(shapes))
    assert tally.macs == fewest([frozenset(t) for t in terms], frozenset(out), sizes)
    assert sum(one.macs for one in layer.contractions(shapes, 3)) == 3 * tally.macs


def test_twelve_operands_are_multiplied_from_left_to_right_where_they_are_too_many() -> None:
    """A chain of twelve 2 x 2 matrices: eleven products of 2 x 2 x 2, in any order."""
    letters = "abcdefghijklm"
    terms = [letters[at : at + 2] for at in range(12)]
    layer = make(kinds.get("einsum"), {"equation": f"{','.join(terms)}->am"})
    shapes = ((2, 2),) * 12
    assert layer.tally(shapes, layer.out_shapes(shapes)).macs == 11 * 8
