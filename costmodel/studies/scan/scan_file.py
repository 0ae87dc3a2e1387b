"""A scan written as a YAML file, to a `Request`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costmodel.errors import InputError, Place, Problems
from costmodel.language import shipped
from costmodel.language.documents import Node, load
from costmodel.studies.scan.request import POLICIES, Request

KINDS: dict[str, type] = {
    "sample": str,
    "n": int,
    "seed": int,
    "best": int,
    "by": str,
    "points": bool,
    "batch": int,
}
WORDS = {str: "text", int: "a whole number", bool: "true or false"}
LISTS = ("arch", "hw", "where", "pareto", "passes")
MAPPINGS = {"axes": "axes", "derive": "derive", "set": "settings"}
"""Keys, and the fields of `Request` that they fill."""
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


def read_scan_file(path: str) -> Request:
    """The request in the YAML file `path`, with the mistakes seen so far in its `problems`.

    Architectures and profiles may be named relative to the file. Raises InputError for no YAML
    mapping.
    """
    problems = Problems()
    root = load(path, problems)
    top = root.mapping("a scan")
    root.check_keys("the scan", KEYS, problems)
    places = {key: node.place for key, node in top.items()}
    request = Request(places={"arch": Place(path), "hw": Place(path)} | places, problems=problems)
    for key, kind in KINDS.items():
        if key in top:
            with problems.collect():
                setattr(request, key, _typed(key, top[key], kind))
    for key in LISTS:
        if key in top:
            value = top[key].plain()
            words = [str(v) for v in (value if isinstance(value, list) else [value])]
            setattr(request, key, words)
    if request.passes is not None:
        # as on the command line: 'none' for no rewrite where a profile asks for some
        request.passes = [word for word in request.passes if word != "none"]
    for key, field in MAPPINGS.items():
        if key in top:
            with problems.collect():
                getattr(request, field).update(
                    {k: n.plain() for k, n in top[key].mapping(key).items()}
                )
                request.places |= {f"{key} {k}": n.place for k, n in top[key].value.items()}
    request.choices = {key: str(top[key].plain()) for key in POLICIES if key in top}
    beside = Path(path).parent
    for word in ("arch", "hw"):
        setattr(request, word, [shipped.beside(beside, name) for name in getattr(request, word)])
        if isinstance(request.axes.get(word), list):
            request.axes[word] = [shipped.beside(beside, str(name)) for name in request.axes[word]]
    return request


def _typed(key: str, node: Node, kind: type) -> Any:
    value = node.plain()
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError.at(node.place, f"'{key}' is {value!r}", f"write {WORDS[kind]}")
    return value
