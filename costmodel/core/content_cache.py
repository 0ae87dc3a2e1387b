"""Results kept by what they follow from, so that nothing else stays alive with them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class ContentCache(Generic[T]):
    """At most `most` results, the least recently used one going first; safe under threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._found: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def peek(self, key: Hashable) -> T | None:
        """What is kept for `key`; None where nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Hashable, made: T) -> None:
        """Keep `made` for `key`."""
        with self._lock:
            self._found[key] = made
            self._found.move_to_end(key)
            while len(self._found) > self.most:
                self._found.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives for `key`; two threads may both make it, and one result is kept."""
        found = self.peek(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()


Stamp = tuple[str, int, int, int, int]
"""A file: its path, its number on the disk, when it was last written and when it was last put there
or changed in any way [ns], its size [B].
"""
SETTLED = 100_000_000
"""[ns] after which a file that is written again bears another time: disks' clocks are coarse."""


@dataclass(frozen=True, eq=False)
class _Read(Generic[T]):
    made: T
    stamps: tuple[Stamp | None, ...]
    files: tuple[Path, ...]


class FileCache(Generic[T]):
    """What was made of files, for as long as all of them stay as they are."""

    def __init__(self, most: int) -> None:
        self._read: ContentCache[_Read[T]] = ContentCache(most)

    def clear(self) -> None:
        """Forget everything."""
        self._read.clear()

    def get(self, path: Path, options: Hashable, make: Callable[[], tuple[T, Sequence[Path]]]) -> T:
        """What `make` gives, with the files it read, for the file `path` under `options`."""
        key, before = (str(path), options), stamp(path)
        known = self._read.peek(key)
        if known is not None and tuple(map(stamp, known.files)) == known.stamps:
            return known.made
        made, files = make()
        stamps = tuple(map(stamp, files))
        if before in stamps and all(map(_settled, stamps)):
            self._read.put(key, _Read(made, stamps, tuple(files)))
        return made


def stamp(file: Path) -> Stamp | None:
    """What tells whether a file is as it was; None for one that cannot be looked at."""
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return str(file), found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _settled(found: Stamp | None) -> bool:
    """True for a file that cannot be written again without showing it."""
    return found is not None and time.time_ns() - max(found[2:4]) > SETTLED
