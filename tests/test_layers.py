"""Contract tests: whatever discovery finds is put through all of these by itself."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from costmodel.core import kinds
from costmodel.core.builder import Builder, apply
from costmodel.core.convention import CONVENTIONS
from costmodel.core.counting import Counting, prepare
from costmodel.core.formula import evaluate
from costmodel.core.graph_pass import PASSES
from costmodel.core.layer import Example, Layer, make
from costmodel.core.live import live_internal_bytes
from costmodel.core.loading import load_network
from costmodel.core.machine import Machine
from costmodel.core.network import Facts, Network
from costmodel.core.output import FORMATS, PICTURES
from costmodel.core.placement import PLACEMENTS
from costmodel.core.registry import headline
from costmodel.core.tally import Tally, elements
from costmodel.core.timing import TIMINGS
from costmodel.errors import Place
from costmodel.papers import PAPERS
from costmodel.studies.validate import validate

KINDS = sorted(kinds.kinds())
CASES = [
    pytest.param(kind, example, id=f"{word}-{number}")
    for word, kind in sorted(kinds.kinds().items())
    for number, example in enumerate(kind.examples)
]
REQUIRED = {
    "conv2d", "depthwise_conv2d", "linear", "batch_norm", "relu", "relu6", "sigmoid", "max_pool", "avg_pool",
    "global_avg_pool", "softmax", "add", "mul", "concat", "flatten", "dropout", "fractional_max_pool", "channel_split",
    "channel_shuffle", "strided_slice", "reshape", "hard_swish",
}  # fmt: skip


def network(kind: type[Layer], example: Example) -> Network:
    """One layer of `kind`, alone."""
    builder = Builder()
    taps = tuple(builder.input(f"in{n}", shape) for n, shape in enumerate(example.inputs))
    outputs = builder.row(
        "layer", "layer", "", Place("example"), [make(kind, example.attributes)], taps
    )
    return builder.network(Facts("example", "test", "example", outputs))


def test_the_kinds_that_were_asked_for_exist() -> None:
    assert set(KINDS) >= REQUIRED


@pytest.mark.parametrize("word", KINDS)
def test_a_kind_describes_itself(word: str) -> None:
    kind = kinds.get(word)
    assert headline(kind)
    assert kind.source
    assert kind.examples


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_twin_agrees(kind: type[Layer], example: Example) -> None:
    """Output shapes, trainable parameters and running statistics are torch's."""
    for comparison in validate(network(kind, example)):
        assert comparison.agrees, comparison.line()


@pytest.mark.parametrize(("kind", "example"), CASES)
@pytest.mark.parametrize("word", CONVENTIONS.names())
def test_conventions_count_no_less_than_nothing(
    word: str, kind: type[Layer], example: Example
) -> None:
    convention = CONVENTIONS.load(word)
    part = apply(make(kind, example.attributes), example.inputs)
    assert convention.ops(kind.kind, part.tally) >= 0
    assert convention.params(part.tally) >= 0
    assert part.tally.in_elements == elements(example.inputs)
    assert part.tally.out_elements == elements(part.outputs)


@pytest.mark.parametrize("word", CONVENTIONS.names())
@pytest.mark.parametrize("kind", KINDS)
def test_conventions_serve_arrays(word: str, kind: str) -> None:
    """Counting an array of tallies gives the array of the counts."""
    convention = CONVENTIONS.load(word)
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 1000, (len(Tally.__dataclass_fields__), 7))
    singles = [Tally(*map(int, column)) for column in columns.T]
    many = Tally(*columns)
    assert np.array_equal(convention.ops(kind, many), [convention.ops(kind, t) for t in singles])
    assert np.array_equal(convention.params(many), [convention.params(t) for t in singles])


