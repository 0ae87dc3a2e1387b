"""Prompt in, tokens out: the phases by hand, memory, the command and its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.studies.mean_step import step_weights

ROUNDING = 1e-13
"""A few hundred rows are summed, and a few steps: some 2^-52 for each sum."""


def test_phases() -> None:
    """The first token after one prefill of all sequences, the others after a step each."""
    found = cm.generate("qwen3-0.6b", "h100_measured", 100, 11, batch=2)
    prefill = cm.simulate(
        "qwen3-0.6b", "h100_measured", settings={"tokens": 100}, batch=2
    ).total_time
    steps = [
        cm.simulate(
            "qwen3-0.6b", "h100_measured", settings={"tokens": 1, "context": context}, batch=2
        ).total_time
        for context in range(100, 110)
    ]
    assert found.ttft == pytest.approx(prefill, rel=1e-14)
    assert found.tpot == pytest.approx(sum(steps) / 10, rel=ROUNDING)
    assert found.tokens_per_s == pytest.approx(22 / (prefill + sum(steps)), rel=ROUNDING)


@pytest.mark.parametrize("degree", range(4))
@pytest.mark.parametrize("count", [*range(1, 13), 127, 1000])
def test_the_mean_step_of_a_cubic_is_exact(count: int, degree: int) -> None:
    """Against the sum of x^d over 0 .. n - 1, in whole numbers."""
    weights = step_weights(count)
    assert len(weights) == min(count, 3 + (count % 2 == 0))
    assert list(weights) == sorted(set(weights))
    assert set(weights) <= set(range(count))
    mean = sum(weight * step**degree for step, weight in weights.items())
    assert mean == pytest.approx(sum(x**degree for x in range(count)) / count, rel=ROUNDING)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 11])
@pytest.mark.parametrize(
    ("model", "machine", "settings"),
    [
        # serial: every row's time is linear in the context
        ("qwen3-0.6b", "h100_measured", {"timing": "serial"}),
        ("gpt2", "h100", {"timing": "serial", "batch": 3}),
        ("gpt-oss-120b", "h100", {"timing": "serial", "dtype": "bf16"}),
        # all rows wait for the bus, all the way
        ("llama-3.1-8b", "h100_measured", {"timing": "overlap"}),
    ],
)
def test_the_mean_step_is_that_of_all_steps(
    model: str, machine: str, settings: dict[str, Any], count: int
) -> None:
    """By running every step: one, two, three, odd and even counts of them."""
    found = cm.generate(model, machine, 200, count + 1, **settings)
    steps = [
        cm.simulate(
            model, machine, settings={"tokens": 1, "context": 200 + step}, **settings
        ).total_time
        for step in range(count)
    ]
    assert found.step == pytest.approx(sum(steps) / count, rel=ROUNDING)


STATES = """name: D
source: hand arithmetic
input: ["${tokens}", 8]
vars: {tokens: 1, context: 0}
state:
  keys: ["${context}", 8]
  values: ["${context}", 8]
  mean: [8]
layers:
  - k: {kind: linear, features: 8, bias: false, appends: keys}
  - v: {kind: linear, features: 8, bias: false, from: input, appends: values}
  - q: {kind: linear, features: 8, bias: false, from: input}
  - all_k: {kind: concat, from: [keys, k]}
  - all_v: {kind: concat, from: [values, v]}
  - turned: {kind: transpose, axes: [1, 0], from: all_k}
  - scores: {kind: matmul, from: [q, turned]}
  - seen: {kind: matmul, from: [scores, all_v]}
