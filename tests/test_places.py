"""What a kind says of places: an element of torch's twin is changed, and outputs change with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from costmodel.core import kinds
from costmodel.core.builder import apply
from costmodel.core.layer import Layer, make
from costmodel.errors import BadValue

ONLY_SHAPES = ("strided_view", "unknown")
"""Kinds whose twin has an output's shape and no values."""
COPIES = ("cast",)
"""What leaves each element at its place in another map, as asked for."""
MOST = 40
"""Elements of a map that are changed, one at a time."""
FARTHER = 8.0
"""Added to an element: more than the others differ, so that every maximum moves."""
CASES = [
    pytest.param(word, kind, id=word)
    for word, kind in sorted(kinds.kinds().items())
    if word not in ONLY_SHAPES
]


def runs(layer: Layer, inputs: tuple[tuple[int, ...], ...]) -> Iterator[tuple[int, Any, Any]]:
    """For each element of each input: the input, and its place and that of outputs it changes."""
    dice = np.random.default_rng(1)
    torch.manual_seed(1)
    twin = layer.twin(torch, inputs)
    if isinstance(twin, torch.nn.Module):
        twin = twin.double().eval()
        for value in twin.parameters():
            torch.nn.init.uniform_(value, 0.5, 2.0)
    maps = [torch.empty(1, *shape).double().uniform_(0.3, 2.0) for shape in inputs]

    def results() -> list[Any]:
        # pseudo-random windows stay where they are
        torch.manual_seed(2)
        with torch.no_grad():
            made = twin(*maps)
        made = made if isinstance(made, tuple | list) else (made,)
        return [one[0].numpy().copy() for one in made]

    before = results()
    for number, samples in enumerate(maps):
        flat = samples.view(-1)
        for place in dice.permutation(len(flat))[:MOST]:
            old = flat[place].item()
            flat[place] = old + FARTHER
            changed = [a != b for a, b in zip(before, results(), strict=True)]
            flat[place] = old
            yield number, np.unravel_index(place, inputs[number]), changed


def own_places(layer: Layer, inputs: tuple[tuple[int, ...], ...]) -> tuple[bool, bool]:
    """Whether all that changes lies at the changed element's own place; whether that changes.

    The place of a view is that in memory; an axis of size 1 is stretched. A map of another shape has
    no such places.
    """
    outputs = apply(layer, inputs).outputs
    alone, reached = len(outputs) == 1, len(outputs) == 1
    for number, place, changed in runs(layer, inputs):
        shape, (first, *_) = inputs[number], changed
        own = np.zeros(first.shape, dtype=bool)
        if layer.view and first.size == np.prod(shape):
            own.flat[np.ravel_multi_index(place, shape)] = True
        elif len(shape) == first.ndim and all(
            a in (1, b) for a, b in zip(shape, first.shape, strict=True)
        ):
            at = (p if n > 1 else slice(None) for p, n in zip(place, shape, strict=True))
            own[tuple(at)] = True
        else:
            alone = False
        alone &= not (first & ~own).any()
        reached &= bool((first[own]).any())
    return alone, reached


@pytest.mark.parametrize(("word", "kind"), CASES)
def test_a_kind_says_whether_it_reads_across(word: str, kind: type[Layer]) -> None:
    """Across: some output changes that is not at the place of what changed, or a device's part."""
    found = False
    for example in kind.examples:
        layer = make(kind, example.attributes)
        told = layer.message(example.inputs) is not None
        found |= told or not own_places(layer, example.inputs)[0]
    assert kind.across == found


@pytest.mark.parametrize(("word", "kind"), CASES)
def test_what_may_overwrite_its_input_writes_where_it_read(word: str, kind: type[Layer]) -> None:
    """An output of an input's shape, each element made of the one at its place at least.

    And a kind that reads its own place alone overwrites it, unless it is asked to copy.
    """
    for example in kind.examples:
        layer = make(kind, example.attributes)
        alone, reached = own_places(layer, example.inputs)
        outputs = apply(layer, example.inputs).outputs
        if kind.in_place:
            assert reached
            assert len(outputs) == 1
            assert outputs[0] in example.inputs
        if not kind.across and alone:
            assert kind.in_place or kind.view or word in COPIES


@pytest.mark.parametrize("word", ["batch_norm", "group_norm"])
def test_channels_on_another_axis(word: str) -> None:
    """The twin on axis 1 of [5, 6, 4] is that on axis 0 of the same map turned over."""
    attributes = {"groups": 3} if word == "group_norm" else {}
    results = []
    x = torch.randn(2, 5, 6, 4)
    for axis, samples in ((1, x), (0, x.transpose(1, 2))):
        layer = make(kinds.get(word), {**attributes, "axis": axis})
        twin = layer.twin(torch, (tuple(samples.shape[1:]),)).eval()
        for value in twin.parameters():
            torch.nn.init.uniform_(value, generator=torch.Generator().manual_seed(1))
        results.append(twin(samples))
    assert torch.allclose(results[0], results[1].transpose(1, 2))


@pytest.mark.parametrize(
    ("word", "attributes"),
    [
        ("rms_norm", {"axes": 3}),
        ("layer_norm", {"axes": 3}),
        ("group_norm", {"groups": 2, "axis": 2}),
        ("batch_norm", {"axis": 2}),
        ("gather", {"table": [7, 8], "axis": 2}),
        ("reduce", {"function": "sum", "axes": [2]}),
        ("cumulative_sum", {"axis": 2}),
        ("search", {"axis": 2}),
    ],
)
def test_an_axis_that_is_not_there_is_refused(word: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(BadValue, match="ax"):
        apply(make(kinds.get(word), attributes), ((6, 4),))