POINTS: dict[str, Any] = {
    "bandwidth": np.array([1e9, 2e9, 3e8]), "memory": np.array([100.0, 1e6, 480.0]),
    "matrix": np.array([1e12, 1e10, 7e9]), "host": np.array([1e9, 5e8, 1e10]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_every_kind_is_the_same_alone_and_in_an_array(kind: type[Layer], example: Example) -> None:
    same_alone(network(kind, example), "per_tensor", "serial")


@pytest.mark.parametrize("place", PLACEMENTS.names())
@pytest.mark.parametrize("time", TIMINGS.names())
def test_every_model_is_the_same_alone_and_in_an_array(time: str, place: str) -> None:
    """On one network with branches, views, and maps that live long."""
    same_alone(load_network("shufflenet_v2", {"resolution": 32}), place, time)


def same_alone(network: Network, place: str, time: str) -> None:
    """Design points evaluated together are the points evaluated one by one, bit for bit."""
    flops = CONVENTIONS.load("flops")
    workload = prepare(network, Counting(flops, flops))
    policy, model = PLACEMENTS.load(place), TIMINGS.load(time)
    together = evaluate(workload, Machine(**POINTS), policy, model)
    alive = live_internal_bytes(workload, together.plan)
    for point in range(3):
        machine = Machine(**{name: values[point] for name, values in POINTS.items()})
        alone = evaluate(workload, machine, policy, model)
        for name in ("external_bytes", "transfer", "matrix", "host", "total"):
            assert np.array_equal(
                getattr(together, name)[point]
                if getattr(together, name).ndim == 2
                else getattr(together, name),
                getattr(alone, name),
            ), name
        assert np.array_equal(alive[point], live_internal_bytes(workload, alone.plan))


@pytest.mark.parametrize(
    "family", [CONVENTIONS, PLACEMENTS, TIMINGS, PASSES, PAPERS, FORMATS, PICTURES]
)
def test_models_describe_themselves(family: Any) -> None:
    for word in family.names():
        model = family.load(word)
        assert headline(model)
        assert model.source


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_a_layer_makes_a_two_level_graph(kind: type[Layer], example: Example) -> None:
    graph = network(kind, example)
    assert nx.is_directed_acyclic_graph(graph)
    assert set(graph.predecessors("layer")) == {f"in{n}" for n in range(len(example.inputs))}


# Hand arithmetic: (kind, attributes, inputs, expected counts). Derivations in the comments.
TALLIES: list[tuple[str, dict[str, Any], Any, dict[str, int]]] = [
    # 3x3 kernel, 3 -> 8 channels on 10x12 without padding: 8x10 outputs; 216 weights each used 80 times
    ("conv2d", {"filters": 8, "kernel": 3}, ((3, 10, 12),), {"weights": 216, "macs": 17280, "biases": 0}),
    # groups of 2: each of 6 filters sees 2 of 4 channels: 5 * 5 * 2 * 6 = 300 weights; same padding keeps 9x9
    ("conv2d", {"filters": 6, "kernel": 5, "groups": 2, "padding": "same", "bias": True}, ((4, 9, 9),),
     {"weights": 300, "macs": 300 * 81, "biases": 6}),
    # strided same: ceil(7 / 2) x ceil(8 / 2) = 4 x 4; 9 * 4 * 2 = 72 weights
    ("depthwise_conv2d", {"kernel": 3, "padding": "same", "stride": 2, "multiplier": 2}, ((4, 7, 8),),
     {"weights": 72, "macs": 72 * 16}),
    ("linear", {"features": 10}, ((64,),), {"weights": 640, "macs": 640, "biases": 10}),
    ("linear", {"features": 12, "bias": False}, ((7, 8),), {"weights": 96, "macs": 96 * 7, "biases": 0}),
    ("batch_norm", {}, ((6, 5, 4),), {"muls": 120, "adds": 120, "bn_scale": 6, "bn_shift": 6, "bn_mean": 6, "bn_variance": 6}),
    ("relu", {}, ((3, 4, 5),), {"compares": 60}),
    ("relu6", {}, ((3, 4, 5),), {"compares": 120}),
    # 3x3 windows, stride 2, padding 1 on 9x9: floor((9 + 2 - 3) / 2) + 1 = 5; 8 comparisons each
    ("max_pool", {"kernel": 3, "stride": 2, "padding": 1}, ((4, 9, 9),), {"compares": 8 * 4 * 25}),
    # 2x2 on 8x7: 4x3 outputs per channel; 3 additions and 1 division each
    ("avg_pool", {"kernel": 2}, ((4, 8, 7),), {"adds": 3 * 48, "divs": 48}),
    ("global_avg_pool", {}, ((6, 7, 7),), {"adds": 6 * 48, "divs": 6}),
    ("softmax", {}, ((10,),), {"exps": 10, "adds": 10, "divs": 10}),
    ("add", {}, ((3, 4, 5),) * 3, {"adds": 120}),
    ("add", {"weights": [0.5, 0.5]}, ((3, 4, 5),) * 2, {"adds": 60, "muls": 120}),
    # windows of 2x2, whatever their places: 3 comparisons for each of 4 * 22 * 22 outputs
    ("fractional_max_pool", {"size": 22}, ((4, 32, 32),), {"compares": 3 * 4 * 484}),
    ("hard_swish", {}, ((10,),), {"adds": 10, "compares": 20, "muls": 20}),
    ("channel_split", {"sizes": [1, 2]}, ((3, 4, 5),), {}),
    ("channel_shuffle", {"groups": 3}, ((6, 4, 5),), {}),
    ("mul", {}, ((3, 4, 5), (3, 1, 1)), {"muls": 60}),
    ("concat", {}, ((3, 4, 5), (2, 4, 5)), {}),
]  # fmt: skip


@pytest.mark.parametrize(("word", "attributes", "inputs", "counts"), TALLIES)
def test_tallies_by_hand(
    word: str, attributes: dict[str, Any], inputs: Any, counts: dict[str, int]
) -> None:
    tally = apply(make(kinds.get(word), attributes), inputs).tally
    geometry = {"in_elements", "out_elements", "in_channels"}
    found = {
        name: getattr(tally, name) for name in Tally.__dataclass_fields__ if name not in geometry
    }
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in counts.items() if v}


# (convention, kind, attributes, inputs, ops): the rules as the design and the papers word them.
OPS: list[tuple[str, str, dict[str, Any], Any, int]] = [
    ("flops", "batch_norm", {}, ((6, 5, 4),), 2 * 120),
    ("flops", "relu", {}, ((6, 5, 4),), 120),
    ("flops", "max_pool", {"kernel": 3, "stride": 2}, ((4, 9, 9),), 8 * 64),
    ("flops", "avg_pool", {"kernel": 3, "stride": 2}, ((4, 9, 9),), 9 * 64),
    ("flops", "softmax", {}, ((10,),), 30),
    ("flops", "depthwise_conv2d", {"kernel": 3, "padding": "same"}, ((64, 56, 56),), 2 * 9 * 64 * 56 * 56),
    ("hairnet", "depthwise_conv2d", {"kernel": 3, "padding": "same"}, ((64, 56, 56),), 2 * 9 * 64 * 64 * 56 * 56),
    ("hairnet", "batch_norm", {}, ((6, 5, 4),), 4 * 120),
    ("hairnet", "max_pool", {"kernel": 2}, ((1000, 7, 7),), 49000),
    ("hairnet", "global_avg_pool", {}, ((1000, 7, 7),), 49000),
    ("hairnet", "sigmoid", {}, ((10,),), 30),
    ("macs", "batch_norm", {}, ((6, 5, 4),), 0),
    ("macs", "linear", {"features": 10}, ((64,),), 640),
    ("keras", "batch_norm", {}, ((6, 5, 4),), 240),
]  # fmt: skip


@pytest.mark.parametrize(("convention", "word", "attributes", "inputs", "ops"), OPS)
def test_ops_by_hand(
    convention: str, word: str, attributes: dict[str, Any], inputs: Any, ops: int
) -> None:
    tally = apply(make(kinds.get(word), attributes), inputs).tally
    assert CONVENTIONS.load(convention).ops(word, tally) == ops


def test_keras_counts_four_values_per_channel() -> None:
    tally = apply(make(kinds.get("batch_norm"), {}), ((6, 5, 4),)).tally
    counted = {word: CONVENTIONS.load(word).params(tally) for word in CONVENTIONS.names()}
    assert counted == {"flops": 12, "hairnet": 12, "macs": 12, "keras": 24}
