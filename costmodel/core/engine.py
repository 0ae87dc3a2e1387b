"""The contract of a model of the matrix engine's shape: how much of its peak a layer can use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from math import prod
from typing import Any, ClassVar

from costmodel.core.registry import Family
from costmodel.core.tiling.nest import AttentionNest, Nest, Sweep
from costmodel.errors import BadValue, did_you_mean


class EngineModel(ABC):
    """A matrix engine as an array of multipliers; a frozen dataclass of its sizes.

    Its attributes are what a profile states under `engine:`, beside the model's word.
    """

    source: ClassVar[str]
    sets_peak: ClassVar[bool] = True
    """True: the peak rate is what the multipliers make in every cycle, so that an engine with twice
    as many has twice the rate; False: its sizes are those of a library's kernels.
    """

    @abstractmethod
    def cycles(self, nest: Nest) -> float:
        """Cycles that a contraction takes, all groups and samples."""

    @property
    @abstractmethod
    def multipliers(self) -> int:
        """Multiply-adds in a cycle at the peak."""

    @property
    @abstractmethod
    def words(self) -> str:
        """Its sizes as reports word them."""

    def shared(self, nest: Nest) -> tuple[int, int, int]:
        """How many multiply-adds one word serves: of the input, of the weights, of the sums.

        They lie along the axis that the tensor does not have: filters, positions, and channels with
        taps. By default each multiply-add takes its own.
        """
        return 1, 1, 1

    @property
    def elements(self) -> tuple[int, int, int] | None:
        """Elements along samples and positions, filters, and channels; None where it has no such.

        They may have memories of their own.
        """
        return None

    def utilisation(self, nest: Nest | AttentionNest, macs: int) -> float:
        """The share of the peak that a contraction of `macs` multiply-adds keeps busy."""
        return self.kept_busy([(nest, macs)])

    def kept_busy(self, contractions: Iterable[tuple[Nest | AttentionNest, int]]) -> float:
        """The share of the peak that contractions keep busy together, one after the other.

        Each is a nest and its multiply-adds, and takes as many multipliers times cycles at least.
        """
        used, slots = 0, 0.0
        for nest, macs in contractions:
            used += macs
            slots += max(self.multipliers * sum(map(self.cycles, products(nest))), macs)
        return used / slots if slots else 1.0


ENGINE_MODELS = Family("engine", "costmodel.models.engines", "costmodel.engines", EngineModel)


def products(nest: Nest | AttentionNest) -> tuple[Nest, ...]:
    """The nests that an array works through: attention is two products."""
    if isinstance(nest, Nest):
        return (nest,)
    rows, heads = (Sweep(nest.queries),), nest.groups
    return (
        Nest(nest.keys, nest.size, rows, 1, heads),
        Nest(nest.values, nest.keys, rows, 1, heads),
    )


def pixels(nest: Nest) -> int:
    """Output positions of one sample."""
    return prod(sweep.outputs for sweep in nest.sweeps)


def read(stated: Mapping[str, Any]) -> EngineModel | None:
    """The model that a profile states; None for `peak`, a rate without a shape. Raises BadValue."""
    given = dict(stated)
    word = given.pop("model", None)
    if word == "peak" and not given:
        return None
    if word is None:
        raise BadValue(
            "no 'model'", f"write 'model: {' | '.join(['peak', *ENGINE_MODELS.names()])}'"
        )
    kind = ENGINE_MODELS.kind(str(word))
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            raise BadValue(f"engine '{word}' has no '{name}'", did_you_mean(name, known))
    for name, item in known.items():
        if name not in given and item.default is MISSING:
            raise BadValue(f"engine '{word}' has no '{name}'", f"add '{name}: ...'")
    return kind(**given)


def size(name: str, value: Any) -> None:
    """BadValue unless a size of an array is a whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadValue(f"'{name}' is {value!r}", "write a whole number from 1")
