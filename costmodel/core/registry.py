"""Families of models: a folder is a family, a file in it a model, its name the word users write.

Adding a model is adding a file: nothing lists them anywhere. A double underscore in a file's name
is a '+' in the word. Others add models without a change here: an entry point in the family's group,
whose name is the word and whose value is the class. And wherever a word is taken, an object is too.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from costmodel.errors import BadValue, CostModelError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


@dataclass(frozen=True)
class Family(Generic[T]):
    """One kind of model: where this project's own are, and where others register theirs."""

    word: str
    """What one member is called in messages, e.g. 'timing'."""
    package: str
    """The package whose modules are this project's own members."""
    group: str
    """The entry points' group, e.g. 'costmodel.timing'."""
    base: type[T]
    """The contract: the base class of every member."""

    def names(self) -> tuple[str, ...]:
        """The words of all members, sorted. Raises CostModelError if a word is taken twice."""
        mine, others = modules(self.package), entry_points(self.group)
        for word in others:
            if word in mine:
                raise CostModelError(f"{self.word} '{word}' is defined here and by {others[word]}")
        return tuple(sorted((*mine, *others)))

    def load(self, word: str) -> T:
        """The member called `word`. Raises BadValue, with the nearest name, for an unknown word."""
        return self.kind(word)()

    def kind(self, word: str) -> type[T]:
        """The class of the member called `word`. Raises BadValue for an unknown word."""
        if word in modules(self.package):
            return only_class(_module(self.package, word), self.base)
        return self.foreign(word)

    def foreign(self, word: str) -> type[T]:
        """The class behind another package's entry point called `word`. Raises BadValue."""
        point = entry_points(self.group).get(word)
        if point is None:
            raise BadValue(f"unknown {self.word} '{word}'", did_you_mean(word, self.names()))
        return imported(point, self.base)

    def resolve(self, model: str | T) -> T:
        """A member from its word, or the member itself. Raises BadValue for anything else."""
        if isinstance(model, str):
            return self.load(model)
        if not isinstance(model, self.base):
            raise BadValue(f"{model!r} is no {self.word}", f"give a word or a {self.base.__name__}")
        return model

    def check(self, model: str | T) -> None:
        """BadValue unless `model` is a known word, or a member itself."""
        if isinstance(model, str) and model in modules(self.package):
            return
        self.resolve(model)

    def word_of(self, model: str | T) -> str:
        """The word of a member: its file's or entry point's name; else its class's name."""
        if isinstance(model, str):
            return model
        kind = type(model)
        package, _, name = kind.__module__.rpartition(".")
        if package == self.package:
            return name.replace("__", "+")
        value = f"{kind.__module__}:{kind.__qualname__}"
        words = [word for word, point in entry_points(self.group).items() if point.value == value]
        return words[0] if words else kind.__name__


@cache
def modules(package: str) -> tuple[str, ...]:
    """The words of the public modules directly inside `package`, sorted."""
    path = importlib.import_module(package).__path__
    names = (info.name for info in pkgutil.iter_modules(path))
    return tuple(sorted(n.replace("__", "+") for n in names if not n.startswith("_")))


def members(package: str) -> Iterator[ModuleType]:
    """The public modules directly inside `package`, imported."""
    for word in modules(package):
        yield _module(package, word)


def _module(package: str, word: str) -> ModuleType:
    """Import the module of a word inside `package`."""
    return importlib.import_module(f"{package}.{word.replace('+', '__')}")


def classes(module: ModuleType, base: type[T]) -> list[type[T]]:
    """The subclasses of `base` that `module` itself defines."""
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, base) and item.__module__ == module.__name__
    ]


def only_class(module: ModuleType, base: type[T]) -> type[T]:
    """The one subclass of `base` in `module`. Raises CostModelError for none or several."""
    defined, name = classes(module, base), base.__name__
    if len(defined) != 1:
        raise CostModelError(f"{module.__name__} must define one {name}, has {len(defined)}")
    return defined[0]


@cache
def entry_points(group: str) -> dict[str, EntryPoint]:
    """What other packages register in `group`, by word. Raises CostModelError for a word twice."""
    # 12 ms, paid only where a word is none of ours
    import importlib.metadata

    points: dict[str, EntryPoint] = {}
    for point in importlib.metadata.entry_points(group=group):
        known = points.setdefault(point.name, point)
        if known.value != point.value:
            raise CostModelError(f"'{point.name}' of {group} is defined twice: {known}")
    return points


def imported(point: EntryPoint, base: type[T]) -> type[T]:
    """The class that an entry point names. Raises CostModelError where there is none."""
    try:
        kind: Any = point.load()
    except Exception as error:
        raise CostModelError(
            f"{point.group}: '{point.value}' cannot be imported: {error}"
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise CostModelError(f"{point.group}: '{point.value}' is no {base.__name__}")
    return kind


def headline(item: object) -> str:
    """The first line of an object's docstring: its one-line description."""
    return (item.__doc__ or "").strip().splitlines()[0].rstrip(".") if item.__doc__ else ""
