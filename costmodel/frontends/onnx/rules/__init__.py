"""What ONNX operators mean here: a family of operators is a file, which discovery finds.

    convolution.py   windows with weights       pool.py      windows without, reductions, searches
    product.py       matrix products, einsum    quantised.py products and tables of packed weights
    experts.py       mixtures of experts        norm.py      normalisations
    attention.py     onnx's own attention       caches.py    ONNX Runtime's, with caches
    states.py        linear, windowed, paged    rotary.py    positions as rotations
    sequence.py      recurrence                 signal.py    transforms, small matrices
    sampling.py      resizing, grids, regions   move.py      copies, slices, look-ups, views
    elementwise.py   activations, arithmetic    fused.py, microsoft.py   what ONNX Runtime fuses

An operator goes into the file of its family, or into a new one. Each of these tables may be left
out of a file:

    RULES        {operator: rule}: the layers that a node stands for, and which inputs hold weights;
                 one of another domain than onnx's own is led by it, `com.microsoft:Gelu`
    FOLLOW       {operator: function}: where the samples lie in its outputs, for operators that
                 do more to shapes than stretch them (`samples.py` has the common ways)
    SHAPES       {operator: function}: the types of its outputs, ahead of onnx's inference, which
                 knows none of other domains and is wrong for some windows (`shaping.py`)
    VIEWS        operators whose output is their input's memory under another shape
    SAME_SHAPE   operators whose output has their first input's type where nothing else tells it

What has no rule stands in `uncounted.py` with the reason, what attributes have no effect in
`effects.py`; tests say that both are complete.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from costmodel.core.registry import members
from costmodel.errors import CostModelError


@cache
def table(name: str) -> dict[str, Any]:
    """One table of all families: RULES, FOLLOW or SHAPES by operator.

    Raises CostModelError if two files claim one operator.
    """
    known: dict[str, Any] = {}
    for module in members(__name__):
        entries = getattr(module, name, {})
        for op in known.keys() & entries.keys():
            raise CostModelError(
                f"operator '{op}' stands twice in {name}, once in {module.__name__}"
            )
        known |= entries
    return known


@cache
def listed(name: str) -> frozenset[str]:
    """The operators in one list of all families: VIEWS or SAME_SHAPE."""
    return frozenset(op for module in members(__name__) for op in getattr(module, name, ()))
