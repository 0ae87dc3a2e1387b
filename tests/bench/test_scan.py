"""Scans: points per second beside filling an array, the general path, and a loop over the formula."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costmodel.core.machine import Machine
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.studies.scan.forms.form import PIECE
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.forms.surface import Surface
from costmodel.studies.scan.running.pareto import merge_best, merge_fronts
from costmodel.studies.scan.running.plan import ScanPlan, evaluate_part, table_columns
from costmodel.studies.scan.space.axes import Axis
from costmodel.studies.scan.space.formulas import Objective
from costmodel.studies.scan.space.points import Space
from costmodel.studies.scan.space.samples import draw
from costmodel.studies.scan.space.variant import Variant
from costmodel.studies.simulation import simulate, simulated

POINTS = 1_000_000
RANGES = {"hw.bandwidth": (1e8, 1e11), "hw.on_chip_memory": (1e5, 1e7), "hw.matrix": (1e10, 1e13),
          "hw.host": (1e8, 1e11)}  # fmt: skip
IMPORTS = [sys.executable, "-c", "import numpy, networkx; from pydantic import BaseModel"]
SCAN = [
    sys.executable,
    "-m",
    "costmodel",
    "scan",
    "hairnet",
    "--hw",
    "accel_1tflops",
    "--pareto",
    "total_time,hw.bandwidth",
]


def axes(count: int = 0) -> tuple[Axis, ...]:
    return tuple(Axis(w, "log", (), low, high, count) for w, (low, high) in RANGES.items())


def machine(points: int = POINTS) -> Machine:
    """Random points of all four quantities."""
    shares = draw("random", 4, points, 0, 0, points).T
    return Machine(*(axis.at(share) for axis, share in zip(axes(), shares, strict=True)))


def hairnet() -> Variant:
    return Variant.of(simulate("hairnet", "accel_1tflops"))


def form(one: Variant) -> Surface:
    assert isinstance(one.form, Surface)
    return one.form


# --- the command line ---------------------------------------------------------------------------------


def arguments(values: int) -> list[str]:
    ends = {
        "hw.bandwidth": "100 MB/s, 100 GB/s",
        "hw.on_chip_memory": "100 kB, 10 MB",
        "hw.matrix": "10 GFLOPS, 10 TFLOPS",
        "hw.host": "100 MFLOPS, 100 GFLOPS",
    }
    return [
        word for name, pair in ends.items() for word in ("--axis", f"{name}=log({pair}, {values})")
    ]


COMMANDS = {
    "imports": IMPORTS,
    # 32^4 = 1 048 576
    "1e6-grid": [*SCAN, *arguments(32)],
    "1e6-random": [*SCAN, *arguments(2), "--sample", "random", "--n", "1000000"],
    # 179^4 = 1 026 625 681
    "1e9-grid": [*SCAN, *arguments(179)],
}


@pytest.mark.benchmark(group="scan: whole commands, best 10 and front over time and bandwidth")
@pytest.mark.parametrize("name", COMMANDS)
def test_commands(benchmark: Any, name: str) -> None:
    benchmark.pedantic(
        lambda: subprocess.run(COMMANDS[name], check=True, capture_output=True),
        rounds=5 if benchmark.enabled else 1,
        warmup_rounds=1,
    )


# --- random points ------------------------------------------------------------------------------------

RANDOM = "random: a million points of HairNet on one core"


@pytest.mark.benchmark(group=RANDOM)
def test_fill(benchmark: Any) -> None:
    """The limit: writing as many numbers."""
    out = np.empty(POINTS)
    benchmark(out.fill, 1.0)


@pytest.mark.benchmark(group=RANDOM)
def test_draw(benchmark: Any) -> None:
    benchmark.pedantic(machine, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=RANDOM)
def test_closed_form(benchmark: Any) -> None:
    surface, points = form(hairnet()), machine()
    total = benchmark.pedantic(surface.total_time, args=(points,), rounds=15, warmup_rounds=2)
    assert len(total) == POINTS


@pytest.mark.benchmark(group=RANDOM)
def test_general_path(benchmark: Any) -> None:
    done = simulate("hairnet", "accel_1tflops")
    general = General(done.workload, PLACEMENTS.load("per_tensor"), TIMINGS.load("serial"))
    points = machine()
    found = benchmark.pedantic(
        general.columns, args=(points, len(points.bandwidth)), rounds=2, warmup_rounds=0
    )
    np.testing.assert_allclose(found["total_time"], form(hairnet()).total_time(points), rtol=1e-12)


@pytest.mark.benchmark(group=RANDOM)
def test_loop_over_a_thousandth(benchmark: Any) -> None:
    """A plain loop over simulate's formula: 1 000 points, a thousandth of the others."""
    done, points = simulate("hairnet", "accel_1tflops"), machine(1000)
    each = list(zip(points.bandwidth, points.memory, points.matrix, points.host, strict=True))
    benchmark.pedantic(lambda: [float(done.on(Machine(*p)).total_time) for p in each], rounds=3)