outputs: [seen, mean]
"""


def test_states_with_a_name(tmp_path: Path) -> None:
    """fp16: nothing to read for a prompt of 100; keys and values of 8 x 2 B a token, a fixed 8."""
    file = tmp_path / "d.yaml"
    file.write_text(STATES)
    found = cm.generate(file, "accel_1tflops", 100, 28, batch=3, dtype="fp16")
    states = [run.workload.state_read for run in (found.prefill, *found.decode)]
    read = [0 if one is None else int(one.sum()) for one in states]
    # 27 steps: the first, the middle, the last
    assert read == [0, *(3 * 2 * 2 * 8 * context for context in (100, 113, 126))]
    assert found.memory.state == 3 * 2 * (2 * 8 * 128 + 8)
    served = cm.generate(file, "accel_1tflops", 100, 28, concurrency=3, dtype="fp16")
    assert served.memory.state == 3 * 2 * (2 * 8 * 114 + 8)


def test_one_token_takes_no_step() -> None:
    found = cm.generate("qwen3-0.6b", "h100_measured", 100)
    assert found.tpot is None
    assert found.record()["decode"] is None
    assert found.tokens_per_s == pytest.approx(1 / found.ttft)


def test_a_server_reads_prompts_between_steps() -> None:
    """Of 8 sequences 7 others' prompts stall each 64 tokens of one."""
    found = cm.generate("qwen3-0.6b", "h100_measured", 100, 64, concurrency=8)
    assert found.step is not None
    assert found.tpot == pytest.approx(found.step + 7 / 64 * found.prefill_time)
    low, high = found.ttft_interval
    assert low < found.prefill_time < found.ttft < high


def test_a_scheduler_takes_its_time_for_each_sequence() -> None:
    """17 us for each of 8 sequences of a served step; a batch that nobody schedules takes none."""
    ideal = cm.load_profile("h200").model_copy(update={"per_sequence": 0.0})
    served, without = (
        cm.generate("qwen3-0.6b", machine, 100, 64, concurrency=8) for machine in ("h200", ideal)
    )
    assert served.tpot is not None
    assert without.tpot is not None
    assert served.tpot - without.tpot == pytest.approx(8 * 17e-6)
    assert served.ttft_interval[1] - without.ttft_interval[1] == pytest.approx(64 * 17e-6)
    one, other = (
        cm.generate("qwen3-0.6b", machine, 100, 64, batch=8) for machine in ("h200", ideal)
    )
    assert one.tpot == other.tpot


def test_memory_by_hand() -> None:
    """fp16: 2 B a parameter; 28 layers x 8 heads x 128 x 2 x 2 B a token, 3 sequences of 111."""
    memory = cm.generate("qwen3-0.6b", "h100_measured", 100, 11, batch=3, dtype="fp16").memory
    assert memory.weights == 2 * 596_049_920
    assert memory.state == 28 * 8 * 128 * 2 * 2 * 3 * 111
    assert memory.fits


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Llama 3.1 70B does not fit one H100 of 80 GB: it is answered, and said."""
    file = tmp_path / "g.json"
    words = [
        "generate",
        "llama-3.1-70b",
        "--hw",
        "h100_measured",
        "--prompt",
        "64",
        "--generate",
        "4",
        "--json",
    ]
    assert main([*words, str(file)]) == 0
    found = json.loads(file.read_text())
    assert not found["memory"]["fits"]
    assert found["memory"]["weights_bytes"] == 2 * 70_553_706_496
    assert found["largest_batch"] == 0
    assert {"ttft_s", "tpot_s", "tokens_per_s", "prefill", "decode"} <= set(found)
    printed = capsys.readouterr()
    assert "WARNING: 141" in printed.err
    assert "Time to first token" in printed.out


def test_mistakes() -> None:
    with pytest.raises(InputError, match="--prompt: 0; use a whole number from 1"):
        cm.generate("qwen3-0.6b", "h100_measured", 0)
    with pytest.raises(InputError, match="--tensor-parallel: 0; use a whole number from 1"):
        cm.generate("qwen3-0.6b", "h100_measured", 10, tensor_parallel=0)
    with pytest.raises(InputError, match="--expert-parallel: -1; use a whole number from 1"):
        cm.generate("qwen3-0.6b", "h100_measured", 10, expert_parallel=-1)
    with pytest.raises(InputError, match="has no 'link'"):
        cm.generate("qwen3-0.6b", "v100", 10, tensor_parallel=2, dtype="fp16")
    with pytest.raises(InputError, match="has no variable"):
        cm.generate("hairnet", "h100_measured", 10)
