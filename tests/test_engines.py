"""Engines with a shape: cycles by hand and by SCALE-Sim, utilisation in reports, profiles."""

from __future__ import annotations

import csv
from math import ceil
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.core.engine import read
from costmodel.core.tiling.nest import AttentionNest, Nest, Sweep
from costmodel.errors import BadValue, InputError
from costmodel.models.engines.row_stationary import RowStationary
from costmodel.models.engines.systolic import Systolic
from costmodel.models.engines.tiles import Tiles
from costmodel.models.engines.unrolled import Unrolled

DATA = Path(__file__).parent / "data"
FLOWS = {"os": "output_stationary", "ws": "weight_stationary", "is": "input_stationary"}


def test_unrolled_by_hand() -> None:
    """20 filters in parts of 16: 2; 3 channels: 1; 49 pixels in parts of 8: 7; 9 taps: 126 cycles.

    2 x 16 x 1 x 16 x 7 x 8 x 9 multiplier slots for 20 x 3 x 49 x 9 multiply-adds.
    """
    engine = Unrolled(16, 16, 8)
    nest = Nest(20, 3, (Sweep(7, 3, inputs=9), Sweep(7, 3, inputs=9)))
    assert engine.cycles(nest) == 126
    share = (20 / 32) * (3 / 16) * (49 / 56)
    assert engine.utilisation(nest, nest.macs) == pytest.approx(share)


def test_unrolled_depthwise_has_a_rule_of_its_own() -> None:
    """40 channels in parts of 16: 3; 49 pixels in parts of 4: 13; 9 taps: 351 cycles."""
    nest = Nest(1, 1, (Sweep(7, 3, inputs=9), Sweep(7, 3, inputs=9)), groups=40)
    assert Unrolled(16, 16, 8, 16, 4).cycles(nest) == 351
    # without one, 40 groups of one channel: 7 parts of pixels, 9 taps
    assert Unrolled(16, 16, 8).cycles(nest) == 40 * 7 * 9


def test_tiles_by_hand() -> None:
    """40 filters in tiles of 32: 2; 3 channels in one step of 32: 49 pixels x 9 taps x 2 tiles.

    A tile does 32 x 32 multiply-adds; 40 x 3 of 64 x 32 are wanted.
    """
    sweeps = (Sweep(7, 3, inputs=9), Sweep(7, 3, inputs=9))
    engine, nest = Tiles(32, 32), Nest(40, 3, sweeps)
    assert engine.cycles(nest) == 49 * 9 * 2
    assert engine.utilisation(nest, nest.macs) == pytest.approx(40 * 3 / (64 * 32))
    # groups have kernels of their own
    grouped = Nest(2, 2, sweeps, groups=32)
    assert engine.utilisation(grouped, grouped.macs) == 1
    with pytest.raises(BadValue, match="'filters' is 0"):
        Tiles(0)


def test_attention_is_two_products() -> None:
    """On 8 x 8 with outputs stationary: 4 queries, 16 keys of 8: 2 folds of 8+8+8-2; then 16 deep
    into 8 values: 1 fold of 8+8+16-2; for each of 3 heads."""
    engine = Systolic(8, 8, "output_stationary")
    nest = AttentionNest(4, 16, 8, 8, groups=3)
    macs = 3 * (4 * 16 * 8 + 4 * 8 * 16)
    cycles = 3 * (2 * 22 + 30)
    assert engine.utilisation(nest, macs) == pytest.approx(macs / (64 * cycles))


def _scale_sim() -> list[dict[str, str]]:
    with (DATA / "scalesim.csv").open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("row", _scale_sim(), ids=lambda r: "-".join(list(r.values())[:5]))
