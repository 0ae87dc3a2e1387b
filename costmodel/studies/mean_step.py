"""The mean time of the steps that generate an answer, from a few of them."""

from __future__ import annotations


def step_weights(count: int) -> dict[int, float]:
    """Steps to evaluate, counted from 0, and their weights in the mean over `count` steps.

    Exact where a step's time is a cubic in its number x: about the middle m of 0 .. n - 1 the odd
    powers of x - m have no mean, nor have they any part in weights that are alike on both sides;
    there are two of these to fit the means of 1 and of (x - m)^2, which are 1 and (n^2 - 1) / 12.
    The first and the last step lie (n - 1) / 2 from the middle, and an odd n has a step there: e at
    both ends and 1 - 2 e in the middle, e = (n + 1) / (6 (n - 1)). An even n has two steps half a
    step from it: 1/2 - e at each, e = (n + 2) / (6 n). Both tend to Simpson's rule, 1/6 and 4/6.

    Of the squares 0, 1, 4, 9, 16 the rule gives 0 / 4 + 4 / 2 + 16 / 4 = 6 = 30 / 5:

    >>> step_weights(5)
    {0: 0.25, 2: 0.5, 4: 0.25}
    """
    if count == 1:
        return {0: 1.0}
    end = (count + 1) / (6 * (count - 1)) if count % 2 else (count + 2) / (6 * count)
    middles = {(count - 1) // 2, count // 2}
    weights = {0: end, count - 1: end}
    for step in middles:
        weights[step] = weights.get(step, 0.0) + (1 - 2 * end) / len(middles)
    return dict(sorted(weights.items()))
