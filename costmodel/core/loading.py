"""Networks from files, each read once for as long as the files stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from costmodel.core.content_cache import FileCache
from costmodel.core.frontend import FRONT_ENDS, FrontEnd
from costmodel.core.network import Network
from costmodel.errors import InputError, Place
from costmodel.language import shipped

LOADED: FileCache[Network] = FileCache(128)


def load_network(
    architecture: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
    start: Sequence[str] = (),
    end: Sequence[str] = (),
) -> Network:
    """Read the network in a file, or a shipped one.

    Files are read once: again only when one of them has another time or size. Networks are frozen,
    so callers may share them.

    Parameters
    ----------
    architecture : str or Path
        A YAML file, an ONNX file, a `config.json`, or the short name of a shipped network.
    settings : mapping, optional
        Values of its variables, or of the open dimensions of an ONNX file.
    strict : bool
        True: refuse operators that are not known instead of counting them as data movement.
    start, end : sequence of str
        Rows, or nodes of an ONNX file, between which the network is cut out; they belong to it.
        What lies outside need not be countable.

    Returns
    -------
    Network
        The graph of its rows, every variable bound.

    Raises
    ------
    InputError
        With every mistake at its place.

    Examples
    --------
    >>> network = load_network("hairnet", {"classes": 10})
    >>> len(network.rows), network.outputs[0].shape
    (66, (10,))

    """
    path = shipped.find(str(architecture), "archs")
    if settings is not None and not isinstance(settings, Mapping):
        raise InputError.at(Place("settings"), f"is {settings!r}", "give a dict of variables")
    given = dict(settings or {})
    options = (repr(sorted(given.items(), key=lambda item: str(item[0]))), strict, *start, "", *end)

    def load() -> tuple[Network, list[Path]]:
        reader = front_end(path)
        if start or end:
            network, files = reader.load_piece(path, given, start, end, strict=strict)
            ways = [
                f"{way} {', '.join(words)}"
                for way, words in (("from", start), ("to", end))
                if words
            ]
            facts, note = network.facts, f"a piece of the network, {' '.join(ways)}"
            network.graph["facts"] = replace(facts, notes=(note, *facts.notes))
            return network, files
        return reader.load(path, given, strict=strict)

    return LOADED.get(path, options, load)


def front_end(path: Path) -> FrontEnd:
    """Choose the front end for a file by its suffix; YAML for a suffix that nobody claims."""
    if path.suffix in ("", ".yaml", ".yml"):
        return FRONT_ENDS.load("yaml")
    ends = (FRONT_ENDS.load(word) for word in FRONT_ENDS.names())
    return next((one for one in ends if path.suffix in one.suffixes), FRONT_ENDS.load("yaml"))
