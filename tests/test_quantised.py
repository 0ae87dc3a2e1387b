"""Quantised checkpoints: the bytes of every matrix, by hand and as published, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from math import ceil
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core.tiling.nest import Widths
from costmodel.errors import InputError
from costmodel.studies.generate import Generation

DATA = Path(__file__).parent / "data"
Section = dict[str, Any]
Bytes = Callable[[int, int], int]

# A llama of two layers: 256 features, four heads of 64 that share two of keys and values.
HIDDEN, INTER, VOCABULARY, LAYERS = 256, 512, 1000, 2
TINY = {
    "model_type": "llama", "num_hidden_layers": LAYERS, "hidden_size": HIDDEN,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": INTER,
    "vocab_size": VOCABULARY, "torch_dtype": "bfloat16",
}  # fmt: skip
MATRICES = {
    "self_attn.q_proj": (256, 256), "self_attn.k_proj": (128, 256), "self_attn.v_proj": (128, 256),
    "self_attn.o_proj": (256, 256), "mlp.gate_proj": (512, 256), "mlp.up_proj": (512, 256),
    "mlp.down_proj": (256, 512),
}  # fmt: skip
"""Outputs and inputs of the linear layers of a block, by the names of transformers."""
NAMES = [f"model.layers.{n}.{name}" for n in range(LAYERS) for name in MATRICES]
ROWS = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "out": ("self_attn.o_proj",),
    "mlp/gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "mlp/down": ("mlp.down_proj",),
}


def group(size: int, weights: Section | None = None, **further: Any) -> Section:
    """A config of compressed-tensors with one group of integers."""
    stated = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": size}
    one = {"targets": ["Linear"], "weights": stated | (weights or {})}
    return {
        "quant_method": "compressed-tensors", "format": "pack-quantized",
        "config_groups": {"group_0": one}, "ignore": ["lm_head"], **further,
    }  # fmt: skip


def activated(number: str, bits: int, word: str, strategy: str = "channel", **acts: Any) -> Section:
    """The same with quantised activations."""
    one = {
        "targets": ["Linear"],
        "weights": {"num_bits": bits, "type": number, "strategy": strategy, "symmetric": True},
        "input_activations": {"num_bits": bits, "type": number, "dynamic": True, **acts},
    }
    return {
        "quant_method": "compressed-tensors", "format": word, "ignore": ["lm_head"],
        "config_groups": {"group_0": one},
    }  # fmt: skip


def blocked(block: Any) -> Section:
    """Floats of eight bits with a scale for each such block."""
    section = activated("float", 8, "float-quantized", "block")
    section["config_groups"]["group_0"]["weights"]["block_structure"] = block
    return section


def written(folder: Path, section: Any, **changes: Any) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps({**TINY, **changes, "quantization_config": section}))
    return file


def generated(file: Path, hw: str = "h200", **options: Any) -> Generation:
    return cm.generate(file, hw, 16, 2, **options)


def by_hand(size: Bytes, kept: Collection[str] = ()) -> int:
    """Bytes of the tiny model: tables and norms in 16 bits, and what is `kept` of the matrices."""
    plain = 2 * VOCABULARY * HIDDEN + (2 * LAYERS + 1) * HIDDEN
    matrices = 0
    for name in NAMES:
        out, inputs = MATRICES[name.split(".", 3)[3]]
        matrices += 2 * out * inputs if name in kept else size(out, inputs)
    return 2 * plain + matrices


# Bytes of a matrix of o outputs and i inputs: values, then scales, then zero points and the rest.
FORMATS: list[tuple[Section, Bytes]] = [
    # AutoGPTQ: qweight, scales of 16 bits, qzeros, g_idx of 32 bits for each input
    ({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": True},
     lambda o, i: o * i // 2 + o * i // 128 * 2 + o * i // 128 // 2 + 4 * i),
    ({"quant_method": "gptq", "bits": 8, "group_size": 32},
     lambda o, i: o * i + o * i // 32 * 2 + o * i // 32 + 4 * i),
    ({"quant_method": "gptq", "bits": 3, "group_size": 64},
     lambda o, i: o * i * 3 // 8 + o * i // 64 * 2 + o * i // 64 * 3 // 8 + 4 * i),
    ({"quant_method": "gptq", "bits": 2, "group_size": -1, "sym": False},
     lambda o, i: o * i // 4 + o * 2 + o // 4 + 4 * i),
    # AutoAWQ, with zero points and without
    ({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True},
     lambda o, i: o * i // 2 + o * i // 64 * 2 + o * i // 64 // 2),
    ({"quant_method": "awq", "w_bit": 4, "q_group_size": 128, "zero_point": False},
     lambda o, i: o * i // 2 + o * i // 128 * 2),
    # a float for 64 values and a table of 16 floats
    ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
     lambda o, i: o * i // 2 + o * i // 64 * 4 + 64),
    ({"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"},
     lambda o, i: o * i // 2 + o * i // 64 * 4 + 64),
    # a byte for 64 values, a float for 256 such bytes; tables of 16 and of 256 floats, an offset
    ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4",
      "bnb_4bit_use_double_quant": True},
     lambda o, i: o * i // 2 + o * i // 64 + ceil(o * i / 64 / 256) * 4 + 64 + 1024 + 4),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True}, lambda o, i: o * i + 4 * o),
    # packed integers hold their shape in two numbers of 64 bits
    (group(128), lambda o, i: o * i // 2 + o * i // 128 * 2 + 16),
    (group(32, {"symmetric": False}), lambda o, i: o * i // 2 + o * i // 32 * 5 // 2 + 16),
    (group(128, {"actorder": "group"}), lambda o, i: o * i // 2 + o * i // 128 * 2 + 16 + 4 * i),
    (group(0, {"num_bits": 8, "strategy": "channel", "group_size": None}),
     lambda o, i: o * i + 2 * o + 16),
    (activated("int", 8, "int-quantized"), lambda o, i: o * i + 2 * o),
    # a scale of 16 bits for the matrix, and one for its input where that is static
    (activated("float", 8, "float-quantized", "tensor"), lambda o, i: o * i + 2),
    (activated("float", 8, "float-quantized", "tensor", dynamic=False), lambda o, i: o * i + 4),
    (activated("float", 8, "float-quantized"), lambda o, i: o * i + 2 * o),
    (activated("float", 8, "float-quantized", "block"),
     lambda o, i: o * i + ceil(o / 128) * ceil(i / 128) * 2),
    # early releases wrote a block as text (compressed_tensors/quantization/quant_args.py)
    *((blocked(block), lambda o, i: o * i + ceil(o / 64) * ceil(i / 128) * 2) for block in ("64x128", [64, 128])),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]},
     lambda o, i: o * i + ceil(o / 128) * ceil(i / 128) * 4),
    ({"quant_method": "fp8", "weight_block_size": [64, 128]},
     lambda o, i: o * i + ceil(o / 64) * ceil(i / 128) * 4),
    ({"quant_method": "fp8", "activation_scheme": "static"}, lambda o, i: o * i + 8),
    ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, lambda o, i: o * i + 4 * o),
    ({"quant_method": "modelopt", "quant_algo": "FP8"}, lambda o, i: o * i + 8),
    # a float for each output; those of tokens are worked out as they come
    ({"quant_method": "modelopt", "quant_algo": "FP8_PER_CHANNEL_PER_TOKEN"}, lambda o, i: o * i + 4 * o),
    ({"quant_method": "modelopt", "quantization": {"quant_algo": "NVFP4", "group_size": 16}},
     lambda o, i: o * i // 2 + o * i // 16 + 8),
    # a scale of 8 bits for 16 values and a float for the matrix; one more for its input
    (group(16, {"type": "float"}, format="nvfp4-pack-quantized"),
     lambda o, i: o * i // 2 + o * i // 16 + 4),
    (activated("float", 4, "nvfp4-pack-quantized"), lambda o, i: o * i // 2 + o * i // 16 + 8),
    (group(32, {"type": "float"}, format="mxfp4-pack-quantized"),
     lambda o, i: o * i // 2 + o * i // 32),
    # a scale and a zero point of 16 bits for 64 values; ten values of three bits to a word
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}},
     lambda o, i: o * i // 2 + o * i // 64 * 4),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 3, "group_size": 64}}},
     lambda o, i: ceil(o * i / 10 * 4) + o * i // 64 * 4),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 8, "group_size": 64}}},
     lambda o, i: o * i + o * i // 64 * 4),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 2, "group_size": 64}}},
     lambda o, i: o * i // 4 + o * i // 64 * 4),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 1, "group_size": 32}}},
     lambda o, i: o * i // 8 + o * i // 32 * 4),
]  # fmt: skip


@pytest.mark.parametrize(("section", "size"), FORMATS)
def test_every_format_to_the_byte(tmp_path: Path, section: Section, size: Bytes) -> None:
    """As the libraries that write them lay out the tensors of one matrix."""
    file = written(tmp_path, section)
    # bytes of weights do not depend on the type of maps, of which h200 has no rate for int8
    dtype = "bf16" if "int-quantized" in str(section) else None
    assert generated(file, dtype=dtype).memory.weights == by_hand(size)
    # what a step reads is everything but the embedding, of which it looks up one vector
    step = cm.simulate(file, "h200", settings={"tokens": 1}, dtype=dtype)
    unread = 2 * (VOCABULARY - 1) * HIDDEN
    assert int(step.workload.param_bytes.sum()) == by_hand(size) - unread


AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}
HALF: Bytes = lambda o, i: o * i // 2 + o * i // 128 * 5 // 2  # noqa: E731
EXCEPTIONS: list[tuple[list[str], Callable[[str], bool]]] = [
    (["self_attn"], lambda name: "self_attn" in name),
    (["model.layers.1"], lambda name: ".1." in name),
    (["model.layers.0.mlp"], lambda name: "layers.0.mlp" in name),
    (["gate", "lm_head", "q"], lambda name: False),
    (["q_proj"], lambda name: "q_proj" in name),
    ([""], lambda name: False),
    (["k_proj", "up_proj"], lambda name: "k_proj" in name or "up_proj" in name),
    (["model.layers.*.mlp.down_proj"], lambda name: "down_proj" in name),
    (["*0.self_attn*"], lambda name: "0.self_attn" in name),
    (["re:.*layers.1.*v_proj"], lambda name: name == "model.layers.1.self_attn.v_proj"),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "kept"), EXCEPTIONS)
def test_lists_name_components_of_paths(
    tmp_path: Path, listed: list[str], kept: Callable[[str], bool]
) -> None:
    """A fused row of which one module is left alone has the mean of both."""
    file = written(tmp_path, {**AWQ, "modules_to_not_convert": listed})
    left = {name for name in NAMES if kept(name)}
    assert generated(file).memory.weights == by_hand(HALF, left)
    rows = {row.id: row.layer for row in cm.load_network(file).rows}
    for layer in range(LAYERS):
        for row, modules in ROWS.items():
            names = [f"model.layers.{layer}.{module}" for module in modules]
            sizes = [MATRICES[module] for module in modules]
            moved = sum(2 * o * i if n in left else HALF(o, i)
                        for n, (o, i) in zip(names, sizes, strict=True))  # fmt: skip
            bits = 8 * moved / sum(o * i for o, i in sizes)
            found = rows[f"body[{layer}]/{row}"].weight_bits or 16
            assert found == pytest.approx(bits, abs=1e-12)


@pytest.mark.parametrize(
    ("key", "method"),
    [
        ("llm_int8_skip_modules", {"quant_method": "bitsandbytes", "load_in_8bit": True}),
        ("modules_to_not_convert", {"quant_method": "gptq", "bits": 4, "group_size": 128}),
        ("modules_to_not_convert", {"quant_method": "fp8"}),
        ("ignored_layers", {"quant_method": "fp8"}),
        ("modules_to_not_convert", {"quant_method": "fbgemm_fp8"}),
        ("exclude_modules", {"quant_method": "modelopt", "quant_algo": "FP8"}),
        ("ignore", {"quant_method": "modelopt", "quant_algo": "NVFP4"}),
        ("ignore", group(128)),
        ("skip_modules", {"quant_method": "hqq",
                          "quant_config": {"weight_quant_params": {"nbits": 8, "group_size": 64}}}),
    ],
)  # fmt: skip
def test_every_method_has_its_list(tmp_path: Path, key: str, method: Section) -> None:
    listed = {**method, key: ["self_attn", "lm_head"]}
    rows = {row.id: row.layer for row in cm.load_network(written(tmp_path, listed)).rows}
    fixed = {name for name, layer in rows.items() if layer.weight_bits}
    assert fixed == {f"body[{n}]/mlp/{row}" for n in range(LAYERS) for row in ("gate_up", "down")}


def test_gptq_names_what_it_quantises(tmp_path: Path) -> None:
    """Blocks in lists, the head by its own key, and single layers of GPTQModel's `dynamic`."""
    gptq = {"quant_method": "gptq", "bits": 4, "group_size": 128}
    blocks = {**gptq, "modules_in_block_to_quantize": [["self_attn.o_proj"], ["mlp.down_proj"]]}
    rows = {row.id: row.layer for row in cm.load_network(written(tmp_path, blocks)).rows}
    assert {name.split("/", 1)[1] for name, layer in rows.items() if layer.weight_bits} == {
        "out", "mlp/down",
    }  # fmt: skip
    head = cm.load_network(written(tmp_path, {**gptq, "lm_head": True})).rows[-1]
    # 1000 x 256: values, scales and zero points of 128, g_idx of 256
    assert head.parts[0].held_bytes(16) == 128000 + 2000 * 2 + 1000 + 1024
    eight = {**gptq, "dynamic": {"-:.*0.*self_attn": {}, "+:.*down": {"bits": 8, "group_size": 32}}}
    rows = {row.id: row.layer for row in cm.load_network(written(tmp_path, eight)).rows}
    assert rows["body[0]/out"].weight_bits is None
    # g_idx of 512 inputs for 256 outputs: 32 / 256 of a bit
    assert rows["body[1]/mlp/down"].weight_bits == 8 + 16 / 32 + 8 / 32 + 32 / 256


