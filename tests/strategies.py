"""Random networks and machines for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from costmodel import conventions, layers
from costmodel.arch.network import Builder, Network, Taps
from costmodel.errors import Place
from costmodel.layers import make
from costmodel.workload import Counting, Workload, prepare

FLOPS = conventions.load("flops")


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A random DAG of relu, add, conv and flatten-free rows on maps of one size."""
    builder = Builder()
    maps: list[Taps] = [(builder.input("input", (4, 6, 6)),)]
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["relu", "add", "conv2d", "dropout"]))
        reads = draw(
            st.lists(
                st.sampled_from(maps), min_size=1 + (kind == "add"), max_size=1 + (kind == "add")
            )
        )
        attributes = {"filters": 4, "kernel": 3, "padding": "same"} if kind == "conv2d" else {}
        layer = make(layers.get(kind), attributes)
        taps = tuple(tap for one in reads for tap in one)
        maps.append(builder.row(f"r{number}", "r", "b", Place("random"), [layer], taps))
    return Network("random", "test", "random", builder.graph, maps[-1])


def counted(network: Network, batch: int = 1) -> Workload:
    return prepare(network, Counting(FLOPS, FLOPS, batch=batch))
