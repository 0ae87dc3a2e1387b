"""compressed-tensors: groups of modules, each with its own way to store weights.

The tensors of a matrix are those of compressed_tensors/compressors/quantized_compressors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from costmodel.errors import BadValue
from costmodel.frontends.config.quantization.floats import FP32, cache_type
from costmodel.frontends.config.quantization.matrices import Format, Module, Scale, words_of
from costmodel.frontends.config.quantization.method import Quantisation, Rule
from costmodel.frontends.config.quantization.names import EXPRESSION, Names
from costmodel.frontends.config.quantization.section import REMEDY, Section
from costmodel.language.dtypes import BITS

SHAPE = 16
"""`weight_shape` of packed integers: two numbers of 64 bits [B]."""
PACKED = ("pack-quantized", "nvfp4-pack-quantized", "mxfp4-pack-quantized")
WHOLE = ("int-quantized", "float-quantized", "naive-quantized")
"""Formats that keep a value of up to eight bits in a byte."""
CLASSES = ("Linear", "Conv1D", "Embedding")
"""Classes of modules that hold matrices."""
BLOCK = (128, 128)
"""Outputs and inputs of a block, where the config leaves them open."""


class Group(NamedTuple):
    """Modules that are stored alike."""

    names: Names
    expressions: Names
    classes: frozenset[str]
    form: Format

    def rank(self, module: Module) -> int | None:
        """How closely it names a module: 0 by name, 1 by expression, 2 by class; else None."""
        if module.path in self.names:
            return 0
        if module.path in self.expressions:
            return 1
        return 2 if module.module_class in self.classes else None


def compressed_tensors(section: Section, own: str) -> Quantisation:
    """The group that names a module most closely says how it is stored; `ignore` leaves it out."""
    section.only(
        "compressed-tensors",
        "config_groups ignore format kv_cache_scheme sparsity_config",
        "global_compression_ratio quantization_status version run_compressed",
    )
    sparsity = Section(section.mapping("sparsity_config"))
    if sparsity.optional("format", "dense") != "dense":
        what = f"'sparsity_config: {sparsity.stated['format']}' of compressed-tensors"
        raise BadValue(f"{what} is not read", REMEDY)
    left = section.names("ignore")
    groups = [
        _group(name, one, section, own) for name, one in section.mapping("config_groups").items()
    ]
    if not groups:
        raise BadValue("compressed-tensors has no 'config_groups'", "add what is quantised")

    def rule(module: Module) -> Format | None:
        if module.path in left or module.module_class in left.listed:
            return None
        ranked = [
            (rank, n) for n, one in enumerate(groups) if (rank := one.rank(module)) is not None
        ]
        return groups[min(ranked)[1]].form if ranked else None

    lists = [left, *(names for one in groups for names in (one.names, one.expressions))]
    apart = any(names.tells_experts_apart for names in lists)
    return Quantisation(Rule(rule, apart), cache_type(section))


def _group(name: str, stated: Any, section: Section, own: str) -> Group:
    """One of `config_groups`. Raises BadValue."""
    if not isinstance(stated, dict):
        raise BadValue(f"'config_groups: {name}' is {stated!r}", "it must be a mapping")
    group = Section(stated)
    group.only(name, "targets weights input_activations format output_activations")
    targets = group.names("targets").listed
    if not targets:
        raise BadValue(f"'{name}' has no 'targets'", "name the modules that it is for")
    strange = [target for target in targets if target[:1].isupper() and target not in CLASSES]
    if strange:
        raise BadValue(f"target '{strange[0]}' of {name} is no class that is read", REMEDY)
    if group.optional("output_activations"):
        raise BadValue(f"'output_activations' of {name} is not read", REMEDY)
    weights, inputs = (Section(group.mapping(key)) for key in ("weights", "input_activations"))
    if not weights.stated:
        raise BadValue(f"'{name}' has no 'weights'", "say how its weights are stored")
    weights.only(
        name,
        "num_bits type strategy group_size symmetric actorder block_structure dynamic",
        "observer observer_kwargs scale_dtype zp_dtype is_mx",
    )
    word = group.optional("format", section.optional("format"))
    form = _format(weights, word if word != "mixed-precision" else None, inputs, own)
    expressions = [target for target in targets if target.startswith(EXPRESSION)]
    names = [target for target in targets if target not in (*expressions, *CLASSES)]
    return Group(Names(names), Names(expressions), frozenset(targets), form)


def _format(weights: Section, word: Any, inputs: Section, own: str) -> Format:
    """How the weights of a group are stored. Raises BadValue for what is not read."""
    number, bits = weights.word("type", "int"), weights.bits("num_bits")
    known = {"int": (2, 3, 4, 8), "float": (4, 8)}
    if bits not in known.get(number, ()):
        raise BadValue(f"weights of type {number} in {bits} bits are not read", REMEDY)
    if word is None:
        word = _usual(number, bits, inputs)
    if word not in PACKED + WHOLE:
        raise BadValue(f"'format: {word}' of compressed-tensors is not read", REMEDY)
    if (number, bits) == ("float", 4):
        return _narrow_float(weights, inputs)
    packed = word in PACKED
    symmetric = weights.flag("symmetric", default=True)
    stored = words_of(bits) if packed else 8
    scales, fixed = _scales(weights, own, 0 if symmetric else (bits if packed else 8))
    if weights.optional("actorder") in ("group", True):
        scales = (*scales, Scale(32, rows=0, columns=1))
    static = bool(inputs.stated) and inputs.optional("dynamic", False) is False
    fixed += SHAPE * packed + static * BITS[own] // 8
    name = f"fp{bits}" if number == "float" else f"int{bits}"
    return Format(name, stored, scales, fixed, _activations(inputs))


def _usual(number: str, bits: int, inputs: Section) -> str:
    """The format that a compressor infers where the config states none."""
    if bits == 4 and number == "float":
        return "nvfp4-pack-quantized"
    if inputs.stated or number == "float":
        return f"{number}-quantized"
    return "pack-quantized"


def _scales(weights: Section, own: str, zero: int) -> tuple[tuple[Scale, ...], int]:
    """Scales and zero points (of `zero` bits) beside the values, and bytes for a whole matrix."""
    group = weights.optional("group_size")
    usual = "tensor" if group is None else "channel" if group == -1 else "group"
    strategy = weights.word("strategy", usual)
    if strategy == "tensor":
        return (), (BITS[own] + zero) // 8
    each = {
        "channel": (1, 0),
        "group": (1, weights.group("group_size")),
        "block": weights.block("block_structure") or BLOCK,
    }
    if strategy not in each or (strategy == "group" and not each["group"][1]):
        raise BadValue(f"'strategy: {strategy}' of weights is not read", REMEDY)
    size = each[strategy]
    zeros = (Scale(zero, *size),) if zero else ()
    return (Scale(BITS[own], *size), *zeros), 0


def _narrow_float(weights: Section, inputs: Section) -> Format:
    """NVFP4 in groups of 16, MXFP4 in groups of 32."""
    group = weights.group("group_size", 16)
    if group not in (16, 32):
        raise BadValue(f"'group_size: {group}' of 4-bit floats is not read", REMEDY)
    if group == 32:
        return Format("mxfp4", 4, (Scale(8, 1, 32),))
    return Format("nvfp4", 4, (Scale(8, 1, 16),), FP32 * (2 if inputs.stated else 1))


def _activations(inputs: Section) -> str | None:
    """The element type in which a group computes; None: the model's own."""
    if not inputs.stated:
        return None
    number, bits = inputs.word("type", "int"), inputs.size("num_bits")
    word = {("float", 8): "fp8", ("int", 8): "int8", ("int", 4): "int4"}.get((number, bits))
    if word is None:
        raise BadValue(f"activations of type {number} in {bits} bits are not read", REMEDY)
    return word
