"""Prompt in, tokens out: the phases by hand, memory, the command and its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError


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
    assert found.ttft == pytest.approx(prefill)
    assert found.tpot == pytest.approx(sum(steps) / 10, rel=1e-4)
    assert found.tokens_per_s == pytest.approx(22 / (prefill + sum(steps)), rel=1e-4)


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
    with pytest.raises(InputError, match="has no 'link'"):
        cm.generate("qwen3-0.6b", "v100", 10, tensor_parallel=2, dtype="fp16")
    with pytest.raises(InputError, match="has no variable"):
        cm.generate("hairnet", "h100_measured", 10)
