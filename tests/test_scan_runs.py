"""Scans as a user runs them: files, resuming, locks, full disks, processes, Dask."""

from __future__ import annotations

import csv
import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from costmodel.cli import main
from costmodel.run import simulate
from costmodel.scan import scan
from costmodel.scan.store import Store

SCAN = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", "hw.bandwidth=log(100 MB/s, 100 GB/s, 40)",
        "--axis", "hw.on_chip_memory=[256 kB, 1 MB]"]  # fmt: skip
# 24 structural values make 24 parts of 1 600 points each
MANY = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", f"batch={list(range(1, 25))}",
        "--axis", "hw.bandwidth=log(100 MB/s, 100 GB/s, 40)", "--axis", "hw.matrix=log(1 GFLOPS, 1 TFLOPS, 40)",
        "--pareto", "total_time,hw.bandwidth", "--points"]  # fmt: skip
KILLS = int(os.environ.get("COSTMODEL_KILLS", "12"))  # 100 for the full check


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def results(directory: Path) -> dict[str, bytes]:
    """Everything a scan leaves but the timings."""
    files = [
        p
        for p in directory.rglob("*")
        if p.is_file() and ".scan" not in p.parts and p.name != "summary.json"
    ]
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


def test_a_small_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *SCAN,
        "--best",
        "3",
        "--pareto",
        "total_time,hw.bandwidth",
        "--out",
        str(tmp_path / "s"),
        "--plot",
    ]
    assert main(words) == 0
    assert "80 points in 1 parts, closed form" in capsys.readouterr().err
    best = read(tmp_path / "s" / "best.csv")
    assert [row["rank"] for row in best] == ["1", "2", "3"]
    assert (float(best[0]["hw.bandwidth"]), float(best[0]["hw.on_chip_memory"])) == (1e11, 1e6)
    # by hand: compute 0.056644519424 s as in the Appendix, and 120513376 B at 100 GB/s
    assert float(best[0]["total_time_s"]) == pytest.approx(0.0566445 + 120513376 / 1e11, rel=1e-6)
    front = read(tmp_path / "s" / "pareto.csv")
    assert len(front) == 40  # one per bandwidth: more memory is never slower
    summary = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert {"points", "seconds", "points_per_s", "path", "engine", "plan"} <= set(summary)
    assert (summary["points"], summary["feasible"], summary["engine"]) == (80, 80, "local")
    assert {"heat.png", "pareto.png"} <= {p.name for p in (tmp_path / "s").iterdir()}


def test_points_constraints_and_derived_columns(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    words = [*SCAN, "--where", "total_time <= 200 ms", "--derive", "cost=hw.bandwidth / 1 GB/s", "--by", "cost",
             "--points", "--out", str(tmp_path / "s")]  # fmt: skip
    assert main(words) == 0
    table = pq.read_table(tmp_path / "s" / "points").to_pandas()
    assert table["total_time"].max() <= 0.2
    summary = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert len(table) == summary["feasible"] < summary["points"] == 80
    best = read(tmp_path / "s" / "best.csv")[0]
    assert float(best["cost"]) == pytest.approx(table["cost"].min(), rel=1e-15)
    for row in table.sample(5, random_state=0).to_dict("records"):
        memory = "256 kB" if row["hw.on_chip_memory"] == 256e3 else "1 MB"
        profile = tmp_path / "hw.yaml"
        profile.write_text(f"name: x\nsource: x\nbandwidth: {row['hw.bandwidth']!r} B/s\n"
                           f"on_chip_memory: {memory}\nmatrix: 1 TFLOPS\nhost: 1 GFLOPS\n")  # fmt: skip
        assert simulate("hairnet", str(profile)).total_time == pytest.approx(
            row["total_time"], rel=1e-12
        )


def test_structural_axes_and_one_convention(tmp_path: Path) -> None:
    """Two architectures: both counted as flops; their totals are simulate's."""
    words = [
        "scan",
        "hairnet",
        "resnet_cifar",
        "--hw",
        "accel_1tflops",
        "--axis",
        "batch=[1, 4]",
        "--best",
        "4",
    ]
    assert main([*words, "--out", str(tmp_path / "s")]) == 0
    found = {
        (r["arch"], r["batch"]): float(r["total_time_s"]) for r in read(tmp_path / "s" / "best.csv")
    }
    assert len(found) == 4
    for (name, batch), total in found.items():
        alone = simulate(name, "accel_1tflops", batch=int(batch), convention="flops").total_time
        assert total == pytest.approx(alone, rel=1e-12)


def test_a_scan_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scan.yaml"
    file.write_text("""
arch: mobilenet_delta
hw: accel_1tflops
axes:
  arch.alpha: linear(0.25, 1, 4)
  hw.matrix: log(1 GFLOPS, 1 TFLOPS, 10)
derive: {rate: throughput / 1000}
where: [hw.matrix <= 500 GFLOPS]
pareto: [total_time, hw.matrix]
best: 2
""")
    assert main(["scan", str(file), "--out", str(tmp_path / "s")]) == 0
    best = read(tmp_path / "s" / "best.csv")
    assert [float(row["arch.alpha"]) for row in best] == [0.25, 0.25]
    capsys.readouterr()
    file.write_text(
        "arch: hairnet\nhw: accel_1tflops\naxes: {hw.bandwith: [1 GB/s]}\nbest: many\nsampel: grid\n"
    )
    assert main(["scan", str(file)]) == 2
    errors = capsys.readouterr().err
    assert f"{file}:5:1: unknown key 'sampel'" in errors


@pytest.mark.parametrize(("words", "message"), [
    (["--axis", "hw.bandwith=[1 GB/s]"], "did you mean 'hw.bandwidth'?"), (["--axis", "hw.bandwidth"], "is not NAME=VALUES"),
    (["--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s)"], "has no count"), (["--sample", "grit"], "did you mean 'grid'?"),
    (["--sample", "random"], "needs n"), (["--where", "total_time <= 1 MB"], "is compared with a memory"),
    (["--pareto", "total_tim"], "did you mean 'total_time'?"), (["--derive", "batch=1"], "cannot name a derived column"),
    (["--points"], "need a directory"), (["--axis", "arch.pols=[1]"], "has no variable 'pols'"), (["--best", "-1"], "best is -1"),
    (["--where", "hw.matrix < 1 GB/s"], "--where: 'hw.matrix' is compared with a bandwidth"),
    (["--by", "speed"], "unknown objective 'speed'"), (["--workers", "0"], "is 0"),
])  # fmt: skip
def test_bad_scans(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "hairnet", "--hw", "accel_1tflops", *words]) == 2
    shown, errors = capsys.readouterr()
    assert message in errors
    assert shown == ""


