"""Pairs that causal attention counts: those of the mask, written out place by place."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch

from costmodel.core import kinds
from costmodel.core.builder import apply
from costmodel.core.layer import make

HEADS, SIZE = 2, 4
"""Of queries, keys and values: a pair takes 2 x SIZE multiply-adds in each head."""


def pairs(queries: int, keys: int, **attributes: Any) -> int:
    """Pairs of one head, as the layer's multiply-adds tell; `keys` are the new ones."""
    shapes = [(HEADS, queries, SIZE), *((HEADS, keys, SIZE),) * 2]
    if past := attributes.get("past"):
        shapes += [(HEADS, past, SIZE)] * 2
    layer = make(kinds.get("attention"), {"causal": True, **attributes})
    seen, rest = divmod(apply(layer, tuple(shapes)).tally.macs, HEADS * 2 * SIZE)
    assert rest == 0
    return int(seen)


def windowed(mask: Any, shift: int, window: int | None) -> Any:
    """The places of a causal mask, shifted by so many, that lie in the window before each query."""
    return mask if window is None else mask & ~torch.ones_like(mask).tril(shift - window)


GRID = list(product(range(1, 6), repeat=2))
WINDOWS = (None, 1, 2, 3, 7)


@pytest.mark.parametrize(("queries", "keys"), GRID)
@pytest.mark.parametrize("window", WINDOWS)
def test_without_a_cache_as_torch_masks(queries: int, keys: int, window: int | None) -> None:
    """scaled_dot_product_attention(is_causal=True): ones(L, S).tril(), aligned at the top left."""
    mask = windowed(torch.ones(queries, keys, dtype=torch.bool).tril(), 0, window)
    assert pairs(queries, keys, window=window) == mask.sum()


@pytest.mark.parametrize(("queries", "keys"), GRID)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("past", "context"), [(0, 0), (0, 2), (3, 0), (3, 2)])
def test_with_a_cache_the_last_query_is_the_newest_token(
    queries: int, keys: int, window: int | None, past: int, context: int
) -> None:
    """causal_lower_right(L, S) of torch.nn.attention.bias: ones(L, S).tril(S - L), over all keys."""
    total = past + context + keys
    shift = total - queries
    mask = windowed(torch.ones(queries, total, dtype=torch.bool).tril(shift), shift, window)
    cached = {"past": past, "context": context, "cache": True, "window": window}
    assert pairs(queries, keys, **cached) == mask.sum()


def test_ten_queries_of_three_keys() -> None:
    """1, 2, and then 3 keys for each of 8 queries."""
    assert pairs(10, 3) == 1 + 2 + 8 * 3


@pytest.mark.parametrize("window", WINDOWS)
def test_without_a_mask_every_query_sees_the_last_keys(window: int | None) -> None:
    assert pairs(5, 4, window=window, causal=False) == 5 * min(4, window or 4)