def test_groups_of_compressed_tensors(tmp_path: Path) -> None:
    """A name goes before an expression, and this before a class; the head is a Linear as well."""
    section = group(128, ignore=[])
    groups = section["config_groups"]
    eight = {"num_bits": 8, "type": "int", "strategy": "channel"}
    groups["group_1"] = {"targets": ["re:.*self_attn.*"], "weights": eight}
    groups["group_2"] = {"targets": ["o_proj"], "weights": {**eight, "strategy": "tensor"}}
    rows = {row.id: row.layer for row in cm.load_network(written(tmp_path, section)).rows}
    assert rows["body[0]/mlp/down"].weight_type == "int4"
    assert rows["body[0]/qkv"].weight_bits == 8 + 16 / 256 + 3 * 16 * 8 / (512 * 256)
    assert rows["body[0]/out"].weight_bits == 8 + (16 + 2) * 8 / 256**2
    assert rows["head"].weight_bits == 4 + 16 / 128 + 16 * 8 / 256000


def test_experts_one_by_one(tmp_path: Path) -> None:
    """One of four experts is left alone; the router stays, and so does the attention of mxfp4."""
    experts = {
        "model_type": "qwen3_moe", "head_dim": 64, "num_experts": 4, "num_experts_per_tok": 2,
        "moe_intermediate_size": 128,
    }  # fmt: skip
    file = written(tmp_path, {**AWQ, "modules_to_not_convert": ["experts.3"]}, **experts)
    settings = {"tokens": 1}
    layer = {row.id: row for row in cm.load_network(file, settings).rows}["body[0]/mlp/moe"]
    each = 2 * HALF(128, 256) + HALF(256, 128)
    assert layer.parts[0].held_bytes(16) == 3 * each + 2 * 3 * 128 * 256 + 2 * 256 * 4
    # of one token that is sent to two of four experts, half of the experts' bytes and the router
    half = (3 * each + 2 * 3 * 128 * 256) // 2
    assert layer.parts[0].read_bytes(16, 1) == half + 2 * 256 * 4


