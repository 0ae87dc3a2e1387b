"""Random networks and machines for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from costmodel.core import kinds
from costmodel.core.builder import Builder
from costmodel.core.convention import CONVENTIONS
from costmodel.core.counting import Counting, prepare
from costmodel.core.layer import make
from costmodel.core.machine import Machine
from costmodel.core.network import Facts, Network, Taps
from costmodel.core.shares import Shares
from costmodel.core.traits import Traits
from costmodel.core.workload import Workload
from costmodel.errors import Place

FLOPS = CONVENTIONS.load("flops")
PERFECT = Traits()

MACHINES = st.builds(Machine, *(st.floats(1.0, 1e6) for _ in range(4)))
"""Four rates and sizes that have little to do with each other."""


Recipe = list[tuple[str, list[int]]]
"""Of each row its kind, and which of the maps so far it reads."""


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """A random DAG of relu, add, conv and flatten-free rows on maps of one size."""
    found: Recipe = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["relu", "add", "conv2d", "dropout"]))
        count = 1 + (kind == "add")
        found.append((kind, draw(st.lists(st.integers(0, number), min_size=count, max_size=count))))
    return found


def built(recipe: Recipe, name: str = "r") -> Network:
    """The network of a recipe, its rows called `name` and a number."""
    builder = Builder()
    maps: list[Taps] = [(builder.input("input", (4, 6, 6)),)]
    for number, (kind, reads) in enumerate(recipe):
        attributes = {"filters": 4, "kernel": 3, "padding": "same"} if kind == "conv2d" else {}
        layer = make(kinds.get(kind), attributes)
        taps = tuple(tap for at in reads for tap in maps[at])
        maps.append(builder.row(f"{name}{number}", name, "b", Place("random"), [layer], taps))
    return builder.network(Facts("random", "test", "random", maps[-1]))


def networks() -> st.SearchStrategy[Network]:
    """Networks of random recipes."""
    return recipes().map(built)


def counted(network: Network, batch: int = 1, traits: Traits = PERFECT) -> Workload:
    return prepare(network, Counting(FLOPS, FLOPS, traits, batch=batch))


def all_traits() -> st.SearchStrategy[Traits]:
    """Machines that reach shares of their peaks."""
    # all of them by name: whatever is left out would be drawn from every float
    share = st.builds(
        Shares,
        compute=st.floats(0.05, 1),
        bandwidth=st.floats(0.05, 1),
        parameters=st.floats(0.05, 1),
        launch=st.sampled_from([0.0, 1e-5]),
        per_head=st.just(0.0),
        per_vector=st.sampled_from([0.0, 1e-7]),
        per_input=st.sampled_from([0.0, 1e-9]),
        exposed=st.sampled_from([0.0, 0.3, 1.0]),
    )
    words = st.sampled_from(["default", "conv2d", "relu", "linear"])
    return st.builds(Traits, st.just({}), st.dictionaries(words, share))


def further() -> st.SearchStrategy[dict[str, float]]:
    """Figures of a machine that change nothing unless they are stated."""
    launches = st.sampled_from([0.0, 1e-5, 1.0])
    return st.fixed_dictionaries(
        {"matrix_launch": launches, "host_launch": launches},
        optional={
            "write_bandwidth": st.sampled_from([1e5, 1e9]),
            "on_chip_bandwidth": st.sampled_from([1e6, 1e12]),
            "overhead": st.sampled_from([1e-3, 2.0]),
        },
    )
