"""A piece of a network: from some of its rows to others, with what it reads as inputs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import networkx as nx

from costmodel.core.network import Network, Row, Tap, changed
from costmodel.errors import InputError, Place, Problems, did_you_mean

MOST = 20
"""Names that an error lists."""


def unknown_node(word: str, known: Collection[str]) -> tuple[str, str]:
    """What is wrong with a name that no node has, and the remedy."""
    remedy = did_you_mean(word, known)
    if remedy.startswith("known:") and len(set(known)) > MOST:
        remedy = "'costmodel simulate' prints the rows of the whole"
    return f"no node is called '{word}'", remedy


def section(network: Network, start: Sequence[str], end: Sequence[str]) -> Network:
    """Cut a piece out of a network.

    Parameters
    ----------
    network : Network
        The whole.
    start, end : sequence of str
        Rows by their ids, which belong to the piece: it holds what stands behind any row of
        `start` and what any row of `end` needs. Empty: it is not cut on that side.

    Returns
    -------
    Network
        The piece. What it reads from outside is its input, under the name of the row that gives it.

    Raises
    ------
    InputError
        For names that no row has, and where nothing lies between.

    """
    problems, known = Problems(), {row.id for row in network.rows}
    for option, words in (("--from", start), ("--to", end)):
        for word in words:
            if word not in known:
                problems.add(Place(f"{option} {word}"), *unknown_node(word, known))
    problems.raise_if_any()
    inside = known
    if start:
        inside = inside & set(start).union(*(nx.descendants(network, word) for word in start))
    if end:
        inside = inside & set(end).union(*(nx.ancestors(network, word) for word in end))
    if not inside:
        raise InputError.at(
            Place(f"--from {' '.join(start)}"), f"no row leads to {' '.join(end)}", "name others"
        )
    entering = dict[tuple[str, int], Tap]()
    rows = [_row(row, inside, entering) for row in network.rows if row.id in inside]
    ends = set(end) or {tap.node for tap in network.outputs}
    outputs = tuple(tap for row in rows if row.id in ends for tap in row.taps)
    return network.with_rows(rows, tuple(entering.values()), outputs)


def _row(row: Row, inside: set[str], entering: dict[tuple[str, int], Tap]) -> Row:
    """A row whose inputs from outside are inputs of the piece, which are noted in `entering`."""
    inputs = []
    for tap in row.inputs:
        if tap.node not in inside:
            name = tap.node if tap.port == 0 else f"{tap.node}.{tap.port}"
            source = entering.setdefault(tap.key, changed(tap, node=name, port=0))
            tap = changed(tap, node=source.node, port=0)
        inputs.append(tap)
    return changed(row, inputs=tuple(inputs))