def test_small_files() -> None:
    """Derivations: L linear weights of Llama-3.1-8B, 6 979 321 856, and R others, 1 050 939 392.

    Of Llama-3-70B 68 451 041 280 and 2 102 665 216. Others have 16 bits.
    """
    linear, others = 6_979_321_856, 2 * 1_050_939_392
    of_70b = 68_451_041_280 * (4 + 16 / 128 + 4 / 128) / 8 + 2 * 2_102_665_216
    expected = {
        "config_awq": of_70b,
        "config_q_bnb4": linear * (4 + 32 / 64) / 8 + others,
        "config_q_ct_fp8": linear + others,
        "config_q_ct_w4a16": 5_700_595_200,
        "config_q_fbgemm": 9_086_705_664,
        "config_q_modelopt": linear * (4 + 8 / 16) / 8 + others,
    }
    for name, value in expected.items():
        run = cm.generate(DATA / "files" / f"{name}.json", "h200", 128, 4)
        assert run.memory.weights == pytest.approx(value, rel=1e-5), name


PUBLISHED = json.loads((DATA / "published_weights.json").read_text())


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: str(entry["model"]))
def test_published_files(tmp_path: Path, entry: dict[str, Any]) -> None:
    """The bytes of all tensors in the files that were published."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(entry["config"]))
    rows = cm.load_network(file, {"tokens": 1}).rows
    held = sum(part.held_bytes(16) for row in rows for part in row.parts)
    assert held == entry["bytes"]


def test_types_that_a_run_computes_in(tmp_path: Path) -> None:
    """Weights alone: the model's own; with activations: theirs; a cache has its own type."""
    cache = {"kv_cache_scheme": {"num_bits": 8, "type": "float"}}
    mixed = activated("float", 8, "float-quantized")
    mixed["config_groups"]["group_1"] = group(128)["config_groups"]["group_0"] | {
        "targets": ["mlp"], "format": "pack-quantized",
    }  # fmt: skip
    both = activated("float", 8, "float-quantized")
    both["config_groups"]["group_1"] = activated("int", 8, "int-quantized")["config_groups"][
        "group_0"
    ] | {"targets": ["mlp"], "format": "int-quantized"}
    for section, word in (
        (AWQ, "bf16"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bf16"),
        ({"quant_method": "fp8"}, "{weights: bf16, maps: fp8, state: bf16}"),
        (activated("int", 8, "int-quantized"), "{weights: bf16, maps: int8, state: bf16}"),
        (group(128, **cache), "{weights: bf16, maps: bf16, state: fp8}"),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "FP8"},
         "{weights: bf16, maps: fp8, state: fp8}"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "kv_cache_quant_algo": "INT8"},
         "{weights: bf16, maps: bf16, state: int8}"),
        # groups that do not agree compute in the model's own type
        (mixed, "bf16"),
        (both, "bf16"),
    ):  # fmt: skip
        facts = cm.load_network(written(tmp_path, section)).facts
        assert facts.choices["dtype"] == word


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("gptq", "'quantization_config' is 'gptq'; it must be a mapping"),
        ({"quant_method": "quip"}, "'quant_method: quip' is not read"),
        ({"quant_method": ["awq"]}, "is not read"),
        ({"bits": 4}, "'quant_method: None' is not read"),
        ({"quant_method": "gptq", "bits": 5}, "'bits: 5' is not modelled"),
        ({"quant_method": "gptq", "group_size": 128}, "has no 'bits'"),
        ({"quant_method": "gptq", "bits": 4, "group_size": "all"}, "'group_size' is 'all'"),
        ({**AWQ, "outliers": 8}, "'outliers: 8' of awq is not read"),
        ({**AWQ, "modules_to_not_convert": "mlp"}, "'modules_to_not_convert' is 'mlp'"),
        ({**AWQ, "modules_to_not_convert": ["re:("]}, "is no regular expression"),
        ({**AWQ, "modules_to_not_convert": ["model"]}, "quantises no linear layer"),
        ({"quant_method": "bitsandbytes"}, "one of 'load_in_4bit' and 'load_in_8bit'"),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "int4"}, "'bnb_4bit_quant_type: int4'"),
        ({"load_in_4bit": True, "bnb_4bit_blocksize": 32}, "'bnb_4bit_blocksize: 32'"),
        ({"quant_method": "fp8", "weight_block_size": [128]}, "'weight_block_size' is"),
        ({"quant_method": "fp8", "weight_block_size": [128, 0]}, "'weight_block_size' is"),
        ({"quant_method": "fp8", "weight_block_size": "128"}, "'weight_block_size' is"),
        ({"quant_method": "fp8", "weight_block_size": "128xall"}, "'weight_block_size' is"),
        ({"quant_method": "fp8", "activation_scheme": "odd"}, "'activation_scheme: odd'"),
        ({"quant_method": "modelopt", "quant_algo": "W4A8_AWQ"}, "'quant_algo: W4A8_AWQ'"),
        ({"quant_method": "modelopt"}, "'quant_algo' is None"),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "NVFP4"},
         "'kv_cache_quant_algo: NVFP4'"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 32}, "it must be 16"),
        ({"quant_method": "mxfp4", "dequantize": True}, "'dequantize: True' of mxfp4"),
        ({"quant_method": "mxfp4"}, "quantises no linear layer"),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4},
                                                  "scale_quant_params": {"nbits": 8}}},
         "'scale_quant_params: {'nbits': 8}'"),
        ({"quant_method": "hqq", "quant_config": {"mlp.up_proj": {}}}, "no 'weight_quant_params'"),
        ({"quant_method": "compressed-tensors"}, "has no 'config_groups'"),
        (group(128, format="marlin-24"), "'format: marlin-24'"),
        (group(128, sparsity_config={"format": "sparse-24-bitmask"}), "sparse-24-bitmask"),
        (group(128, {"strategy": "odd"}), "'strategy: odd'"),
        (group(128, {"num_bits": 5}), "'num_bits: 5'"),
        (group(128, {"type": "complex"}), "weights of type complex in 4 bits"),
        (group(128, kv_cache_scheme={"num_bits": 4, "type": "int"}), "'num_bits: 4'"),
        (group(128, transform_config={"config_groups": {"a": 1}}), "'transform_config"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, section: Any, message: str) -> None:
    """By its name, with the file, and never read as if it were not there."""
    file = written(tmp_path, section)
    with pytest.raises(InputError) as told:
        cm.load_network(file)
    assert message in str(told.value)
    assert str(told.value).startswith(str(file))


