"""Layer kinds. One kind, or one close family, is one file; discovery finds every one of them."""

from __future__ import annotations

import importlib
from functools import cache

from costmodel import discovery
from costmodel.errors import BadValue, CostModelError, did_you_mean
from costmodel.layers.base import ROUTINES, Engine, Example, Layer, make

__all__ = ["ROUTINES", "Engine", "Example", "Layer", "check", "get", "kinds", "make"]


@cache
def kinds() -> dict[str, type[Layer]]:
    """Every layer kind by its name. Raises CostModelError if two files claim one name."""
    found: dict[str, type[Layer]] = {}
    for name in discovery.modules(__name__):
        module = importlib.import_module(f"{__name__}.{name}")
        for kind in discovery.classes(module, Layer):
            word = vars(kind).get("kind")
            if word is None:  # a family's shared base
                continue
            if word in found:
                raise CostModelError(f"layer kind '{word}' is defined twice: {found[word]}, {kind}")
            found[word] = kind
    return found


def get(word: str) -> type[Layer]:
    """The layer kind called `word`; BadValue with the nearest name for an unknown one."""
    try:
        return kinds()[word]
    except KeyError:
        raise BadValue(f"unknown layer kind '{word}'", did_you_mean(word, kinds())) from None


def check(word: str) -> None:
    """BadValue, with the nearest name, unless `word` is a layer kind or one of ROUTINES."""
    if word not in ROUTINES and word not in kinds():
        raise BadValue(
            f"unknown layer kind or routine '{word}'", did_you_mean(word, [*kinds(), *ROUTINES])
        )
