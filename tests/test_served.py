"""Generation on a machine whose only figure is its bus: every time and every byte by hand.

Three rows of 8 features: qkv of 24, attention of two heads with a cache, out of 8, no biases; 2 B an
element. Of t tokens after c others one sequence reads and writes 8 + 24, 24 + 8 and 8 + 8 numbers a
token, appends 16 to its state, and reads 16 of each of the c: 2 (96 t + 16 c) B. All sequences share
8 x 24 + 8 x 8 = 256 parameters, 512 B.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.errors import InputError
from costmodel.studies.generate import Generation
from costmodel.studies.generation_request import GenerationRequest
from costmodel.studies.mean_step import step_weights

BUS = 1e6
"""[B/s]"""
DECODER = """name: A
source: hand arithmetic
input: ["${tokens}", 8]
vars: {tokens: 1, context: 0, window: 0}
layers:
  - qkv: {kind: linear, features: 24, bias: false}
  - attend: {kind: attention, heads: 2, cache: true, context: "${context}", when: "${window == 0}"}
  - windowed: {kind: attention, heads: 2, cache: true, context: "${context}", window: "${max(window, 1)}", when: "${window > 0}"}
  - out: {kind: linear, features: 8, bias: false}
"""
MACHINE = """name: M
source: hand arithmetic
bandwidth: 1 MB/s
on_chip_memory: 1 kB
matrix: 1000 PFLOPS
host: 1000 PFLOPS
placement: all_external
timing: overlap
dtype: fp16
"""


def served(
    folder: Path,
    prompt: int,
    generate: int,
    machine: str = "",
    decoder: str = DECODER,
    **asked: Any,
) -> Generation:
    """The decoder on the machine, which may say more."""
    (folder / "a.yaml").write_text(decoder)
    (folder / "m.yaml").write_text(MACHINE + machine)
    return cm.generate(folder / "a.yaml", folder / "m.yaml", prompt, generate, **asked)


def seconds(tokens: float, context: float, sequences: int) -> float:
    """The formula above."""
    return (sequences * 2 * (96 * tokens + 16 * context) + 512) / BUS


def test_a_batch(tmp_path: Path) -> None:
    """10 tokens of 3 sequences; then 6 steps after 10 .. 15 others, 12.5 in the mean."""
    run = served(tmp_path, 10, 7, batch=3)
    first, step = seconds(10, 0, 3), seconds(1, 12.5, 3)
    assert run.ttft == run.prefill_time == pytest.approx(first, rel=1e-12)
    assert run.ttft_interval == (run.ttft, run.ttft)
    assert run.step == run.served_step == run.tpot == pytest.approx(step, rel=1e-12)
    assert run.tokens_per_s == pytest.approx(3 * 7 / (first + 6 * step), rel=1e-12)
    # of an even number n the ends weigh (n + 2) / (6 n), and the two in the middle share the rest
    assert run.weights == pytest.approx((2 / 9, 5 / 18, 5 / 18, 2 / 9), rel=1e-12)


@pytest.mark.parametrize(("generate", "middle"), [(7, 12), (6, 12), (3, 10), (2, 10)])
def test_the_step_in_the_middle(tmp_path: Path, generate: int, middle: int) -> None:
    """After 10 others come 10 .. 15, 10 .. 14, 10 and 11, and 10 alone: the one before it if even."""
    run = served(tmp_path, 10, generate)
    assert run.middle is not None
    assert run.middle.total_time == pytest.approx(seconds(1, middle, 1), rel=1e-12)
    assert run.tpot == pytest.approx(seconds(1, 10 + (generate - 2) / 2, 1), rel=1e-12)


def test_what_is_asked_unless_it_is_said(tmp_path: Path) -> None:
    """One sequence, one token, one device."""
    run = served(tmp_path, 10, 1)
    alone = cm.generate(tmp_path / "a.yaml", tmp_path / "m.yaml", 10)
    assert vars(alone.request) == vars(run.request) == vars(GenerationRequest(10, 1))
    assert vars(GenerationRequest(10, 1)) == {
        "prompt": 10, "generate": 1, "batch": 1, "concurrency": None, "devices": 1, "experts": 1
    }  # fmt: skip
    # what a server decodes at once is no batch of prompts
    both = served(tmp_path, 10, 1, batch=3, concurrency=2)
    assert both.prefill_time == pytest.approx(seconds(10, 0, 1), rel=1e-12)


def test_a_server(tmp_path: Path) -> None:
    """8 sequences; prompts of 10 one at a time, 5 steps of all of them; 1 ms of scheduling for each.

    One of 8 ends every eighth of the time that its 6 tokens take. The 7 others' prompts stall the
    6 tokens of one.
    """
    run = served(tmp_path, 10, 6, "per_sequence: 1 ms\n", concurrency=8)
    first, step = seconds(10, 0, 1), seconds(1, 12, 8) + 8e-3
    assert run.prefill_time == pytest.approx(first, rel=1e-12)
    assert run.step == pytest.approx(step - 8e-3, rel=1e-12)
    assert run.served_step == pytest.approx(step, rel=1e-12)
    token = step + 7 / 6 * first
    assert run.tpot == pytest.approx(token, rel=1e-12)
    assert run.tokens_per_s == pytest.approx(8 / token, rel=1e-12)
    # docs/language_models.md: from 0.95 of a prefill to all of them, a place and 30 ms
    low, high = 0.95 * first, 8 * first + 6 * step / 8 + 0.03
    assert run.ttft_interval == pytest.approx((low, high), rel=1e-12)
    assert run.ttft == pytest.approx((low * high) ** 0.5, rel=1e-12)
    record = run.record()
    assert (record["ttft_low_s"], record["ttft_high_s"]) == pytest.approx((low, high), rel=1e-12)


def test_a_server_of_single_tokens(tmp_path: Path) -> None:
    """No step: a prompt gives a token; the last of 4 waits for all prompts and 30 ms."""
    run = served(tmp_path, 10, 1, concurrency=4)
    assert (run.decode, run.weights) == ((), ())
    assert (run.step, run.tpot, run.middle) == (None, None, None)
    first = seconds(10, 0, 1)
    assert run.ttft_interval == pytest.approx((0.95 * first, 4 * first + 0.03), rel=1e-12)
    assert run.tokens_per_s == pytest.approx(1 / first, rel=1e-12)


def test_a_server_of_one(tmp_path: Path) -> None:
    """Nobody's prompt stalls it."""
    run = served(tmp_path, 10, 4, concurrency=1)
    assert run.tpot == pytest.approx(seconds(1, 11, 1), rel=1e-12)
    assert run.tokens_per_s == pytest.approx(1 / seconds(1, 11, 1), rel=1e-12)


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("count", [*range(1, 10), 127])
def test_the_mean_of_a_cubic(count: int, degree: int) -> None:
    """Against the sum of x^d over 0 .. n - 1; no more steps than it takes, in their order."""
    weights = step_weights(count)
    assert len(weights) == min(count, 3 + (count % 2 == 0))
    assert list(weights) == sorted(set(weights))
    mean = sum(weight * step**degree for step, weight in weights.items())
    assert mean == pytest.approx(sum(x**degree for x in range(count)) / count, rel=1e-13)