def test_targets_of_an_unknown_class(tmp_path: Path) -> None:
    section = group(128)
    section["config_groups"]["group_0"]["targets"] = ["LlamaMLP"]
    with pytest.raises(InputError, match="target 'LlamaMLP' of group_0 is no class"):
        cm.load_network(written(tmp_path, section))


def test_targets_of_a_class(tmp_path: Path) -> None:
    """The table of words alone is an embedding; the products stay as they are."""
    section = group(128)
    section["config_groups"]["group_0"]["targets"] = ["Embedding"]
    rows = cm.load_network(written(tmp_path, section)).rows
    assert [row.layer.kind for row in rows if row.layer.weight_bits] == ["embedding"]


def test_nothing_is_quantised(tmp_path: Path) -> None:
    nothing: list[Section | None] = [None, {}]
    for section in nothing:
        rows = cm.load_network(written(tmp_path, section)).rows
        assert not any(row.layer.weight_bits for row in rows)


def test_groups_that_nothing_is_said_of(tmp_path: Path) -> None:
    """AwqConfig of transformers has 128 values in a group: of 129 inputs there are two of them."""
    stated = {word: value for word, value in AWQ.items() if word != "group_size"}
    weights = {
        generated(written(tmp_path, section, intermediate_size=129)).memory.weights
        for section in (stated, AWQ)
    }
    assert len(weights) == 1


