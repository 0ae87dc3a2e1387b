"""Every layer kind by its word: this project's own, found by discovery, and those of others."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import chain
from pkgutil import get_data

from costmodel.core.layer import ROUTINES, Layer
from costmodel.core.registry import Family, classes, entry_points, modules
from costmodel.errors import BadValue, CostModelError, did_you_mean
from costmodel.language import dtypes

LAYERS = Family("layer kind", "costmodel.models.layers", "costmodel.layers", Layer)


def _in_module(name: str) -> list[type[Layer]]:
    """Import a module and give the kinds that it defines; a shared base has no word of its own."""
    defined = classes(import_module(f"{LAYERS.package}.{name}"), Layer)
    return [kind for kind in defined if "kind" in vars(kind)]


@cache
def _texts() -> dict[str, str]:
    """Read the text of each module."""
    names = modules(LAYERS.package)
    return {name: (get_data(LAYERS.package, f"{name}.py") or b"").decode() for name in names}


@cache
def _own(word: str) -> type[Layer] | None:
    """Find the project's own kind called `word`; None where there is none.

    Its class decides, however it comes by the word. The modules' texts only say which of them to
    import first: those that assign the word, those that quote it, those that mention it. A network
    needs a few modules of twenty; reading them takes 1 ms, importing them all 20 ms.
    """
    texts, hints = _texts(), (f'= "{word}"', f'"{word}"', word)
    likely = sorted(texts, key=lambda name: [hint not in texts[name] for hint in hints])
    return next((kind for name in likely for kind in _in_module(name) if kind.kind == word), None)


@cache
def own() -> dict[str, type[Layer]]:
    """Give the project's own kinds. Raises CostModelError if two files claim one word."""
    known: dict[str, type[Layer]] = {}
    for kind in chain.from_iterable(map(_in_module, modules(LAYERS.package))):
        other = known.setdefault(kind.kind, kind)
        if other is not kind:
            raise CostModelError(f"layer kind '{kind.kind}' is defined twice: {other}, {kind}")
    return known


@cache
def kinds() -> dict[str, type[Layer]]:
    """Give every kind by its word. Raises CostModelError if a word is taken twice."""
    others = entry_points(LAYERS.group)
    for word in others.keys() & own().keys():
        raise CostModelError(f"layer kind '{word}' is defined here and by {others[word].value}")
    return {**own(), **{word: get(word) for word in others}}


def get(word: str) -> type[Layer]:
    """Give the kind called `word`. Raises BadValue with the nearest name for an unknown one."""
    kind = _own(word)
    if kind is not None:
        return kind
    if word not in entry_points(LAYERS.group):
        raise BadValue(f"unknown layer kind '{word}'", did_you_mean(word, kinds()))
    kind = LAYERS.foreign(word)
    if kind.kind != word:
        raise CostModelError(f"the layer kind registered as '{word}' calls itself '{kind.kind}'")
    return kind


def check(word: str) -> None:
    """Raise BadValue, with the nearest name, unless `word` is a layer kind or one of ROUTINES.

    A routine may be for one type of parameters alone: `dense.fp8`.
    """
    routine, dot, dtype = word.partition(".")
    if routine in ROUTINES and dot:
        dtypes.types(dtype)
    elif word not in ROUTINES and _own(word) is None and word not in entry_points(LAYERS.group):
        known = [*kinds(), *ROUTINES]
        raise BadValue(f"unknown layer kind or routine '{word}'", did_you_mean(word, known))
