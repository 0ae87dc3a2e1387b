"""A chain of n rows, made by `repeat`: the cost must grow in proportion to n."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from costmodel.studies.simulation import simulate

CHAIN = """
name: Chain
source: made for the benchmark
input: [8, 16, 16]
vars: {n: 1000}
layers:
  - conv${i}: {kind: conv2d, kernel: 3, padding: same, filters: "${8 + i % 2}", repeat: "${n}"}
"""


@pytest.mark.benchmark(group="rows: a chain of n rows, from YAML to totals")
@pytest.mark.parametrize("timing", ["serial", "pipelined"])
@pytest.mark.parametrize("rows", [1_000, 10_000, 100_000])
def test_chain(benchmark: Any, rows: int, timing: str, tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN)
    rounds = max(1, 30_000 // rows)
    run = benchmark.pedantic(
        lambda: simulate(str(file), "accel_1tflops", settings={"n": rows}, timing=timing),
        rounds=rounds,
        warmup_rounds=1,
    )
    benchmark.extra_info["rows"] = rows
    assert len(run.workload.rows) == rows
    # hand arithmetic: even rows have 8 filters on 9 channels (8 for the first), odd rows 9 on 8
    even, odd = 9 * 9 * 8, 9 * 8 * 9
    assert run.totals["params"] == rows // 2 * (even + odd) - 9 * 8
