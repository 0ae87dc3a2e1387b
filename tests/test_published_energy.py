"""Energies that were measured, against those of shipped profiles: Eyeriss, layer by layer.

tests/data/eyeriss_energy.csv: Chen, Krishna, Emer and Sze, Eyeriss, IEEE JSSC 52(1), 2017, Tables V
and VI; energy is power times latency, of all images of a batch.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel.core.tiling.nest import Nest, Sweep
from costmodel.models.engines.row_stationary import RowStationary

DATA = Path(__file__).parent / "data"
Table = list[dict[str, str]]

# Filters, kernel, groups, output rows and stride of AlexNet's convolutions as the chip ran them.
ALEXNET = {
    "CONV1": (3, 227, 96, 11, 1, 4, 0), "CONV2": (96, 27, 256, 5, 2, 1, 2),
    "CONV3": (256, 13, 384, 3, 1, 1, 1), "CONV4": (384, 13, 384, 3, 2, 1, 1),
    "CONV5": (384, 13, 256, 3, 2, 1, 1),
}  # fmt: skip
# Channels, rows and filters of those of VGG-16 that the table lists, 3 x 3 throughout.
VGG16 = {
    "CONV1-1": (3, 224, 64), "CONV2-1": (64, 112, 128), "CONV3-1": (128, 56, 256),
    "CONV3-3": (256, 56, 256), "CONV4-1": (256, 28, 512), "CONV4-2": (512, 28, 512),
    "CONV5-2": (512, 14, 512),
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Table:
    with (DATA / "eyeriss_energy.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def shape(row: dict[str, str]) -> tuple[int, int, int, int, int, int, int]:
    """Channels, rows of the input, filters, kernel, groups, stride and padding of a layer."""
    if row["network"] == "alexnet":
        return ALEXNET[row["layer"]]
    channels, rows, filters = VGG16[row["layer"]]
    return channels, rows, filters, 3, 1, 1, 1


def layer(row: dict[str, str], folder: Path) -> cm.Run:
    """One convolution with its measured zeros, of as many images, on the shipped profile."""
    channels, rows, filters, kernel, groups, stride, padding = shape(row)
    file = folder / "layer.yaml"
    file.write_text(
        f"name: L\nsource: Chen et al. 2017\ninput: [{channels}, {rows}, {rows}]\nlayers:\n"
        f"  - c: {{kind: conv2d, filters: {filters}, kernel: {kernel}, stride: {stride}, "
        f"padding: {padding}, groups: {groups}, bias: true, "
        f"density: {{input: {1 - float(row['zeros_in_input'])!r}}}}}\n"
    )
    return cm.simulate(file, "eyeriss", batch=int(row["batch"]))


def errors(rows: Table, folder: Path) -> dict[str, float]:
    """Modelled over measured energy of each layer, less one."""
    return {
        row["layer"]: (layer(row, folder).energy or 0.0) * 1e3 / float(row["energy_mJ"]) - 1
        for row in rows
    }


def test_eyeriss_takes_what_was_measured_on_alexnet(table: Table, tmp_path: Path) -> None:
    """The rows that the profile's energies were fitted to: 6 % in the mean."""
    off = errors([row for row in table if row["network"] == "alexnet"], tmp_path)
    assert len(off) == 5
    assert np.mean(np.abs([*off.values()])) <= 0.06
    assert {name for name, one in off.items() if abs(one) > 0.05} == {"CONV5"}


def test_eyeriss_on_layers_that_the_fit_had_not_seen(table: Table, tmp_path: Path) -> None:
    """What the profile says of VGG-16: 12 % in the mean, a third in the first layer alone."""
    off = errors([row for row in table if row["network"] == "vgg16"], tmp_path)
    assert len(off) == 7
    assert np.mean(np.abs([*off.values()])) <= 0.125
    assert {name for name, one in off.items() if abs(one) > 0.2} == {"CONV1-1"}


