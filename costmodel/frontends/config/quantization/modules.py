"""The modules behind each row of a decoder, and what their formats make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from costmodel.core.builder import rewired
from costmodel.core.layer import Layer
from costmodel.core.network import Network, Row, changed
from costmodel.errors import BadValue
from costmodel.frontends.config.quantization.matrices import Format, Module, plain
from costmodel.frontends.config.quantization.method import Quantisation
from costmodel.language.dtypes import Types
from costmodel.models.layers.embedding import Embedding
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.moe import Moe

QKV = ("heads", "kv_heads", "kv_heads")
"""Heads of the modules that are fused into one product, as variables of the decoder."""
ROW = re.compile(r"(?:body(?:\[(\d+)\])?/)?(?:.*/)?(\w+)(?:#\d+)?")
"""The layer and the name of a row of archs/decoder.yaml, in its id."""
Paths = Mapping[str, Sequence[str]]
"""Module paths by row, N for the number of the layer and E for that of the expert; under `class`
the class that holds the matrices of the blocks.
"""


class Stored(NamedTuple):
    """One matrix, or several alike, and how it is stored."""

    module: Module
    form: Format
    times: int


def quantised(network: Network, said: Quantisation, paths: Paths, own: str) -> Network:
    """The network with the bits of the weights that a config stores in another type than `own`.

    A row that several modules are fused into has their mean. Raises BadValue.
    """
    kept = plain(own)
    rows, computes = [], set[str | None]()
    for row in network.rows:
        stored = [
            Stored(module, said.rule.format_of(module) or kept, count)
            for module, count in _modules(row, paths, network, apart=said.rule.experts_apart)
        ]
        narrow = [one for one in stored if one.form is not kept]
        computes |= {one.form.computes for one in narrow}
        rows.append(_of_bits(row, stored) if narrow else row)
    if not computes:
        what = "'quantization_config' quantises no linear layer of this network"
        raise BadValue(what, "take it out, or correct its lists of modules")
    computed = next(iter(computes)) if len(computes) == 1 else None
    _check_tied(rows)
    made = network.with_rows(rows)
    words = {"weights": own, "maps": computed or own, "state": said.state or own}
    dtype = Types(**words).word
    made.graph["facts"] = replace(made.facts, choices={**made.facts.choices, "dtype": dtype})
    return made


def _of_bits(row: Row, stored: Sequence[Stored]) -> Row:
    """A row whose weights are stored so."""
    total = sum(
        8 * one.times * one.form.size(one.module.outputs, one.module.inputs) for one in stored
    )
    values = sum(one.times * one.module.values for one in stored)
    types = "+".join(sorted({one.form.word for one in stored}))
    layer: Any = row.layer
    layers = (replace(layer, weight_bits=total / values, weight_type=types),)
    shapes = tuple(tap.shape for tap in row.inputs)
    return changed(
        row, parts=rewired(row.parts, (*layers, *(p.layer for p in row.parts[1:])), shapes)
    )


def _check_tied(rows: Sequence[Row]) -> None:
    """Raise BadValue for a quantised head whose table is the embedding too."""
    tied = any(isinstance(row.layer, Embedding) and row.layer.tied for row in rows)
    if tied and rows[-1].layer.weight_bits is not None:
        raise BadValue(
            "the head is quantised and its table is the embedding's ('tie_word_embeddings')",
            "leave 'lm_head' as it is, or untie them",
        )


def _modules(
    row: Row, paths: Paths, network: Network, *, apart: bool
) -> Iterator[tuple[Module, int]]:
    """The matrices of a row, and how often each is there.

    Experts are told apart only where the config may do so.
    """
    match = ROW.fullmatch(row.id)
    layer: Layer = row.layer
    if not isinstance(layer, Embedding | Linear | Moe):
        return
    if match is None or match[2] not in paths:
        what = f"the family's rules do not say which modules {row.id} stands for"
        raise BadValue(what, "take 'quantization_config' out, or add 'modules' to its rules")
    listed = [path.replace("N", match[1] or "0") for path in paths[match[2]]]
    features = row.inputs[0].shape[-1] if row.inputs[0].shape else 1
    if isinstance(layer, Embedding):
        yield Module(listed[0], "embedding", layer.vocabulary, layer.features, "Embedding"), 1
    elif isinstance(layer, Moe):
        yield from _experts(layer, listed, features, apart=apart)
    elif isinstance(layer, Linear):
        role = "head" if match[2] == "head" else "linear"
        word = "Linear" if role == "head" else str(paths.get("class", ("Linear",))[0])
        for path, outputs in zip(listed, _outputs(layer, listed, network), strict=True):
            yield Module(path, role, outputs, features, word), 1


def _outputs(layer: Linear, paths: Sequence[str], network: Network) -> list[int]:
    """Features of each of the modules that are fused into a layer: q, k and v, or equal parts."""
    if len(paths) != len(QKV):
        return [layer.features // len(paths)] * len(paths)
    variables = network.facts.variables
    return [variables[word] * variables["head_size"] for word in QKV]


def _experts(
    layer: Moe, paths: Sequence[str], features: int, *, apart: bool
) -> Iterator[tuple[Module, int]]:
    """Gate, up and down of every expert, of which gate and up may be one matrix."""
    up = 2 * layer.hidden // (len(paths) - 1)
    numbers, each = (range(layer.experts), 1) if apart else (range(1), layer.experts)
    for number in numbers:
        *first, down = (path.replace("E", str(number)) for path in paths)
        for path in first:
            yield Module(path, "expert", up, features), each
        yield Module(down, "expert", features, layer.hidden), each
