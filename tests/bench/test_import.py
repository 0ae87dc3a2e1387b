"""Importing ONNX graphs: the cost must grow in proportion to the nodes; reading the file alone beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from graphs import chain

from costmodel.core.loading import LOADED, load_network


@pytest.mark.benchmark(
    group="onnx: a chain of n nodes, from the file to rows (onnx.load alone beside it)"
)
@pytest.mark.parametrize("nodes", [1_000, 10_000, 40_000])
def test_import(benchmark: Any, nodes: int, tmp_path: Path) -> None:
    file = chain(tmp_path / "m.onnx", nodes)
    # a file is read once: here it is read again each time
    network = benchmark.pedantic(lambda: load_network(file), setup=LOADED.clear, rounds=3)
    assert len(network.rows) == nodes


@pytest.mark.benchmark(
    group="onnx: a chain of n nodes, from the file to rows (onnx.load alone beside it)"
)
def test_reading(benchmark: Any, tmp_path: Path) -> None:
    file = str(chain(tmp_path / "m.onnx", 10_000))
    assert len(benchmark.pedantic(lambda: onnx.load(file), rounds=3).graph.node) == 10_000
