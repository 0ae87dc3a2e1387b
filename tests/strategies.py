"""Random networks and machines for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from costmodel import conventions, layers
from costmodel.arch.network import Builder, Network, Taps
from costmodel.errors import Place
from costmodel.layers import make
from costmodel.workload import Counting, Shares, Traits, Workload, prepare

FLOPS = conventions.load("flops")
PERFECT = Traits()


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


def counted(network: Network, batch: int = 1, traits: Traits = PERFECT) -> Workload:
    return prepare(network, Counting(FLOPS, FLOPS, traits, batch=batch))


def all_traits() -> st.SearchStrategy[Traits]:
    """Machines that reach shares of their peaks, launch rows, and take time on chip."""
    share = st.builds(Shares, *[st.floats(0.05, 1)] * 3)
    launch = st.builds(
        lambda a, b: {"matrix": a, "host": b}, *[st.sampled_from([0.0, 1e-5, 1.0])] * 2
    )
    return st.builds(Traits, st.just({}), st.dictionaries(st.sampled_from(["default", "conv2d", "relu", "linear"]), share),
                     st.floats(0.25, 4), launch, st.sampled_from([None, 1e6, 1e12]))  # fmt: skip
