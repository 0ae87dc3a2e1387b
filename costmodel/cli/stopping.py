"""Being stopped: SIGTERM and SIGINT end the program with one line, and leave no worker behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""Exit codes, as shells have them."""


class Terminated(BaseException):
    """SIGTERM came; like KeyboardInterrupt nothing but the command line catches it."""


@contextmanager
def told_once() -> Iterator[None]:
    """Raise Terminated at the first SIGTERM; what comes while that is tidied up is ignored."""

    def stop(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    # Python's helper that frees what a stopped process held: it does so, and need not say it
    sys.warnoptions.append("ignore:resource_tracker:UserWarning")
    # a parent that ignores them (nohup, a background job) means its children to do so
    mine = [
        number
        for number in (signal.SIGTERM, signal.SIGINT)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, stop) for number in mine}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end(word: str, code: int) -> NoReturn:
    """Say one line and end at once, workers first; what libraries do at the end is noisy."""
    from costmodel.studies.children import kill_children

    kill_children()
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        print(word, file=sys.stderr, flush=True)
    os._exit(code)
