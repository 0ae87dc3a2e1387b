"""`import costmodel as cm`: names, paths or objects; runs that pickle; files read once; threads."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel.core.arrays import Floats
from costmodel.core.timing import Load
from costmodel.language.expressions import evaluate

SUFFIXES = (".csv", ".json")


class Twice(cm.Timing):
    """Everything takes twice its time."""

    source = "made for the tests"

    def row_times(self, load: Load) -> Floats:
        return np.asarray(2 * (load.memory + load.compute))


def test_names_paths_and_objects_are_the_same(tmp_path: Path) -> None:
    network, profile = cm.load_network("hairnet"), cm.load_profile("accel_1tflops")
    path = tmp_path / "copy.yaml"
    path.write_text(Path(network.facts.file).read_text())
    for architecture in ("hairnet", network, path, str(path)):
        for hw in ("accel_1tflops", profile):
            assert cm.simulate(architecture, hw).total_time == pytest.approx(0.177157895424)


def test_policies_are_words_or_objects() -> None:
    """Twice the serial time, and its class's name in the report."""
    serial = cm.simulate("hairnet", "accel_1tflops")
    doubled = cm.simulate("hairnet", "accel_1tflops", timing=Twice())
    assert doubled.total_time == pytest.approx(2 * serial.total_time)
    assert doubled.provenance["timing"] == "Twice"
    points = cm.scan("hairnet", "accel_1tflops", axes={"hw.matrix": ["1 TFLOPS"]}, timing=Twice())
    assert points["total_time"].tolist() == [pytest.approx(2 * serial.total_time)]


def test_a_run_shows_itself(tmp_path: Path) -> None:
    run = cm.simulate("hairnet", "accel_1tflops", batch=8)
    assert "\n" not in repr(run)
    assert repr(run).startswith("Run(HairNet on HairNet accelerator: ")
    # the page itself, in a frame that may run its script and nothing else
    shown = run._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts"')
    assert "&lt;!DOCTYPE html&gt;" in shown
    long = cm.simulate("resnet_cifar", "accel_1tflops", settings={"n": 60})
    assert "<table" in long._repr_html_()
    assert run.layers["total_time_s"].sum() == pytest.approx(run.total_time)
    assert run.blocks["params"].sum() == run.kinds["params"].sum() == run.totals["params"]
    assert list(run.layers.columns[:3]) == ["id", "layer_name", "kind"]
    assert run.throughput == pytest.approx(8 / run.total_time)
    for suffix in SUFFIXES:
        assert run.save(tmp_path / f"run{suffix}").read_text()
    with pytest.raises(cm.InputError, match="unknown report format 'pdf'"):
        run.save(tmp_path / "run.pdf")
    with pytest.raises(cm.InputError, match="did you mean 'roofline'"):
        run.plot("roofing")
    assert run.plot("roofline").axes


@pytest.mark.parametrize(
    ("placement", "timing"), [("resident", "pipelined"), ("per_tensor", "serial")]
)
def test_runs_go_through_a_process_pool(placement: str, timing: str) -> None:
    run = cm.simulate("resnet_cifar", "accel_1tflops", placement=placement, timing=timing)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        again = pool.submit(pickle.loads, pickle.dumps(run)).result()
    assert again.totals == run.totals
    assert again.layers.equals(run.layers)
    assert again.on(again.machine).total_time == run.total_time


def test_files_are_read_once_and_again_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    text = "name: N\nsource: t\ninput: [4]\nlayers:\n  - d: {kind: linear, features: 2}\n"
    file.write_text(text)
    # what was written a moment ago is not kept
    time.sleep(0.2)
    first = cm.load_network(file)
    assert cm.load_network(str(file)) is first
    file.write_text(text.replace("features: 2", "features: 3"))
    assert cm.load_network(file).outputs[0].shape == (3,)


def test_eight_threads_give_what_one_gives() -> None:
    """Loading, expressions and packing at once: 64 jobs of eight kinds."""
    jobs = [
        ("mobilenet_delta", {"alpha": alpha, "delta": delta}, placement)
        for alpha in (0.25, 0.5)
        for delta in (1, 2)
        for placement in ("resident", "per_tensor")
    ]

    def done(job: tuple[str, dict[str, float], str]) -> float:
        name, settings, placement = job
        return cm.simulate(name, "accel_1tflops", settings=settings, placement=placement).total_time

    alone = [done(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(done, jobs * 8))
    assert together == alone * 8


def test_expressions_do_not_meet_in_threads() -> None:
    """Each thread has variables of its own, known to nobody else."""

    def value(number: int) -> bool:
        names = {f"v{number}": number, "n": number}
        return all(evaluate(f"v{number} * 1000 + n", names) == 1001 * number for _ in range(300))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(value, range(16)))


def test_questions_give_frames_and_answers() -> None:
    table = cm.compare(["hairnet", "resnet_cifar"], ["accel_1tflops"])
    assert table["architecture"].tolist() == ["hairnet", "resnet_cifar"]
    answer = cm.solve("hairnet", "accel_1tflops", "bandwidth", "total_time <= 100 ms")
    assert answer.value == pytest.approx(120513376 / (0.1 - 0.056644519424))
    assert cm.sensitivity("hairnet", "accel_1tflops")["resource"][0] == "bandwidth"
    with pytest.raises(cm.InputError, match="unknown resource 'bandwith'"):
        cm.solve("hairnet", "accel_1tflops", "bandwith", "total_time <= 1 s")