@pytest.mark.benchmark(group="general path: resident + overlap, HairNet, 200 distinct memories")
def test_resident_overlap(benchmark: Any) -> None:
    """A hundred thousand points, packing included."""
    done = simulate("hairnet", "accel_1tflops", placement="resident", timing="overlap")
    points = machine(100_000)
    memories = np.geomspace(1e5, 1e7, 200)[np.arange(100_000) % 200]
    points = Machine(points.bandwidth, memories, points.matrix, points.host)
    general = General(done.workload, PLACEMENTS.load("resident"), TIMINGS.load("overlap"))
    benchmark.pedantic(
        general.columns, args=(points, len(points.bandwidth)), rounds=3, warmup_rounds=1
    )


# --- depth --------------------------------------------------------------------------------------------

CHAIN = """
name: Chain
source: made for the benchmark
input: [8, 16, 16]
vars: {{n: 66}}
layers:
  - conv${{i}}: {{kind: conv2d, kernel: 1, filters: "${{8 + {index}}}", repeat: "${{n}}"}}
"""


@pytest.mark.benchmark(group="depth: a million random points of networks of n rows")
@pytest.mark.parametrize(("rows", "index"), [(66, "i % 11"), (6600, "i % 11"), (6600, "i")],
                         ids=["66", "6600-sizes-repeat", "6600-distinct-sizes"])  # fmt: skip
def test_depth(benchmark: Any, rows: int, index: str, tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN.format(index=index))
    surface = form(Variant.of(simulate(str(file), "accel_1tflops", settings={"n": rows})))
    points = machine()
    # sizes from 8 to 6 607 maps of 1 KiB: memories over all of them
    points = Machine(points.bandwidth, points.memory * 0.7, points.matrix, points.host)
    benchmark.pedantic(surface.total_time, args=(points,), rounds=15, warmup_rounds=2)


# --- grids reduced in cache -----------------------------------------------------------------------------

GRID = "grid: 179^4 = 1.03e9 points of HairNet on one core, every point evaluated"


def fill(block: Any, count: int) -> None:
    for number in range(count):
        block.fill(number)


@pytest.mark.benchmark(group=GRID)
def test_fill_in_cache(benchmark: Any) -> None:
    """The limit: writing as many numbers into a block that stays in the cache."""
    block, count = np.empty(PIECE), 179**4 // PIECE if benchmark.enabled else 1
    benchmark.pedantic(lambda: fill(block, count), rounds=3)


@pytest.mark.benchmark(group=GRID)
@pytest.mark.parametrize(
    "pareto", [(), ("total_time", "hw.bandwidth")], ids=["best-10", "best-10-and-front"]
)
def test_grid(benchmark: Any, pareto: tuple[str, ...]) -> None:
    values = 179 if benchmark.enabled else 20
    plan = ScanPlan(Space(axes(values), (hairnet(),)), pareto=tuple(map(Objective, pareto)))

    def reduced() -> tuple[Any, Any]:
        parts = [evaluate_part(plan, *limits) for limits in plan.ranges()]
        return merge_best([p.best for p in parts], 10), merge_fronts([p.front for p in parts])

    best, front = benchmark.pedantic(reduced, rounds=3)
    # the fastest machine; of the memories that hold every map (6 422 528 B) the smallest, by the tie rule
    memory = int(np.searchsorted(axes(values)[1].grid, 6_422_528))
    assert best[0][1] == ((values - 1) * values + memory) * values**2 + values**2 - 1
    assert len(front) == (values if pareto else 0)


# --- Parquet --------------------------------------------------------------------------------------------


def kept() -> ScanPlan:
    return ScanPlan(Space(axes(), (hairnet(),), "random", POINTS, 0), points=True)


@pytest.mark.benchmark(
    group="parquet: a million points, evaluated and written, against pyarrow from memory"
)
def test_parquet_of_pyarrow(benchmark: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    plan = kept()
    indices, columns = plan.columns(0, POINTS)
    table = pa.table(table_columns(plan, indices, columns, np.ones(POINTS, dtype=bool)))
    benchmark.pedantic(lambda: pq.write_table(table, io.BytesIO()), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(
    group="parquet: a million points, evaluated and written, against pyarrow from memory"
)
def test_parquet_of_a_scan(benchmark: Any) -> None:
    part = benchmark.pedantic(evaluate_part, args=(kept(), 0, POINTS), rounds=3, warmup_rounds=1)
    assert part.feasible == POINTS


@pytest.mark.benchmark(group="one point: simulate in a warm process")
def test_one_simulation(benchmark: Any) -> None:
    done = simulate("hairnet", "accel_1tflops")
    benchmark(lambda: simulated(done.network, done.profile).total_time)
