"""ONNX files as networks: the same graph, rows, reports and scans as for YAML.

Weights are never read, so files whose weights lie elsewhere load all the same. All axes of a map, the baked-in
batch among them, make its shape here; ``--batch`` multiplies as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from costmodel.arch.loose import warnings
from costmodel.arch.network import Network
from costmodel.errors import InputError, MissingExtra, Place

__all__ = ["load"]


def load(
    path: str | Path, dims: Mapping[str, int] | None = None, *, strict: bool = False
) -> Network:
    """The network in the ONNX file `path`, its open dimensions bound by `dims`.

    `strict` refuses operators that are not known instead of counting them as data movement. Raises InputError
    with everything that cannot be taken, MissingExtra without the onnx package.
    """
    try:
        from costmodel.importer.proto import read
        from costmodel.importer.values import FLOATS
        from costmodel.importer.walk import Walk
    except ModuleNotFoundError as error:
        if error.name not in ("onnx", "google"):
            raise
        raise MissingExtra("onnx", "onnx", "reading .onnx files") from None
    model = read(Path(path), dims or {})
    walk = Walk(model, Path(path))
    walk.run()
    place, outputs = Place(str(path)), walk.outputs()
    if not outputs or not any("row" in data for _, data in walk.builder.graph.nodes(data=True)):
        raise InputError.at(place, "computes nothing from its inputs", "export the network again")
    unknown = [f"{op} ({count})" for op, count in sorted(walk.unknown.items())]
    if strict and unknown:
        raise InputError.at(place, f"unknown operators: {', '.join(unknown)}",
                            "leave out --strict to count them as data movement")  # fmt: skip
    name = (
        model.graph.name
        if model.graph.name not in ("", "main_graph", "torch_jit", "main")
        else Path(path).stem
    )
    made = f"{model.producer_name} {model.producer_version}".strip() or "unnamed producer"
    dtype = FLOATS[walk.main]
    choices = {} if dtype == "fp32" else {"dtype": dtype}
    return Network(name, f"ONNX file by {made}", str(path), walk.builder.graph, outputs, dict(dims or {}),
                   choices=choices, warnings=warnings(str(path), walk.builder, outputs),
                   unknown=dict(walk.unknown))  # fmt: skip
