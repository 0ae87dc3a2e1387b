"""Methods that pack whole numbers into words: GPTQ, AWQ and HQQ."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from costmodel.errors import BadValue
from costmodel.frontends.config.quantization.matrices import Format, Module, Scale
from costmodel.frontends.config.quantization.method import Quantisation, Rule
from costmodel.frontends.config.quantization.names import Names, expression
from costmodel.frontends.config.quantization.section import REMEDY, Section

INDEX = Scale(32, rows=0, columns=1)
"""GPTQ's `g_idx`: the group of each input."""
HQQ_BITS: dict[int, Fraction | int] = {1: 1, 2: 2, 3: Fraction(32, 10), 4: 4, 8: 8}
"""As HQQ packs them: ten values of three bits to a word (hqq/core/bitpack.py)."""


def _gptq_format(bits: int, group: int) -> Format:
    """Scales of 16 bits, and zero points as wide as the values, symmetric or not.

    AutoGPTQ, nn_modules/qlinear: qweight, qzeros, scales, g_idx.
    """
    return Format(f"int{bits}", bits, (Scale(16, 1, group), Scale(bits, 1, group), INDEX))


def gptq(section: Section, own: str) -> Quantisation:
    """Every linear layer of the blocks, or those that are listed; the head where it says so."""
    section.only(
        "gptq",
        "bits group_size desc_act sym lm_head modules_in_block_to_quantize modules_to_not_convert "
        "dynamic",
        "act_group_aware backend batch_size block_name_to_quantize cache_block_outputs "
        "cache_examples_on_gpu checkpoint_format damp_auto_increment damp_percent dataset "
        "disable_exllama exllama_config format is_marlin_format max_input_length meta "
        "model_file_base_name model_name_or_path model_seqlen module_name_preceding_first_block "
        "mse pack_dtype pad_token_id quantizer static_groups tokenizer true_sequential "
        "use_cuda_fp16 use_exllama version",
    )
    bits, group = section.bits("bits"), section.group("group_size", 128)
    left = section.names("modules_to_not_convert")
    roles = ("linear", "expert", *["head"] * section.flag("lm_head"))
    blocks = section.optional("modules_in_block_to_quantize")
    listed = None if blocks is None else Names(_flat(blocks))
    dynamic = section.mapping("dynamic")

    def rule(module: Module) -> Format | None:
        if module.path in left or module.role not in roles:
            return None
        if listed is not None and module.role != "head" and module.path not in listed:
            return None
        return _overridden(dynamic, module.path, bits, group)

    return Quantisation(Rule(rule, left.tells_experts_apart or bool(dynamic)))


def _flat(blocks: Any) -> list[str]:
    """The names in a list of lists. Raises BadValue for anything else."""
    lists = blocks if isinstance(blocks, list) else [blocks]
    names = [name for one in lists for name in (one if isinstance(one, list) else [one])]
    if not all(isinstance(name, str) for name in names):
        what = f"'modules_in_block_to_quantize' is {blocks!r}"
        raise BadValue(what, "it must be a list of lists of names")
    return names


def _overridden(dynamic: Mapping[str, Any], path: str, bits: int, group: int) -> Format | None:
    """The format of a module of which `dynamic` (GPTQModel) may say something of its own."""
    for pattern, values in dynamic.items():
        if not expression(f"re:{pattern.removeprefix('-:').removeprefix('+:')}").match(path):
            continue
        if pattern.startswith("-:"):
            return None
        own = Section(values if isinstance(values, Mapping) else {})
        own.only("gptq's dynamic", "bits group_size", "desc_act sym damp_percent")
        bits = own.bits("bits") if "bits" in own.stated else bits
        group = own.group("group_size", group)
        break
    return _gptq_format(bits, group)


def awq(section: Section, own: str) -> Quantisation:
    """Scales of 16 bits, zero points where there are any: AutoAWQ, modules/linear/gemm.py."""
    section.only(
        "awq",
        "bits w_bit group_size q_group_size zero_point modules_to_not_convert",
        "backend do_fuse exllama_config fuse_max_seq_len modules_to_fuse pack_dtype sym version",
    )
    bits = section.bits("bits" if "bits" in section.stated else "w_bit")
    word = "group_size" if "group_size" in section.stated else "q_group_size"
    group, left = section.group(word, 128), section.names("modules_to_not_convert")
    zeros = (Scale(bits, 1, group),) if section.flag("zero_point", default=True) else ()
    form = Format(f"int{bits}", bits, (Scale(16, 1, group), *zeros))
    return Quantisation(Rule.all_but(left, form))


def hqq(section: Section, own: str) -> Quantisation:
    """A scale and a zero point of 16 bits for each group: hqq/core/quantize.py."""
    section.only("hqq", "quant_config skip_modules")
    left = section.names("skip_modules")
    inner = Section(section.mapping("quant_config"))
    inner.only("hqq's quant_config", "weight_quant_params")
    if "weight_quant_params" not in inner.stated:
        raise BadValue("hqq has no 'weight_quant_params' for all layers", REMEDY)
    weights = Section(inner.mapping("weight_quant_params"))
    weights.only(
        "hqq",
        "nbits group_size",
        "axis bitpack channel_wise optimize round_zero view_as_float",
    )
    bits, group = weights.bits("nbits", tuple(HQQ_BITS)), weights.group("group_size", 64)
    # groups are values that follow one another; without any a scale is for a whole output
    scale = Scale(16, flat=group) if group else Scale(16)
    form = Format(f"int{bits}", HQQ_BITS[bits], (scale, scale))
    return Quantisation(Rule.all_but(left, form))
