"""The order of rows that needs least memory; `test_passes.py` holds it against all orders."""

from __future__ import annotations

from math import prod
from pathlib import Path

from hypothesis import given
from strategies import networks

from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.models.passes.least_memory import RowOrders


def _left_alive(network: Network, done: set[str]) -> int:
    """Elements of the maps that finished rows and the input left for others, map by map."""
    inputs = {tap.key: (tap, "") for tap in network.inputs}
    written = {tap.key: (tap, row.id) for row in network.rows for tap in row.taps}
    behind = {key: [key] for key in inputs}
    for row in network.rows:
        read = [key for tap in row.inputs for key in behind[tap.key]]
        behind |= {tap.key: read if row.view else [tap.key] for tap in row.taps}
    kept = {key for tap in network.outputs for key in behind[tap.key]}
    total = 0
    for key, (tap, writer) in (inputs | written).items():
        readers = {row.id for row in network.rows for t in row.inputs if key in behind[t.key]}
        views = {row.id for row in network.rows if row.view}
        if writer not in views and writer in done | {""} and (key in kept or readers - done):
            total += prod(tap.shape)
    return total


@given(networks())
def test_the_greedy_order_leaves_least_alive_at_each_step(network: Network) -> None:
    """Of the rows that can run, the one after which fewest elements are alive; of equals the first."""
    done: set[str] = set()
    expected: list[int] = []
    for _ in network.rows:
        can_run = [
            (_left_alive(network, done | {row.id}), number)
            for number, row in enumerate(network.rows)
            if row.id not in done
            and all(
                before in done for before in network.pred[row.id] if network.position[before] >= 0
            )
        ]
        expected.append(min(can_run)[1])
        done.add(network.rows[expected[-1]].id)
    assert RowOrders(network).greedy() == expected


def test_many_branches(tmp_path: Path) -> None:
    """400 branches of a map of 640 elements and one of 64, in the file first all wide, then narrow.

    By hand: the input of 64 stays until the last branch has begun. As written, all 400 wide maps
    are alive beside it. Branch by branch the last wide map is beside the input and 399 narrow ones.
    """
    wide, narrow = ([f"{word}{n}" for n in range(400)] for word in ("wide", "narrow"))
    lines = [
        "name: n",
        "source: t",
        "input: [1, 8, 8]",
        f"outputs: [{', '.join(narrow)}]",
        "layers:",
    ]
    lines += [f"  - {row}: {{kind: conv2d, kernel: 1, filters: 10, from: input}}" for row in wide]
    for row, source in zip(narrow, wide, strict=True):
        lines.append(f"  - {row}: {{kind: conv2d, kernel: 1, filters: 1, from: {source}}}")
    (tmp_path / "n.yaml").write_text("\n".join(lines))
    orders = RowOrders(load_network(tmp_path / "n.yaml"))
    assert orders.search() is None
    assert orders.peak(list(range(800))) == 64 + 400 * 640
    assert orders.greedy() == [n + step for n in range(400) for step in (0, 400)]
    assert orders.peak(orders.greedy()) == 64 + 640 + 399 * 64
