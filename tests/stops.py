"""Stop scans at random moments: python tests/stops.py COUNT [SIGNAL ...] [ENGINE ...].

By default SIGTERM, SIGINT and SIGKILL; local workers and Dask.

After each stop nothing of the scan may run 5 s later, and the same command must go on to byte-identical results.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scans import MANY, results

ENGINES = {"local": ["--workers", "2"], "dask": ["--engine", "dask", "--workers", "2"]}
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}
PATIENCE = 5.0
"""[s] in which everything must be gone."""


class Stop(NamedTuple):
    """What came of one."""

    code: int
    said: str
    left: list[str]
    """Processes still there after PATIENCE."""
    finished: int
    """Parts on the disk."""
    same: bool
    """The results after going on are those of a run that nobody stopped."""


def command(engine: str, out: Path) -> list[str]:
    return [sys.executable, "-m", "costmodel", *MANY, *ENGINES[engine], "--out", str(out)]


def start(engine: str, out: Path) -> subprocess.Popen[str]:
    """In a session of its own, whose processes can be found again."""
    return subprocess.Popen(
        command(engine, out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def members(session: int) -> list[str]:
    """What runs in a session; the dead that nobody waited for do not count."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(its) == session and state != "Z":
            found.append(words)
    return found


def lingering(session: int) -> list[str]:
    """What still runs in a session PATIENCE after its command ended."""
    deadline = time.monotonic() + PATIENCE
    while members(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return members(session)


def stop(
    engine: str, number: signal.Signals, out: Path, wait: float, expected: dict[str, bytes]
) -> Stop:
    """Start a scan, stop it after `wait` seconds, or with -`wait` parts done, look, and go on."""
    running = start(engine, out)
    # one in four at any moment, the others between two parts or inside one
    while wait < 0 and len(list(out.glob(".scan/part-*.json"))) < -wait and running.poll() is None:
        time.sleep(0.001)
    time.sleep(max(wait, 0.0))
    running.send_signal(number)
    _, said = running.communicate(timeout=60)
    left = lingering(running.pid)
    if left:
        os.killpg(running.pid, signal.SIGKILL)
    finished = len(list(out.glob(".scan/part-*.json")))
    subprocess.run(command(engine, out), check=True, capture_output=True)
    return Stop(running.returncode, said, left, finished, results(out) == expected)


def faults(one: Stop, number: signal.Signals) -> list[str]:
    """What is wrong with it; a scan may have ended by itself, or not yet have begun to listen."""
    early = {-number, CODES[number], 0}
    lines = [
        line for line in one.said.splitlines() if "parts" not in line and " s left" not in line
    ]
    word = {signal.SIGTERM: ["terminated"], signal.SIGINT: ["interrupted"]}.get(number, [])
    found = []
    if one.code not in early:
        found.append(f"exit code {one.code}")
    if one.code == CODES[number] and number != signal.SIGKILL and lines != word:
        found.append(f"said {one.said!r}")
    found += [f"left behind: {word}" for word in one.left]
    return found if one.same else [*found, "other results"]


def measured_length(engine: str, out: Path) -> float:
    """Seconds of a whole scan."""
    begun = time.monotonic()
    subprocess.run(command(engine, out), check=True, capture_output=True)
    return time.monotonic() - begun


def main(count: int, signals: Sequence[signal.Signals], engines: Sequence[str]) -> int:
    """Print a line for each engine and signal; 1 where anything was wrong."""
    draw, wrong = random.Random(3), 0
    with tempfile.TemporaryDirectory() as name:
        for engine in engines:
            length = measured_length(engine, Path(name) / f"{engine}_whole")
            expected = results(Path(name) / f"{engine}_whole")
            for number in signals:
                between, bad = 0, []
                for n in range(count):
                    out = Path(name) / f"{engine}_{number.name}_{n}"
                    wait = -draw.randrange(1, 24) if n % 4 else draw.uniform(0.2, 1.0) * length
                    one = stop(engine, number, out, wait, expected)
                    between += one.finished > 0 and one.code != 0
                    bad += faults(one, number)
                wrong += len(bad)
                print(
                    f"{engine:6} {number.name:8} {count} stops, {between} between parts, faults: {bad}",
                    flush=True,
                )
    return 1 if wrong else 0


if __name__ == "__main__":
    count, *asked = sys.argv[1:]
    sent = [signal.Signals[word] for word in asked if word not in ENGINES] or [*CODES]
    sys.exit(main(int(count), sent, [word for word in asked if word in ENGINES] or [*ENGINES]))
