"""Times of networks on this machine, by ONNX Runtime: what `calibrate` needs.

A run is repeated until enough time has passed; the table keeps the least time, which is what the
machine does when nothing else runs, and says how far the median lies above it: a busy machine shows
there. Networks run by turns, so that a slow minute does not fall on one of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.errors import InputError, MissingExtra, Place, Problems

if TYPE_CHECKING:
    import onnxruntime

ROUNDS = 3
"""Turns that every network gets."""
WARM = 2
"""Runs that are thrown away in each turn: memory is found, caches fill."""
LEAST = 5
"""Runs of a turn, however long they take."""
BUSY = 1.5
"""A median this many times the least: something else was running."""
COLUMNS = ("network", "family", "batch", "dtype", "seconds", "median_s", "runs")
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


@dataclass
class Measured:
    """The times of one network, over all turns."""

    network: str
    family: str
    times: list[float]
    """[s] of every run that counts."""

    @property
    def least(self) -> float:
        """What the table keeps [s]."""
        return min(self.times)

    @property
    def median(self) -> float:
        """[s]: above the least where the machine was busy."""
        return float(np.median(self.times))

    def record(self) -> dict[str, Any]:
        """A line of the table; a batch is the file's own, hence one run of it."""
        figures = (f"{self.least:.6g}", f"{self.median:.6g}", len(self.times))
        return dict(zip(COLUMNS, (self.network, self.family, 1, "fp32", *figures), strict=True))


def measure(
    networks: Sequence[tuple[Path, str]],
    *,
    seconds: float = 1.0,
    threads: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Measured]:
    """Times of ONNX files (path, family) on this machine's CPU, each for about `seconds` [s].

    With `threads` None as many as there are cores. Raises InputError for a file that ONNX Runtime
    does not run, naming all of them, and MissingExtra without ONNX Runtime.
    """
    runners, problems, measured = [], Problems(), []
    for path, family in networks:
        with problems.collect():
            runners.append(_runner(path, threads or os.cpu_count() or 1))
            measured.append(Measured(str(path), family, []))
    problems.raise_if_any()
    for turn in range(ROUNDS):
        for one, run in zip(measured, runners, strict=True):
            one.times += _timed(run, seconds / ROUNDS)
            if tell:
                name = Path(one.network).name
                tell(f"turn {turn + 1} of {ROUNDS}: {name} {1e3 * one.least:.4g} ms")
    return measured


def _timed(run: Callable[[], object], seconds: float) -> Iterator[float]:
    """Times of runs for about `seconds` [s], behind a few that do not count."""
    for _ in range(WARM):
        run()
    begun, count = time.perf_counter(), 0
    while count < LEAST or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        run()
        yield time.perf_counter() - start
        count += 1


def _runner(path: Path, threads: int) -> Callable[[], object]:
    """A call that runs a file once on random numbers. Raises InputError."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtra("ONNX Runtime", "measure", "measure") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        inputs = _inputs(session)
        session.run(None, inputs)
    # ONNX Runtime's own errors share no other base
    except Exception as error:
        if isinstance(error, InputError):
            raise
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError.at(
            Place(str(path)), f"ONNX Runtime does not run it: {said}", "export it with its weights"
        ) from None
    return lambda: session.run(None, inputs)


def _inputs(session: onnxruntime.InferenceSession) -> dict[str, Any]:
    """Random numbers for every input; an open dimension is 1."""
    draw, feeds = np.random.default_rng(1), {}
    for one in session.get_inputs():
        shape = [size if isinstance(size, int) and size > 0 else 1 for size in one.shape]
        kind = TYPES.get(one.type, np.float32)
        # whole numbers are mostly places in a table
        values = draw.standard_normal(shape) if kind is np.float32 else np.zeros(shape)
        feeds[one.name] = values.astype(kind)
    return feeds


def busy(measured: Sequence[Measured]) -> str:
    """A warning where the medians lie far above the least times; empty where they do not."""
    shares = [one.median / one.least for one in measured]
    over = sum(share > BUSY for share in shares)
    if not over:
        return ""
    return (
        f"{over} of {len(measured)} medians lie over {BUSY:g} times above the least time (most "
        f"{max(shares):.1f}): something else was running; the least times are kept, and a quiet "
        "machine would show whether they hold"
    )
