"""Every layer kind by its word: this project's own, found by discovery, and those of others."""

from __future__ import annotations

from functools import cache

from costmodel.core.layer import ROUTINES, Layer
from costmodel.core.registry import Family, classes, entry_points, members
from costmodel.errors import BadValue, CostModelError, did_you_mean

LAYERS = Family("layer kind", "costmodel.models.layers", "costmodel.layers", Layer)


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
    if word in own():
        return own()[word]
    if word not in entry_points(LAYERS.group):
        raise BadValue(f"unknown layer kind '{word}'", did_you_mean(word, kinds()))
    kind = LAYERS.foreign(word)
    if kind.kind != word:
        raise CostModelError(f"the layer kind registered as '{word}' calls itself '{kind.kind}'")
    return kind


def check(word: str) -> None:
    """BadValue, with the nearest name, unless `word` is a layer kind or one of ROUTINES."""
    if word in ROUTINES or word in own():
        return
    if word not in entry_points(LAYERS.group):
        known = [*kinds(), *ROUTINES]
        raise BadValue(f"unknown layer kind or routine '{word}'", did_you_mean(word, known))
