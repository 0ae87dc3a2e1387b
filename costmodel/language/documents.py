"""YAML files with every line and column kept.

ruamel.yaml composes the node tree under YAML 1.2 rules (``1e9`` is a number, ``on`` is text);
this module walks it once into `Node`, refusing duplicate keys and documents that unfold
beyond measure. Positions live beside the values, so the values stay plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from costmodel.errors import BadValue, InputError, Place, Problems, did_you_mean
from costmodel.language.depth import MAX_DEPTH, too_deep

MAX_BYTES = 4_000_000
"""[B] a hand-written file is a thousand times smaller."""
CHUNK = 1_000_000
"""[B] read at once."""
MAX_NODES = 100_000
"""Unfolded through aliases; stops "billion laughs" documents early."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A YAML value: a scalar, a list of Nodes, or a dict of Nodes, and where it stands."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)

    def mapping(self, what: str) -> dict[str, Node]:
        """The entries of a mapping; InputError naming `what` if it is something else."""
        self._need(
            isinstance(self.value, dict), what, "a mapping", "write it as 'key: value' lines"
        )
        entries: dict[str, Node] = self.value
        return entries

    def sequence(self, what: str) -> list[Node]:
        """The entries of a list; InputError naming `what` if it is something else."""
        remedy = "write it as [a, b] or as '- item' lines"
        self._need(isinstance(self.value, list), what, "a list", remedy)
        entries: list[Node] = self.value
        return entries

    def text(self, what: str) -> str:
        """A non-empty string; InputError naming `what` if it is something else."""
        worded = isinstance(self.value, str) and self.value.strip() != ""
        self._need(worded, what, "text", "put it in quotes if it looks like a number")
        return str(self.value)

    def _need(self, fits: bool, what: str, form: str, remedy: str) -> None:
        """Raise InputError where the value has not the form that `what` must have."""
        if not fits:
            raise InputError.at(self.place, f"{what} must be {form}, got {self.shown()}", remedy)

    @contextmanager
    def placing(self, prefix: str = "") -> Iterator[None]:
        """Let a BadValue from inside the block be an InputError here, its text led by `prefix`."""
        try:
            yield
        except BadValue as error:
            raise error.at(self.place, prefix) from None

    def plain(self) -> Any:
        """The value without positions: scalars, lists and dicts."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value

    def shown(self) -> str:
        """The value as an error message quotes it, cut short."""
        if isinstance(self.value, dict):
            return "a mapping"
        text = repr(self.plain())
        return text if len(text) <= 60 else text[:57] + "..."

    def check_keys(self, what: str, known: Iterable[str], problems: Problems) -> None:
        """Note every key of this mapping that is not in `known`."""
        words = list(known)
        for key, place in self.keys.items():
            if key not in words:
                problems.add(place, f"unknown key '{key}' in {what}", did_you_mean(key, words))

    def require(self, what: str, needed: Iterable[str], problems: Problems) -> None:
        """Note every key in `needed` that this mapping lacks."""
        for key in needed:
            if key not in self.value:
                problems.add(self.place, f"{what} has no '{key}'", f"add '{key}: ...'")


def read_text(path: str | Path, most: int = MAX_BYTES, wanted: str = "a YAML text file") -> str:
    """The text of a UTF-8 file; InputError for a missing, unreadable, empty or binary one."""
    place = Place(str(path))
    try:
        with Path(path).open("rb") as stream:
            data = _at_most(stream, most)
    except FileNotFoundError:
        raise InputError.at(place, "no such file", _nearby(Path(path))) from None
    except IsADirectoryError:
        raise InputError.at(place, "is a directory", "name a file inside it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.at(place, f"cannot be read: {reason}", "check the path") from None
    if len(data) > most:
        raise InputError.at(place, f"is over {most} bytes long", f"{wanted} is needed")
    if b"\0" in data:
        raise InputError.at(place, "is a binary file", f"{wanted} is needed")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise InputError.at(
            Place(str(path), line, column),
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        ) from None
    if not text.strip():
        raise InputError.at(place, "is empty", f"{wanted} is needed")
    return text


def _at_most(stream: BinaryIO, most: int) -> bytes:
    """What a file holds; of one that holds over `most` bytes a little more than that.

    A device has no end, and to ask for many bytes at once takes the memory whether they come or
    not.
    """
    parts, held = list[bytes](), 0
    while held <= most and (part := stream.read(CHUNK)):
        parts.append(part)
        held += len(part)
    return b"".join(parts)


def load(path: str | Path, problems: Problems | None = None) -> Node:
    """The document in the YAML file `path`. Raises InputError with file, line and column.

    Mistakes that leave a document to go on with (a duplicate key) are added to `problems` if given.
    """
    return parse(read_text(path), str(path), problems)


def parse(text: str, file: str, problems: Problems | None = None) -> Node:
    """The YAML document `text`; `file` is the name its places bear. Raises InputError."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    from costmodel.language.shallow import Deep, shallow_yaml

    yaml = shallow_yaml()
    try:
        root = yaml.compose(text)
        if root is None:
            raise InputError.at(Place(file), "holds no YAML document", "only comments were found")
        seen = Problems()
        node = _Walk(file, yaml.constructor, seen).node(root)
    except MarkedYAMLError as error:
        place = _place(file, error.problem_mark or error.context_mark)
        what = error.problem or error.context or "not valid YAML"
        raise InputError.at(
            place, f"YAML: {what}", "check indentation, quotes and brackets"
        ) from None
    except YAMLError as error:
        what = str(error).splitlines()[0]
        raise InputError.at(Place(file), f"YAML: {what}", "a YAML text file is needed") from None
    except Deep as error:
        raise too_deep(_place(file, error.mark)) from None
    except InputError:
        raise
    # the parser has ways to fail that it has no name for
    except Exception as error:
        raise InputError.at(
            Place(file), f"YAML: cannot be read ({type(error).__name__})", "a YAML file is needed"
        ) from None
    if problems is None:
        seen.raise_if_any()
    else:
        problems.found.extend(seen.found)
    return node


