"""How the weights of a published model are quantised: `quantization_config` of its config.json.

    section.py      its keys: which are read, which change nothing, which are refused
    names.py        lists of modules, such as those that are left as they are
    matrices.py     how a matrix is stored, to the byte
    method.py       what every method gives: a format for each module, types of maps and states
    packed.py       GPTQ, AWQ, HQQ
    floats.py       bitsandbytes, FP8, FBGEMM, ModelOpt, MXFP4
    compressed.py   compressed-tensors
    modules.py      the modules behind each row of a decoder, and what their formats make of it

A method, the word under `quant_method`, is a line of METHODS.
"""

from __future__ import annotations

from collections.abc import Callable

from costmodel.errors import BadValue
from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.quantization import compressed, floats, packed
from costmodel.frontends.config.quantization.method import Quantisation
from costmodel.frontends.config.quantization.section import REMEDY, Section, section_of

FLOATS = {
    "float32": "fp32",
    "float": "fp32",
    "float16": "fp16",
    "half": "fp16",
    "bfloat16": "bf16",
    "float64": "fp64",
    "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
    "auto": "bf16",
}
"""Element types as configs name them; `auto` leaves it to the file of weights, bf16 as a rule."""
METHODS: dict[str, Callable[[Section, str], Quantisation]] = {
    "gptq": packed.gptq,
    "awq": packed.awq,
    "hqq": packed.hqq,
    "bitsandbytes": floats.bitsandbytes,
    "fp8": floats.fp8,
    "fbgemm_fp8": floats.fbgemm_fp8,
    "modelopt": floats.modelopt,
    "modelopt_fp4": floats.modelopt,
    "mxfp4": floats.mxfp4,
    "compressed-tensors": compressed.compressed_tensors,
}
"""Every method that is read, by its word in configs."""


def own_type(keys: Keys) -> str:
    """The element type of what is not quantised, 16-bit brain floats unless a config says more."""
    word = "torch_dtype" if keys.optional("torch_dtype") is not None else "dtype"
    stated = str(keys.optional(word, "auto")).removeprefix("torch.")
    if stated not in FLOATS:
        raise BadValue(f"'{word}' is {stated!r}", f"known: {', '.join(sorted(FLOATS))}")
    return FLOATS[stated]


def quantisation_of(keys: Keys) -> Quantisation | None:
    """How the weights are quantised; None where they are not.

    Raises BadValue for a method or a key of one that is not read.
    """
    section = section_of(keys)
    if section is None:
        return None
    # transformers takes a config without a method for one of bitsandbytes, if it has its keys
    old = any(section.stated.get(f"load_in_{bits}bit") for bits in (4, 8))
    default = "bitsandbytes" if old else "modelopt" if "quantization" in section.stated else None
    method = section.optional("quant_method", default)
    method = method if isinstance(method, str) else repr(method)
    if method not in METHODS:
        raise BadValue(f"'quant_method: {method}' is not read", f"{REMEDY}: {', '.join(METHODS)}")
    return METHODS[method](section, own_type(keys))
