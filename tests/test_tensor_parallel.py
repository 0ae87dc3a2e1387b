"""Networks divided over devices: what each layer keeps, by hand and summed over all devices."""

from __future__ import annotations

from pathlib import Path

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.errors import InputError
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.studies.run import Run

HEADS, KV, SIZE, HIDDEN, TOKENS = 8, 2, 4, 32, 3
SEPARATE = f"""
name: S
source: hand arithmetic
input: [{TOKENS}, {HIDDEN}]
layers:
  - q: {{kind: linear, features: {HEADS * SIZE}, bias: false}}
  - turned_q: {{kind: rotary, turned: {HEADS * SIZE}}}
  - k: {{kind: linear, features: {KV * SIZE}, bias: false, from: input}}
  - turned_k: {{kind: rotary}}
  - v: {{kind: linear, features: {KV * SIZE}, from: input}}
  - scaled: {{kind: mul, constants: [[]]}}
  - attention: {{kind: attention, heads: {HEADS}, kv_heads: {KV}, from: [turned_q, turned_k, scaled]}}
  - out: {{kind: linear, features: {HIDDEN}}}
"""
MACHINE = (
    "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
    "host: 1 GFLOPS\nlink: {bandwidth: 1 GB/s}\n"
)


def separate(folder: Path, *passes: TensorParallel) -> Run:
    (folder / "s.yaml").write_text(SEPARATE)
    (folder / "m.yaml").write_text(MACHINE)
    return cm.simulate(folder / "s.yaml", folder / "m.yaml", passes=list(passes))


@pytest.mark.parametrize("devices", [2, 4, 8])
def test_separate_projections_keep_heads(tmp_path: Path, devices: int) -> None:
    """Q keeps HEADS / devices heads; K and V as many of 2, or one that several devices hold."""
    run = separate(tmp_path, TensorParallel(devices))
    rows = {row.id: row for row in run.network.rows}
    heads, kept = HEADS // devices, max(1, KV // devices)
    for name, count in (("q", heads), ("turned_q", heads), ("k", kept), ("turned_k", kept)):
        assert rows[name].outputs == ((TOKENS, count * SIZE),), name
    assert rows["v"].outputs == rows["scaled"].outputs == ((TOKENS, kept * SIZE),)
    assert rows["turned_q"].parts[0].tally.muls == 2 * TOKENS * heads * SIZE
    assert rows["attention"].parts[0].tally.macs == heads * TOKENS * TOKENS * 2 * SIZE
    assert rows["out"].parts[0].tally.weights == heads * SIZE * HIDDEN
    assert "out:all_reduce" in rows


@pytest.mark.parametrize("devices", [2, 4])
@pytest.mark.parametrize("arch", ["gpt2", "llama-3.1-8b", "mixtral-8x7b"])
def test_what_all_devices_hold(arch: str, devices: int) -> None:
    """Each bias behind a sum is held, and added, by one device alone; the rest by its own rule.

    Repeated on every device: norms, positions, router. Tables of a vocabulary are padded: the 50 257
    rows of gpt2 to a multiple of 64 on each device, while 128 256 and 32 000 divide by 4.
    """
    whole = cm.simulate(arch, "h100", settings={"tokens": 4})
    parts = [
        cm.simulate(arch, "h100", settings={"tokens": 4}, passes=[TensorParallel(devices, 1, one)])
        for one in range(devices)
    ]
    repeated = {"rms_norm", "layer_norm", "add"}
    held = {
        row.id: [row.parts[0].tally.moved_params, row.parts[0].tally.biases]
        for row in whole.network.rows
    }
    summed = dict.fromkeys(held, (0, 0))
    for run in parts:
        for row in run.network.rows:
            if row.id in held:
                tally = row.parts[0].tally
                params, biases = summed[row.id]
                summed[row.id] = params + tally.moved_params, biases + tally.biases
    head = whole.network.rows[-1].id
    for row in whole.network.rows:
        params, biases = held[row.id]
        if row.kind in repeated or row.id == "position":
            assert summed[row.id] == (devices * params, devices * biases)
        elif row.kind == "moe":
            router = row.parts[0].inputs[0][1] * 8
            assert summed[row.id][0] == params + (devices - 1) * router
        elif row.id != head:
            assert summed[row.id] == (params, biases), row.id


