"""Maps that nobody reads."""

from __future__ import annotations

from itertools import islice

from costmodel.arch.network import Builder, Taps


def unread(builder: Builder, outputs: Taps) -> list[str]:
    """Ids of rows that nobody reads and that give no declared output."""
    declared = {tap.node for tap in outputs}
    graph = builder.graph
    loose = (n for n, data in graph.nodes(data=True)
             if "row" in data and n not in declared and not graph.out_degree(n))  # fmt: skip
    return list(islice(loose, 1000))


def warnings(file: str, builder: Builder, outputs: Taps) -> list[str]:
    """One line for the maps that nobody reads."""
    loose = unread(builder, outputs)
    if not loose:
        return []
    places = ((n, builder.graph.nodes[n]["row"].place.line) for n in loose[:6])
    shown = ", ".join(f"{n} (line {line})" if line else n for n, line in places)
    more = f" and {len(loose) - 6} more" if len(loose) > 6 else ""
    return [f"{file}: nobody reads {shown}{more}; declare 'outputs: [...]' if that is meant"]
