"""A scan written as a YAML file, to a `ScanRequest`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costmodel.core.graph_pass import passes_of
from costmodel.errors import InputError, Place, Problems
from costmodel.language import dtypes, shipped
from costmodel.language.documents import Node, load
from costmodel.studies.scan.request import POLICIES, ScanRequest

KINDS: dict[str, type] = {
    "sample": str,
    "n": int,
    "seed": int,
    "best": int,
    "by": str,
    "combine": str,
    "points": bool,
    "attained": bool,
    "batch": int,
}
WORDS = {str: "text", int: "a whole number", bool: "true or false"}
LISTS = ("arch", "hw", "where", "pareto", "passes")
MAPPINGS = {"axes": "axes", "derive": "derive", "set": "settings", "over": "over"}
"""Keys, and the fields of `ScanRequest` that they fill."""
KEYS = (*LISTS, *MAPPINGS, *KINDS, *POLICIES)


def is_scan_file(word: str) -> bool:
    """True for a YAML file that describes a scan rather than an architecture."""
    if Path(word).suffix not in (".yaml", ".yml") or not Path(word).is_file():
        return False
    try:
        top = load(word).value
    except InputError:
        # whoever reads it in earnest says what is wrong
        return False
    return isinstance(top, dict) and "axes" in top and "layers" not in top


def read_scan_file(path: str) -> ScanRequest:
    """The request in the YAML file `path`, with the mistakes seen so far in its `problems`.

    Architectures and profiles may be named relative to the file. Raises InputError for no YAML
    mapping.
    """
    problems = Problems()
    root = load(path, problems)
    top = root.mapping("a scan")
    root.check_keys("the scan", KEYS, problems)
    places = dict.fromkeys(("arch", "hw"), Place(path))
    places |= {key: node.place for key, node in top.items()}
    request = ScanRequest(places=places, problems=problems)
    for key in KINDS.keys() & top:
        with problems.collect():
            setattr(request, key, _typed(key, top[key]))
    for key in top.keys() & LISTS:
        value = top[key].plain()
        setattr(request, key, [str(v) for v in (value if isinstance(value, list) else [value])])
    if request.passes is not None:
        with problems.collect():
            request.passes = [*passes_of(map(str, request.passes), places["passes"])]
    for key in MAPPINGS.keys() & top:
        with problems.collect():
            nodes = top[key].mapping(key)
            setattr(request, MAPPINGS[key], {name: node.plain() for name, node in nodes.items()})
            request.places |= {f"{key} {name}": node.place for name, node in nodes.items()}
    request.choices = {key: dtypes.text_of(top[key].plain()) for key in POLICIES if key in top}
    beside = Path(path).parent
    for name in list(request.over):
        found = shipped.beside(beside, name)
        request.places[f"over {found}"] = request.places[f"over {name}"]
        request.over[found] = request.over.pop(name)
    for word in ("arch", "hw"):
        setattr(request, word, [shipped.beside(beside, name) for name in getattr(request, word)])
        if isinstance(request.axes.get(word), list):
            request.axes[word] = [shipped.beside(beside, str(name)) for name in request.axes[word]]
    return request


def _typed(key: str, node: Node) -> Any:
    """The value of a key that takes a single one. Raises InputError for another type."""
    value, kind = node.plain(), KINDS[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError.at(node.place, f"'{key}' is {value!r}", f"write {WORDS[kind]}")
    return value