def test_the_first_device_holds_most() -> None:
    """Its memory is what has to suffice."""
    first, second = (
        cm.simulate("gpt2", "h100", passes=[TensorParallel(2, 1, one)]).totals["params"]
        for one in (0, 1)
    )
    # two layers of a pair end in a bias of 768, twelve times
    assert first - second == 12 * 2 * 768


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["llama-3.1-70b", "--tensor-parallel", "3"],
         "--tensor-parallel: body[0]/attention: 64 do not divide over 3 devices; choose a divisor"),
        (["llama-3.1-8b", "--tensor-parallel", "16", "--expert-parallel", "3"],
         "--expert-parallel: 3 devices for the experts are no part of 16"),
        (["mixtral-8x7b", "--tensor-parallel", "16", "--expert-parallel", "16"],
         "--expert-parallel: 8 experts do not divide over 16 devices"),
    ],
)  # fmt: skip
def test_mistakes_name_the_option(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--hw", "h100_measured", "--prompt", "10", "--generate", "2"]
    assert main(["generate", *words, *asked]) == 2
    assert message in capsys.readouterr().err


def test_heads_that_do_not_divide_are_refused(tmp_path: Path) -> None:
    """6 heads that share 2 of keys and values, over 3 devices: neither 2 nor 3 divides the other."""
    (tmp_path / "m.yaml").write_text(MACHINE)
    six = SEPARATE.replace(f"{HEADS * SIZE}, bias", f"{6 * SIZE}, bias")
    six = six.replace(f"turned: {HEADS * SIZE}", f"turned: {6 * SIZE}")
    (tmp_path / "s.yaml").write_text(six.replace(f"heads: {HEADS},", "heads: 6,"))
    with pytest.raises(InputError, match="attention: 2 heads of keys and values and 3 devices"):
        cm.simulate(tmp_path / "s.yaml", tmp_path / "m.yaml", passes=[TensorParallel(3)])


def test_tables_of_the_vocabulary_are_divided() -> None:
    """Llama-3.1-70B over 8: (70 553 706 496 - norms of 161 x 8192) / 8 and the norms whole, 2 B each.

    An engine measured 17.675 GB (vllm-project/vllm-ascend issue 2235). Over 16 the eight heads of
    keys and values are held twice: 80 x 2 x 8192 x 128 / 2 weights more on each.
    """
    norms, whole = 161 * 8192, 70_553_706_496
    for devices, more in ((4, 0), (8, 0), (16, 80 * 8192 * 128)):
        run = cm.generate("llama-3.1-70b", "h200", 16, 2, tensor_parallel=devices, dtype="bf16")
        assert run.memory.weights == 2 * ((whole - norms) // devices + norms + more)
    rows = {row.id: row for row in run.prefill.network.rows}
    # tokens of 8192 features are added up behind the embedding
    assert rows["embed:all_reduce"].inputs == rows["embed"].taps
    assert rows["embed"].outputs == ((16, 8192),)


def test_a_vocabulary_that_does_not_divide_is_filled_up() -> None:
    """50 257 rows on four devices: 12 608 each, the next multiple of 64; positions are whole."""
    run = cm.simulate("gpt2", "h100", passes=[TensorParallel(4)])
    rows = {row.id: row.parts[0].tally.weights for row in run.network.rows}
    # tied: the table is the head's
    assert (rows["embed"], rows["head"]) == (0, 12_608 * 768)
    assert rows["position"] == 1024 * 768
    odd = cm.simulate("gpt2", "h100", settings={"tied": False}, passes=[TensorParallel(4)])
    assert odd.network.rows[0].parts[0].tally.weights == 12_608 * 768
