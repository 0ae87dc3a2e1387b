"""Experts by hand: what they hold, read, compute and write between kernels; and fits to their kernels."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest
import torch

import costmodel as cm
from costmodel.core import kinds
from costmodel.core.layer import Layer, make
from costmodel.errors import BadValue, InputError
from costmodel.models.layers.moe import Moe
from costmodel.studies.calibration import kernels

PLAIN = {"experts": 4, "top_k": 2, "hidden": 6}
WHOLE = {**PLAIN, "shared": 3, "bias": True}


def moe(**attributes: Any) -> Layer:
    return make(kinds.get("moe"), {**PLAIN, **attributes})


def counts(layer: Layer, tokens: int) -> dict[str, int]:
    """The fields of a tally that are not zero, of tokens of 8 features."""
    tally = layer.tally(((tokens, 8),), ((tokens, 8),))
    names = ("macs", "exps", "divs", "muls", "adds", "weights", "biases")
    return {name: getattr(tally, name) for name in names}


def test_what_tokens_ask_for() -> None:
    """5 tokens: 8 x 4 of the router, two experts of 3 x 8 x 6, a shared one of 3 x 8 x 3.

    SiLU and a product for each of 6 and 3 gated features: an exponential, a division, a product and
    an addition; the results of two experts are weighed and added, 8 features each. An expert has 2 x
    6 + 8 biases, the router 4.
    """
    assert counts(moe(shared=3, bias=True), 5) == {
        "macs": 5 * (32 + 2 * 144 + 72), "exps": 5 * 15, "divs": 5 * 15, "muls": 5 * 15,
        "adds": 5 * 15 + 5 * 2 * 8, "weights": 32 + 4 * 144 + 72, "biases": 4 * 20 + 4,
    }  # fmt: skip
    # one of two devices: two of the experts, half of the 10 tokens that are sent
    half = counts(moe(devices=2), 5)
    assert (half["macs"], half["exps"]) == (5 * (32 + 144), 5 * 6)
    assert (half["weights"], half["biases"]) == (32 + 2 * 144, 0)
    # 5 tokens to one each, over 4 devices: 1.25 tokens of 6 gated features are 7.5, counted as 8
    few = counts(moe(top_k=1, devices=4), 5)
    assert (few["exps"], few["macs"]) == (8, 5 * 32 + 180)
    # 1.25 x 3 x 8 x 6 is whole; of 7 hidden features and 3 tokens 0.75 x 168 is
    assert counts(moe(top_k=1, devices=4, hidden=7, experts=8), 3)["macs"] == 3 * 64 + 126
    # 1 / 8 of 3 tokens at 3 x 8 x 5 = 120: 45; of one token 15; of 7 features 21
    assert counts(moe(top_k=1, devices=16, experts=16, hidden=1), 1)["macs"] == 128 + 2


def test_between_their_kernels() -> None:
    """Gate, up and product of 6 features and a result of 8, for two experts of each of 5 tokens."""
    assert moe().scratch(((5, 8),)) == 5 * 2 * (3 * 6 + 8)
    assert moe(devices=2).scratch(((5, 8),)) == 5 * (3 * 6 + 8)
    # 0.75 of 26 numbers, rounded up
    assert moe(top_k=1, devices=4).scratch(((3, 8),)) == 20


def test_bytes_of_a_run(tmp_path: Path) -> None:
    """fp16: 3 tokens read and written, router and awake experts read, scratch written and read.

    4 (1 - (1 - 2 / 4)^n) experts are awake for n tokens: 3.5 of three, 504 weights of 576; a batch of
    two has 6 tokens and 3.9375, 567.
    """
    (tmp_path / "n.yaml").write_text(
        "name: N\nsource: s\ninput: [3, 8]\nlayers:\n  - moe: {kind: moe, experts: 4, top_k: 2, hidden: 6}\n"
    )
    for batch, awake in ((1, 504), (2, 567)):
        run = cm.simulate(
            tmp_path / "n.yaml",
            "accel_1tflops",
            placement="all_external",
            dtype="fp16",
            batch=batch,
        )
        scratch = 3 * 2 * (3 * 6 + 8)
        moved = 2 * (batch * (2 * 3 * 8 + 2 * scratch) + 32 + awake)
        assert run.totals["external_bytes"] == moved


def test_experts_that_are_awake() -> None:
    """With biases: an expert is 144 + 20 numbers, beside it 32 + 4 of the router and 72 shared."""
    layer, beside = moe(shared=3, bias=True), 32 + 4 + 72
    held = beside + 4 * 164
    assert layer.params_read(held, ((1, 8),), 1) == beside + 2 * 164
    assert layer.params_read(held, ((1, 8),), 2) == layer.params_read(held, ((2, 8),), 1)
    assert layer.params_read(held, ((2, 8),), 1) == beside + 3 * 164
    # 3.75 x 164 = 615
    assert layer.params_read(held, ((2, 8),), 2) == beside + 615
    # 3.9375 x 164 = 645.75, rounded up
    assert layer.params_read(held, ((3, 8),), 2) == beside + 646
    # one of two devices: half of those
    part = moe(shared=3, bias=True, devices=2)
    assert part.params_read(beside + 2 * 164, ((1, 8),), 1) == beside + 164


Size = tuple[int, int, int, int]
"""Features made, features read, tokens, how many of them side by side."""


def products(layer: Layer, tokens: int, samples: int = 1) -> list[tuple[Size, Any, Any, int]]:
    """Size, input, output and multiply-adds of each contraction."""
    listed = []
    for one in layer.contractions(((tokens, 8),), samples):
        nest: Any = one.nest
        assert nest.batch == 1
        size = (nest.out_channels, nest.in_channels, nest.sweeps[0].outputs, nest.groups)
        listed.append((size, one.input, one.output, one.macs))
    return listed


def test_products_of_experts() -> None:
    """7 tokens to one of 3 experts: all are awake (2.8), and have 2, 2 and 3 tokens."""
    assert products(moe(experts=3, top_k=1, hidden=5), 7) == [
        ((3, 8, 7, 1), (0,), "chip", 7 * 8 * 3),
        ((10, 8, 2, 2), (0,), "scratch", 2 * 2 * 10 * 8),
        ((8, 5, 2, 2), "scratch", "scratch", 2 * 2 * 8 * 5),
        ((10, 8, 3, 1), (0,), "scratch", 3 * 10 * 8),
        ((8, 5, 3, 1), "scratch", "scratch", 3 * 8 * 5),
    ]


def test_products_of_few_tokens() -> None:
    """One token meets two of four experts; a shared network behind them has all tokens.

    Two samples of it are two tokens, and wake three: 4 tokens are 1, 1 and 2 for them.
    """
    layer = moe(shared=3)
    shared = [((6, 8, 1, 1), (0,), "chip", 48), ((8, 3, 1, 1), "chip", None, 24)]
    assert products(layer, 1) == [
        ((4, 8, 1, 1), (0,), "chip", 32),
        ((12, 8, 1, 2), (0,), "scratch", 192),
        ((8, 6, 1, 2), "scratch", "scratch", 96),
        *shared,
    ]
    assert [size for size, *_ in products(layer, 1, 2)] == [
        (4, 8, 2, 1), (12, 8, 1, 2), (8, 6, 1, 2), (12, 8, 2, 1), (8, 6, 2, 1), (6, 8, 2, 1), (8, 3, 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("devices", [1, 2, 4])
@pytest.mark.parametrize(("tokens", "samples"), [(1, 1), (3, 1), (5, 2), (7, 3)])
def test_products_are_all_multiply_adds(devices: int, tokens: int, samples: int) -> None:
    """Those of the tally, however tokens and experts are shared out."""
    layer = moe(experts=8, top_k=3, hidden=5, shared=2, devices=devices)
    made = products(layer, tokens, samples)
    assert sum(macs for *_, macs in made) == samples * counts(layer, tokens)["macs"]
    # of what is routed gate and up are two thirds
    routed = [macs for (size, _, output, macs) in made if output == "scratch"]
    assert sum(routed[::2]) == pytest.approx(2 * sum(routed[1::2]), abs=4)
    # a token that is sent counts once
    sent = [size[2] * size[3] for (size, _, output, _) in made if output == "scratch"][::2]
    assert sum(sent) == -(-tokens * samples * 3 // devices)


def test_on_one_device_of_many_some_expert_is_awake() -> None:
    """8 experts of which this device has one, and one token for one of them: 0.125, so one."""
    made = products(moe(experts=8, top_k=1, devices=8), 1)
    assert [size for size, *_ in made] == [(8, 8, 1, 1), (12, 8, 1, 1), (8, 6, 1, 1)]


@pytest.mark.parametrize(("attributes", "shape", "message"), [
    ({}, (8,), r"moe needs \[tokens, features\], got \[8\]"),
    ({}, (1, 2, 8), r"got \[1, 2, 8\]"),
    ({"top_k": 5}, (3, 8), "5 of 4 experts; choose fewer"),
    ({"devices": 3}, (3, 8), "4 experts do not divide over 3 devices; choose a divisor"),
])  # fmt: skip
def test_what_does_not_fit(
    attributes: dict[str, int], shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(BadValue, match=message):
        moe(**attributes).out_shape(shape)


def test_what_just_fits() -> None:
    assert moe(top_k=4, devices=4).out_shape((3, 8)) == (3, 8)


@pytest.mark.parametrize("bits", [0.5, 65, "wide"])
def test_no_parameter_has_so_many_bits(bits: Any) -> None:
    with pytest.raises((BadValue, InputError)):
        moe(weight_bits=bits)
    assert moe(weight_bits=1).weight_bits == 1
    assert moe(weight_bits=64).weight_bits == 64
    assert moe().weight_bits is None
    assert moe(weight_bits=None).weight_bits is None


@pytest.mark.parametrize("attributes", [{}, WHOLE, {"devices": 2}])
def test_torch_holds_as_much(attributes: dict[str, Any]) -> None:
    layer = moe(**attributes)
    twin = layer.twin(torch, ((5, 8),))
    held = counts(layer, 5)
    assert sum(p.numel() for p in twin.parameters()) == held["weights"] + held["biases"]
    assert tuple(twin.forward(torch.zeros(1, 5, 8)).shape) == (1, 5, 8)
    # the result of an expert is weighed by its score
    x = torch.ones(1, 5, 8)
    gate, up, down = twin.experts[0]
    expected = down(torch.nn.functional.silu(gate(x)) * up(x)) * twin.router(x).amax(
        -1, keepdim=True
    )
    assert torch.allclose(twin.forward(x), expected)


def test_what_a_file_says() -> None:
    """Without a word about them no expert is shared and none has a bias, on one device."""
    layer: Any = moe()
    assert (layer.shared, layer.bias, layer.devices) == (0, False, 1)
    assert moe(shared=0) == layer
    with pytest.raises((BadValue, InputError)):
        moe(shared=-1)


# --- kernels of experts -----------------------------------------------------------------------------

PEAK, BANDWIDTH = 989.4e12, 3350e9
"""Of the shipped h100, 16-bit elements."""


def seconds(tokens: int, hidden: int, inter: int, chosen: int, experts: int) -> float:
    """At 0.7 of the peak, 0.6 of the bandwidth, 20 us to start, and half of the shorter time.

    Weights of gate, up and down of the experts that are awake; maps in and out; between kernels
    gate, up and their product of `inter` features and a result, written and read. 2 B each.
    """
    awake = experts * (1 - (1 - chosen / experts) ** tokens)
    weights = awake * 3 * hidden * inter
    maps = tokens * hidden + tokens * hidden
    between = tokens * chosen * (inter + inter + inter + hidden)
    moved = 2 * (weights + maps + between + between) / (0.6 * BANDWIDTH)
    work = 2 * 3 * tokens * chosen * hidden * inter / (0.7 * PEAK)
    return 20e-6 + max(work, moved) + 0.5 * min(work, moved)


@pytest.mark.parametrize("slices", [1, 4])
def test_kernels_of_experts_are_found_again(tmp_path: Path, slices: int) -> None:
    """On a device that holds all of each expert, or a fourth of its features."""
    draw = random.Random(4)
    names = ["num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size"]
    with (tmp_path / "moe.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, "latency_ms"] if slices > 1 else [*names[:-1], "latency_ms"])
        for _ in range(48):
            row = [draw.choice(sizes) for sizes in (
                (1, 4, 16, 64, 512, 8192), (2048, 4096, 256), (1024, 8192), (1, 2, 8), (8, 64),
            )]  # fmt: skip
            tokens, hidden, inter, chosen, experts = row
            took = 1e3 * seconds(tokens, hidden, inter // slices, chosen, experts)
            writer.writerow([*row, slices, took] if slices > 1 else [*row, took])
    (fit,) = kernels.fits(tmp_path, cm.load_profile("h100"))
    assert fit.routine == "experts"
    assert fit.figures == pytest.approx(
        {"compute": 0.7, "bandwidth": 0.6, "launch": 20e-6, "exposed": 0.5}, rel=1e-3
    )
    assert fit.count == 48
    assert (fit.mean, fit.median) == pytest.approx((0, 0), abs=1e-4)


def test_narrow_weights_that_are_read() -> None:
    """2 of 4 experts here, of 3 x 8 x 6 weights each, and a shared network of 3 x 8 x 5.

    Each of 3 tokens goes to one expert of four: an expert here is awake for 1 - (3/4)^3 = 37/64 of
    the steps, both for 1.15625 experts, 166.5 weights. Of two sequences 6 tokens are 236.7.
    """
    layer = Moe(experts=4, top_k=1, hidden=6, shared=5, devices=2)
    tally = layer.tally(((3, 8),), ((3, 8),))
    held = layer.fixed_weights(tally, ((3, 8),))
    assert held == 2 * 144 + 120
    assert layer.fixed_weights_read(held, ((3, 8),), 1) == 120 + 167
    assert layer.fixed_weights_read(held, ((3, 8),), 2) == 120 + 237
