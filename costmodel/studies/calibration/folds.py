"""Folds say which measurements are left out together.

They are made so that nothing of a family is known when it is predicted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costmodel.core.arrays import Ints

MOST = 10
"""Folds: further families share one."""
RANDOM = 5
"""Folds where there are no families."""


def grouped(groups: Sequence[str], most: int = MOST) -> list[Ints]:
    """Return the places of each group, (k,) each.

    Beyond `most` groups the small ones share folds of even size.
    """
    members = {word: np.flatnonzero(np.array(groups) == word) for word in sorted(set(groups))}
    if len(members) <= most:
        return [*members.values()]
    shared: list[list[int]] = [[] for _ in range(most)]
    for places in sorted(members.values(), key=len, reverse=True):
        min(shared, key=len).extend(places)
    return [np.array(sorted(places)) for places in shared]


def groups(
    families: Sequence[str], networks: Sequence[str], things: Sequence[object], seed: int = 0
) -> list[str]:
    """The family of each measurement; where fewer than two are named, networks dealt out at random.

    Of a single network it is the `things` that were measured (batch, dtype, layer): the same thing
    stays in one fold.
    """
    if len(set(families)) > 1:
        return list(families)
    names = list(map(str, networks if len(set(networks)) > 1 else things))
    different = sorted(set(names))
    order = np.random.default_rng(seed).permutation(len(different))
    fold = {different[n]: str(at % RANDOM) for at, n in enumerate(order)}
    return [fold[name] for name in names]
