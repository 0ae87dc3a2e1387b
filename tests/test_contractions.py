"""A contraction is a contraction: whatever a file calls it, it costs the same everywhere."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any

import numpy as np
import pytest

from costmodel.core import kinds
from costmodel.core.builder import Builder, apply
from costmodel.core.convention import CONVENTIONS, Convention
from costmodel.core.counting import Counting, prepare
from costmodel.core.engine import ENGINE_MODELS, EngineModel
from costmodel.core.formula import evaluate
from costmodel.core.layer import Layer, make
from costmodel.core.machine import Machine
from costmodel.core.network import Facts, Network, Tap
from costmodel.core.placement import PLACEMENTS
from costmodel.core.tally import Shapes, Tally
from costmodel.core.tiling.curves import traffic_curve
from costmodel.core.tiling.nest import Nest, Sweep, Widths
from costmodel.core.tiling.rows import Tiling
from costmodel.core.timing import TIMINGS
from costmodel.core.traffic import TRAFFICS
from costmodel.core.traits import Traits
from costmodel.errors import Place

CASES = [
    pytest.param(make(kind, example.attributes), example.inputs, id=f"{word}-{number}")
    for word, kind in sorted(kinds.kinds().items())
    for number, example in enumerate(kind.examples)
]
Spelling = tuple[str, dict[str, Any], Shapes]


def engines() -> list[EngineModel]:
    """Every shipped shape, its sizes all 8, and all 3 where that divides nothing."""
    made = []
    for word in ENGINE_MODELS.names():
        kind: Any = ENGINE_MODELS.kind(word)
        names = [item.name for item in fields(kind) if item.default is MISSING]
        made += [kind(**dict.fromkeys(names, size)) for size in (8, 3)]
    return made


class MacsAlone(Convention):
    """Two operations for each multiply-add of any kind; nothing else takes time."""

    source = "made for the tests"

    def ops(self, kind: str, tally: Tally) -> Any:
        return 2 * tally.macs

    def params(self, tally: Tally) -> Any:
        return tally.moved_params


@pytest.mark.parametrize(("layer", "inputs"), CASES)
@pytest.mark.parametrize("samples", [1, 3])
def test_contractions_are_all_multiply_adds(layer: Layer, inputs: Shapes, samples: int) -> None:
    """Every example of every kind: none is left out, none is there twice, none exceeds its nest."""
    contractions = layer.contractions(inputs, samples)
    macs = apply(layer, inputs).tally.macs
    assert sum(one.macs for one in contractions) == macs * samples
    assert bool(contractions) == bool(macs)
    for one in contractions:
        assert 0 < one.macs <= one.nest.macs
        for operand in (one.input, one.weights):
            if not isinstance(operand, str):
                assert set(operand) <= set(range(len(inputs)))


def network(spelling: list[Spelling]) -> Network:
    """Rows that each read inputs of their own."""
    builder, outputs = Builder(), list[Tap]()
    for number, (word, attributes, inputs) in enumerate(spelling):
        taps = tuple(builder.input(f"in{number}_{n}", shape) for n, shape in enumerate(inputs))
        layer = make(kinds.get(word), attributes)
        outputs += builder.row(f"row{number}", word, "", Place("test"), [layer], taps)
    return builder.network(Facts("test", "test", "test", tuple(outputs)))


def costs(
    spelling: list[Spelling],
    placement: str,
    traffic: str,
    timing: str,
    memory: float,
    array: EngineModel | None = None,
    batch: int = 2,
) -> dict[str, Any]:
    """What a run of int8 takes altogether; 2 MAC/s, 1 B/s."""
    convention, model = MacsAlone(), TRAFFICS.load(traffic)
    counting = Counting(convention, convention, Traits(array=array), batch, bits=8)
    if model.tiles:
        counting = replace(counting, tiling=Tiling(32, fused=model.fuses))
    work = prepare(network(spelling), counting)
    machine = Machine(bandwidth=1.0, memory=memory, matrix=4.0, host=1.0)
    run = evaluate(work, machine, PLACEMENTS.load(placement), TIMINGS.load(timing), model)
    again = int(run.refetched.sum())
    return {
        "macs": int(work.macs.sum()),
        "compute": float(run.matrix.sum()),
        "bytes": int(run.external_bytes.sum()),
        "again": again,
        "total": float(np.sum(run.total)),
    }


M, K, N, G = 6, 8, 10, 4
HELD: list[Spelling] = [
    ("linear", {"features": N, "bias": False}, ((M, K),)),
    ("linear", {"features": N, "bias": False, "axis": 0}, ((K, M),)),
    ("conv1d", {"filters": N, "kernel": 1}, ((K, M),)),
    ("conv2d", {"filters": N, "kernel": 1}, ((K, 2, 3),)),
    ("conv2d", {"filters": N, "kernel": 1}, ((M, K, 1, 1),)),
    ("conv3d", {"filters": N, "kernel": 1}, ((K, 1, 2, 3),)),
    ("conv_transpose2d", {"filters": N, "kernel": 1}, ((K, 2, 3),)),
    ("matmul", {"constant": [K, N]}, ((M, K),)),
    ("matmul", {"constant": [N, K], "transpose": True}, ((M, K),)),
    ("matmul", {"constant": [N, K], "constant_first": True}, ((K, M),)),
    ("matmul", {"constant": [1, K, N]}, ((2, 3, K),)),
    ("einsum", {"equation": "mk,kn->mn", "constants": [[K, N]]}, ((M, K),)),
    ("einsum", {"equation": "km,nk->nm", "constants": [[N, K]]}, ((K, M),)),
    ("einsum", {"equation": "abk,akn->abn", "constants": [[1, K, N]]}, ((2, 3, K),)),
]  # fmt: skip
MAPS: list[Spelling] = [
    ("matmul", {}, ((G, M, K), (G, K, N))),
    ("matmul", {"transpose": True}, ((G, M, K), (G, N, K))),
    ("matmul", {}, ((2, 2, M, K), (2, 2, K, N))),
    ("einsum", {"equation": "gmk,gkn->gmn"}, ((G, M, K), (G, K, N))),
    ("einsum", {"equation": "mgk,ngk->gmn"}, ((M, G, K), (N, G, K))),
    ("einsum", {"equation": "gmk,gkn->nmg"}, ((G, M, K), (G, K, N))),
]  # fmt: skip
GROUPED: list[Spelling] = [
    ("matmul", {"constant": [G, K, N]}, ((G, M, K),)),
    ("einsum", {"equation": "gmk,gkn->gmn", "constants": [[G, K, N]]}, ((G, M, K),)),
    ("einsum", {"equation": "mgk,gnk->mgn", "constants": [[G, N, K]]}, ((M, G, K),)),
]  # fmt: skip
SPELLINGS = [
    pytest.param(table[0], other, id=f"{name}-{number}")
    for name, table in (("held", HELD), ("maps", MAPS), ("grouped", GROUPED))
    for number, other in enumerate(table[1:], 1)
]
MEMORIES = (30.0, 100.0, 400.0, 1e6)
ARRAYS = engines()


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
@pytest.mark.parametrize("timing", TIMINGS.names())
def test_every_spelling_of_a_product_costs_the_same(
    one: Spelling, other: Spelling, timing: str
) -> None:
    for array in (None, *ARRAYS):
        assert costs([one], "all_external", "once", timing, 1e6, array) == costs(
            [other], "all_external", "once", timing, 1e6, array
        )
    for placement in PLACEMENTS.names():
        for traffic in TRAFFICS.names():
            for memory in MEMORIES:
                if placement == "per_tensor" and traffic == "tiled" and memory < 1e6:
                    # its rule over-commits the memory, which is refused
                    continue
                if placement != "all_external" and traffic == "fused":
                    # what stays on chip is not the placement's to say
                    continue
                asked = (placement, traffic, timing, memory)
                assert costs([one], *asked) == costs([other], *asked)


HEADS: list[list[Spelling]] = [
    [
        ("attention", {"heads": 4, **more}, ((5, 96),)),
        ("attention", {"heads": 4, **more}, ((5, 32), (5, 32), (5, 32))),
        ("attention", more, ((4, 5, 8), (4, 5, 8), (4, 5, 8))),
    ]
    for more in ({}, {"causal": True}, {"causal": True, "window": 2})
] + [
    [
        ("attention", {"heads": 4, "kv_heads": 2}, ((5, 64),)),
        ("attention", {"heads": 4, "kv_heads": 2}, ((5, 32), (5, 16), (5, 16))),
        ("attention", {}, ((4, 5, 8), (2, 5, 8), (2, 5, 8))),
    ]
]


@pytest.mark.parametrize("spellings", HEADS)
@pytest.mark.parametrize("timing", TIMINGS.names())
def test_heads_cost_the_same_wherever_they_stand(spellings: list[Spelling], timing: str) -> None:
    """Side by side in one map or in three, or on an axis of their own."""
    for array in (None, *ARRAYS):
        for traffic in TRAFFICS.names():
            for memory in (80.0, 200.0, 1e6):
                asked = ("all_external", traffic, timing, memory, array)
                first, *others = [costs([one], *asked) for one in spellings]
                assert all(other == first for other in others)


def test_attention_is_two_products_of_a_query_with_the_keys_it_may_see() -> None:
    """One token after 20, a window of 6: 4 heads of 6 keys, 8 + 8 multiply-adds each."""
    step = make(kinds.get("attention"), {"heads": 4, "causal": True, "context": 20, "window": 6})
    (one,) = step.contractions(((1, 96),), 3)
    assert one.macs == one.nest.macs == 3 * 4 * 6 * 16
    assert one.weights == "state"


@pytest.mark.parametrize("array", ARRAYS, ids=repr)
def test_two_of_a_layer_cost_what_two_layers_cost(array: EngineModel) -> None:
    """A cell of one step is a product of the input and one of the state, for each direction."""
    cell: list[Spelling] = [("recurrent", {"cell": "rnn", "hidden": N, "bias": False}, ((1, K),))]
    dense: list[Spelling] = [
        ("linear", {"features": N, "bias": False}, ((1, size),)) for size in (K, N)
    ]
    for memory in (1e6, 40.0):
        asked = ("all_external", "tiled", "serial", memory, array)
        mine, theirs = costs(cell, *asked), costs(dense, *asked)
        assert mine["macs"] == theirs["macs"]
        assert mine["compute"] == theirs["compute"]


@pytest.mark.parametrize("array", ARRAYS, ids=repr)
@pytest.mark.parametrize("memory", [30.0, 100.0, 400.0, 1e6])
def test_one_expert_is_a_gated_network(array: EngineModel, memory: float) -> None:
    """A router, two products side by side, and one back; what is moved again is theirs too."""
    hidden, tokens, features = 5, 7, 6
    moe: list[Spelling] = [
        ("moe", {"experts": 1, "top_k": 1, "hidden": hidden}, ((tokens, features),))
    ]
    rows: list[Spelling] = [
        ("linear", {"features": out, "bias": False}, ((tokens, size),))
        for out, size in ((1, features), (2 * hidden, features), (features, hidden))
    ]
    asked = ("all_external", "tiled", "serial", memory, array)
    mine, theirs = costs(moe, *asked), costs(rows, *asked)
    for word in ("macs", "compute"):
        assert mine[word] == theirs[word], word
    # the router's scores stay on chip: no sum of theirs goes out, and its tiles have more room
    gated = costs(rows[1:], *asked)
    scores = traffic_curve(Nest(1, features, (Sweep(2 * tokens),)), Widths(8, 8, 0, 0))
    at = int(np.searchsorted(scores.room, 8 * memory, side="right")) - 1
    assert mine["again"] == gated["again"] + scores.refetched[:, at].sum()


def test_tokens_are_shared_evenly_among_the_experts_that_are_awake() -> None:
    """7 tokens to one of 3 each: 3 (1 - (2/3)^7) = 2.8 are awake, so 3: two of 2 tokens, one of 3."""
    moe = make(kinds.get("moe"), {"experts": 3, "top_k": 1, "hidden": 5})
    router, up, down, more_up, more_down = moe.contractions(((7, 6),), 1)
    assert router.nest == Nest(3, 6, (Sweep(7),))
    assert up.nest == Nest(10, 6, (Sweep(2),), groups=2)
    assert down.nest == Nest(6, 5, (Sweep(2),), groups=2)
    assert more_up.nest == Nest(10, 6, (Sweep(3),))
    assert [one.macs for one in (up, down, more_up, more_down)] == [240, 120, 180, 90]
    # one token wakes 2 of 4
    few = make(kinds.get("moe"), {"experts": 4, "top_k": 2, "hidden": 5})
    assert [one.nest.groups for one in few.contractions(((1, 6),), 1)[1:]] == [2, 2]


def test_a_chain_of_three_operands_is_two_products() -> None:
    """ij,jk,kl->il pair by pair: 2 x 3 x 5, then 2 x 5 x 7."""
    layer = make(kinds.get("einsum"), {"equation": "ij,jk,kl->il"})
    first, second = layer.contractions(((2, 3), (3, 5), (5, 7)), 1)
    assert (first.macs, second.macs) == (2 * 3 * 5, 2 * 5 * 7)
    assert (first.output, second.input) == ("chip", "chip")


def test_tiles_of_several_contractions_never_move_less_than_once() -> None:
    """Experts in ever more memory: never more bytes, at last each once, and never fewer."""
    moe: list[Spelling] = [
        ("moe", {"experts": 4, "top_k": 2, "hidden": 16, "shared": 3}, ((9, 12),))
    ]
    once = costs(moe, "all_external", "once", "serial", 1e6)["bytes"]
    moved = [
        costs(moe, "all_external", "tiled", "serial", float(memory))["bytes"]
        for memory in (20, 50, 100, 200, 400, 800, 1600, 10**6)
    ]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > once == moved[-1]


def test_the_words_of_flops_and_macs_agree_on_products() -> None:
    """The convention of these tests is `flops` where nothing but multiply-adds is done."""
    flops, mine = CONVENTIONS.load("flops"), MacsAlone()
    for word, attributes, inputs in (*HELD, *MAPS, *GROUPED):
        tally = apply(make(kinds.get(word), attributes), inputs).tally
        assert flops.ops(word, tally) == mine.ops(word, tally)
