"""Every layer kind by its word: this project's own, found by discovery, and those of others."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import get_data

from costmodel.core.layer import ROUTINES, Layer
from costmodel.core.registry import Family, classes, entry_points, members, modules
from costmodel.errors import BadValue, CostModelError, did_you_mean
from costmodel.language import dtypes

LAYERS = Family("layer kind", "costmodel.models.layers", "costmodel.layers", Layer)


DECLARED = re.compile(r'^    kind: ClassVar\[str\] = "(\w+)"', re.MULTILINE)
"""How a kind says its word; a test compares this with what the modules hold once imported."""


@cache
def declared() -> dict[str, str]:
    """The project's own words and the module of each, from the modules' texts.

    Reading eighteen texts takes 1 ms, importing the modules 20 ms; a network needs a few of them.
    """
    found: dict[str, str] = {}
    for word in modules(LAYERS.package):
        text = get_data(LAYERS.package, f"{word}.py")
        found |= dict.fromkeys(DECLARED.findall((text or b"").decode()), word)
    return found


@cache
def own() -> dict[str, type[Layer]]:
    """The project's own kinds. Raises CostModelError if two files claim one word."""
    found: dict[str, type[Layer]] = {}
    for module in members(LAYERS.package):
        for kind in classes(module, Layer):
            word = vars(kind).get("kind")
            # a family's shared base has no word of its own
            if word is None:
                continue
            if word in found:
                raise CostModelError(f"layer kind '{word}' is defined twice: {found[word]}, {kind}")
            found[word] = kind
    return found


@cache
def kinds() -> dict[str, type[Layer]]:
    """Every kind by its word. Raises CostModelError if a word is taken twice."""
    found = dict(own())
    for word, point in entry_points(LAYERS.group).items():
        if word in found:
            raise CostModelError(f"layer kind '{word}' is defined here and by {point.value}")
        found[word] = get(word)
    return found


def get(word: str) -> type[Layer]:
    """The kind called `word`. Raises BadValue with the nearest name for an unknown one."""
    if word in declared():
        return _declared(word)
    if word not in entry_points(LAYERS.group):
        raise BadValue(f"unknown layer kind '{word}'", did_you_mean(word, kinds()))
    kind = LAYERS.foreign(word)
    if kind.kind != word:
        raise CostModelError(f"the layer kind registered as '{word}' calls itself '{kind.kind}'")
    return kind


@cache
def _declared(word: str) -> type[Layer]:
    module = import_module(f"{LAYERS.package}.{declared()[word]}")
    return next(kind for kind in classes(module, Layer) if vars(kind).get("kind") == word)


def check(word: str) -> None:
    """BadValue, with the nearest name, unless `word` is a layer kind or one of ROUTINES.

    A routine may be for one type of parameters alone: `dense.fp8`.
    """
    if word in ROUTINES or word in declared():
        return
    routine, dot, dtype = word.partition(".")
    if dot and routine in ROUTINES:
        dtypes.types(dtype)
        return
    if word not in entry_points(LAYERS.group):
        known = [*kinds(), *ROUTINES]
        raise BadValue(f"unknown layer kind or routine '{word}'", did_you_mean(word, known))
