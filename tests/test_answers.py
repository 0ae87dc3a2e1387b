"""Answers of `solve` and `sensitivity` put to the formula again: they hold there, to the last bit."""

from __future__ import annotations

import math
import operator
from functools import partial
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.errors import BadValue
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.studies.scan.inverse.outermost import outermost
from costmodel.studies.scan.inverse.sensitivity import effects
from costmodel.studies.scan.inverse.solve import solve
from costmodel.studies.scan.inverse.target import Bound, Target

PROFILE = """name: W
source: t
bandwidth: 1 GB/s
write_bandwidth: 1 GB/s
on_chip_memory: 100 MB
matrix: 1 TFLOPS
host: 1 GFLOPS
"""


def machine(folder: Path, more: str = "", *, without: str = "") -> str:
    lines = [line for line in PROFILE.splitlines() if not (without and line.startswith(without))]
    file = folder / "machine.yaml"
    file.write_text("\n".join(lines) + "\n" + more)
    return str(file)


@pytest.mark.parametrize("share", [0.11, 0.3, 0.37, 0.6, 0.7, 0.9])
@pytest.mark.parametrize("arch", ["hairnet", "alexnet"])
def test_maps_that_all_fit_leave_no_work_behind(tmp_path: Path, arch: str, share: float) -> None:
    """On 100 MB every map stays on chip: nothing is written, whatever share of the bus is reached.

    So the time is the same with any write bandwidth, and no such bandwidth is an answer.
    """
    hw = machine(tmp_path, f"efficiency: {{default: {{bandwidth: {share}}}}}\n")
    run = cm.simulate(arch, hw)
    assert run.result.amounts["write"].sum() == 0
    target = f"total_time <= {run.total_time * 1.1:.6g} s"
    answer = cm.solve(arch, hw, "write_bandwidth", target)
    assert (answer.value, answer.possible) == (None, True)
    assert answer.reason == "nothing depends on write_bandwidth"
    table = cm.scan(arch, hw, axes={"hw.write_bandwidth": ["1e-9 B/s", "1 GB/s"]})
    assert table.total_time.tolist() == pytest.approx([run.total_time] * 2, rel=1e-12)


LINKED = """capacity: 40 GB
link: {bandwidth: 100 GB/s, latency: 3 us}
overhead: 10 us
launch: {matrix: 2 us, host: 1 us}
on_chip_bandwidth: 5 TB/s
"""


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial"])
@pytest.mark.parametrize("tokens", [1, 200])
def test_an_elasticity_is_the_slope_of_the_time(tmp_path: Path, timing: str, tokens: int) -> None:
    """d ln T / d ln x, a difference of the formula's times; also of links, whose rows choose.

    Of one token four devices send a few bytes in the algorithm with the fewest messages; were the
    latency none, they would choose another. Of 200 they send the fewest bytes.
    """
    run = cm.simulate(
        "gpt2", machine(tmp_path, LINKED), settings={"tokens": tokens, "context": 100},
        passes=[TensorParallel(4)], placement="all_external", timing=timing,
    )  # fmt: skip
    assert run.result.link is not None
    told = {effect.resource: effect.elasticity for effect in effects(run)}
    assert {"link.bandwidth", "link.latency", "launch", "overhead", "bandwidth"} <= told.keys()
    for word, elasticity in told.items():
        quantity = MACHINE[word]
        if quantity.lane:
            less, more = (
                float(run.on(run.machine.scaled(quantity, 1 + step)).total_time)
                for step in (-1e-5, 1e-5)
            )
            slope = (more - less) / 2e-5 / run.total_time
            assert elasticity == pytest.approx(slope, abs=1e-6), word


@pytest.mark.parametrize(("multiple", "value"), [
    ("1.5 *", 1.5), ("1e-1 *", 0.1), (".5*", 0.5), ("2. *", 2.0), ("12.5e+1 *", 125.0), ("", 1.0),
])  # fmt: skip
def test_multiples_of_the_compulsory_bytes(multiple: str, value: float) -> None:
    target = Target.read(f"external_bytes <= {multiple} compulsory_bytes")
    assert (target.bound.value, target.relative) == (value, True)


@pytest.mark.parametrize("text", [
    "external_bytes <= 0.5.5 * compulsory_bytes", "external_bytes <= . * compulsory_bytes",
    "external_bytes <= 1e * compulsory_bytes", "external_bytes <= -1 * compulsory_bytes",
    "external_bytes <= 1e999 * compulsory_bytes", "external_bytes <= * compulsory_bytes",
    "total_time <= 2 * compulsory_bytes", "throughput >= 1.2.3", "throughput >= .",
    "throughput >= 1e", "throughput >= e", "throughput >= --1",
])  # fmt: skip
def test_targets_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(BadValue):
        Target.read(text)


@pytest.mark.parametrize("timing", ["serial", "overlap"])
@pytest.mark.parametrize("sign", ["<=", "<", ">=", ">"])
def test_an_answer_meets_its_target_and_its_neighbour_does_not(
    tmp_path: Path, timing: str, sign: str
) -> None:
    """To the last bit of the formula, also where the figure has little to do with the time."""
    run = cm.simulate("hairnet", machine(tmp_path, LINKED), timing=timing, placement="all_external")
    for word in ("write_bandwidth", "matrix", "launch"):
        quantity = MACHINE[word]

        def time_at(value: float, quantity: MachineQuantity = quantity) -> float:
            return float(run.on(run.machine.with_quantity(quantity, value)).total_time)

        least = time_at(quantity.idle)
        for share in (1e-13, 1e-3, 3.0):
            bound = Bound(sign, least * (1 + share))
            answer = solve(run, word, Target("total_time", bound, "test"))
            assert answer.possible, (word, share)
            assert answer.value is not None, (word, share)
            assert bound.met(time_at(answer.value)), (word, share, answer)
            assert answer.achieved_total_time_s == time_at(answer.value)
            # so little beyond it misses, but for what rounding of the time hides
            other = answer.value * (1 - 1e-3 if "smallest" in answer.reason else 1 + 1e-3)
            slack = 1e-15 * least / (share * least) < 1e-6
            assert not slack or not bound.met(time_at(other)), (word, share)


def test_a_throughput_is_reached_and_not_its_inverse_alone(tmp_path: Path) -> None:
    """Three samples over the time in floats; three over the throughput is another rounding."""
    run = cm.simulate("hairnet", machine(tmp_path), batch=3)
    for factor in range(20, 60):
        wanted = run.throughput * factor / 53
        target = Target("throughput", Bound(">=", wanted), "test")
        for word in ("bandwidth", "host"):
            answer = solve(run, word, target)
            if answer.value is not None:
                there = run.machine.with_quantity(MACHINE[word], answer.value)
                assert 3 / float(run.on(there).total_time) >= wanted


def test_the_outermost_number_of_many() -> None:
    """A bound that is a number itself, from far away on both sides; and bounds that nothing meets."""
    for bound in (1e-200, 0.3, 7.0, 1e200):
        for start in (1e-250, 1.0, 1e250, math.inf):
            assert outermost(partial(operator.le, bound), start, smallest=True) == bound
            assert outermost(partial(operator.ge, bound), start, smallest=False) == bound
    assert outermost(lambda _: False, 1.0, smallest=True) is None
    assert outermost(lambda _: False, 1.0, smallest=False) is None
