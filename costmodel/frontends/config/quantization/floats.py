"""Methods whose values are small floats: bitsandbytes, FP8, FBGEMM, ModelOpt, MXFP4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel.errors import BadValue
from costmodel.frontends.config.quantization.matrices import Format, Scale
from costmodel.frontends.config.quantization.method import Quantisation, Rule
from costmodel.frontends.config.quantization.names import Names
from costmodel.frontends.config.quantization.section import REMEDY, Section

ROW = Scale(32)
"""A float for each output."""
FP32 = 4
"""A number of 32 bits [B]."""
NVFP4 = Format("nvfp4", 4, (Scale(8, 1, 16),), 2 * FP32)
"""A scale of 8 bits for 16 values; floats for the whole matrix and for its input (ModelOpt)."""
MXFP4 = Format("mxfp4", 4, (Scale(8, 1, 32),))
"""OCP Microscaling Formats 1.0, section 5.4: a scale of 8 bits for 32 values."""
CODES = {False: ((Scale(32, flat=64),), 16 * FP32),
         True: ((Scale(8, flat=64), Scale(32, flat=64 * 256)), (16 + 256 + 1) * FP32)}  # fmt: skip
"""Scales and tables of `quantize_4bit` in bitsandbytes, functional.py: a float for 64 values and 16
levels; with double quantisation 8 bits for 64, a float for 256 of these, 256 levels and an offset.
"""
PER_TENSOR = Format("fp8", 8, (), 2 * FP32, "fp8")
"""Floats for the whole matrix and for its input."""


def bitsandbytes(section: Section, own: str) -> Quantisation:
    """NF4 or FP4, or LLM.int8() with a float for each output; activations stay as they are."""
    section.only(
        "bitsandbytes",
        "load_in_4bit load_in_8bit _load_in_4bit _load_in_8bit bnb_4bit_quant_type "
        "bnb_4bit_use_double_quant llm_int8_skip_modules",
        "bnb_4bit_compute_dtype bnb_4bit_quant_storage llm_int8_enable_fp32_cpu_offload "
        "llm_int8_threshold",
    )
    four, eight = (
        section.flag(f"load_in_{n}bit") or section.flag(f"_load_in_{n}bit") for n in (4, 8)
    )
    if four == eight:
        raise BadValue("bitsandbytes needs one of 'load_in_4bit' and 'load_in_8bit'", "set one")
    word = section.word("bnb_4bit_quant_type", "fp4") if four else "int8"
    if word not in ("nf4", "fp4", "int8"):
        raise BadValue(f"'bnb_4bit_quant_type: {word}' is not modelled", "nf4 and fp4 are read")
    scales, tables = CODES[section.flag("bnb_4bit_use_double_quant")]
    form = Format(word, 4, scales, tables) if four else Format(word, 8, (ROW,))
    return Quantisation(Rule.all_but(section.names("llm_int8_skip_modules"), form))


def fp8(section: Section, own: str) -> Quantisation:
    """A float for each block of a matrix, or one for all of it."""
    section.only(
        "fp8",
        "weight_block_size modules_to_not_convert ignored_layers activation_scheme",
        "fmt scale_fmt",
    )
    block = section.block("weight_block_size") or (0, 0)
    scheme = section.word("activation_scheme", "dynamic")
    if scheme not in ("dynamic", "static"):
        raise BadValue(f"'activation_scheme: {scheme}' is not modelled", "dynamic or static")
    inputs = FP32 if scheme == "static" else 0
    left = section.names("modules_to_not_convert", "ignored_layers")
    return Quantisation(Rule.all_but(left, Format("fp8", 8, (Scale(32, *block),), inputs, "fp8")))


def fbgemm_fp8(section: Section, own: str) -> Quantisation:
    """A float for each output."""
    section.only("fbgemm_fp8", "modules_to_not_convert", "activation_scale_ub")
    left = section.names("modules_to_not_convert")
    return Quantisation(Rule.all_but(left, Format("fp8", 8, (ROW,), 0, "fp8")))


def mxfp4(section: Section, own: str) -> Quantisation:
    """The experts' matrices alone."""
    section.only("mxfp4", "modules_to_not_convert")
    return Quantisation(Rule.all_but(section.names("modules_to_not_convert"), MXFP4, ("expert",)))


ALGORITHMS = {
    "FP8": PER_TENSOR,
    "FP8_PER_CHANNEL_PER_TOKEN": Format("fp8", 8, (ROW,), 0, "fp8"),
    "NVFP4": NVFP4,
}
"""ModelOpt's words for formats (modelopt/torch/export, `QUANTIZATION_*`)."""
CACHES = {"FP8": "fp8", "NONE": None, "INT8": "int8"}
"""ModelOpt's words for the types of keys and values."""


def modelopt(section: Section, own: str) -> Quantisation:
    """Every linear layer in one format, or each that is named in its own."""
    if "quantization" in section.stated:
        # as hf_quant_config.json has it
        outside = {key: value for key, value in section.stated.items() if key != "quantization"}
        section = Section({**outside, **section.mapping("quantization")})
    section.only(
        "modelopt",
        "quant_algo exclude_modules ignore kv_cache_quant_algo kv_cache_scheme quantized_layers "
        "group_size",
        "config_groups producer",
    )
    left = section.names("exclude_modules", "ignore")
    algorithm = section.text("quant_algo")
    state = _cache(section)
    if algorithm == "MIXED_PRECISION":
        named = {
            name: _named(name, one) for name, one in section.mapping("quantized_layers").items()
        }
        apart = Names(named).tells_experts_apart
        return Quantisation(Rule(lambda module: named.get(module.path), apart), state)
    return Quantisation(Rule.all_but(left, _algorithm(algorithm, section)), state)


def _named(name: str, stated: Any) -> Format:
    """The format of one of `quantized_layers`. Raises BadValue."""
    if not isinstance(stated, Mapping):
        raise BadValue(f"'quantized_layers: {name}' is {stated!r}", "it must be a mapping")
    section = Section(stated)
    section.only("modelopt's quantized_layers", "quant_algo group_size")
    return _algorithm(section.text("quant_algo"), section)


def _algorithm(word: str, section: Section) -> Format:
    """The format that ModelOpt's `quant_algo` stands for. Raises BadValue."""
    if word not in ALGORITHMS:
        raise BadValue(f"'quant_algo: {word}' of modelopt is not read", REMEDY)
    if word == "NVFP4" and section.optional("group_size", 16) != 16:
        raise BadValue(f"'group_size: {section.stated['group_size']}' of NVFP4", "it must be 16")
    return ALGORITHMS[word]


def _cache(section: Section) -> str | None:
    """The type of keys and values. Raises BadValue for one that is not modelled."""
    word = section.word("kv_cache_quant_algo", "NONE")
    if word not in CACHES:
        raise BadValue(f"'kv_cache_quant_algo: {word}' of modelopt is not read", REMEDY)
    return CACHES[word] or cache_type(section)


def cache_type(section: Section) -> str | None:
    """The type of keys and values by a `kv_cache_scheme`. Raises BadValue."""
    scheme = Section(section.mapping("kv_cache_scheme"))
    if not scheme.stated:
        return None
    kind = (scheme.word("type", "int"), scheme.bits("num_bits", (8,)))
    if kind not in (("float", 8), ("int", 8)):
        raise BadValue(f"'kv_cache_scheme: {dict(scheme.stated)}' is not read", REMEDY)
    return "fp8" if kind[0] == "float" else "int8"
