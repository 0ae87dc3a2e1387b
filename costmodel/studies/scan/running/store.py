"""A scan's directory: finished parts under a manifest, safe against being stopped at any moment.

Everything is written beside its place, flushed to the disk, and renamed into it. A part counts as
finished once its record stands in ``.scan/``; the record bears its own digest and that of the
part's table. A lock that the system drops with the process keeps a second scan out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from costmodel.errors import InputError, Place
from costmodel.studies.scan.running.plan import ScanPart, ScanPlan

try:
    import fcntl
except ImportError:
    # only Linux and macOS have it
    fcntl = None  # type: ignore[assignment]

FORMAT = 2
"""The version of the records that are kept below."""


def code_version() -> str:
    """A digest of this package's sources and of the versions of packages that add models to it.

    Another version must not continue a scan.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[3]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    every = entry_points()
    groups = [group for group in every.groups if group.startswith("costmodel.")]
    foreign = [entry.dist for group in groups for entry in every.select(group=group)]
    versions = {f"{dist.name} {dist.version}" for dist in foreign if dist}
    digest.update("\n".join(sorted(versions)).encode())
    return digest.hexdigest()


class Store:
    """The directory of one scan."""

    def __init__(self, directory: Path, plan: ScanPlan, parts: int) -> None:
        self.directory, self.plan, self.parts = directory, plan, parts
        self.state = directory / ".scan"

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Lock the directory, check that it belongs to this plan, and tidy up half-written files.

        Raises InputError where it cannot be written, is in use, or belongs to another scan, and on
        systems without file locks.
        """
        if fcntl is None:
            raise InputError.at(
                self.place,
                "a scan cannot be kept on this system, which has no file locks",
                "run it on Linux or macOS, or without --out",
            )
        with self.told():
            self.state.mkdir(parents=True, exist_ok=True)
            if self.plan.points:
                (self.directory / "points").mkdir(exist_ok=True)
            lock = (self.state / "lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError.at(
                    self.place,
                    "another scan is writing here",
                    "wait for it or choose another --out",
                ) from None
            with self.told():
                self.adopt()
            yield self

    @property
    def place(self) -> Place:
        """The directory, for messages."""
        return Place(str(self.directory))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn a failing disk into one clear line; finished parts stay."""
        try:
            yield
        except OSError as error:
            raise InputError.at(
                self.place,
                f"cannot be written: {error.strerror or error}",
                "finished parts are kept: make room and run the same command again",
            ) from None

    def adopt(self) -> None:
        """Write the manifest of a new scan, or check the one that is there."""
        wanted = {
            "format": FORMAT,
            "plan": self.plan.identity,
            "scan": self.plan.description,
            "code": code_version(),
            "parts": self.parts,
        }
        path = self.state / "manifest.json"
        for draft in [*self.directory.rglob(".draft-*")]:
            draft.unlink()
        if not path.exists():
            results = ("best.csv", "pareto.csv", "summary.json")
            if any((self.directory / name).exists() for name in results):
                raise InputError.at(
                    self.place, "holds results without their manifest", "choose an empty directory"
                )
            self.write(path, json.dumps(wanted, indent=1).encode())
            return
        try:
            kept = json.loads(path.read_text())
        except (ValueError, RecursionError):
            kept = {}
        kept = kept if isinstance(kept, dict) else {}
        for key in ("plan", "code", "format", "parts"):
            if kept.get(key) != wanted[key]:
                same_plan = key in ("code", "format")
                what = "version of the program" if same_plan else f"plan{self._change(kept)}"
                raise InputError.at(
                    self.place,
                    f"holds a scan of another {what}",
                    "choose another --out, or delete this directory",
                )

    def _change(self, kept: dict[str, Any]) -> str:
        """Which words of the plan differ from those of the manifest."""
        now, then = self.plan.description, kept.get("scan") or {}
        changed = [key for key in now if str(now[key]) != str(then.get(key))]
        shown = ", ".join(f"{key} was {then.get(key)!r} and is {now[key]!r}" for key in changed)
        return f": {shown or 'a network or profile has other contents now'}"

    def write(self, path: Path, content: bytes) -> None:
        """Write `content` at `path`, whole or not at all, and on the disk when this returns."""
        draft = path.with_name(f".draft-{path.name}")
        try:
            with draft.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def table(self, number: int) -> Path:
        """Where the points of a part are kept."""
        return self.directory / "points" / f"part-{number:06}.parquet"

    def record(self, number: int) -> Path:
        """Where the record of a finished part is kept."""
        return self.state / f"part-{number:06}.json"

    def save(self, number: int, part: ScanPart) -> None:
        """Keep a finished part: first its table, then the record that makes it count."""
        with self.told():
            if self.plan.points:
                self.write(self.table(number), part.table)
            text = json.dumps(vars(part) | {"table": _digest(part.table)})
            self.write(self.record(number), f"{_digest(text.encode())}\n{text}\n".encode())

    def load(self, number: int) -> ScanPart | None:
        """A finished part without its table; None if it is absent or damaged."""
        try:
            digest, text = self.record(number).read_text().splitlines()
            table = self.table(number).read_bytes() if self.plan.points else b""
            content = json.loads(text)
            if (digest, content["table"]) != (_digest(text.encode()), _digest(table)):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        front = [(tuple(vector), index, count) for vector, index, count in content["front"]]
        return ScanPart(content["feasible"], [(v, i) for v, i in content["best"]], front)


def _digest(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