def _place(file: str, mark: Any) -> Place:
    """The place of ruamel's mark, which counts from 0; the whole file where there is none."""
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)


class _Walk:
    """One pass over ruamel's node tree; counts what aliases unfold to."""

    def __init__(self, file: str, constructor: Any, problems: Problems) -> None:
        self.file, self.constructor, self.problems = file, constructor, problems
        self.count = self.depth = 0

    def place(self, raw: Any) -> Place:
        """Where ruamel's node begins."""
        return _place(self.file, raw.start_mark)

    def node(self, raw: Any) -> Node:
        """The value of ruamel's node with all values in it. Raises InputError."""
        self.count += 1
        if self.count > MAX_NODES:
            what = f"the document unfolds to over {MAX_NODES} values"
            raise InputError.at(self.place(raw), what, "use blocks and repeat instead of aliases")
        if raw.id == "scalar":
            return Node(self.scalar(raw), self.place(raw))
        # aliases may lead deeper than the text does
        if self.depth >= MAX_DEPTH:
            raise too_deep(self.place(raw))
        self.depth += 1
        keys: dict[str, Place] = {}
        if raw.id == "mapping":
            value: Any = {key: self.node(inner) for key, inner in self.entries(raw, keys)}
        else:
            value = [self.node(item) for item in raw.value]
        self.depth -= 1
        return Node(value, self.place(raw), keys)

    def entries(self, raw: Any, keys: dict[str, Place]) -> Iterator[tuple[str, Any]]:
        """The entries of a mapping under sound keys; `keys` gets the place of each."""
        for key_node, value_node in raw.value:
            place, key = self.place(key_node), key_node.value
            if key_node.id != "scalar":
                self.problems.add(place, "a key must be plain text", "write 'name: value'")
            elif key in keys:
                what = f"duplicate key '{key}', first on line {keys[key].line}"
                self.problems.add(place, what, "rename or remove one of them")
            else:
                keys[key] = place
                yield key, value_node

    def scalar(self, raw: Any) -> Any:
        """A number, a truth value, nothing, or text. Raises InputError for any other tag."""
        kind = raw.tag.rsplit(":", 1)[-1]
        make = getattr(self.constructor, f"construct_yaml_{kind}", None)
        if kind not in ("int", "float", "bool", "null", "str") or make is None:
            if kind in ("timestamp", "merge", "value"):
                return raw.value
            raise InputError.at(self.place(raw), f"unsupported YAML tag '{raw.tag}'", "remove it")
        try:
            return make(raw)
        # a reader of one word may stumble in any way over what is none
        except Exception:
            digits = raw.value.strip("+-_").isdigit()
            what = "too large a number" if digits else f"no {kind}"
            raise InputError.at(
                self.place(raw), f"'{raw.value[:40]}' is {what}", "write it out plainly"
            ) from None


def _nearby(path: Path) -> str:
    """A remedy for a missing file: the nearest name in the same folder."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return "check the path"
    hint = did_you_mean(path.name, names) if names else ""
    return hint if hint.startswith("did you mean") else "check the path"
