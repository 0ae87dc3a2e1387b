"""Decoders: published totals, closed forms, states, configs, experts, and several devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from modules import export

import costmodel as cm
from costmodel.core import kinds
from costmodel.core.layer import make
from costmodel.core.placement import PLACEMENTS
from costmodel.errors import InputError
from costmodel.frontends.config import families
from costmodel.language import documents
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.report.timeline import segments
from costmodel.studies.run import Run

# Published totals: the models' cards and the sums of the tensors in their files.
PARAMS = {
    "llama-2-7b": 6_738_415_616,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "mixtral-8x7b": 46_702_792_704,
    "qwen3-0.6b": 596_049_920,
    "qwen3-32b": 32_762_123_264,
    "gpt-oss-120b": 116_829_156_672,
    "gpt2": 124_439_808,
}
# The keys of meta-llama/Llama-3.1-8B's config.json that say how large it is.
LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}


def _run(arch: Any, **options: Any) -> Run:
    settings = {name: options.pop(name) for name in list(options) if name not in OPTIONS}
    return cm.simulate(arch, "h100", settings=settings, **options)


OPTIONS = ("dtype", "batch", "placement", "passes", "traffic", "timing")


@pytest.mark.parametrize("arch", PARAMS)
def test_parameters_are_the_published_ones(arch: str) -> None:
    assert _run(arch).totals["params"] == PARAMS[arch]


def test_multiply_adds_of_llama_2_7b() -> None:
    """32 layers of 4 h^2 + 3 h i products a token, scores of t^2 h twice, logits of 32 000 h."""
    h, i, t = 4096, 11008, 2048
    whole = 32 * (t * (4 * h * h + 3 * h * i) + 2 * t * t * h) + t * 32000 * h
    assert whole == 14_630_806_093_824
    run = _run("llama-2-7b", tokens=t, causal=False, logits="all")
    assert run.totals["macs"] == whole
    step = 32 * (4 * h * h + 3 * h * i + 2 * (t + 1) * h) + 32000 * h
    assert step == 7_144_210_432
    assert _run("llama-2-7b", tokens=1, context=t).totals["macs"] == step
    # a token sees those before it and itself
    half = _run("llama-2-7b", tokens=t, logits="all").totals["macs"]
    assert whole - half == 32 * 2 * h * (t * t - t * (t + 1) // 2)


@pytest.mark.parametrize("placement", PLACEMENTS.names())
def test_a_step_reads_every_key_and_value(placement: str) -> None:
    """2 x layers x heads x size x context x batch x bytes, wherever maps live; one token is new."""
    run = _run("llama-3.1-8b", tokens=1, context=1000, batch=4, dtype="fp16", placement=placement)
    work = run.workload
    assert work.state_read is not None
    assert work.state_written is not None
    assert work.state_read.sum() == 2 * 32 * 8 * 128 * 1000 * 4 * 2
    assert work.state_written.sum() == 2 * 32 * 8 * 128 * 4 * 2
    none = _run("llama-3.1-8b", tokens=1, context=0, batch=4, dtype="fp16", placement=placement)
    more = run.totals["external_bytes"] - none.totals["external_bytes"]
    assert more == work.state_read.sum()
    assert run.totals["params"] == PARAMS["llama-3.1-8b"]


def test_a_window_ends_what_is_read() -> None:
    """Mistral's layers see 4 096 tokens; every second of gpt-oss sees 128."""
    run = _run("mistral-7b", tokens=1, context=9000, dtype="fp16")
    assert run.workload.state_read is not None
    assert run.workload.state_read.sum() == 2 * 32 * 8 * 128 * 4096 * 2
    run = _run("gpt-oss-120b", tokens=1, context=1000, dtype="fp16")
    assert run.workload.state_read is not None
    assert run.workload.state_read.sum() == 2 * 18 * 8 * 64 * (1000 + 128) * 2


def test_types_by_class() -> None:
    """Keys in one byte, parameters in half of one: 8 030 261 248 less what is not looked up."""
    word = "{weights: int4, maps: fp16, state: fp8}"
    plain, mixed = (_run("llama-3.1-8b", tokens=1, context=100, dtype=d) for d in ("fp16", word))
    assert mixed.policies.dtype == word
    assert plain.workload.param_bytes.sum() == 4 * mixed.workload.param_bytes.sum()
    assert plain.workload.state_read is not None
    assert mixed.workload.state_read is not None
    assert plain.workload.state_read.sum() == 2 * mixed.workload.state_read.sum()
    assert plain.result.matrix.sum() == mixed.result.matrix.sum()
    # a token's row of the table, and all else
    moved = PARAMS["llama-3.1-8b"] - 128256 * 4096 + 4096
    assert plain.workload.param_bytes.sum() == 2 * moved