def test_a_nested_section(tmp_path: Path) -> None:
    """As `compression_config`, and beside a config of sparsity, as older files have it."""
    file = tmp_path / "config.json"
    expected = generated(written(tmp_path, group(128))).memory.weights
    sparse = {"sparsity_config": {"format": "dense"}, "quantization_config": group(128)}
    for outside in ({"compression_config": group(128)}, {"compression_config": sparse}):
        file.write_text(json.dumps({**TINY, **outside}))
        assert generated(file).memory.weights == expected
    # what stands beside the quantisation is read as well: half of these weights are not held
    pruned = {**sparse, "sparsity_config": {"format": "sparse-24-bitmask"}}
    file.write_text(json.dumps({**TINY, "compression_config": pruned}))
    with pytest.raises(InputError, match="sparse-24-bitmask"):
        cm.load_network(file)


def test_the_names_of_another_family(tmp_path: Path) -> None:
    """GPT-2 of 64 features and 2 layers, its fused Q, K and V left in 16 bits by their name.

    Of a layer 192 x 64 in two bytes; 64 x 64, 256 x 64 and 64 x 256 in one, with a float an output;
    biases and norms in two bytes, and a table of 100 words, which is the head's too, and 32 places.
    """
    stated: Section = {
        "model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 100, "n_positions": 32,
        "torch_dtype": "float16",
        "quantization_config": {"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["c_attn", "lm_head"]},
    }  # fmt: skip
    file = tmp_path / "config.json"
    file.write_text(json.dumps(stated))
    narrow = 64 * 64 + 256 * 64 + 64 * 256 + 4 * (64 + 256 + 64)
    layer = 2 * 192 * 64 + narrow + 2 * (192 + 64 + 256 + 64) + 2 * 4 * 64
    assert generated(file).memory.weights == 2 * layer + 2 * (100 * 64 + 32 * 64 + 2 * 64)
    # its products are of a class of their own
    stated["quantization_config"] = group(64)
    stated["quantization_config"]["config_groups"]["group_0"]["targets"] = ["Conv1D"]
    file.write_text(json.dumps(stated))
    rows = cm.load_network(file).rows
    assert sum(bool(row.layer.weight_bits) for row in rows) == 2 * 4


def test_a_tied_head_is_not_quantised(tmp_path: Path) -> None:
    """Its table is looked up as well: bytes stay, and a config that quantises it is refused."""
    file = written(tmp_path, AWQ, tie_word_embeddings=True)
    table = 2 * VOCABULARY * HIDDEN
    assert generated(file).memory.weights == by_hand(HALF) - table
    head = {"quant_method": "gptq", "bits": 4, "group_size": 128, "lm_head": True}
    with pytest.raises(InputError, match="the head is quantised and its table is the embedding's"):
        cm.load_network(written(tmp_path, head, tie_word_embeddings=True))


def test_parameters_stay_what_they_are(tmp_path: Path) -> None:
    """Scales and zero points are bytes; divided over devices each holds its part of them."""
    file, plain = written(tmp_path, AWQ), tmp_path / "plain.json"
    plain.write_text(json.dumps(TINY))
    one, other = (cm.simulate(arch, "h200") for arch in (file, plain))
    assert one.totals["params"] == other.totals["params"]
    assert one.totals["macs"] == other.totals["macs"]
    halves = generated(file, tensor_parallel=2).memory.weights
    norms = 2 * (2 * LAYERS + 1) * HIDDEN
    # 1000 rows over two devices are 500
    assert halves - norms == (by_hand(HALF) - norms) // 2


def test_what_stands_behind_narrow_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kernels with weights of 16 bits say nothing of those of 4; types are told by role."""
    file = written(tmp_path, AWQ)
    asked = ["--hw", "h100_measured", "--prompt", "16", "--generate", "2"]
    assert main(["generate", str(file), *asked]) == 0
    told = capsys.readouterr().out
    assert "assumed: efficiency of int4 weights" in told
    assert "int4 (4.156 bits with scales): linear layers; bf16: embedding, head, norms" in told
    assert "products 6.8 % (bf16)" not in told
    assert main(["simulate", str(file), "--hw", "h100_measured"]) == 0
    assert "  weights    int4 (4.156 bits with scales)" in capsys.readouterr().out
    # fp8 was measured, with its own shares
    run = cm.simulate(written(tmp_path, {"quant_method": "fp8"}), "h100_measured")
    assert run.standing.grade == "calibrated"
    plain = cm.simulate("llama-3.1-8b", "h100_measured", settings={"layers": 1})
    assert plain.provenance["weights"] == {}
    assert run.provenance["weights"]["bf16"] == ["embedding", "head", "norms"]
    shares = {
        row.id: one for row, one in zip(run.workload.rows, run.workload.costs.exposed, strict=True)
    }
    # dense.fp8 and dense of the profile
    assert (shares["body[0]/out"], shares["head"]) == (0.231, 0.109)


def test_weights_of_a_layer_in_yaml(tmp_path: Path) -> None:
    """8 x 8 weights of 4.5 bits and a bias of 16; 0 leaves them in the run's type."""
    for bits, size in ((4.5, 36 + 16), (0, 128 + 16)):
        file = tmp_path / f"n{size}.yaml"
        file.write_text(
            "name: N\nsource: s\ninput: [3, 8]\nlayers:\n"
            f"  - l: {{kind: linear, features: 8, weight_bits: {bits}, weight_type: mine}}\n"
        )
        assert cm.simulate(file, "h200").workload.param_bytes.sum() == size


def test_tiles_of_narrow_weights(tmp_path: Path) -> None:
    """Tiles of maps have 16 bits, sums 32, and those of weights theirs, filled up to whole ones."""
    file = tmp_path / "n.yaml"
    for bits, dtype, width in (
        (4.25, "fp16", 5), (0, "fp16", 16), (0, "{weights: int4, maps: fp16}", 4),
        (8, "{weights: int4, maps: fp16}", 8),
    ):  # fmt: skip
        file.write_text(
            "name: N\nsource: s\ninput: [64, 64]\nlayers:\n"
            f"  - l: {{kind: linear, features: 64, weight_bits: {bits}}}\n"
        )
        run = cm.simulate(file, "h100", traffic="tiled", dtype=dtype)
        assert run.workload.nests[0].bits == Widths(16, width, 16, 32)
        file.unlink()


@pytest.mark.parametrize("family", ["lama", "qwen2_moe", "mamba", "gemma", "qwen"])
def test_no_other_family_is_suggested(tmp_path: Path, family: str) -> None:
    """Another number, or a letter less, is another network."""
    with pytest.raises(InputError) as told:
        cm.load_network(written(tmp_path, None, model_type=family))
    assert f"no rules for the family '{family}'; write its network" in str(told.value)
    file = DATA / "files" / "config_qwen2_moe.json"
    with pytest.raises(InputError, match="no rules for the family 'qwen2_moe'; write"):
        cm.load_network(file)
