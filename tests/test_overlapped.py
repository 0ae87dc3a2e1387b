"""The closed form of `overlap` against the formula, on random networks and on real ones."""

from __future__ import annotations

from pathlib import Path

import by_hand
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import all_traits, counted, networks

import costmodel as cm
from costmodel.core import terms
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.terms import Term
from costmodel.core.timing import TIMINGS
from costmodel.core.traits import Traits
from costmodel.studies.scan.forms.closed_form import closed_form
from costmodel.studies.scan.forms.general import General
from costmodel.studies.scan.forms.overlapped import Overlapped
from costmodel.studies.scan.space.variant import Variant

OVERLAP = TIMINGS.load("overlap")
RATES = st.floats(1e3, 1e12)


def paces(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(6, 12, (3, count))


@given(
    networks(), all_traits(), st.integers(0, 40), st.sampled_from(["per_tensor", "all_external"])
)
def test_the_closed_form_is_the_formula(
    network: Network, traits: Traits, pick: int, place: str
) -> None:
    """At memories exactly on a tensor's size and a byte to either side; rtol 1e-12."""
    work, placement = counted(network, traits=traits), PLACEMENTS.load(place)
    form = closed_form(work, placement, OVERLAP)
    if form is None:
        # a row works on both engines
        assert ((work.costs.matrix_work > 0) & (work.costs.host_work > 0)).any()
        return
    size = float(work.tensor_bytes[pick % len(work.tensor_bytes)])
    memory = np.tile([size, size + 1, max(size - 1, 0)], 8)
    bandwidth, matrix, host = 10 ** paces(len(memory))
    machine = Machine(bandwidth, memory, matrix, host, matrix_launch=1e-6, overhead=1e-3)
    theirs = General(work, placement, OVERLAP).columns(machine, len(memory))
    ours = form.columns(machine, len(memory))
    # where everything is on chip, what cancels leaves the last digits of what would move
    last = 1e-14 * float(work.touched_bytes.sum())
    cancelling = {"external_bytes": last, "transfer_time": last / bandwidth}
    for word, values in theirs.items():
        dust = cancelling.get(word, 0.0)
        assert (np.abs(ours[word] - values) <= 1e-12 * values + dust).all(), word


@pytest.mark.parametrize(("place", "traffic"), [("all_external", "tiled"), ("per_tensor", "once")])
def test_real_networks(place: str, traffic: str) -> None:
    """And at the ridge exactly, where a row's two times are equal."""
    run = cm.simulate(
        "mobilenet_v2", "accel_1tflops", placement=place, traffic=traffic, timing="overlap"
    )
    form = Variant.of(run).form
    assert isinstance(form, Overlapped)
    memory = np.geomspace(1e5, 1e7, 60)
    bandwidth, matrix, host = 10 ** paces(60)
    row = int(run.workload.macs.argmax())
    moved = run.on(run.machine.replace(memory=memory)).external_bytes[:, row]
    matrix[::2] = (run.workload.costs.matrix_work[row] * bandwidth / np.maximum(moved, 1))[::2]
    machine = Machine(bandwidth, memory, matrix, host)
    models = (run.policies.placement_model, OVERLAP, run.policies.traffic_model)
    theirs = General(run.workload, *models).columns(machine, 60)
    np.testing.assert_allclose(
        form.columns(machine, 60)["total_time"], theirs["total_time"], rtol=1e-12
    )


@pytest.mark.parametrize(("figures", "outside"), [
    ({}, False), ({"matrix_launch": 1e-5, "host_launch": 2e-5, "overhead": 1e-3}, False),
    # a bandwidth on chip paces nothing where nothing is on chip
    ({"on_chip_bandwidth": 3e6}, True),
])  # fmt: skip
def test_rows_of_one_pace_ask_no_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: by_hand.Numbers, outside: bool
) -> None:
    """The closed form gives them all, whatever else a machine states."""
    monkeypatch.delattr(General, "columns")
    (tmp_path / "h.yaml").write_text(by_hand.NETWORK)
    machine, bandwidths = by_hand.PLAIN | figures, (1e5, 3e7)
    table = cm.scan(
        tmp_path / "h.yaml", by_hand.profile(machine), timing="overlap",
        placement="all_external" if outside else "per_tensor",
        axes={"hw.bandwidth": [f"{value!r} B/s" for value in bandwidths]},
    )  # fmt: skip
    for told, bandwidth in zip(table["total_time"], bandwidths, strict=True):
        here = by_hand.whole(machine | {"bandwidth": bandwidth}, None, "overlap", outside=outside)
        assert told == pytest.approx(here["total"], rel=1e-12)


def test_a_row_on_both_engines_takes_the_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A convolution of 20736 operations whose bytes the host checks, one at the time of a comparison.

    On 600 B the input is on chip; parameters and the output of 1152 B each cross the bus.
    """
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, Term("host", "external_bytes", "host")])
    (tmp_path / "h.yaml").write_text(by_hand.NETWORK.partition("  - r:")[0])
    table = cm.scan(
        tmp_path / "h.yaml", by_hand.profile(by_hand.PLAIN), timing="overlap",
        axes={"hw.bandwidth": ["100 kB/s", "1 MB/s"]},
    )  # fmt: skip
    expected = [2304 / 1e5, 20736 / 2e7 + 2304 / 5e5]
    assert table["total_time"].tolist() == pytest.approx(expected, rel=1e-12)


def test_other_paces_take_the_formula() -> None:
    """Reads and writes apart are no single ratio; the answer is the formula's."""
    run = cm.simulate("hairnet", "accel_1tflops", timing="overlap")
    table = cm.scan("hairnet", "accel_1tflops", timing="overlap",
                    axes={"hw.write_bandwidth": ["1 GB/s", "2 GB/s"]})  # fmt: skip
    assert table["total_time"][0] == pytest.approx(run.total_time, rel=1e-12)
    assert table["total_time"][1] < table["total_time"][0]
