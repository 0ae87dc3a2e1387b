"""Where a value stands among sorted steps, for millions of values at a time.

A binary search over thousands of steps misses the cache and the branch predictor at every level.
The bits of positive doubles are ordered like the doubles, so their leading bits name a bucket; a
table tells how many steps lie below each bucket, and the few inside it are compared one by one.
Exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 4
"""[steps] up to here a binary search is as fast."""
BUCKETS = 1 << 17
"""Of the table, at most: 1 MB."""
PER_STEP = 64
"""Buckets for each step: few steps share one, and a small table stays in the cache."""
CROWDED = 4
"""Steps in one bucket from which a binary search is better again."""


class StepSearch:
    """Sorted positive steps (S,); calling it counts the steps at or below each value."""

    def __init__(self, steps: NDArray[np.float64]) -> None:
        self.steps = steps
        self.depth = 0
        if len(steps) > FEW:
            self._tabulate()

    def _tabulate(self) -> None:
        """Count the steps below each bucket, unless some bucket is crowded."""
        bits = self.steps.view(np.int64)
        self.shift, most = 0, min(BUCKETS, PER_STEP * len(self.steps))
        while (int(bits[-1]) >> self.shift) - (int(bits[0]) >> self.shift) >= most:
            self.shift += 1
        self.base = int(bits[0]) >> self.shift
        buckets = (bits >> self.shift) - self.base
        # (buckets + 1,)
        self.below = np.searchsorted(buckets, np.arange(buckets[-1] + 2))
        depth = int(np.diff(self.below).max())
        self.depth = depth if depth <= CROWDED else 0
        # no value reaches it, not even an infinite one
        self.padded = np.append(self.steps, np.nan)

    def __call__(self, values: Any) -> Any:
        """How many steps are at most each value: a step equal to the value counts."""
        if not self.depth:
            return np.searchsorted(self.steps, values, side="right")
        inside = np.clip(values, self.steps[0], self.steps[-1])
        count = self.below[(inside.view(np.int64) >> self.shift) - self.base]
        for _ in range(self.depth):
            count += self.padded[count] <= values
        return count
