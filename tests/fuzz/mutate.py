"""Throw broken inputs at the program: python tests/fuzz/mutate.py SECONDS [SEED].

Shipped files and small ONNX graphs are mutated with their grammar in view (words, numbers, lines, keys, indentation; bytes and
fields), expressions and options are drawn, and each is run in this process under a limit of time and of memory. Prints counts by
outcome and every input that ended in anything but a result or a told mistake; such inputs are kept in tests/fuzz/found.
"""

from __future__ import annotations

import contextlib
import io
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# run as a script, its own folder is on the path instead of the one above
sys.path.insert(0, str(HERE.parent))

from costmodel.cli import main  # noqa: E402
from fuzz.commands import Commands  # noqa: E402

LIMIT = 5
"""[s] of the processor, of one input: other work on the machine is not the program's fault."""
ASLEEP = 60
"""[s] of the clock: one that waits for ever takes no processor."""
ROOM = 1 << 30
"""[B] that one input may take besides what the process holds."""


class Late(BaseException):
    """An input took too long; nothing in the program catches this."""


@dataclass
class Found:
    """What came of a run."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many of each kind of input ended how."""
    faults: list[tuple[list[str], str]] = field(default_factory=list)
    """Commands, and what is told of them."""
    slowest: dict[str, float] = field(default_factory=dict)
    """[s] of the processor, of the slowest input of each kind."""
    largest: int = 0
    """[B] the most that the process held."""

    @property
    def outcomes(self) -> Counter[str]:
        """How many ended how."""
        found: Counter[str] = Counter()
        for (_, word), count in self.counts.items():
            found[word] += count
        return found


def outcome(words: list[str]) -> tuple[str, str]:
    """How one command ends, and what is told of it where that is a fault."""
    silent = io.StringIO()
    _timers(LIMIT, ASLEEP)
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            code = main(words)
        return ("fine" if code == 0 else f"exit {code}"), ""
    except SystemExit as error:
        return f"exit {error.code}", ""
    except Late:
        return "too slow", traceback.format_exc()
    except BaseException as error:
        return f"TRACEBACK {type(error).__name__}", traceback.format_exc()
    finally:
        _timers(0, 0)


def _timers(busy: float, asleep: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, busy)
    signal.setitimer(signal.ITIMER_REAL, asleep)


def _late(*_: Any) -> None:
    raise Late(f"over {LIMIT} s, or over {ASLEEP} s of the clock")


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Late is raised on time; an input that wants over ROOM more gets a MemoryError."""
    before, timers = resource.getrlimit(resource.RLIMIT_DATA), (signal.SIGALRM, signal.SIGPROF)
    handlers = {number: signal.signal(number, _late) for number in timers}
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def run(seconds: float, seed: int, graphs: list[bytes], most: int | None = None) -> Found:
    """What became of all inputs that so many `seconds` allow, at `most` so many."""
    found, seen = Found(), set[str]()
    with tempfile.TemporaryDirectory() as name, _limited():
        folder, begun = Path(name), time.monotonic()
        for number, (kind, words) in enumerate(Commands(random.Random(seed), folder, graphs)):
            start = time.monotonic()
            if start - begun > seconds or number == most:
                break
            busy = time.process_time()
            word, told = outcome(words)
            found.counts[kind, word] += 1
            took = time.process_time() - busy
            found.slowest[kind] = max(found.slowest.get(kind, 0.0), took)
            key = "\n".join(told.splitlines()[-4:])
            if told and key not in seen:
                seen.add(key)
                found.faults.append((words, told))
                _keep(folder, words, len(found.faults), seed)
    found.largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


def _keep(folder: Path, words: list[str], number: int, seed: int) -> None:
    target = HERE / "found" / f"{seed}_{number}"
    target.mkdir(parents=True, exist_ok=True)
    for path in folder.rglob("*"):
        if path.is_file() and any(str(path).startswith(word) for word in words):
            (target / path.name).write_bytes(path.read_bytes())
    (target / "command.txt").write_text(" ".join(words))


def small_graphs() -> list[bytes]:
    """The networks of `costmodel measure`, without what they weigh."""
    from costmodel.studies.measuring import networks

    with tempfile.TemporaryDirectory() as name:
        files = networks.write(Path(name))
        return [path.read_bytes() for path, _ in files if "small" in path.name]


if __name__ == "__main__":
    done = run(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, small_graphs())
    for word, count in done.outcomes.most_common():
        print(f"{count:8} {word}")
    for words, told in done.faults:
        print("\n" + " ".join(words)[:400] + "\n" + "\n".join(told.splitlines()[-6:])[:800])
    sys.exit(1 if done.faults else 0)
