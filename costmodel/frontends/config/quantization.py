"""How the weights of a published model are quantised: `quantization_config` of its config.json.

A method, the word under `quant_method`, is a line of NARROW. One that changes variables of the
network instead (`expert_bits` of mxfp4) stands under `quantized` in its family's table.
"""

from __future__ import annotations

from costmodel.frontends.config.keys import Keys

FLOATS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
"""Element types as configs name them."""
NARROW = {"fp8": {"weights": "fp8", "maps": "fp8"}, "gptq": {"weights": "int4"}}
NARROW["awq"] = NARROW["gptq"]
"""Element types by method; classes of tensors that it leaves out keep the config's own."""


def method_of(keys: Keys) -> str:
    """The method by which the weights are quantised; empty where they are not."""
    stated = keys.optional("quantization_config")
    return str(stated.get("quant_method", "")) if isinstance(stated, dict) else ""


def dtype_of(keys: Keys) -> str:
    """The run's element types, as `--dtype` takes them: one word, or a mapping by class.

    >>> dtype_of(Keys({"torch_dtype": "float16", "quantization_config": {"quant_method": "awq"}}))
    '{weights: int4, maps: fp16, state: fp16}'
    """
    stated = str(keys.optional("torch_dtype", keys.optional("dtype")))
    own = FLOATS.get(stated, "bf16")
    if method_of(keys) not in NARROW:
        return own
    types = {"weights": own, "maps": own, "state": own} | NARROW[method_of(keys)]
    return f"{{{', '.join(f'{name}: {dtype}' for name, dtype in types.items())}}}"
