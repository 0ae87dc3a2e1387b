"""Stored numbers that nobody learnt, by what they hold, beside numbers that look like them."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from costmodel.frontends.onnx.unlearnt import unlearnt

Array = NDArray[np.float64]
FREQUENCIES = 10000.0 ** (-np.arange(32) / 32)
ANGLES = np.arange(64)[:, None] * FREQUENCIES
TRIANGLE = np.triu(np.ones((16, 16)), 1)


def stretched() -> Array:
    """Frequencies as Llama 3.1 has them: low ones eight times slower, smooth between (its code)."""
    waves = 2 * np.pi / FREQUENCIES
    low, high = 8192 / 1.0, 8192 / 4.0
    smooth = (8192 / waves - 1.0) / (4.0 - 1.0)
    between = (1 - smooth) * FREQUENCIES / 8 + smooth * FREQUENCIES
    slow = np.where(waves > low, FREQUENCIES / 8, FREQUENCIES)
    return np.where((waves <= low) & (waves >= high), between, slow)


def under(low: float) -> Array:
    """A causal mask with this number above the diagonal."""
    return np.where(TRIANGLE > 0, low, 0.0)


MADE = {
    "ones below": TRIANGLE, "minus infinity": under(-np.inf), "the least of 16 bits": under(-65504.0),
    "the least of 32 bits": under(float(np.finfo(np.float32).min)), "minus ten thousand": under(-1e4),
    "two lows": np.where(np.eye(16) > 0, -np.inf, under(-1e9)), "one low": np.full((16, 16), -1e4),
    "frequencies": FREQUENCIES, "frequencies of Llama 3.1": stretched(), "angles": ANGLES,
    "cosines": np.cos(ANGLES), "cosines times 1.2": 1.2 * np.cos(ANGLES),
    "both, side by side": np.concatenate([np.sin(ANGLES), np.cos(ANGLES)], axis=1),
    "both, in pairs": np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1),
    "both, one after the other": np.stack([np.cos(ANGLES), np.sin(ANGLES)]),
    "for each head": np.cos(ANGLES)[None, :, None], "hann": np.hanning(400), "hamming": np.hamming(400),
    "periodic hann": np.hanning(401)[:-1], "blackman": np.blackman(64), "bartlett": np.bartlett(33),
}  # fmt: skip
draw = np.random.default_rng(7)
LEARNT = {
    "a matrix": draw.normal(size=(16, 16)), "a vector": draw.normal(size=64), "a table": draw.normal(size=(64, 32)),
    "ones": np.ones(64), "zeros": np.zeros((4, 4)), "halves": np.full((4, 4), 0.5), "scales near one": 1 + 0.01 * draw.normal(size=64),
    "sorted": np.sort(draw.normal(size=64)), "signs": np.sign(draw.normal(size=(8, 8))), "a cube": draw.normal(size=(4, 5, 6)),
    "falling": np.sort(draw.uniform(size=64))[::-1] / 1.0, "small lows": np.where(TRIANGLE > 0, -10.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("name", MADE)
def test_what_is_made(name: str, kind: type) -> None:
    """In any type of numbers; what is beyond a type's range becomes infinite in it."""
    with np.errstate(over="ignore"):
        assert unlearnt(MADE[name].astype(kind))


@pytest.mark.parametrize("name", LEARNT)
def test_what_is_learnt(name: str) -> None:
    assert not unlearnt(LEARNT[name])
    assert not unlearnt(LEARNT[name].astype(np.float32))
    assert not unlearnt(LEARNT[name].astype(ml_dtypes.bfloat16))
