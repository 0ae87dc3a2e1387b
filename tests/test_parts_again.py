"""Parts that fail are asked for three times more, and lost workers are told."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future
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


class Slow(Executor):
    """Answers nothing until so many parts are handed out."""

    def __init__(self, count: int) -> None:
        self.count, self.waiting, self.most = count, list[tuple[Future[Any], int]](), 0

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, args[1]))
        self.most = max(self.most, len(self.waiting))
        if len(self.waiting) == self.count:
            for one, start in self.waiting:
                one.set_result(start)
            self.waiting.clear()
        return future


def test_three_parts_wait_for_each_worker() -> None:
    """Two workers are given six parts before one has to be done; all of eighteen come."""
    plan: Any = None
    pool = Slow(6)
    assert len(dict(engines.run(plan, TODO[:18], pool, 2))) == 18
    assert pool.most == 6


def test_a_worker_that_ended_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pool waits for a result that never comes: seen twice, it is told."""

    class Ended:
        exitcode = 1

    class Running:
        exitcode = None

    class Silent(Executor):
        def __init__(self, *workers: Any) -> None:
            self._processes = dict(enumerate(workers))
            self.given: Future[Any] = Future()

        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return self.given

    monkeypatch.setattr(engines, "LOOK", 0.01)
    plan: Any = None
    with pytest.raises(CostModelError, match="a worker failed on part 0: its process ended"):
        list(engines.run(plan, TODO[:1], Silent(Running(), Ended()), 1))


def test_no_pool_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "evaluate_part", lambda plan, start, stop: (start, stop))
    plan: Any = None
    given: list[Any] = list(engines.run(plan, TODO[:3], None, 1))
    assert given == [(n, (a, b)) for n, a, b in TODO[:3]]
