"""Results kept by what they follow from, so that nothing else stays alive with them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class ContentCache(Generic[T]):
    """At most `most` results, the least recently used one going first; safe under threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def peek(self, key: Hashable) -> T | None:
        """Give what is kept for `key`; None where nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, made: T) -> None:
        """Keep `made` for `key`, and drop what was used longest ago."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what `make` makes for `key`; of two threads that make it one result is kept."""
        made = self.peek(key)
        if made is None:
            made = make()
            self.put(key, made)
        return made

    def clear(self) -> None:
        """Forget everything that is kept."""
        with self._lock:
            self._kept.clear()


Stamp = tuple[str, int, int, int, int]
"""A file: its path, its number on the disk, when it was last written and when it was last put there
or changed in any way [ns], its size [B].
"""
SETTLED = 100_000_000
"""[ns] after which a file that is written again bears another time: disks' clocks are coarse."""


class FileCache(Generic[T]):
    """What was made of files, for as long as all of them stay as they are."""

    def __init__(self, most: int) -> None:
        self._made: ContentCache[tuple[T, dict[Path, Stamp | None]]] = ContentCache(most)

    def clear(self) -> None:
        """Forget everything that is kept."""
        self._made.clear()

    def get(self, path: Path, options: Hashable, make: Callable[[], tuple[T, Sequence[Path]]]) -> T:
        """Give what `make` gives, with the files it read, for the file `path` under `options`."""
        key, before = (str(path), options), stamp(path)
        known = self._made.peek(key)
        if known is not None and all(stamp(file) == seen for file, seen in known[1].items()):
            return known[0]
        made, files = make()
        stamps = {file: stamp(file) for file in files}
        if before in stamps.values() and all(map(_settled, stamps.values())):
            self._made.put(key, (made, stamps))
        return made


def stamp(file: Path) -> Stamp | None:
    """Tell what a file is like; None for one that cannot be looked at."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    return str(file), status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _settled(seen: Stamp | None) -> bool:
    """Tell whether a file cannot be written again without showing it."""
    return seen is not None and time.time_ns() - max(seen[2:4]) > SETTLED