# --- memory ---------------------------------------------------------------------------------------

# 512 B of weights. 32 B of state a token. While a prompt is read 8 + 24 numbers a token are alive.


def test_what_a_batch_holds(tmp_path: Path) -> None:
    """3 sequences of 10 + 7 tokens; a fourth fits into what is left of 6 kB, a fifth does not.

    A sequence takes 17 x 32 B of state and 10 x 64 B of maps: (6000 - 512) / 1184 = 4.6. All of its
    tokens together take 3552 B for 17 of each: 26.3 fit.
    """
    memory = (run := served(tmp_path, 10, 7, "capacity: 6 kB\n", batch=3)).memory
    assert (memory.weights, memory.state, memory.activation) == (512, 3 * 544, 3 * 640)
    assert memory.total == 512 + 3 * 1184
    assert memory.fits
    assert run.largest_batch == 4
    assert run.largest_context == 26
    # no state has a name
    assert Generation(run.request, run.prefill, run.decode).memory.state == memory.state


def test_what_a_server_holds(tmp_path: Path) -> None:
    """3 sequences, half-way through 7 tokens on average, so 10 + 3; one prompt's maps at a time.

    (6000 - 512 - 640) / (13 x 32) = 11.7 sequences; 1888 B for 17 tokens of each: 49.4 fit.
    """
    run = served(tmp_path, 10, 7, "capacity: 6 kB\n", concurrency=3)
    memory = run.memory
    assert (memory.weights, memory.state, memory.activation) == (512, 3 * 416, 640)
    assert run.largest_batch == 11
    assert run.largest_context == 49


