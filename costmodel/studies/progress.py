"""How far work is that takes over a second: a bar on a terminal, nothing elsewhere.

The command line asks for it; called from Python nothing is drawn.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")
WAIT = 1.0
"""[s] before a bar appears: shorter work needs none."""
asked: ContextVar[bool] = ContextVar("asked", default=False)
"""True while a person waits in front of a terminal."""


class Bar(Protocol):
    """What is told of each step."""

    def update(self, steps: float) -> object:
        """Note that so many more steps are done."""


class _Silent:
    def update(self, steps: float) -> None:
        """Draw nothing, for nobody looks."""


@contextmanager
def bar(what: str, total: int, unit: str) -> Iterator[Bar]:
    """A bar of `total` units, gone when it is left."""
    stream = sys.__stderr__
    if not asked.get() or stream is None or not stream.isatty():
        yield _Silent()
        return
    from tqdm import tqdm

    # a terminal that does not know its size has none for tqdm
    size = shutil.get_terminal_size()
    # the stream that names go through would spell out the return to the line's beginning
    with tqdm(
        desc=what,
        total=total,
        unit=f" {unit}",
        unit_scale=True,
        delay=WAIT,
        leave=False,
        file=stream,
        ncols=size.columns - 1,
        nrows=size.lines,
    ) as drawn:
        yield drawn


def watched(items: Sequence[T], what: str, unit: str) -> Iterator[T]:
    """Each of the items, one step of a bar behind each."""
    with bar(what, len(items), unit) as drawn:
        for item in items:
            yield item
            drawn.update(1)
