"""Scans that are stopped, refused, or lose a worker: nothing is lost and nothing is mixed."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from scans import MANY, SCAN, failing, results

from costmodel.cli import main
from costmodel.errors import CostModelError
from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.running import engines
from costmodel.studies.scan.running.store import Store

KILLS = int(os.environ.get("COSTMODEL_KILLS", "12"))
"""100 for the full check."""


def process(directory: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "costmodel", *MANY, *more, "--out", str(directory)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_kill_at_any_moment_and_go_on(tmp_path: Path) -> None:
    """kill -9 at random moments; the same command continues to byte-identical results."""
    started = time.monotonic()
    whole = tmp_path / "whole"
    assert process(whole).wait() == 0
    length = time.monotonic() - started
    expected = results(whole)
    assert len([name for name in expected if name.endswith(".parquet")]) == 24
    rng = random.Random(1)
    resumed = 0
    for number in range(KILLS):
        directory = tmp_path / f"killed{number}"
        running = process(directory)
        # any moment, start-up and the end included
        if number % 4 == 0:
            time.sleep(rng.uniform(0.25, 1.0) * length)
        else:
            # a moment between two parts or inside one
            wait_for_parts(directory, rng.randrange(0, 24), running)
            time.sleep(rng.uniform(0, 0.01))
        running.send_signal(signal.SIGKILL)
        running.wait()
        resumed += 0 < len(finished_parts(directory)) < 24
        assert process(directory).wait() == 0
        assert results(directory) == expected
        assert not list(directory.rglob(".draft-*"))
    print(f"{KILLS} kills, {resumed} of them between the first and the last part")
    # the test must have interrupted something
    assert resumed > KILLS // 4


def finished_parts(directory: Path) -> list[Path]:
    return list((directory / ".scan").glob("part-*.json")) if directory.exists() else []


def wait_for_parts(directory: Path, count: int, running: subprocess.Popen[bytes]) -> None:
    while len(finished_parts(directory)) < count and running.poll() is None:
        time.sleep(0.0005)


def test_a_finished_scan_is_found_finished(tmp_path: Path) -> None:
    for _ in range(2):
        assert main([*MANY, "--out", str(tmp_path / "s")]) == 0
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["parts_found_finished"] == 24


def test_another_process_goes_on_where_counts_are_polynomials(tmp_path: Path) -> None:
    """Two hundred batches at once; the order of sets differs between the processes."""
    axes = ["--axis", "batch=linear(1, 200, 200)", "--placement", "all_external"]
    words = ["scan", "hairnet", "--hw", "accel_1tflops", *axes, "--out", str(tmp_path)]
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "costmodel", *words],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["path"], summary["parts_found_finished"]) == ("polynomials of counts", 1)


def test_a_damaged_part_is_evaluated_anew(tmp_path: Path) -> None:
    directory = tmp_path / "s"
    assert main([*MANY, "--out", str(directory)]) == 0
    expected = results(directory)
    (directory / "points" / "part-000003.parquet").write_bytes(b"damaged")
    record = directory / ".scan" / "part-000005.json"
    record.write_text(record.read_text().replace("feasible", "feasibel"))
    assert main([*MANY, "--out", str(directory)]) == 0
    assert results(directory) == expected
    assert json.loads((directory / "summary.json").read_text())["parts_found_finished"] == 22


@pytest.mark.parametrize(("change", "message"), [
    (["--best", "5"], "holds a scan of another plan"), (["--set", "pools=1"], "holds a scan of another plan"),
    (["--where", "batch < 3"], "holds a scan of another plan"),
])  # fmt: skip
def test_a_changed_plan_is_refused(
    change: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SCAN, "--out", str(tmp_path)]) == 0
    before = results(tmp_path)
    assert main([*SCAN, *change, "--out", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
    assert results(tmp_path) == before


def test_a_changed_program_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCAN, "--out", str(tmp_path)]) == 0
    manifest = tmp_path / ".scan" / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "code": "older"}))
    assert main([*SCAN, "--out", str(tmp_path)]) == 2
    assert "another version of the program" in capsys.readouterr().err


def test_a_second_scan_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import fcntl

    assert main([*SCAN, "--out", str(tmp_path)]) == 0
    with (tmp_path / ".scan" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main([*SCAN, "--out", str(tmp_path)]) == 2
    assert "another scan is writing here" in capsys.readouterr().err


def test_a_full_disk_keeps_finished_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = Store.write, []

    def full(self: Store, path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) > 10:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", full)
        assert main([*MANY, "--out", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == (
        f"{tmp_path}: cannot be written: No space left on device; finished parts are kept: "
        "make room and run the same command again"
    )
    assert main([*MANY, "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "summary.json").read_text())["parts_found_finished"] == 4


def test_an_unwritable_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SCAN, "--out", "/proc/costmodel"]) == 2
    errors = capsys.readouterr().err
    assert "/proc/costmodel: cannot be written" in errors
    assert "Traceback" not in errors


# --- Dask -----------------------------------------------------------------------------------------------


def test_dask_survives_the_loss_of_a_worker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two worker processes, one killed mid-scan: the result of an uninterrupted local scan."""
    import distributed

    assert main([*MANY, "--out", str(tmp_path / "local")]) == 0
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster:
        victims = [nanny.process.pid for nanny in cluster.workers.values()]
        finished: list[int] = []
        killer = threading.Thread(
            target=kill_after_first_part, args=(tmp_path / "dask", victims[0], finished)
        )
        killer.start()
        words = [*MANY, "--engine", "dask", "--address", cluster.scheduler_address]
        assert main([*words, "--out", str(tmp_path / "dask")]) == 0
        killer.join()
    # parts on the disk when the worker was killed
    assert 0 < finished[0] < 24
    assert results(tmp_path / "dask") == results(tmp_path / "local")
    assert json.loads((tmp_path / "dask" / "summary.json").read_text())["engine"] == "dask"


