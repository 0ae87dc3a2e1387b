"""Where parts are evaluated: in this process, in local processes, or on a Dask cluster.

All three are asked through the same interface, futures, by the same driver.
"""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager

from costmodel.errors import CostModelError, InputError, MissingExtra, Place
from costmodel.studies.children import kill_children
from costmodel.studies.scan.running.plan import ScanPart, ScanPlan, evaluate_part

LOOPBACK = "127.0.0.1"
RETRIES = 3
"""Times that a failed part is asked for again, by whatever engine: it is a pure function."""
AHEAD = 3
"""Parts handed to each worker before it asks: it never waits, and little is held."""

LOOK = 2.0
"""[s] between looks whether the workers are still there, while no part comes."""


@contextmanager
def executor(engine: str, workers: int, address: str | None) -> Iterator[Executor | None]:
    """The executor for `engine`; None means this process. Raises InputError or MissingExtra."""
    if engine == "dask":
        yield from _dask(workers, address)
    elif workers == 1:
        yield None
    else:
        yield from _processes(workers)


def _processes(workers: int) -> Iterator[Executor]:
    """Local processes, which end at once where this one is stopped or dies."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)
    try:
        yield pool
    except BaseException:
        _abandon(pool)
        raise
    pool.shutdown()


def _abandon(pool: ProcessPoolExecutor) -> None:
    """End the workers at once, without waiting for what they do.

    One that is killed in the middle of a result would leave the pool's thread waiting for the rest,
    and this process for the thread: so nobody is left who could write.
    """
    results = getattr(pool, "_result_queue", None)
    kill_children()
    if results is not None:
        results._writer.close()
    pool.shutdown(wait=False, cancel_futures=True)


def _lost_unseen(pool: Executor) -> bool:
    """True where a local worker has ended; its pool tells that, unless it waits for a result."""
    workers = getattr(pool, "_processes", None) or {}
    return any(worker.exitcode is not None for worker in list(workers.values()))


def _follow_parent() -> None:
    """In a worker: the terminal's ^C is the parent's to act on, and without it there is no work.

    What a worker has to say comes with its parts; one that dies, of want of memory say, is told by
    the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_behind, args=(parent.sentinel,), daemon=True).start()


def _end_behind(sentinel: int) -> None:
    """Wait until the process behind `sentinel` is gone, and end this one."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _dask(workers: int, address: str | None) -> Iterator[Executor]:
    """A Dask cluster at `address`, or one of local worker processes."""
    try:
        import distributed
    except ImportError:
        raise MissingExtra("distributed", "dask", "--engine dask") from None
    options: dict[str, object] = {"address": address, "timeout": "10s"}
    if not address:
        # what listens takes pickles from anyone who reaches it: nobody but this machine may
        options = {"n_workers": workers, "threads_per_worker": 1}
        options |= {"dashboard_address": f"{LOOPBACK}:0", "host": LOOPBACK}
    try:
        client = distributed.Client(**options)
    except (OSError, ValueError) as error:
        raise InputError.at(
            Place(f"--address {address}"),
            f"no Dask scheduler answers: {error}",
            "start one with 'dask scheduler'",
        ) from None
    try:
        # the driver retries; a part that is asked for again is another task than the failed one
        yield client.get_executor(pure=False, retries=0)
    except Exception:
        client.close()
        raise
    except BaseException:
        # stopped: what the cluster's threads say of it is no news, and nobody waits for them
        logging.disable(logging.CRITICAL)
        kill_children()
        raise
    if not address:
        client.shutdown()
    client.close()


def default_workers() -> int:
    """Processors that this process may use; all of them where the system does not tell."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run(
    plan: ScanPlan, todo: list[tuple[int, int, int]], pool: Executor | None, workers: int
) -> Iterator[tuple[int, ScanPart]]:
    """Evaluate the parts (number, start, stop) of `todo`, each given as soon as it is done."""
    if pool is None:
        yield from ((number, evaluate_part(plan, start, stop)) for number, start, stop in todo)
        return
    waiting: dict[Future[ScanPart], tuple[int, int, int]] = {}
    left, failed, unseen = deque(todo), Counter[int](), 0
    while left or waiting:
        while left and len(waiting) < AHEAD * workers:
            number, *limits = part = left.popleft()
            try:
                waiting[pool.submit(evaluate_part, plan, *limits)] = part
            except BrokenExecutor as error:
                raise _lost(f"before part {number}", error) from error
        done, _ = wait(waiting, LOOK, return_when=FIRST_COMPLETED)
        unseen = unseen + 1 if not done and _lost_unseen(pool) else 0
        if unseen > 1:
            raise _lost(f"on part {min(waiting.values())[0]}", BrokenExecutor())
        for future in done:
            number, *_ = part = waiting.pop(future)
            failure = future.exception()
            if failure is None:
                yield number, future.result()
                continue
            # A worker that is lost while it hands over its result shows as an error of any kind.
            failed[number] += 1
            if isinstance(failure, BrokenExecutor) or failed[number] > RETRIES:
                raise _lost(f"on part {number}", failure) from failure
            left.appendleft(part)


def _lost(when: str, error: BaseException) -> CostModelError:
    """What is told of a worker, in one line; running out of memory has no words of its own."""
    ended = isinstance(error, BrokenExecutor)
    cause = "its process ended" if ended else str(error) or type(error).__name__
    return CostModelError(
        f"a worker failed {when}: {cause}; what is finished is kept: start the command again, "
        "with fewer --workers where memory ran out"
    )
