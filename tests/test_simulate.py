"""The formula against hand arithmetic, brute force, and itself on arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import counted, networks

from costmodel.core.formula import evaluate
from costmodel.core.live import live_internal_bytes
from costmodel.core.loading import load_network
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.records import block_records, kind_records, layer_records
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulated

GOOD = Path(__file__).parent / "fixtures" / "good"


def profile(**changes: Any) -> HardwareProfile:
    base = {
        "name": "test",
        "source": "test",
        "bandwidth": "1 kB/s",
        "on_chip_memory": "1 kB",
        "matrix": "1 kFLOPS",
        "host": "1 kFLOPS",
    }
    return HardwareProfile.model_validate({**base, **changes})


def done_on(file: Path, **changes: Any) -> Run:
    choices: dict[str, str | None] = {
        key: changes.pop(key) for key in ("dtype", "convention") if key in changes
    }
    batch = changes.pop("batch", 1)
    return simulated(load_network(file), profile(**changes), batch=batch, choices=choices)


CHAIN = """
name: Chain
source: hand arithmetic
input: [2, 4, 4]
layers:
  - conv: {kind: conv2d, kernel: 3, padding: same, filters: 8, bias: true}
  - flat: {kind: flatten}
  - fc:   {kind: linear, features: 10}
