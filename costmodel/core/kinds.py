"""Every layer kind by its word: this project's own, found by discovery, and those of others."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import get_data

from costmodel.core.layer import ROUTINES, Layer
from costmodel.core.registry import Family, classes, entry_points, modules
from costmodel.errors import BadValue, CostModelError, did_you_mean
from costmodel.language import dtypes

LAYERS = Family("layer kind", "costmodel.models.layers", "costmodel.layers", Layer)


def _in_module(name: str) -> list[type[Layer]]:
    """The kinds that one module defines; a shared base has no word of its own."""
    defined = classes(import_module(f"{LAYERS.package}.{name}"), Layer)
    return [kind for kind in defined if "kind" in vars(kind)]


KIND = re.compile(r"^ *kind\b.*[\"'](\w+)[\"']", re.MULTILINE)
"""A line that gives a `kind` its word."""


@cache
def _texts() -> dict[str, tuple[str, frozenset[str]]]:
    """The text of each module, and the words that it seems to declare."""
    texts = {}
    for name in modules(LAYERS.package):
        text = (get_data(LAYERS.package, f"{name}.py") or b"").decode()
        # what stands between the brackets of a table's words
        table = text.partition("\nKINDS")[2].partition(")")[0].partition("]")[0]
        texts[name] = text, frozenset([*KIND.findall(text), *re.findall(r"\w+", table)])
    return texts


@cache
def _own(word: str) -> type[Layer] | None:
    """The project's own kind called `word`; None where there is none.

    Its class decides, however it comes by the word. The modules' texts only say which of them to
    import first: those that seem to declare the word, then those that mention it. A network needs a
    few modules of twenty; reading them takes 1 ms, importing them all 20 ms.
    """
    texts = _texts()
    likely = sorted(
        texts, key=lambda name: (word not in texts[name][1], word not in texts[name][0])
    )
    return next((kind for name in likely for kind in _in_module(name) if kind.kind == word), None)


@cache
def own() -> dict[str, type[Layer]]:
    """The project's own kinds. Raises CostModelError if two files claim one word."""
    known: dict[str, type[Layer]] = {}
    for kind in (kind for name in modules(LAYERS.package) for kind in _in_module(name)):
        other = known.setdefault(kind.kind, kind)
        if other is not kind:
            raise CostModelError(f"layer kind '{kind.kind}' is defined twice: {other}, {kind}")
    return known


@cache
def kinds() -> dict[str, type[Layer]]:
    """Every kind by its word. Raises CostModelError if a word is taken twice."""
    others = entry_points(LAYERS.group)
    for word in others.keys() & own().keys():
        raise CostModelError(f"layer kind '{word}' is defined here and by {others[word].value}")
    return {**own(), **{word: get(word) for word in others}}


def get(word: str) -> type[Layer]:
    """The kind called `word`. Raises BadValue with the nearest name for an unknown one."""
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
    """BadValue, with the nearest name, unless `word` is a layer kind or one of ROUTINES.

    A routine may be for one type of parameters alone: `dense.fp8`.
    """
    routine, dot, dtype = word.partition(".")
    if routine in ROUTINES and dot:
        dtypes.types(dtype)
    elif word not in ROUTINES and _own(word) is None and word not in entry_points(LAYERS.group):
        known = [*kinds(), *ROUTINES]
        raise BadValue(f"unknown layer kind or routine '{word}'", did_you_mean(word, known))
