"""What ONNX operators mean here: one family of operators is one file, which discovery finds.

``RULES`` of a file maps operators to rules; ``VIEWS`` names operators whose output is their input's memory.
"""

from __future__ import annotations

import importlib
from functools import cache

from costmodel import discovery
from costmodel.errors import CostModelError
from costmodel.importer.node import Rule


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its operator. Raises CostModelError if two files claim one operator."""
    found: dict[str, Rule] = {}
    for name in discovery.modules(__name__):
        module = importlib.import_module(f"{__name__}.{name}")
        for op, rule in getattr(module, "RULES", {}).items():
            if op in found:
                raise CostModelError(
                    f"operator '{op}' has two rules, one of them in {module.__name__}"
                )
            found[op] = rule
    return found


@cache
def views() -> frozenset[str]:
    """Operators that only give their input's memory another shape."""
    modules = (importlib.import_module(f"{__name__}.{n}") for n in discovery.modules(__name__))
    return frozenset(op for module in modules for op in getattr(module, "VIEWS", ()))
