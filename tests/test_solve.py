"""Inverse questions against bisection over the formula, and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from costmodel.cli import main
from costmodel.core.quantities import MACHINE
from costmodel.hardware.entries import Efficiency
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.question import Question, form_of
from costmodel.studies.scan.inverse.sensitivity import effects
from costmodel.studies.scan.inverse.solve import solve
from costmodel.studies.scan.inverse.solve_count import solve_batch
from costmodel.studies.scan.inverse.target import Bound, Target
from costmodel.studies.scan.inverse.trade_off import trade_off
from costmodel.studies.simulation import simulate, simulated

NETWORKS = ["hairnet", "resnet_cifar", "shufflenet_v2", "mobilenet_delta", "alexnet"]
FIELD = {"bandwidth": "bandwidth", "on_chip_memory": "memory", "matrix": "matrix", "host": "host"}


@pytest.fixture(scope="module")
def bases() -> list[Run]:
    return [simulate(name, "accel_1tflops") for name in NETWORKS]


def on_machine(base: Run, rng: np.random.Generator) -> Run:
    """The network on a random machine."""
    rates = {
        "bandwidth": 10 ** rng.uniform(7, 12),
        "on_chip_memory": 10 ** rng.uniform(3, 8),
        "matrix": 10 ** rng.uniform(9, 14),
        "host": 10 ** rng.uniform(7, 12),
    }
    worn = {
        "launch": 10 ** rng.uniform(-6, -3),
        "write_bandwidth": rates["bandwidth"] / 2,
        "efficiency": {"conv2d": Efficiency(compute=0.5, bandwidth=0.25)},
    }
    profile = base.profile.model_copy(update=rates | (worn if rng.random() < 0.5 else {}))
    return simulated(base.network, profile, choices={"convention": base.policies.convention})


def total(done: Run, resource: str, value: float) -> float:
    """THE formula at another value of one resource."""
    machine = done.machine.replace(**{FIELD[resource]: value})
    return float(done.on(machine).total_time)


def bisect(done: Run, resource: str, limit: float) -> float | None:
    """The smallest value that meets total <= limit, by bisection over the formula; None if none does."""
    low, high = 1e-6, 1e30
    if total(done, resource, high) > limit:
        return None
    for _ in range(400):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if total(done, resource, middle) <= limit else (middle, high)
        if high / low - 1 < 1e-13:
            break
    return high


def test_1000_random_cases_against_bisection(bases: list[Run]) -> None:
    """Values to 1e-9; impossible targets are impossible for bisection too."""
    rng = np.random.default_rng(7)
    outcomes = {True: 0, False: 0}
    for case in range(1000):
        done = on_machine(bases[case % len(bases)], rng)
        resource = ["bandwidth", "matrix", "host", "on_chip_memory"][case % 4]
        limit = done.total_time * 10 ** rng.uniform(-1.0, 0.5)
        answer = solve(done, resource, Target("total_time", Bound("<=", limit), "test"))
        expected = bisect(done, resource, limit)
        outcomes[answer.possible] += 1
        assert answer.possible == (expected is not None), (case, answer)
        if expected is None:
            assert "impossible, because even with" in answer.reason
        elif resource == "on_chip_memory":
            assert answer.value is not None
            assert answer.value == pytest.approx(max(expected, 1.0), rel=1e-9)
        else:
            assert answer.value == pytest.approx(expected, rel=1e-9)
            assert answer.value is not None
            assert total(done, resource, answer.value) <= limit * (1 + 1e-12)
    # both kinds were tried
    assert min(outcomes.values()) > 100


@pytest.mark.parametrize(("resource", "text", "value", "words"), [
    # W = 120513376 B, A/F + B/G = 0.056644519424 s (the Appendix's column sums)
    ("bandwidth", "total_time <= 100 ms", 120513376 / (0.1 - 0.056644519424), "smallest bandwidth"),
    ("bandwidth", "total_time <= 10 ms", None, "impossible, because even with infinite bandwidth the run takes 0.0566445 s"),
    ("bandwidth", "total_time >= 1 s", 120513376 / (1 - 0.056644519424), "largest bandwidth"),
    # the maps of 1605632 B fit first; they are moved in 20 places or so, enough for 150 ms
    ("on_chip_memory", "total_time <= 150 ms", 1605632, "smallest on-chip memory"),
    ("on_chip_memory", "total_time <= 50 ms", None, "impossible, because even with unlimited on-chip memory"),
    ("bandwidth", "throughput >= 10 /s", 120513376 / (0.1 - 0.056644519424), "smallest bandwidth"),
    ("bandwidth", "external_bytes <= 1 MB", None, "do not depend on bandwidth"),
    ("matrix", "throughput >= 6", None, "impossible"),
])  # fmt: skip
def test_by_hand(
    bases: list[Run], resource: str, text: str, value: float | None, words: str
) -> None:
    answer = solve(bases[0], resource, Target.read(text))
    assert words in answer.reason
    assert answer.value == (None if value is None else pytest.approx(value, rel=1e-7))


def test_the_bottleneck_moves_where_times_are_equal(bases: list[Run]) -> None:
    done = bases[0]
    value = Question(form_of(done), done.machine, MACHINE["bandwidth"]).crossing
    assert value is not None
    at = done.on(done.machine.replace(bandwidth=value))
    assert float(at.transfer.sum()) == pytest.approx(
        max(float(at.matrix.sum()), float(at.host.sum())), rel=1e-12
    )


def test_every_point_of_the_trade_off_meets_the_target(bases: list[Run]) -> None:
    points = trade_off(bases[0], "bandwidth", "matrix", Target.read("total_time <= 100 ms")).points
    assert len(points) == 50
    for point in points:
        machine = bases[0].machine.replace(bandwidth=point["bandwidth"], matrix=point["matrix"])
        assert float(bases[0].on(machine).total_time) == pytest.approx(0.1, rel=1e-12)
    refused = trade_off(bases[0], "bandwidth", "matrix", Target.read("total_time <= 10 ms"))
    assert (refused.possible, refused.points) == (False, [])


@pytest.mark.parametrize("text", ["total_time <= 1 s", "throughput >= 5.5 /s", "external_bytes <= 900 MB", "throughput >= 5 /s",
                                  "total_time <= 400 ms"])  # fmt: skip
def test_largest_batch_against_trying_all(bases: list[Run], text: str) -> None:
    """Every batch up to 64 simulated; the largest that meets the target."""
    target, base = Target.read(text), bases[0]

    def prepare(batch: int) -> Run:
        return simulated(base.network, base.profile, batch=batch)

    def met(batch: int) -> bool:
        done = prepare(batch)
        value = {
            "total_time": done.total_time,
            "throughput": batch / done.total_time,
            "external_bytes": done.totals["external_bytes"],
        }[target.word]
        return bool(target.bound.met(value))

    expected = [batch for batch in range(1, 65) if met(batch)]
    answer = solve_batch(prepare, target)
    if answer.value is not None and answer.value <= 64:
        assert answer.value == expected[-1]
    else:
        assert answer.possible
        assert expected[-1] == 64


def test_no_batch_at_all(bases: list[Run]) -> None:
    answer = solve_batch(
        lambda b: simulated(bases[0].network, bases[0].profile, batch=b),
        Target.read("total_time <= 1 ms"),
    )
    assert not answer.possible
    assert "even a batch of 1" in answer.reason


def test_elasticities_are_derivatives(bases: list[Run]) -> None:
    """d ln T / d ln r by a central difference; shares add up to one."""
    for done in bases:
        found = {effect.resource: effect for effect in effects(done)}
        assert sum(e.share for e in found.values()) == pytest.approx(1, rel=1e-12)
        for resource in ("bandwidth", "matrix", "host"):
            value, step = getattr(done.machine, resource), 1e-5
            high, low = (np.log(total(done, resource, value * (1 + s))) for s in (step, -step))
            assert found[resource].elasticity == pytest.approx((high - low) / (2 * step), abs=1e-8)
            assert found[resource].halved_s == total(done, resource, value / 2)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = tmp_path / "answer.json"
    words = [
        "solve",
        "hairnet",
        "--hw",
        "accel_1tflops",
        "--target",
        "total_time <= 100 ms",
        "--json",
        str(answer),
    ]
    assert main([*words, "--for", "bandwidth"]) == 0
    content = json.loads(answer.read_text())
    assert {"resource", "value", "unit", "achieved_total_time_s", "possible", "reason"} <= set(
        content
    )
    assert (content["resource"], content["unit"], content["possible"]) == ("bandwidth", "B/s", True)
    assert main([*words, "--for", "bandwidth", "--for", "matrix"]) == 0
    assert len(json.loads(answer.read_text())["points"]) == 50
    assert main([*words, "--for", "batch"]) == 0
    assert json.loads(answer.read_text())["possible"] is False
    assert (
        main(
            [
                "sensitivity",
                "hairnet",
                "--hw",
                "accel_1tflops",
                "--plot",
                str(tmp_path),
                "--json",
                str(answer),
            ]
        )
        == 0
    )
    assert json.loads(answer.read_text())["effects"][0]["resource"] == "bandwidth"
    assert (tmp_path / "tornado.png").exists()
    capsys.readouterr()


@pytest.mark.parametrize(("resource", "target", "message"), [
    ("bandwith", "total_time <= 1 s", "did you mean 'bandwidth'?"), ("bandwidth", "time <= 1 s", "unknown quantity 'time'"),
    ("bandwidth", "total_time <= 1 MB", "is a memory, not a time"), ("bandwidth", "fast", "is no target"),
    ("bandwidth", "total_time <= 5", "has no unit"),
])  # fmt: skip
def test_bad_questions(
    resource: str, target: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["solve", "hairnet", "--hw", "accel_1tflops", "--for", resource, "--target", target])
        == 2
    )
    assert message in capsys.readouterr().err


def test_profiles_stay_frozen() -> None:
    assert HardwareProfile.model_config["frozen"]