def test_experts_that_some_token_is_sent_to() -> None:
    """2 of 4 at random: one token wakes 2, two tokens 4 (1 - 1/4) = 3, many all."""
    layer = make(kinds.get("moe"), {"experts": 4, "top_k": 2, "hidden": 6})
    one, router = 3 * 8 * 6, 8 * 4
    held = 4 * one + router
    assert layer.params_read(held, ((1, 8),), 1) == 2 * one + router
    assert layer.params_read(held, ((1, 8),), 2) == 3 * one + router
    assert layer.params_read(held, ((2, 8),), 1) == 3 * one + router
    assert layer.params_read(held, ((500, 8),), 1) == held


def _config(folder: Path, **changes: Any) -> Path:
    stated = {**LLAMA, **changes}
    file = folder / "config.json"
    file.write_text(json.dumps({k: v for k, v in stated.items() if v != "absent"}))
    return file


def test_a_config_is_its_preset(tmp_path: Path) -> None:
    """Row by row."""
    config, preset = (_run(a, dtype="fp16") for a in (_config(tmp_path), "llama-3.1-8b"))
    columns = [c for c in preset.layers.columns if c != "id"]
    assert config.layers[columns].equals(preset.layers[columns])
    assert _run(_config(tmp_path)).policies.dtype == "bf16"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # a name like another's is another network
        ({"model_type": "mamba"}, "no rules for the family 'mamba'; write its network as YAML"),
        ({"model_type": "lama"}, "no rules for the family 'lama'; write its network as YAML"),
        ({"model_type": "_common"}, "no rules for the family '_common'"),
        ({"model_type": "../families/llama"}, "no rules for the family '../families/llama'"),
        ({"model_type": "absent"}, "has no 'model_type'"),
        ({"hidden_size": "absent"}, "has no 'hidden_size'"),
        ({"num_hidden_layers": -1}, "'num_hidden_layers' is -1"),
        ({"hidden_act": "gelu"}, "'hidden_act: 'gelu'' is not modelled"),
        ({"num_key_value_heads": 5}, "32 heads cannot share 5"),
    ],
)
def test_configs_are_refused_by_name(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _run(_config(tmp_path, **changes))


def test_no_family_is_suggested_for_another(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        _run(_config(tmp_path, model_type="lama"))
    assert "did you mean" not in str(told.value)


FAMILIES = sorted(path.stem for path in families.HERE.glob("*.yaml"))
DECODER = documents.load(Path(__file__).parent.parent / "archs/decoder.yaml").plain()["vars"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_a_table_of_known_words(family: str) -> None:
    """Sections that the reader knows, variables of the decoder, a source; sizes are no flags."""
    stated = documents.load(families.HERE / f"{family}.yaml").plain()
    assert stated.keys() <= {"source", "like", *SECTIONS}
    assert stated["source"]
    given = [stated.get(name, {}) for name in ("sizes", "flags", "always")]
    for section in given:
        assert section.keys() <= DECODER.keys()
    rows = {"embed", "position", "qkv", "out", "gate_up", "up", "down", "moe", "head", "class"}
    assert stated.get("modules", {}).keys() <= rows
    flags = {word for word, value in DECODER.items() if isinstance(value, bool)}
    assert not given[0].keys() & flags
    assert given[1].keys() <= flags


SECTIONS = ("sizes", "flags", "always", "modules", "only", "divides")


def test_no_more_tokens_than_positions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"200001 tokens are more than the model's 131072"):
        _run(_config(tmp_path), tokens=1, context=200000)
    with pytest.raises(InputError, match=r"gpt2\.yaml: 1025 tokens are more than the model's 1024"):
        _run("gpt2", tokens=1025)


@pytest.mark.parametrize("arch", ["llama-3.1-70b", "mixtral-8x7b", "gpt2"])
@pytest.mark.parametrize("devices", [2, 4])
def test_devices_together_do_all_the_work(arch: str, devices: int) -> None:
    """Multiply-adds of all devices are those of the whole; what is repeated is norms,
    biases of the second layer of a pair, and the experts' router."""
    whole = _run(arch, dtype="fp16")
    part = _run(arch, dtype="fp16", passes=[TensorParallel(devices)])
    router = sum(
        row.parts[0].inputs[0][0] * row.parts[0].inputs[0][1] * getattr(row.layer, "experts", 0)
        for row in whole.network.rows
        if row.kind == "moe"
    )
    # the vocabulary of gpt2, 50 257, is padded
    if arch != "gpt2":
        assert devices * part.totals["macs"] == whole.totals["macs"] + (devices - 1) * router
    reduces = [row for row in part.network.rows if row.kind == "all_reduce"]
    # behind the embedding and each pair of layers
    assert len(reduces) == 1 + 2 * {"llama-3.1-70b": 80, "mixtral-8x7b": 32, "gpt2": 12}[arch]
    assert part.result.link is not None
    assert float(part.result.link.sum()) > 0
    assert "link_time_s" in part.totals


def test_devices_that_fit_neither_heads_nor_experts() -> None:
    with pytest.raises(InputError, match="64 do not divide over 3 devices"):
        _run("llama-3.1-70b", passes=[TensorParallel(3)])
    with pytest.raises(InputError, match="8 experts do not divide over 16 devices"):
        _run("mixtral-8x7b", passes=[TensorParallel(16, 16)])
    # fewer heads of keys and values than devices are held twice
    part = _run("llama-3.1-70b", tokens=1, context=10, dtype="fp16", passes=[TensorParallel(16)])
    assert part.workload.state_read is not None
    assert part.workload.state_read.sum() == 2 * 80 * 1 * 128 * 10 * 2


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_an_exported_decoder_agrees_row_by_row(tmp_path: Path) -> None:
    """Two layers of a gated decoder in torch, exported: its products are those of the YAML.

    The file attends without a mask, so `causal` is off; its rows of one matrix product each have
    the multiply-adds and parameters of the YAML's, in order.
    """
    import torch
    from torch import nn

    hidden, heads, inter, tokens = 32, 4, 48, 6

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList(nn.RMSNorm(hidden) for _ in range(2))
            self.qkv = nn.Linear(hidden, 3 * hidden, bias=False)
            self.out = nn.Linear(hidden, hidden, bias=False)
            self.gate_up = nn.Linear(hidden, 2 * inter, bias=False)
            self.down = nn.Linear(inter, hidden, bias=False)

        def forward(self, x: Any) -> Any:
            y = self.qkv(self.norms[0](x))
            parts = y[..., :hidden], y[..., hidden : 2 * hidden], y[..., 2 * hidden :]
            q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
            seen = nn.functional.scaled_dot_product_attention(q, k, v)
            x = x + self.out(seen.transpose(1, 2).flatten(2))
            y = self.gate_up(self.norms[1](x))
            return x + self.down(nn.functional.silu(y[..., :inter]) * y[..., inter:])

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(50, hidden)
            self.body = nn.Sequential(Block(), Block())
            self.norm = nn.RMSNorm(hidden)
            self.head = nn.Linear(hidden, 50, bias=False)

        def forward(self, x: Any) -> Any:
            return self.head(self.norm(self.body(self.embed(x))))

    ids = torch.zeros(1, tokens, dtype=torch.long)
    file = export(Model().eval(), ids, tmp_path / "d.onnx", dynamo=True)
    sizes = {"layers": 2, "hidden": hidden, "heads": heads, "kv_heads": heads, "inter": inter}
    more = {"vocabulary": 50, "rotary": False, "tokens": tokens, "logits": "all", "causal": False}
    yaml = _run("decoder", dtype="fp16", cache=False, **sizes, **more)
    onnx = cm.simulate(file, "h100", dtype="fp16")
    assert onnx.totals["params"] == yaml.totals["params"]
    assert onnx.totals["macs"] == yaml.totals["macs"]
    mine, theirs = (
        [
            (macs, params)
            for macs, params in zip(run.workload.macs, run.workload.params, strict=True)
            if params
        ]
        for run in (yaml, onnx)
    )
    assert [pair for pair in mine if pair[0]] == [pair for pair in theirs if pair[0]]


def test_the_longest_context_and_prompt_within_a_time() -> None:
    """The next token is too many; beyond the positions there is none."""
    bound = "total_time <= 3 ms"
    for word, name, rest in (
        ("context", "context", {"tokens": 1}),
        ("prompt", "tokens", {"context": 0}),
    ):
        found = cm.solve("qwen3-0.6b", "h100_measured", word, bound)
        assert found.possible
        assert found.value is not None
        times = [
            cm.simulate(
                "qwen3-0.6b", "h100_measured", settings={**rest, name: int(found.value) + more}
            ).total_time
            for more in (0, 1)
        ]
        assert times[0] <= 3e-3 < times[1]
    assert not cm.solve("qwen3-0.6b", "h100_measured", "context", "total_time <= 1 us").possible
    whole = cm.solve("qwen3-0.6b", "h100_measured", "context", "total_time <= 3600 s")
    assert whole.value == 40960 - 1
    with pytest.raises(InputError, match="is met by any long context"):
        cm.solve("qwen3-0.6b", "h100_measured", "context", "total_time >= 1 s")
    with pytest.raises(InputError, match="has no variable"):
        cm.solve("hairnet", "accel_1tflops", "prompt", bound)


def test_the_timeline_shows_what_devices_tell_one_another() -> None:
    """Behind the embedding and each pair of layers a segment on the link, as long as the row."""
    run = cm.simulate(
        "llama-3.1-8b",
        "h100_measured",
        settings={"tokens": 1, "context": 100, "layers": 2},
        passes=[TensorParallel(4)],
    )
    told = [part for part in segments(run) if part.lane == "link"]
    assert len(told) == 5
    # 4 096 elements of two bytes to three others, or in two messages
    once, twice = 4.58e-6 + 3 * 8192 / 320e9, 2 * 4.58e-6 + 2 * 3 / 4 * 8192 / 320e9
    assert [part.length for part in told] == pytest.approx([min(once, twice)] * 5)
    assert sum(part.length for part in told) == pytest.approx(run.totals["link_time_s"])
    assert run.plot("timeline") is not None
    assert run.plot("time") is not None
