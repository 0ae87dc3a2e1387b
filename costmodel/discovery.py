"""Families of models: a folder is a family, a file in it a model, its name the word users write.

Adding a model is adding a file: nothing lists them anywhere. A double underscore in a file's name is a '+'
in the word.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import TypeVar

from costmodel.errors import BadValue, CostModelError, did_you_mean

T = TypeVar("T")


@cache
def modules(package: str) -> tuple[str, ...]:
    """The public module names directly inside `package`, sorted."""
    path = importlib.import_module(package).__path__
    names = (info.name for info in pkgutil.iter_modules(path))
    public = (n for n in names if not n.startswith("_") and n not in ("base", "fields"))
    return tuple(sorted(n.replace("__", "+") for n in public))


def classes(module: ModuleType, base: type[T]) -> list[type[T]]:
    """The concrete subclasses of `base` that `module` itself defines."""
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, base) and item.__module__ == module.__name__
    ]


def load(package: str, base: type[T], word: str) -> T:
    """The one model in the file `word` of `package`; BadValue for an unknown word."""
    family = package.rsplit(".", 1)[-1].removesuffix("es" if package.endswith("passes") else "s")
    if word not in modules(package):
        raise BadValue(f"unknown {family} '{word}'", did_you_mean(word, modules(package)))
    module = importlib.import_module(f"{package}.{word.replace('+', '__')}")
    found = classes(module, base)
    if len(found) != 1:
        raise CostModelError(f"{module.__name__} must define one {base.__name__}, has {len(found)}")
    return found[0]()


def headline(item: object) -> str:
    """The first line of an object's docstring: its one-line description."""
    return (item.__doc__ or "").strip().splitlines()[0].rstrip(".") if item.__doc__ else ""
