"""Random and space-filling samples, any part of which can be drawn by itself."""

from __future__ import annotations

import warnings

import numpy as np

from costmodel.core.arrays import Floats
from costmodel.errors import MissingExtra

SAMPLES = ("grid", "random", "sobol", "lhs")
MAX_LHS = 10_000_000
"""[points] A Latin hypercube permutes all of them at once."""


def draw(sample: str, axes: int, count: int, seed: int, start: int, stop: int) -> Floats:
    """Draw the shares in [0, 1) of every axis at points start..stop, (stop - start, axes).

    A pure function of its arguments: the same points whatever the ranges they are drawn in.
    """
    # Philox is counter-based: any point of its stream can be reached
    if sample == "random":
        blocks = np.random.Philox(key=seed)
        # four 64-bit draws a step
        blocks.advance(start * axes // 4)
        skip = start * axes % 4
        drawn = np.random.Generator(blocks).random(skip + (stop - start) * axes)
        return drawn[skip:].reshape(stop - start, axes)
    # 0.3 s to import, only for these two
    try:
        from scipy.stats import qmc
    except ImportError:
        raise MissingExtra("scipy", "scan", f"--sample {sample}") from None

    rng = np.random.default_rng(seed)
    if sample == "sobol":
        engine = qmc.Sobol(axes, scramble=True, rng=rng)
        if start:
            engine.fast_forward(start)
        # balance needs a power of two: the user chose n
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return np.asarray(engine.random(stop - start))
    return np.asarray(qmc.LatinHypercube(axes, rng=rng).random(count)[start:stop])
