"""A time for each vector that a statistic is taken of: counted and spent by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import costmodel as cm
from costmodel.core.tally import Shape
from costmodel.models.layers.activation import Relu, Softmax
from costmodel.models.layers.layer_norm import GroupNorm, LayerNorm, RmsNorm

MACHINE = """name: M
source: s
bandwidth: 1 GB/s
on_chip_memory: 1 MB
matrix: 1 TFLOPS
host: 1 TFLOPS
efficiency: {norm: {per_vector: 2 us}}
"""
NETWORK = """name: N
source: s
input: [7, 8]
layers:
  - layer_norm: {kind: layer_norm}
  - softmax: {kind: softmax}
  - relu: {kind: relu}
"""


@pytest.mark.parametrize(
    ("layer", "shape", "vectors"),
    [
        (LayerNorm(), (3, 7, 8), 21),
        (LayerNorm(axes=2), (3, 7, 8), 3),
        (RmsNorm(), (7, 8), 7),
        (GroupNorm(groups=2), (6, 4, 5), 2),
        (Softmax(), (3, 4, 5), 12),
        (Softmax(), (5,), 1),
        (Relu(), (3, 4), 0),
    ],
)
def test_vectors_by_hand(layer: cm.Layer, shape: Shape, vectors: int) -> None:
    assert layer.vectors((shape,)) == vectors


def test_each_takes_its_time(tmp_path: Path) -> None:
    """7 tokens, 5 samples: 35 vectors of 2 us in the norm and in the softmax, none in the relu."""
    (tmp_path / "m.yaml").write_text(MACHINE)
    (tmp_path / "n.yaml").write_text(NETWORK)
    run = cm.simulate(tmp_path / "n.yaml", hw=tmp_path / "m.yaml", batch=5)
    assert run.result.launch == pytest.approx([70e-6, 70e-6, 0])


def test_elements_are_converted(tmp_path: Path) -> None:
    """3 samples of 7 x 8 elements at 2 ns each, before an fp8 product alone."""
    shares = "{dense.fp8: {per_input: 2 ns}}"
    (tmp_path / "m.yaml").write_text(MACHINE.replace("{norm: {per_vector: 2 us}}", shares))
    layers = "  - relu: {kind: relu}\n  - fc: {kind: linear, features: 4}\n"
    (tmp_path / "n.yaml").write_text(f"name: N\nsource: s\ninput: [7, 8]\nlayers:\n{layers}")
    for dtype, seconds in (("fp8", 3 * 56 * 2e-9), ("fp16", 0.0)):
        run = cm.simulate(tmp_path / "n.yaml", hw=tmp_path / "m.yaml", batch=3, dtype=dtype)
        assert run.result.launch == pytest.approx([0, seconds])
