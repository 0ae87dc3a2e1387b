"""What can fail while it runs: signals, workers, disks; tests/stops.py COUNT stops scans many times."""

from __future__ import annotations

import gc
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import pytest
import stops
from scans import MANY, SCAN, results

from costmodel.errors import CostModelError
from costmodel.studies.scan.running import engines

RATES = (("bandwidth", "GB/s"), ("matrix", "TFLOPS"), ("host", "GFLOPS"))
COSTMODEL = [sys.executable, "-m", "costmodel"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The results of a scan that nobody stops."""
    out = tmp_path_factory.mktemp("whole")
    subprocess.run([*COSTMODEL, *MANY, "--out", str(out)], check=True, capture_output=True)
    return results(out)


@pytest.mark.parametrize(
    ("engine", "number", "parts"),
    [
        ("local", signal.SIGTERM, 3),
        ("local", signal.SIGINT, 9),
        ("local", signal.SIGKILL, 14),
        ("dask", signal.SIGTERM, 5),
        ("dask", signal.SIGINT, 7),
        ("dask", signal.SIGKILL, 11),
    ],
)
def test_a_stopped_scan_leaves_nothing_and_goes_on(
    engine: str, number: signal.Signals, parts: int, whole: dict[str, bytes], tmp_path: Path
) -> None:
    one = stops.stop(engine, number, tmp_path / "out", -parts, whole)
    assert stops.faults(one, number) == []
    assert one.code == stops.CODES[number]
    # whatever was finished is kept
    assert one.finished >= parts


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_command_without_workers_stops_with_a_line(
    number: signal.Signals, code: int, word: str
) -> None:
    """In the middle of a scan of a million million points."""
    axes = [f"hw.{word}=log(1 {unit}, 9 {unit}, 10000)" for word, unit in RATES]
    words = ["scan", "hairnet", "--hw", "accel_1tflops", "--workers", "1"]
    words += [word for axis in axes for word in ("--axis", axis)]
    running = subprocess.Popen(
        [*COSTMODEL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    # said once the points are about to be evaluated
    assert "points" in running.stderr.readline()
    running.send_signal(number)
    out, said = running.communicate(timeout=10)
    assert (running.returncode, said, out) == (code, f"{word}\n", "")


def test_a_killed_local_worker_is_told(whole: dict[str, bytes], tmp_path: Path) -> None:
    """Finished parts stay, nobody is left, and the command goes on to the same results."""
    out = tmp_path / "out"
    running, children = _with_parts(out, 2)
    os.kill(children[0], signal.SIGKILL)
    _, said = running.communicate(timeout=30)
    if running.returncode:
        assert running.returncode == 2
        assert re.search("a worker failed (on|before) part", said)
        assert "Traceback" not in said
    assert stops.lingering(running.pid) == []
    subprocess.run(stops.command("local", out), check=True, capture_output=True)
    assert results(out) == whole


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_worker_without_memory_is_told(
    room: int, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Each worker gets no more than it holds and `room` bytes; what is finished stays."""
    out = tmp_path / "out"
    running, children = _with_parts(out, 2)
    for child in children:
        pages = int(Path(f"/proc/{child}/statm").read_text().split()[5])
        most = pages * resource.getpagesize() + room
        resource.prlimit(child, resource.RLIMIT_DATA, (most, most))
    _, said = running.communicate(timeout=60)
    if running.returncode:
        assert running.returncode == 2
        assert "with fewer --workers where memory ran out" in said.splitlines()[-1]
        assert "Traceback" not in said
        assert "Exception ignored" not in said
    assert stops.lingering(running.pid) == []
    subprocess.run(stops.command("local", out), check=True, capture_output=True)
    assert results(out) == whole


def torn(*_: Any) -> None:
    """In a worker: begin to hand over a result of 100 bytes, and die."""
    queues: list[Any] = [one for one in gc.get_objects() if type(one) is SimpleQueue]
    os.write(queues[0]._writer.fileno(), (100).to_bytes(4, "big") + b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_within_a_result_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool's thread waits for the rest of the result; neither the scan nor the exit may."""
    monkeypatch.setattr(engines, "evaluate_part", torn)
    monkeypatch.setattr(engines, "LOOK", 0.2)
    before = set(threading.enumerate())
    plan: Any = None
    with (
        pytest.raises(CostModelError, match="a worker failed on part 1: its process ended"),
        engines.executor("local", 2, None) as pool,
    ):
        list(engines.run(plan, [(1, 0, 1)], pool, 2))
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


def _with_parts(out: Path, count: int) -> tuple[subprocess.Popen[str], list[int]]:
    """A scan with `count` parts finished, and its workers."""
    running = stops.start("local", out)
    while len(list(out.glob(".scan/part-*.json"))) < count:
        time.sleep(0.001)
    return running, [
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if _session(entry) == running.pid and b"spawn_main" in _words(entry)
    ]


def _session(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return -1


def _words(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


WRITERS = {
    "csv": ["--csv", "x.csv"],
    "json": ["--json", "x.json"],
    "html": ["--html", "x.html"],
    "save": ["--save", "x.html"],
    "trace": ["--trace", "x.trace.json"],
    "picture": ["--plot", "roofline.png"],
    "vector": ["--plot", "time.svg"],
    "folder": ["--plot", "pictures"],
}


def _short_files() -> None:
    """A limit of 1 kB for every file; Python turns the signal that comes with it into an error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.parametrize("words", WRITERS.values(), ids=WRITERS)
def test_a_file_that_cannot_grow_leaves_no_draft(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*COSTMODEL, "simulate", "hairnet", "--hw", "accel_1tflops", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=_short_files,
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert words[1].partition(".")[0] in line
    assert "File too large" in line
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_parts_that_cannot_grow(tmp_path: Path) -> None:
    """A part as Parquet is larger than that; none is half there."""
    done = subprocess.run(
        [*COSTMODEL, *MANY, "--out", "scan"],
        cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=_short_files,
    )  # fmt: skip
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob(".draft-*"))
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="mounting a small disk needs user namespaces",
)
@pytest.mark.parametrize("words", [*WRITERS.values(), None], ids=[*WRITERS, "scan"])
def test_a_full_disk(words: list[str] | None, tmp_path: Path) -> None:
    """A real one of 8 kB; what does not fit leaves nothing behind. Points would be refused at once."""
    tail = (
        ["simulate", "hairnet", "--hw", "accel_1tflops", *words]
        if words
        else [*MANY[:-1], "--out", "scan"]
    )
    script = (
        f"mount -t tmpfs -o size=8k none {tmp_path} && cd {tmp_path} && "
        '"$@"; code=$?; find . -type f -name ".draft-*"; exit $code'
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *COSTMODEL, *tail],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".draft" not in done.stdout


def test_two_scans_on_one_folder(tmp_path: Path) -> None:
    """One goes through; the other is told, or finds everything finished."""
    both = [
        subprocess.Popen([*COSTMODEL, *SCAN, "--out", str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    ends = [(one.communicate()[1], one.returncode) for one in both]
    assert 0 in [code for _, code in ends]
    for said, code in ends:
        assert code == 0 or (code == 2 and "another scan is writing here" in said)
