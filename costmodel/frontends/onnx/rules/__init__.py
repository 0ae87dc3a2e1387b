"""What ONNX operators mean here: one family of operators is one file, which discovery finds.

``RULES`` of a file maps operators to rules; ``VIEWS`` names operators whose output is their input's
memory.
"""

from __future__ import annotations

from functools import cache

from costmodel.core.registry import members
from costmodel.errors import CostModelError
from costmodel.frontends.onnx.node import Rule


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its operator. Raises CostModelError if two files claim one operator."""
    known: dict[str, Rule] = {}
    for module in members(__name__):
        for op, rule in getattr(module, "RULES", {}).items():
            if op in known:
                raise CostModelError(
                    f"operator '{op}' has two rules, one of them in {module.__name__}"
                )
            known[op] = rule
    return known


@cache
def views() -> frozenset[str]:
    """Operators that only give their input's memory another shape."""
    return frozenset(op for module in members(__name__) for op in getattr(module, "VIEWS", ()))