@pytest.mark.parametrize(("capacity", "fits", "batch", "context"), [
    # exactly 512 + 1184 B; a byte less; less than the weights
    ("1696 B", True, 1, 17), ("1695 B", False, 0, 16), ("100 B", False, 0, 0),
])  # fmt: skip
def test_the_edge_of_a_memory(
    tmp_path: Path, capacity: str, fits: bool, batch: int, context: int
) -> None:
    run = served(tmp_path, 10, 7, f"capacity: {capacity}\n")
    assert run.memory.fits is fits
    assert (run.largest_batch, run.largest_context) == (batch, context)


def test_nobody_says_how_much_there_is(tmp_path: Path) -> None:
    run = served(tmp_path, 10, 7)
    assert run.memory.fits
    assert run.memory.capacity is run.largest_batch is run.largest_context is None


def test_a_network_that_keeps_nothing(tmp_path: Path) -> None:
    """One linear layer: 8 x 8 parameters; 16 numbers alive for each of 10 tokens: (1000 - 128) / 320."""
    alone = DECODER.partition("layers:")[0] + (
        "layers:\n  - out: {kind: linear, features: 8, bias: false}\n"
    )
    run = served(tmp_path, 10, 7, "capacity: 1000 B\n", alone)
    assert run.memory.state == 0
    assert run.largest_batch == 2
    # the context changes nothing that is held
    assert run.largest_context is None
    assert served(tmp_path, 10, 7, "capacity: 1 MB\n", alone, concurrency=2).largest_batch is None


def test_a_window_ends_what_is_kept(tmp_path: Path) -> None:
    """The last 12 tokens of 17, or of 13 on average; 17 of them where the window is longer."""
    for window, tokens in ((12, 12), (40, 17)):
        run = served(tmp_path, 10, 7, settings={"window": window})
        assert run.memory.state == 32 * tokens


def test_types_of_what_is_held(tmp_path: Path) -> None:
    """Half a byte a parameter, one a number of the state, two a number of the maps."""
    run = served(tmp_path, 10, 7, dtype="{weights: int4, maps: fp16, state: fp8}")
    held = (run.memory.weights, run.memory.state, run.memory.activation)
    assert held == (128, 17 * 16, 640)


def test_weights_of_a_type_of_their_own(tmp_path: Path) -> None:
    """Among fp16 a router of 8 x 2, and two experts of 3 x 8 x 4 weights of 4.25 bits: 102 bytes."""
    experts = DECODER + "  - moe: {kind: moe, experts: 2, top_k: 1, hidden: 4, weight_bits: 4.25}\n"
    weights = served(tmp_path, 10, 2, decoder=experts).memory.weights
    assert weights == 512 + 2 * 16 + 102


NAMED = """name: B
source: hand arithmetic
input: ["${tokens}", 8]
vars: {tokens: 1, context: 0, max_positions: 20}
state:
  keys: ["${context if max_positions == 0 or tokens + context <= max_positions else 'too many'}", 8]
  mean: ["${8 * tokens}"]
layers:
  - k: {kind: linear, features: 8, bias: false, appends: keys}
  - all_k: {kind: concat, from: [keys, k]}
outputs: [all_k, mean]
"""