def test_the_basis_says_what_the_errors_are(table: Table, tmp_path: Path) -> None:
    """5.7 and 22 %, 12 and 34 %, as the profile has them."""
    profile = cm.load_profile("eyeriss")
    assert profile.energy is not None
    for network, layer_name in (("alexnet", "CONV5"), ("vgg16", "CONV1-1")):
        off = errors([row for row in table if row["network"] == network], tmp_path)
        mean = 100 * float(np.mean(np.abs([*off.values()])))
        shown = f"{mean:.1f} %" if network == "alexnet" else f"{mean:.0f} %"
        assert f"{shown}" in profile.energy.basis
        assert f"{layer_name} {100 * abs(off[layer_name]):.0f} %" in profile.energy.basis


def test_without_its_zeros_a_layer_takes_more(table: Table, tmp_path: Path) -> None:
    """CONV3 of AlexNet, by hand: 7.25 pJ for each of its 598 081 536 multiply-adds, 72.5 % zeros."""
    (row,) = (one for one in table if one["layer"] == "CONV3")
    sparse, dense = layer(row, tmp_path), layer(row | {"zeros_in_input": "0"}, tmp_path)
    assert sparse.total_time == dense.total_time
    macs = 4 * 384 * 169 * 256 * 9
    assert macs == 598081536
    assert dense.energy is not None
    assert sparse.energy == pytest.approx(dense.energy - 7.25e-12 * 0.725 * macs, rel=1e-12)


@pytest.mark.parametrize("name", ["CONV2-1", "CONV3-1", "CONV3-3", "CONV4-1", "CONV4-2"])
def test_partial_sums_are_the_traffic_of_the_buffer(name: str, table: Table) -> None:
    """Table VI prints megabytes of buffer accesses; words have 16 bits. Within 5 %."""
    (row,) = (one for one in table if one["layer"] == name)
    channels, rows, filters, kernel, *_ = shape(row)
    side = Sweep(rows, kernel, before=1)
    nest = Nest(filters, channels, (side, side), batch=int(row["batch"]))
    words = RowStationary(12, 14).partial_sums(nest)
    assert 2 * words / 1e6 == pytest.approx(float(row["buffer_MB"]), rel=0.05)


def test_a_buffer_that_sums_wait_for() -> None:
    """CONV2-1 of one image, by hand: a set of 3 x 112 elements is twice the array of 12 x 14.

    So each of 64 channels passes its sum: 128 x 112 x 112 outputs by 127 words, 8 a cycle, are
    25 489 408 cycles; at the peak the 924 844 032 multiply-adds would take 5 505 024.
    """
    side = Sweep(112, 3, before=1)
    nest = Nest(128, 64, (side, side))
    slow, free = RowStationary(12, 14, 8), RowStationary(12, 14)
    assert slow.cycles(nest) == 128 * 112 * 112 * 127 / 8 == 25489408
    assert slow.utilisation(nest, nest.macs) == pytest.approx(5505024 / 25489408)
    # 8 strips of 14 columns, four kernels high: all of the array
    assert free.utilisation(nest, nest.macs) == pytest.approx(1.0)
    # what all fits the array at once leaves once: 8 channels of 14 rows of outputs
    small = Sweep(14, 3, before=1)
    assert slow.partial_sums(Nest(4, 8, (small, small))) == 4 * 196
    assert slow.partial_sums(Nest(4, 9, (small, small))) == 4 * 196 * 3


def test_measured_times_and_two_figures_suffice(table: Table) -> None:
    """docs/energy.md: 6.37 pJ a multiply-add that is awake and 0.205 W fit AlexNet to 2.4 %."""
    off = []
    for row in table:
        if row["network"] == "alexnet":
            channels, rows, filters, kernel, groups, stride, padding = shape(row)
            places = ((rows + 2 * padding - kernel) // stride + 1) ** 2
            macs = int(row["batch"]) * filters * places * channels // groups * kernel**2
            awake = macs * (1 - float(row["zeros_in_input"]))
            energy = 6.37e-12 * awake + 0.205 * float(row["total_ms"]) / 1e3
            off.append(abs(energy / (float(row["energy_mJ"]) / 1e3) - 1))
    assert np.mean(off) == pytest.approx(0.024, abs=0.0005)
