"""A network's work on arrays of other shapes, without counting the network again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from costmodel.core.counting import Counting, with_words, work_of
from costmodel.core.tiling.nest import AttentionNest, Nest
from costmodel.core.traits import executed_nests
from costmodel.core.workload import Workload


class Reshaping:
    """What the rows of a workload ask of the matrix engine, whatever the shape of its array.

    Equal contractions are put to an array once: of the 53 convolutions of a ResNet-50 these are 20.
    """

    def __init__(self, workload: Workload, counting: Counting, samples: int) -> None:
        self.workload, self.samples = workload, samples
        work = [one for one in work_of(workload.rows, counting) if one[2] == "matrix"]
        numbers: dict[tuple[tuple[Nest | AttentionNest, int], ...], int] = {}
        self.rows = np.array([row for row, *_ in work], dtype=np.int64)
        self.ops = np.array([ops * samples for *_, ops in work], dtype=float)
        """Operations of each part [op]."""
        self.shares = np.array(
            [counting.traits.share(part.layer, word).compute for _, part, _, word, _ in work]
        )
        """The share of the peak that its routine reaches at best."""
        self.kinds = np.array(
            [
                numbers.setdefault(executed_nests(part, samples), len(numbers))
                for _, part, *_ in work
            ],
            dtype=np.int64,
        )
        self.nests = list(numbers)
        """Distinct contractions, which `kinds` numbers."""

    def workload_on(self, counting: Counting) -> Workload:
        """The same workload on the array of another `counting`.

        That differs in the array alone. Only what depends on it is new: the operations over the
        shares of the peak, the words that the engine takes, and the elements with own memories.
        """
        array, costs = counting.traits.array, self.workload.costs
        if array is not None:
            busy = np.array([array.kept_busy(nests) for nests in self.nests])
            slowed = np.zeros(len(costs.matrix_work))
            np.add.at(slowed, self.rows, self.ops / (self.shares * busy[self.kinds]))
            costs = replace(costs, matrix_work=slowed)
        changed = replace(self.workload, costs=costs, hierarchy=counting.hierarchy)
        return changed if changed.words is None else with_words(changed, counting, self.samples)