def test_cycles_are_those_of_scale_sim(row: dict[str, str]) -> None:
    """Every layer of its AlexNet and ResNet-18, two arrays, three dataflows: to the cycle."""
    size, kernel, stride = (int(row[word]) for word in ("size", "kernel", "stride"))
    # SCALE-Sim rounds the output up where the stride does not divide
    out = ceil((size - kernel + stride) / stride)
    sweep = Sweep(out, kernel, stride, inputs=size)
    nest = Nest(int(row["filters"]), int(row["channels"]), (sweep, sweep))
    engine = Systolic(int(row["rows"]), int(row["columns"]), FLOWS[row["dataflow"]])
    assert engine.cycles(nest) == int(row["cycles"])


def test_a_profile_states_it(tmp_path: Path) -> None:
    """64 filters of 64 channels on 4 positions fill 64 of 16 x 16 x 8 multipliers' 8 pixels by half."""
    (tmp_path / "n.yaml").write_text(
        "name: N\nsource: hand arithmetic\ninput: [64, 2, 2]\nlayers:\n"
        "  - c: {kind: conv2d, kernel: 1, filters: 64}\n  - r: {kind: relu}\n"
    )
    machine = (
        "name: M\nsource: hand arithmetic\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\n"
        "matrix: 4096 FLOPS\nhost: 1 kFLOPS\n"
    )
    (tmp_path / "m.yaml").write_text(machine)
    (tmp_path / "e.yaml").write_text(
        machine + "engine: {model: unrolled, filters: 16, channels: 16, pixels: 8}\n"
    )
    plain, shaped = (cm.simulate(tmp_path / "n.yaml", tmp_path / f) for f in ("m.yaml", "e.yaml"))
    assert shaped.result.matrix.sum() == pytest.approx(2 * plain.result.matrix.sum())
    assert shaped.layers["utilisation"].tolist() == [0.5, ""]
    assert "utilisation" not in plain.layers
    assert shaped.totals["ops"] == plain.totals["ops"]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"filters": 8}, "no 'model'"),
        ({"model": "unroled", "filters": 8}, "unknown engine 'unroled'"),
        ({"model": "unrolled", "filters": 8}, "has no 'channels'"),
        ({"model": "unrolled", "filters": 8, "channels": 0}, "'channels' is 0"),
        ({"model": "systolic", "rows": 8, "cols": 8}, "has no 'cols'"),
        ({"model": "systolic", "rows": 8, "columns": 8, "dataflow": "weights"}, "unknown dataflow"),
    ],
)
def test_mistakes_are_told(stated: dict[str, object], message: str) -> None:
    with pytest.raises(BadValue, match=message):
        read(stated)


def test_mistakes_are_told_at_their_place(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "host: 1 GFLOPS\nengine: {model: systolic, rows: 8}\n"
    )
    with pytest.raises(InputError, match=r"m\.yaml:7:9: 'engine': engine 'systolic' has no 'col"):
        cm.load_profile(tmp_path / "m.yaml")
    assert read({"model": "peak"}) is None


@pytest.mark.parametrize(
    ("taps", "outputs", "along", "active"),
    [
        # Eyeriss, JSSC 2017, Table V prints 154, 135, 156, 156, 156 active elements of 168.
        # conv1: 4 segments of 14, 14, 14 and 13 columns by 11 rows, one at a time: 11 x 55 / 4
        (11, 55, Sweep(55, 11, 4, inputs=227), 151.25),
        # conv2: 2 segments by 5 rows fit above one another: 5 x 27
        (5, 27, Sweep(27, 5, before=2), 135),
        # conv3 to conv5: four sets of 3 x 13
        (3, 13, Sweep(13, 3, before=1), 156),
    ],
)
def test_row_stationary_fills_the_array_as_eyeriss_does(
    taps: int, outputs: int, along: Sweep, active: float
) -> None:
    nest = Nest(96, 4, (Sweep(outputs, taps, along.stride, before=along.before), along))
    engine = RowStationary(12, 14)
    assert 168 * engine.utilisation(nest, nest.macs) == pytest.approx(active)
