"""Files that change while they are read, and clocks that jump: every answer is of one state of the files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from costmodel.core.content_cache import FileCache
from costmodel.core.loading import load_network
from costmodel.errors import InputError

BASE = "name: b\nsource: test\nvars: {{n: {n}}}\ninput: [3, 8, 8]\nlayers:\n  - a: {{kind: conv2d, kernel: 1, filters: '${{n}}'}}\n"
TOP = "name: t\nsource: test\nbase: base.yaml\nvars: {}\n"
SIZES = (4, 7)
LONG_AGO = 1_000_000_000
"""[s] as a file has it that was copied with its times."""


def filters(path: Path) -> int:
    (shape,) = load_network(path).outputs[0].shape[:1]
    return shape


@contextmanager
def meanwhile(change: Callable[[int], None]) -> Iterator[None]:
    """`change` with one size after the other, over and over."""
    stop = threading.Event()

    def work() -> None:
        turn = 0
        while not stop.is_set():
            change(SIZES[turn % 2])
            turn += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def top(tmp_path: Path) -> Path:
    path = tmp_path / "top.yaml"
    path.write_text(TOP)
    (tmp_path / "base.yaml").write_text(BASE.format(n=SIZES[0]))
    return path


def put(path: Path, size: int) -> None:
    """Another file takes the place of the base, with a time of long ago."""
    draft = path.with_name("draft")
    draft.write_text(BASE.format(n=size))
    os.utime(draft, (LONG_AGO, LONG_AGO))
    draft.replace(path.with_name("base.yaml"))


def test_a_file_replaced_while_it_is_read(top: Path) -> None:
    with meanwhile(lambda size: put(top, size)):
        assert {filters(top) for _ in range(100)} <= set(SIZES)
    for size in SIZES:
        put(top, size)
        assert filters(top) == size


def test_a_file_replaced_after_it_was_read(top: Path) -> None:
    """By one that has an old time: what was read before is not taken for what is there now."""
    base, cache = top.with_name("base.yaml"), FileCache[str](2)

    def read() -> tuple[str, list[Path]]:
        found = base.read_text()
        if "n: 4" in found:
            put(top, SIZES[1])
        return found, [top, base]

    # what was written a moment ago is not kept at all
    time.sleep(0.2)
    assert "n: 4" in cache.get(top, (), read)
    assert "n: 7" in cache.get(top, (), read)


def test_a_file_written_while_it_is_read(top: Path) -> None:
    """Half of it is no architecture, or one that says so."""
    base, told = top.with_name("base.yaml"), list[str]()

    def write(size: int) -> None:
        text = BASE.format(n=size)
        with base.open("w") as stream:
            for half in (text[:40], text[40:]):
                stream.write(half)
                stream.flush()

    with meanwhile(write):
        for _ in range(100):
            try:
                assert filters(top) in SIZES
            except InputError as error:
                told.append(str(error))
    assert all("base.yaml" in one or "top.yaml" in one for one in told)
    write(SIZES[1])
    assert filters(top) == SIZES[1]


@pytest.mark.parametrize("hours", [-1000, 0, 1000])
def test_a_clock_that_jumps(top: Path, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the clock says, what is read is what is there."""
    now = time.time_ns
    for turn, size in enumerate(SIZES * 2):
        jump = turn % 2 * hours * 3600 * 10**9
        monkeypatch.setattr(time, "time_ns", lambda jump=jump: now() + jump)
        put(top, size)
        assert filters(top) == filters(top) == size
