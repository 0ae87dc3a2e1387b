"""Pieces of a map that its writer can write apart."""

from __future__ import annotations

from dataclasses import replace

from costmodel.core.builder import extended
from costmodel.core.network import Key, Network, Row, Tap, changed
from costmodel.models.layers.move import Pieces, StridedView


def cut(network: Network, free: set[str]) -> Network:
    """Pieces that are `free`, of maps that nobody reads whole, as outputs of the maps' writers."""
    rows = {row.id: row for row in network.rows}
    kept = {tap.node for tap in network.outputs}
    moved: dict[Key, Tap] = {}
    gone: set[str] = set()
    for name, pieces in _free_pieces(rows, free).items():
        inside = {name, *(view.id for _, path in pieces for view in path)}
        allowed = {row.id for row, _ in pieces} | inside
        readers = {reader for node in inside for reader in network.successors(node)}
        if name in gone or len(rows[name].outputs) > 1 or allowed & kept or readers - allowed:
            continue
        written = [tap for row, _ in pieces for tap in row.taps]
        for port, tap in enumerate(written):
            moved[tap.key] = replace(tap, node=name, port=port)
        gone |= allowed - {name}
        rows[name] = _writing(rows[name], written)
    left = (
        changed(row, inputs=tuple(moved.get(tap.key, tap) for tap in row.inputs))
        for row in rows.values()
        if row.id not in gone
    )
    return network.with_rows(left)


def _writing(row: Row, written: list[Tap]) -> Row:
    """`row`, its map written piece by piece."""
    layer = StridedView(tuple(tap.shape for tap in written))
    return replace(
        row,
        parts=extended(row.parts, layer, row.outputs),
        out_bits=tuple(tap.bits for tap in written),
        pieces=any(tap.pieces for tap in written),
    )


def _free_pieces(rows: dict[str, Row], free: set[str]) -> dict[str, list[tuple[Row, list[Row]]]]:
    """The free pieces of what each row writes, and the views on the way to each."""
    pieces: dict[str, list[tuple[Row, list[Row]]]] = {}
    for row in rows.values():
        if row.id not in free or not isinstance(row.layer, Pieces):
            continue
        path, writer = [], rows.get(row.inputs[0].node)
        while writer is not None and writer.view and len(writer.inputs) == 1:
            path.append(writer)
            writer = rows.get(writer.inputs[0].node)
        if writer is not None:
            pieces.setdefault(writer.id, []).append((row, path))
    return pieces
