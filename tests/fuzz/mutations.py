"""Texts and graphs with something changed, their grammar in view."""

from __future__ import annotations

import random
import re

WORDS = (
    *("0", "-1", "1", "2", "1e308", "1e-320", "nan", "inf", "-0.0", "9" * 40, "1 GB/s", "1 Mb", "5 ms", "null", "true", "~"),
    *("''", "a", "[]", "{}", "[1, 2]", "{a: 1}", "[[1]]", "!!int ''", "&a [*a]", "*a", "${x}", "${i}", "${1/0}", "${2**63}"),
    *("${[1] + [2]}", "${'a' + 'b'}", "${round(5, -10**18)}", "${max}", "same", "conv2d", "relu", "input", "matrix", "serial"),
    *("resident", "tiled", "int8", "\x00", "\x1b[31m", "é", "\u202e", "a" * 2000, "2026-11-24", "12:30", "0x10", "1_000"),
)  # fmt: skip
TOKEN = re.compile(r"[\w.%+-]+|\$\{[^}]*\}|\"[^\"]*\"")


def text(draw: random.Random, given: str) -> str:
    """A YAML text with one mutation, or two or three: the first mistake often hides what is behind."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        lines = given.split("\n")
        at = draw.randrange(len(lines))
        match draw.randrange(10):
            case 0 | 1 | 2 | 3 | 4 | 5:
                spans = list(TOKEN.finditer(lines[at]))
                if spans:
                    one = draw.choice(spans)
                    lines[at] = (
                        lines[at][: one.start()] + draw.choice(WORDS) + lines[at][one.end() :]
                    )
            case 6:
                del lines[at]
            case 7:
                lines.insert(at, draw.choice(lines))
            case 8:
                lines[at] = draw.choice(("  ", "\t", "- ", "")) + lines[at].lstrip()
            case _:
                cut = draw.randrange(len(given) + 1)
                given = given[:cut] + draw.choice(WORDS) + given[cut:]
                continue
        given = "\n".join(lines)
    return given


def graph(draw: random.Random, given: bytes) -> bytes:
    """An ONNX file with a few bytes changed, or a field of its protobuf."""
    if draw.random() < 0.5:
        found = bytearray(given)
        for _ in range(draw.randint(1, 4)):
            found[draw.randrange(len(found))] = draw.randrange(256)
        return bytes(found)
    import onnx

    model = onnx.load_from_string(given)
    node = draw.choice(model.graph.node)
    match draw.randrange(7):
        case 0:
            node.op_type = draw.choice(
                ("Conv", "LSTM", "If", "Reshape", "Slice", "Attention", "Concat", "Pad", "Scan")
            )
        case 1 if node.input:
            del node.input[draw.randrange(len(node.input))]
        case 2 if node.output:
            del node.output[draw.randrange(len(node.output))]
        case 3 if node.attribute:
            one = draw.choice(node.attribute)
            one.i = draw.choice((-1, 0, 2**62))
            one.ints[:] = [draw.choice((-1, 0, 3, 2**40)) for _ in range(draw.randrange(5))]
        case 4 if model.graph.initializer:
            held = draw.choice(model.graph.initializer)
            held.dims[:] = [draw.choice((-1, 0, 1, 7, 2**40)) for _ in range(draw.randrange(4))]
        case 5 if model.graph.initializer:
            draw.choice(model.graph.initializer).data_type = draw.randrange(60)
        case _:
            entry = draw.choice(model.graph.input)
            for one in entry.type.tensor_type.shape.dim:
                one.dim_value = draw.choice((-1, 0, 1, 5, 2**40))
    return bytes(model.SerializeToString())