"""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN)
    return file


def test_a_chain_by_hand(chain: Path) -> None:
    """fp32, 1 kB/s, 256 B on chip, 1 kFLOPS.

    conv: in 2*16*4 = 128 B (internal), out 8*16*4 = 512 B (external), weights 9*2*8 + 8 = 152 -> 608 B;
    macs 9*2*8*16 = 2304. fc: in 512 B (external), out 40 B, weights 128*10 + 10 = 1290 -> 5160 B, macs 1280.
    """
    done = done_on(chain, on_chip_memory="256 B")
    conv, flat, fc = layer_records(done)
    assert [conv[k] for k in ("in_map_MB", "out_map_MB", "param_MB")] == [128e-6, 512e-6, 608e-6]
    assert (conv["params"], conv["macs"], conv["ops"]) == (152, 2304, 4608)
    assert (conv["in_map_loc"], conv["out_map_loc"], conv["param_loc"]) == (
        "internal",
        "external",
        "external",
    )
    assert conv["external_bytes"] == 512 + 608
    assert (conv["transfer_time_s"], conv["compute_time_s"], conv["bound"]) == (
        1.12,
        4.608,
        "matrix",
    )
    assert (flat["external_bytes"], flat["total_time_s"], flat["bound"]) == (0, 0, "none")
    assert fc["external_bytes"] == 512 + 5160
    assert (fc["transfer_time_s"], fc["compute_time_s"], fc["bound"]) == (5.672, 2.56, "transfer")
    assert done.total_time == pytest.approx(1.12 + 4.608 + 5.672 + 2.56, rel=1e-15)
    assert done.totals["external_bytes"] == 6792


def test_batch_multiplies_maps_and_work_but_not_parameters(chain: Path) -> None:
    one, many = (done_on(chain, on_chip_memory="256 B", batch=n) for n in (1, 3))
    assert many.workload.macs.tolist() == [3 * n for n in one.workload.macs]
    assert many.workload.tensor_bytes.tolist() == [3 * n for n in one.workload.tensor_bytes]
    assert many.workload.params.tolist() == one.workload.params.tolist()
    assert many.workload.param_bytes.tolist() == one.workload.param_bytes.tolist()


@pytest.mark.parametrize(
    ("dtype", "size"), [("fp64", 8), ("fp32", 4), ("bf16", 2), ("int8", 1), ("int4", 0.5)]
)
def test_dtype_sets_the_bytes(chain: Path, dtype: str, size: float) -> None:
    done = done_on(chain, dtype=dtype)
    assert done.workload.tensor_bytes.tolist() == [32 * size, 128 * size, 10 * size]
    assert done.workload.param_bytes.tolist() == [152 * size, 0, 1290 * size]


@pytest.mark.parametrize(("memory", "place"), [("512 B", "internal"), ("511 B", "external")])
def test_equality_fits(chain: Path, memory: str, place: str) -> None:
    assert layer_records(done_on(chain, on_chip_memory=memory))[0]["out_map_loc"] == place


def test_ties_go_to_transfer_then_matrix(chain: Path) -> None:
    """conv: 1120 B and 4608 FLOP; rates in that proportion make both take one second."""
    done = done_on(chain, on_chip_memory="256 B", bandwidth="1120 B/s", matrix="4608 FLOPS")
    assert (done.result.transfer[0], done.result.matrix[0]) == (1.0, 1.0)
    assert done.bound[0] == "transfer"


def test_a_profile_moves_kinds_between_engines(chain: Path) -> None:
    done = done_on(chain, engines={"linear": "host"}, host="500 FLOPS")
    assert done.result.host.tolist() == [0, 0, 2560 / 500]
    assert done.result.matrix.tolist() == [4.608, 0, 0]


def test_branches_fixture() -> None:
    """Every construct of the language once; shapes and reads by hand."""
    network = load_network(GOOD / "branches.yaml")
    shapes = {row.id: row.outputs[0] for row in network.rows}
    assert shapes == {
        "masked": (3, 8, 8),
        "stem/conv": (4, 8, 8),
        "default/conv": (2, 8, 8),
        "stage[0]/conv0": (4, 8, 8),
        "stage[1]/conv1": (8, 8, 8),
        "stage[1]/skip": (8, 8, 8),
        "wide": (8, 8, 8),
        "out/sum": (8, 8, 8),
    }
    reads = {row.id: [tap.node for tap in row.inputs] for row in network.rows}
    assert reads["stage[1]/conv1"] == ["stage[0]/conv0"]
    assert reads["out/sum"] == ["wide", "stage[1]/skip"]
    assert [tap.node for tap in network.outputs] == ["out/sum", "default/conv"]
    assert network.facts.warnings == ()
    assert [tap.node for tap in network.inputs] == ["image", "mask"]


def test_mixed_places_are_named() -> None:
    done = done_on(GOOD / "branches.yaml", on_chip_memory="64 B")
    # image 192 B outside, mask 64 B inside
    record = layer_records(done)[0]
    assert (record["in_map_loc"], record["in_map_MB"]) == ("mixed", 256e-6)


def test_groups_add_up() -> None:
    done = done_on(GOOD / "branches.yaml")
    for grouped in (block_records(done), kind_records(done)):
        for name, total in done.totals.items():
            if name in grouped[0]:
                assert sum(r[name] for r in grouped) == pytest.approx(total, rel=1e-12)


def test_what_crosses_a_cut() -> None:
    """After 'stem' (int8): its own 4x8x8 map is read by stage and wide; 'masked' by default."""
    records = {r["block"]: r for r in block_records(done_on(GOOD / "branches.yaml"))}
    assert records["stem"]["cut_bytes"] == 4 * 64 + 3 * 64
    # its output is kept, not read on
    assert records["default"]["cut_bytes"] == 4 * 64
    assert records["wide"]["cut_bytes"] == 2 * 8 * 64
    assert records["out"]["cut_bytes"] == 0


@given(networks(), st.integers(0, 2000))
def test_live_bytes_against_brute_force(network: Network, memory: int) -> None:
    """Walk the rows and keep a set of what is needed now or later."""
    work = counted(network)
    policy = PLACEMENTS.load("per_tensor")
    plan = policy.plan(work, np.array([float(memory)])).at(0)
    found = live_internal_bytes(work, plan)
    for row in range(len(work.rows)):
        alive = [
            t
            for t in range(len(work.tensor_bytes))
            if work.first[t] <= row
            and (work.last[t] >= row or work.kept[t])
            and work.tensor_bytes[t] <= memory
            and (work.first[t] >= 0 or work.last[t] >= row or work.kept[t])
        ]
        assert found[row] == sum(int(work.tensor_bytes[t]) for t in alive)


@given(networks(), st.integers(1, 2000))
def test_external_bytes_against_a_plain_loop(network: Network, memory: int) -> None:
    """The contract in words: external inputs + external outputs + parameters; views move nothing."""
    work = counted(network)
    result = evaluate(
        work, Machine(1e3, memory, 1e3, 1e3), PLACEMENTS.load("per_tensor"), TIMINGS.load("serial")
    )
    for index, row in enumerate(work.rows):
        sizes = [] if row.view else [4 * int(np.prod(tap.shape)) for tap in row.inputs]
        sizes += [] if row.view else [4 * int(np.prod(shape)) for shape in row.outputs]
        params = sum(4 * part.tally.moved_params for part in row.parts)
        assert result.external_bytes[index] == sum(s for s in sizes if s > memory) + params


@given(networks(), st.lists(st.tuples(*[st.floats(1, 1e12)] * 4), min_size=1, max_size=5))
def test_points_together_equal_points_alone(
    network: Network, points: list[tuple[float, ...]]
) -> None:
    work = counted(network)
    policy, model = PLACEMENTS.load("per_tensor"), TIMINGS.load("serial")
    columns = np.array(points).T
    together = evaluate(work, Machine(*columns), policy, model).total_time
    alone = [float(evaluate(work, Machine(*point), policy, model).total_time) for point in points]
    assert together.tolist() == pytest.approx(alone, rel=1e-12)


def test_doubling_is_the_formula_itself(chain: Path) -> None:
    from costmodel.report.summary import doubled

    done = done_on(chain, on_chip_memory="256 B")
    found = {d.quantity.word: d.total_time for d in doubled(done)}
    transfer, compute = 1.12 + 5.672, 4.608 + 2.56
    assert found["bandwidth"] == pytest.approx(transfer / 2 + compute, rel=1e-15)
    assert found["matrix"] == pytest.approx(transfer + compute / 2, rel=1e-15)
    assert found["host"] == done.total_time
    assert found["on_chip_memory"] == pytest.approx(done.total_time - 2 * 0.512, rel=1e-12)


def test_machine_is_frozen() -> None:
    machine = profile().machine("fp32")
    assert machine.replace(bandwidth=2.0).bandwidth == 2.0
    with pytest.raises(AttributeError):
        machine.__setattr__("bandwidth", 3.0)
