"""What a machine says of layer kinds: their engines, and the shares of the peaks they reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from costmodel.core.layer import Engine, Layer, Task
from costmodel.core.part import Part
from costmodel.core.shares import PERFECT, Shares

if TYPE_CHECKING:
    from costmodel.core.engine import EngineModel
    from costmodel.core.tiling.nest import AttentionNest, Nest


def executed_nests(part: Part, samples: int) -> tuple[tuple[Nest | AttentionNest, int], ...]:
    """Give the contractions of a part, each as a nest and the multiply-adds executed in it."""
    contractions = part.layer.contractions(part.inputs, samples)
    counted = sum(one.macs for one in contractions)
    if not counted:
        return ()
    executed = part.executed_tally.macs * samples
    return tuple((one.nest, one.macs * executed // counted) for one in contractions)


@dataclass(frozen=True, eq=False)
class Traits:
    """What a machine says of layer kinds; the defaults change nothing."""

    engines: Mapping[str, Engine] = field(default_factory=dict)
    shares: Mapping[str, Shares] = field(default_factory=dict)
    array: EngineModel | None = None
    """The shape of the matrix engine; None: a rate without one."""

    def engine(self, layer: Layer) -> Engine:
        """The engine that `layer` runs on."""
        return self.engines.get(layer.kind, layer.engine)

    def tasks(self, part: Part) -> tuple[Task, ...]:
        """The work of `part` that takes time, by engine; a profile may move a whole kind."""
        if part.layer.kind in self.engines:
            layer = part.layer
            return (Task(self.engines[layer.kind], layer.runs_as, part.executed_tally),)
        return part.layer.tasks(part.executed_tally)

    def utilisation(self, part: Part, samples: int) -> float:
        """The share of the matrix engine's peak that the shapes of a part's contractions leave.

        They run one after the other. What a library executes beyond them it executes in each.
        """
        return 1.0 if self.array is None else self.array.kept_busy(executed_nests(part, samples))

    def share(self, layer: Layer, routine: str) -> Shares:
        """The shares of the peaks that a layer reaches: its kind's, its routine's, or the default.

        Those for weights of its own type go before those of the run's.
        """
        if not self.shares:
            return PERFECT
        words = [layer.kind, routine, "default"]
        if layer.weight_type:
            words = [*(f"{word}.{layer.weight_type}" for word in words), *words]
        return next((self.shares[word] for word in words if word in self.shares), PERFECT)