class Unsteady(Executor):
    """Fails each part the first `times` times it is asked, as a cluster does that loses a worker with its result."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, dict[Any, int]()

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked[args[1:]] = self.asked.get(args[1:], 0) + 1
        future: Future[Any] = Future()
        if self.asked[args[1:]] <= self.times:
            future.set_exception(TypeError("cannot unpack non-iterable Part object"))
        else:
            future.set_result(function(*args))
        return future


@pytest.mark.parametrize("times", [0, 1, engines.RETRIES, engines.RETRIES + 1])
def test_a_part_is_asked_for_again(times: int) -> None:
    axes = {"batch": [1, 2, 3], "hw.host": ["1 GFLOPS", "2 GFLOPS"]}
    plan = planned(ScanRequest(["hairnet"], ["accel_1tflops"], axes))
    todo = [(number, *limits) for number, limits in enumerate(plan.ranges())]
    steady = dict(engines.run(plan, todo, None, 1))
    if times > engines.RETRIES:
        with pytest.raises(CostModelError, match="a worker failed on part"):
            dict(engines.run(plan, todo, Unsteady(times), 1))
    else:
        assert dict(engines.run(plan, todo, Unsteady(times), 1)) == steady


@pytest.mark.parametrize("times", [1, engines.RETRIES, 100])
@pytest.mark.parametrize(("engine", "workers"), [("local", 2), ("dask", 1)])
def test_every_engine_asks_as_often_as_is_said(
    engine: str, workers: int, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and RETRIES times more."""
    monkeypatch.setattr(engines, "evaluate_part", failing)
    plan: Any = (tmp_path / "asked", times)
    with engines.executor(engine, workers, None) as pool:
        parts = engines.run(plan, [(0, 7, 8)], pool, workers)
        if times > engines.RETRIES:
            with pytest.raises(CostModelError, match="a worker failed on part 0: cannot unpack"):
                dict(parts)
        else:
            assert [number for number, _ in parts] == [0]
    assert plan[0].stat().st_size == min(times, engines.RETRIES) + 1


@pytest.mark.parametrize(("engine", "workers"), [("local", 2), ("dask", 1)])
def test_no_engine_tries_on_its_own(engine: str, workers: int, tmp_path: Path) -> None:
    """A part that is handed out runs once, and once more where it is handed out again."""
    plan = (tmp_path / "asked", 100)
    with engines.executor(engine, workers, None) as pool:
        assert pool is not None
        for asked in (1, 2):
            future = pool.submit(failing, plan, 7, 8)
            assert isinstance(future.exception(), TypeError)
            assert plan[0].stat().st_size == asked


def kill_after_first_part(directory: Path, pid: int, finished: list[int]) -> None:
    deadline = time.monotonic() + 60
    while not list(directory.glob(".scan/part-*.json")) and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    finished.append(len(list(directory.glob(".scan/part-*.json"))))


def test_no_scheduler_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import distributed

    real = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda address, timeout: real(address, timeout="1s"))
    assert main([*SCAN, "--engine", "dask", "--address", "tcp://127.0.0.1:9"]) == 2
    assert "no Dask scheduler answers" in capsys.readouterr().err
