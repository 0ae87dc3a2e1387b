"""config.json files: which key of each family says what, by the configuration classes of transformers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.core import registry
from costmodel.errors import InputError

# Every size another number, so that no key can stand for another.
COMMON = {
    "num_hidden_layers": 2, "hidden_size": 48, "num_attention_heads": 6, "num_key_value_heads": 3,
    "head_dim": 10, "intermediate_size": 70, "vocab_size": 90, "max_position_embeddings": 500,
}  # fmt: skip
SIZES = {
    "layers": 2, "hidden": 48, "heads": 6, "kv_heads": 3, "head_size": 10, "inter": 70,
    "vocabulary": 90, "max_positions": 500, "tied": False,
}  # fmt: skip
GPT2 = {"n_layer": 2, "n_embd": 48, "n_head": 6, "vocab_size": 90, "n_positions": 60}
# Learned positions, layer norms, GELU, and a bias everywhere: Radford et al. 2019.
GPT2_IS = {
    "layers": 2, "hidden": 48, "heads": 6, "kv_heads": 6, "inter": 192, "vocabulary": 90,
    "positions": 60, "tied": True, "norm": "layer_norm", "mlp": "gelu", "rotary": False,
    "qkv_bias": True, "out_bias": True, "mlp_bias": True,
}  # fmt: skip
NO_BIAS = {"qkv_bias": False, "out_bias": False, "mlp_bias": False, "qk_norm": False}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 3}
SINKS = {
    "qkv_bias": True, "out_bias": True, "sinks": True, "window_every": 2, "expert_bias": True,
    "window": 16, "experts": 4, "expert_hidden": 70,
}  # fmt: skip
Case = tuple[str, dict[str, Any], dict[str, Any]]
CASES: list[Case] = [
    ("llama", {}, SIZES | NO_BIAS),
    ("llama", {"hidden_act": "silu", "tie_word_embeddings": True}, SIZES | {"tied": True}),
    ("llama", {"attention_bias": True}, SIZES | NO_BIAS | {"qkv_bias": True, "out_bias": True}),
    ("llama", {"mlp_bias": True}, SIZES | NO_BIAS | {"mlp_bias": True}),
    # null is as good as missing; heads of their own keys and values, each hidden / heads wide
    ("llama", {"num_key_value_heads": None, "head_dim": None},
     SIZES | {"kv_heads": 6, "head_size": 8}),
    ("llama", {"num_key_value_heads": "absent", "head_dim": "absent"},
     SIZES | {"kv_heads": 6, "head_size": 8}),
    ("llama", {"max_position_embeddings": "absent"}, SIZES | {"max_positions": 2**30}),
    ("mistral", {}, SIZES | NO_BIAS | {"window": 0}),
    ("mistral", {"sliding_window": None}, SIZES | {"window": 0}),
    ("mistral", {"sliding_window": 16}, SIZES | {"window": 16}),
    ("mistral", {"sliding_window": 16, "use_sliding_window": True}, SIZES | {"window": 16}),
    ("mistral", {"sliding_window": 16, "use_sliding_window": False}, SIZES | {"window": 0}),
    ("mixtral", EXPERTS, SIZES | NO_BIAS | {"experts": 4, "top_k": 3, "expert_hidden": 70, "window": 0}),
    ("mixtral", {**EXPERTS, "sliding_window": 16}, {"window": 16}),
    ("mixtral", {**EXPERTS, "sliding_window": 16, "use_sliding_window": False}, {"window": 0}),
    ("qwen2", {}, SIZES | NO_BIAS | {"qkv_bias": True}),
    ("qwen2", {"use_sliding_window": False, "sliding_window": 16}, SIZES | {"window": 0}),
    ("qwen3", {"use_sliding_window": False}, SIZES | NO_BIAS | {"qk_norm": True}),
    ("qwen3", {"attention_bias": True},
     SIZES | {"qk_norm": True, "qkv_bias": True, "out_bias": True, "mlp_bias": False}),
    ("qwen3_moe", {"num_experts": 4, "num_experts_per_tok": 3, "moe_intermediate_size": 20},
     SIZES | NO_BIAS | {"qk_norm": True, "experts": 4, "top_k": 3, "expert_hidden": 20}),
    ("qwen3_moe", {"num_experts": 4, "num_experts_per_tok": 3, "moe_intermediate_size": 20,
                   "decoder_sparse_step": 1, "mlp_only_layers": [], "use_sliding_window": False},
     {"experts": 4}),
    ("gpt_oss", {**EXPERTS, "sliding_window": 16}, SIZES | SINKS | {"top_k": 3, "expert_bits": 0}),
    ("gpt_oss", {"num_local_experts": 4, "sliding_window": 16}, {"top_k": 4}),
    ("gpt_oss", {**EXPERTS, "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]},
     {"window_every": 2}),
    ("gpt_oss", {**EXPERTS, "sliding_window": 16, "quantization_config": {"quant_method": "mxfp4"}},
     SINKS | {"expert_bits": 0}),
]  # fmt: skip
CASES += [
    ("gpt2", GPT2, GPT2_IS | {"max_positions": 2**30}),
    ("gpt2", {**GPT2, "n_inner": 70, "tie_word_embeddings": False}, {"inter": 70, "tied": False}),
    ("gpt2", {**GPT2, "activation_function": "gelu_new", "n_inner": None}, {"inter": 192}),
    (
        "gpt2",
        {**GPT2, "activation_function": "gelu", "max_position_embeddings": 7000},
        {"max_positions": 7000},
    ),
]


def written(folder: Path, family: str | None, stated: dict[str, Any]) -> Path:
    common = {} if family == "gpt2" else COMMON
    config = {"model_type": family, **common, **stated}
    file = folder / "small.json"
    file.write_text(json.dumps({k: v for k, v in config.items() if v != "absent"}))
    return file


@pytest.mark.parametrize(("family", "stated", "expected"), CASES)
def test_what_a_config_says(
    tmp_path: Path, family: str, stated: dict[str, Any], expected: dict[str, Any]
) -> None:
    facts = cm.load_network(written(tmp_path, family, stated), {"tokens": 3}).facts
    variables = facts.variables
    assert {word: variables[word] for word in expected} == expected
    # true is no 1
    flags = {word for word, value in expected.items() if isinstance(value, bool)}
    assert {word for word in flags if not isinstance(variables[word], bool)} == set()
    assert facts.name == "small"
    assert facts.source == f"config.json, model_type {family}"


def test_a_name_in_the_file(tmp_path: Path) -> None:
    named = written(tmp_path, "llama", {"_name_or_path": "lab/mine"})
    assert cm.load_network(named).facts.name == "lab/mine"
    empty = written(tmp_path, "llama", {"_name_or_path": ""})
    assert cm.load_network(empty).facts.name == "small"


@pytest.mark.parametrize(("family", "key"), [
    *(("llama", key) for key in (
        "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")),
    *(("gpt2", key) for key in GPT2),
    *(("mixtral", key) for key in EXPERTS),
    *(("qwen3_moe", key) for key in ("num_experts", "num_experts_per_tok", "moe_intermediate_size")),
    ("gpt_oss", "num_local_experts"), ("gpt_oss", "sliding_window"),
])  # fmt: skip
def test_a_size_is_needed_and_whole(tmp_path: Path, family: str, key: str) -> None:
    """Each is asked for by its name; true, a half, nought and more than any are refused."""
    every = {**EXPERTS, "num_experts": 4, "moe_intermediate_size": 20, "sliding_window": 16}
    stated = GPT2 if family == "gpt2" else every
    with pytest.raises(InputError, match=f"has no '{key}'"):
        cm.load_network(written(tmp_path, family, {**stated, key: "absent"}))
    for value in (0, -1, 2.0, True, "12", 2**31):
        with pytest.raises(InputError, match=f"'{key}' is .*; it must be a whole number from 1"):
            cm.load_network(written(tmp_path, family, {**stated, key: value}))


def test_the_largest_and_the_smallest_size(tmp_path: Path) -> None:
    for size in (1, 2**31 - 1):
        file = written(tmp_path, "llama", {"vocab_size": size})
        assert cm.load_network(file).facts.variables["vocabulary"] == size


@pytest.mark.parametrize(("family", "stated", "message"), [
    ("llama", {"hidden_act": "gelu"}, "'hidden_act: 'gelu'' is not modelled"),
    ("mistral", {"hidden_act": "relu"}, "'hidden_act: 'relu'' is not modelled"),
    ("qwen2", {"use_sliding_window": True}, "'use_sliding_window: True' is not modelled"),
    ("qwen3", {"use_sliding_window": True}, "'use_sliding_window: True' is not modelled"),
    ("qwen3_moe", {"use_sliding_window": True}, "'use_sliding_window: True' is not modelled"),
    ("qwen3_moe", {"decoder_sparse_step": 2}, "'decoder_sparse_step: 2' is not modelled"),
    ("qwen3_moe", {"mlp_only_layers": [0]}, r"'mlp_only_layers: \[0\]' is not modelled"),
    ("gpt_oss", {**EXPERTS, "layer_types": ["full_attention", "sliding_attention"]},
     "'layer_types: .*' is not modelled"),
    ("gpt_oss", {**EXPERTS, "layer_types": ["sliding_attention"]}, "'layer_types: .*' is not modelled"),
    ("gpt2", {**GPT2, "activation_function": "relu"}, "'activation_function: 'relu'' is not modelled"),
    ("gpt2", {**GPT2, "n_embd": 50}, "'n_embd' 50 does not divide by 'n_head' 6; change one"),
    ("llama", {"attention_bias": 1}, "'attention_bias' is 1; it must be true or false"),
    ("gpt2", {**GPT2, "tie_word_embeddings": "yes"}, "'tie_word_embeddings' is 'yes'; it must"),
    ("mistral", {"sliding_window": 16, "use_sliding_window": 1}, "'use_sliding_window' is 1; it must"),
    # 48 / 7 is no size of a head
    ("llama", {"head_dim": None, "num_attention_heads": 7, "num_key_value_heads": 7}, "has no 'head_dim'"),
    ("mamba", {}, "there are no rules for the family 'mamba'; write its network as YAML"),
    ("_common", {}, "there are no rules for the family '_common'"),
    ("../families/llama", {}, "there are no rules for the family '../families/llama'"),
    (None, {}, "'model_type' is None; it must be a word"),
    ("absent", {}, "has no 'model_type'; give the config.json of a Hugging Face model"),
])  # fmt: skip
def test_what_is_refused(
    tmp_path: Path, family: str | None, stated: dict[str, Any], message: str
) -> None:
    """By name, and with the file."""
    with pytest.raises(InputError, match=message) as told:
        cm.load_network(written(tmp_path, family, stated))
    assert str(tmp_path / "small.json") in str(told.value)


def test_a_config_is_an_object(tmp_path: Path) -> None:
    (tmp_path / "small.json").write_text('["model_type"]')
    with pytest.raises(InputError, match="has no 'model_type'"):
        cm.load_network(tmp_path / "small.json")


@pytest.mark.parametrize(("stated", "dtype"), [
    ({}, "bf16"),
    ({"torch_dtype": "float16"}, "fp16"),
    ({"torch_dtype": "float32"}, "fp32"),
    ({"torch_dtype": "bfloat16"}, "bf16"),
    ({"dtype": "float32"}, "fp32"),
    ({"dtype": "float32", "torch_dtype": "float16"}, "fp16"),
    ({"dtype": "float32", "torch_dtype": None}, "fp32"),
    ({"torch_dtype": "float8_e4m3fn"}, "fp8"),
    ({"torch_dtype": "torch.float16"}, "fp16"),
    *(({"torch_dtype": word}, dtype) for word, dtype in (
        ("half", "fp16"), ("float", "fp32"), ("float64", "fp64"), ("bfloat16", "bf16"),
        ("float8_e5m2", "fp8"), ("auto", "bf16"),
    )),
    ({"quantization_config": None}, "bf16"),
    # maps in 8 bits with the weights of the blocks; or weights in 4 and maps as they were
    ({"quantization_config": {"quant_method": "fp8"}, "torch_dtype": "float16"},
     "{weights: fp16, maps: fp8, state: fp16}"),
    ({"quantization_config": {"quant_method": "gptq", "bits": 4}, "torch_dtype": "float16"}, "fp16"),
    ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "bf16"),
])  # fmt: skip
def test_types_of_elements(tmp_path: Path, stated: dict[str, Any], dtype: str) -> None:
    """As `torch_dtype`, or in newer files `dtype`, says; and how weights are quantised."""
    file = written(tmp_path, "llama", stated)
    run = cm.simulate(file, "accel_1tflops", settings={"tokens": 1})
    assert run.policies.dtype == dtype
    bits = {"fp64": 64, "fp32": 32, "fp8": 8}.get(dtype, 16)
    # the head, whatever else is looked up or quantised
    assert run.workload.param_bytes[-1] == 48 * 90 * bits // 8


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that gives the family `pocket`."""
    info = tmp_path / "pocket-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pocket\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[costmodel.configs]\npocket = pocket_rules:Pocket\n")
    (tmp_path / "pocket_rules.py").write_text(
        "from costmodel.frontends.config.families import Rules\n"
        "class Pocket(Rules):\n"
        "    '''Two figures.'''\n"
        "    def variables(self, keys):\n"
        "        '''Layers of one head.'''\n"
        "        return {'hidden': keys.size('width'), 'heads': 1, 'kv_heads': 1, 'layers': 1}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.entry_points.cache_clear()
    yield
    registry.entry_points.cache_clear()


def test_a_family_of_another_package(tmp_path: Path, installed: None) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"model_type": "pocket", "width": 24}')
    assert cm.load_network(file).facts.variables["hidden"] == 24
    file.write_text('{"model_type": "purse", "width": 24}')
    with pytest.raises(InputError, match="no rules for the family 'purse'"):
        cm.load_network(file)
    fp8 = '"quantization_config": {"quant_method": "fp8"}'
    file.write_text(f'{{"model_type": "pocket", "width": 24, {fp8}}}')
    with pytest.raises(InputError, match=r"rules do not say which modules .* stands for"):
        cm.load_network(file)


def test_an_unknown_element_type_is_refused(tmp_path: Path) -> None:
    """Two bytes for a type that nobody knows would be a guess."""
    with pytest.raises(InputError, match="'torch_dtype' is 'float7'"):
        cm.load_network(written(tmp_path, "llama", {"torch_dtype": "float7"}))