def test_states_that_a_file_names(tmp_path: Path) -> None:
    """At their full length, 8 numbers a token, and 8 for each token of a step, which has one.

    Though no run has more than 20 positions: the last step is the 20th.
    """
    run = served(tmp_path, 10, 10, decoder=NAMED, batch=2)
    assert run.memory.state == 2 * 2 * (8 * 20 + 8)
    # without a limit of positions nothing is set
    free = NAMED.replace("max_positions: 20", "other: 0").replace(
        "context if max_positions == 0 or tokens + context <= max_positions else 'too many'",
        "context",
    )
    assert served(tmp_path, 10, 10, decoder=free).memory.state == 2 * (8 * 20 + 8)


# --- what is asked ----------------------------------------------------------------------------------


def test_the_record(tmp_path: Path) -> None:
    """The contract of `generate --json`."""
    run = served(tmp_path, 10, 7, "capacity: 6 kB\n", batch=3)
    record = run.record()
    assert record["ttft_s"] == run.ttft
    assert record["tpot_s"] == run.tpot
    assert record["tokens_per_s"] == run.tokens_per_s
    assert "ttft_low_s" not in record
    assert record["prefill"]["total_time_s"] == pytest.approx(seconds(10, 0, 3), rel=1e-12)
    assert record["decode"]["total_time_s"] == pytest.approx(seconds(1, 12, 3), rel=1e-12)
    assert record["prefill"]["bottleneck"] == record["decode"]["bottleneck"] == "transfer"
    assert record["memory"] == {
        "weights_bytes": 512, "state_bytes": 1632, "activation_bytes": 1920,
        "capacity_bytes": 6000.0, "fits": True,
    }  # fmt: skip
    assert (record["largest_batch"], record["largest_context"]) == (4, 26)
    assert record["request"]["batch"] == 3
    assert served(tmp_path, 10, 1).record()["decode"] is None


def test_passes_of_the_machine_and_of_the_caller(tmp_path: Path) -> None:
    """An activation is fused into a linear layer, but not into a sum over devices in between."""

    def parts(more: str, **asked: Any) -> list[int]:
        machine = f"{more}link: {{bandwidth: 1 GB/s}}\n"
        run = served(tmp_path, 10, 2, machine, DECODER + "  - relu: {kind: relu}\n", **asked)
        assert len({len(one.network.rows) for one in (run.prefill, *run.decode)}) == 1
        return [len(row.parts) for row in run.prefill.network.rows]

    fused = "passes: [fuse_activations]\n"
    assert parts("") == parts(fused, passes=[]) == [1, 1, 1, 1]
    assert parts(fused) == parts("", passes=["fuse_activations"]) == [1, 1, 2]
    # out, its sum over the devices, and relu
    assert parts("", tensor_parallel=2) == [1, 1, 1, 1, 1]
    assert parts(fused, tensor_parallel=2)[:3] == [1, 1, 1]


@pytest.mark.parametrize(("asked", "message"), [
    ({"prompt": 0}, "--prompt: 0; use a whole number from 1"),
    ({"generate": True}, "--generate: True; use"),
    ({"batch": 1.5}, "--batch: 1.5; use"),
    ({"concurrency": 0}, "--concurrency: 0; use"),
    ({"tensor_parallel": 0}, "--tensor-parallel: 0; use"),
    ({"expert_parallel": "2"}, "--expert-parallel: '2'; use"),
    ({"tensor_parallel": 2}, "--tensor-parallel: M has no 'link' to other devices"),
    ({"settings": {"tokens": 3}}, "--set tokens: is overruled by --prompt and --generate"),
])  # fmt: skip
def test_what_cannot_be_asked(tmp_path: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        served(tmp_path, **{"prompt": 10, "generate": 2, **asked})


def test_a_loaded_network_has_no_variables(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DECODER)
    with pytest.raises(InputError, match="arch: a loaded network has no variables left"):
        cm.generate(cm.load_network(tmp_path / "a.yaml"), "h100", 10, 2)


def test_a_profile_that_is_loaded_serves_too(tmp_path: Path) -> None:
    named = served(tmp_path, 10, 4)
    loaded = cm.generate(tmp_path / "a.yaml", cm.load_profile(tmp_path / "m.yaml"), 10, 4)
    assert loaded.tpot == named.tpot
