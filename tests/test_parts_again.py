"""Parts that fail are asked for three times more, and lost workers are told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import repeat
from typing import Any

import pytest

from costmodel.errors import CostModelError
from costmodel.studies.scan.running import engines


class Unsteady(Executor):
    """Fails each part so often; with an error that ends a worker if it is told so."""

    def __init__(self, times: int, error: type[Exception] = TypeError) -> None:
        self.times, self.error, self.asked = times, error, dict[int, int]()

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        _, start, _ = args
        self.asked[start] = self.asked.get(start, 0) + 1
        future: Future[Any] = Future()
        if self.asked[start] <= self.times:
            future.set_exception(self.error("lost"))
        else:
            future.set_result(start)
        return future


TODO = [(number, 10 * number, 10 * number + 10) for number in range(20)]


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_part_is_asked_for_three_times_more(times: int) -> None:
    """Whatever fails three times and then not costs nothing."""
    pool = Unsteady(times)
    plan: Any = None
    given: list[Any] = list(engines.run(plan, list(TODO), pool, 2))
    assert sorted(given) == [(n, start) for n, start, _ in TODO]
    assert set(pool.asked.values()) == {times + 1}


def test_the_fourth_time_is_the_end() -> None:
    plan: Any = None
    with pytest.raises(
        CostModelError, match="a worker failed on part 0: lost; what is finished is kept"
    ):
        list(engines.run(plan, TODO[:1], Unsteady(4), 1))
    pool = Unsteady(1, BrokenExecutor)
    with pytest.raises(CostModelError, match="a worker failed on part 0: its process ended"):
        list(engines.run(plan, TODO[:1], pool, 1))
    assert pool.asked == {0: 1}


class Refusing(Executor):
    """Takes no part."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise BrokenExecutor


def test_nobody_takes_a_part() -> None:
    plan: Any = None
    with pytest.raises(CostModelError, match="a worker failed before part 0: its process ended"):
        list(engines.run(plan, TODO[:1], Refusing(), 1))


class Waiting(Executor):
    """Answers one part, the oldest, each time it is looked at; its workers may have ended."""

    def __init__(self, *exits: int | None) -> None:
        self.given, self.most = list[tuple[Future[Any], int]](), 0
        self._processes = {number: Worker(code) for number, code in enumerate(exits)}

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.given.append((future, args[1]))
        self.most = max(self.most, len(self.given))
        return future

    def answer(self) -> set[Future[Any]]:
        """The oldest part is done."""
        future, start = self.given.pop(0)
        future.set_result(start)
        return {future}


class Worker:
    """A process of a pool."""

    def __init__(self, exitcode: int | None) -> None:
        self.exitcode = exitcode


def looked_at(monkeypatch: pytest.MonkeyPatch, pool: Waiting, answers: Iterator[bool]) -> None:
    """Instead of waiting: whether a part is done at each look."""

    def look(waiting: Any, seconds: float, return_when: str) -> tuple[set[Future[Any]], Any]:
        return pool.answer() if next(answers) else set(), waiting

    monkeypatch.setattr(engines, "wait", look)


def test_three_parts_wait_for_each_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers have six parts in hand, and never one more; all twenty come."""
    pool = Waiting(None, None)
    looked_at(monkeypatch, pool, repeat(True))
    plan: Any = None
    given: dict[int, Any] = dict(engines.run(plan, list(TODO), pool, 2))
    assert given == {n: start for n, start, _ in TODO}
    assert pool.most == 6


def test_a_worker_that_ended_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pool waits for a result that never comes: seen twice in a row, it is told."""
    plan: Any = None
    pool = Waiting(None, 1)
    looked_at(monkeypatch, pool, iter([True, False, True, False, False]))
    with pytest.raises(CostModelError, match="a worker failed on part 2: its process ended"):
        list(engines.run(plan, list(TODO), pool, 2))
    # once, or while parts still come, says nothing
    steady = Waiting(None, 1)
    looked_at(monkeypatch, steady, iter([False, True] * 20))
    assert len(dict(engines.run(plan, list(TODO), steady, 2))) == 20
    # all are there: it takes its time
    slow = Waiting(None, None)
    looked_at(monkeypatch, slow, iter([*[False] * 5, *[True] * 20]))
    assert len(dict(engines.run(plan, list(TODO), slow, 2))) == 20


def test_no_pool_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "evaluate_part", lambda plan, start, stop: (start, stop))
    plan: Any = None
    given: list[Any] = list(engines.run(plan, TODO[:3], None, 1))
    assert given == [(n, (a, b)) for n, a, b in TODO[:3]]