def test_what_cannot_fit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scan", "hairnet", "--hw", "accel_1tflops", "--axis", "hw.bandwidth=log(1 B/s, 1 GB/s, 1000000)",
             "--axis", "hw.matrix=log(1 GFLOPS, 1 TFLOPS, 1000000)", "--points", "--out", str(tmp_path / "s")]  # fmt: skip
    assert main(words) == 2
    assert "1000000000000 points need up to 6.4e+04 GB" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_samples_and_workers_do_not_change_results(tmp_path: Path) -> None:
    """The same Sobol points from one process and from two."""
    words = ["scan", "hairnet", "--hw", "accel_1tflops", "--sample", "sobol", "--n", "4000", "--seed", "5",
             "--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s)", "--axis", "hw.on_chip_memory=linear(1 kB, 9 MB)",
             "--axis", "batch=[1, 2, 3]", "--pareto", "total_time,hw.on_chip_memory"]  # fmt: skip
    for workers in ("1", "2"):
        assert main([*words, "--workers", workers, "--out", str(tmp_path / workers)]) == 0
    assert results(tmp_path / "1") == results(tmp_path / "2")


# --- stopping and going on ------------------------------------------------------------------------------


def process(directory: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "costmodel", *MANY, *more, "--out", str(directory)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


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
        if number % 4 == 0:  # any moment, start-up and the end included
            time.sleep(rng.uniform(0.25, 1.0) * length)
        else:  # a moment between two parts or inside one
            wait_for_parts(directory, rng.randrange(0, 24), running)
            time.sleep(rng.uniform(0, 0.01))
        running.send_signal(signal.SIGKILL)
        running.wait()
        resumed += 0 < len(finished_parts(directory)) < 24
        assert process(directory).wait() == 0
        assert results(directory) == expected
        assert not list(directory.rglob(".draft-*"))
    print(f"{KILLS} kills, {resumed} of them between the first and the last part")
    assert resumed > KILLS // 4  # the test must have interrupted something


def finished_parts(directory: Path) -> list[Path]:
    return list((directory / ".scan").glob("part-*.json")) if directory.exists() else []


def wait_for_parts(directory: Path, count: int, running: subprocess.Popen[bytes]) -> None:
    while len(finished_parts(directory)) < count and running.poll() is None:
        time.sleep(0.0005)


def test_a_finished_scan_is_found_finished(tmp_path: Path) -> None:
    for _ in range(2):
        assert main([*MANY, "--out", str(tmp_path / "s")]) == 0
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["parts_found_finished"] == 24


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
    assert lines[-1] == (f"{tmp_path}: cannot be written: No space left on device; finished parts are kept: "
                         "make room and run the same command again")  # fmt: skip
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
    assert 0 < finished[0] < 24  # parts on the disk when the worker was killed
    assert results(tmp_path / "dask") == results(tmp_path / "local")
    assert json.loads((tmp_path / "dask" / "summary.json").read_text())["engine"] == "dask"


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


# --- Python ---------------------------------------------------------------------------------------------


def test_the_python_api() -> None:
    points = scan("hairnet", "accel_1tflops", axes={"hw.bandwidth": ["1 GB/s", "2 GB/s"], "batch": [1, 2]},
                  where=["total_time < 300 ms"], derive={"per_sample": "total_time / batch"})  # fmt: skip
    # 2 batches x 2 bandwidths; batch 2 at 1 GB/s takes over 0.3 s
    assert points["batch"].tolist() == [1, 1, 2]
    assert points["total_time"].round(6).tolist()[:2] == [0.177158, 0.116901]
    columns: list[Any] = ["index", "batch", "hw.bandwidth", "total_time", "transfer_time", "matrix_time", "host_time",
                          "external_bytes", "per_sample"]  # fmt: skip
    assert points.columns.tolist() == columns
