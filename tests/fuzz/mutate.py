"""Throw broken inputs at the program: python tests/fuzz/mutate.py SECONDS [SEED].

Shipped files and small ONNX graphs are mutated with their grammar in view (words, numbers, lines, keys, indentation; bytes and
fields), expressions and options are drawn, and each is run in this process under a time limit. Prints counts by outcome and every
input that ended in anything but a result or a told mistake; such inputs are kept in tests/fuzz/found.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from costmodel.cli import main
from costmodel.language import shipped

HERE = Path(__file__).parent
LIMIT = 5
"""[s] of one input."""
WORDS = (
    *("0", "-1", "1", "2", "1e308", "1e-320", "nan", "inf", "-0.0", "9" * 40, "1 GB/s", "1 Mb", "5 ms", "null", "true", "~"),
    *("''", "a", "[]", "{}", "[1, 2]", "{a: 1}", "[[1]]", "!!int ''", "&a [*a]", "*a", "${x}", "${i}", "${1/0}", "${2**63}"),
    *("${[1] + [2]}", "${'a' + 'b'}", "${round(5, -10**18)}", "${max}", "same", "conv2d", "relu", "input", "matrix", "serial"),
    *("resident", "tiled", "int8", "\x00", "\x1b[31m", "é", "\u202e", "a" * 2000, "2026-11-24", "12:30", "0x10", "1_000"),
)  # fmt: skip
TOKEN = re.compile(r"[\w.%+-]+|\$\{[^}]*\}|\"[^\"]*\"")
OPTIONS = {
    "--batch": ("0", "-1", "1", "7", "x", "10000000000"),
    "--dtype": ("fp16", "int8", "fp99", "{weights: int4}", "{a: b}", "{", ""),
    "--placement": ("resident", "all_external", "resident+weights", "nowhere"),
    "--traffic": ("tiled", "once", "twice"),
    "--timing": ("overlap", "pipelined", "partial", "never"),
    "--convention": ("macs", "keras", "hairnet", "none"),
    "--set": ("classes=0", "classes=-5", "classes=[1]", "a", "=", "width=1e9", "tokens=0", "layers=3"),
    "--pass": ("fold_batch_norm", "least_memory", "fuse_elementwise", "tensor_parallel", "x"),
}  # fmt: skip


def text(draw: random.Random, given: str) -> str:
    """A YAML text with one to three mutations."""
    for _ in range(draw.randint(1, 3)):
        lines = given.split("\n")
        at = draw.randrange(len(lines))
        match draw.randrange(7):
            case 0 | 1 | 2:
                spans = list(TOKEN.finditer(lines[at]))
                if spans:
                    one = draw.choice(spans)
                    lines[at] = (
                        lines[at][: one.start()] + draw.choice(WORDS) + lines[at][one.end() :]
                    )
            case 3:
                del lines[at]
            case 4:
                lines.insert(at, draw.choice(lines))
            case 5:
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


def commands(draw: random.Random, folder: Path, graphs: list[bytes]) -> Iterator[list[str]]:
    """Command lines without an end, their files written into `folder`."""
    archs = [p.read_text() for p in shipped.folder("archs").glob("*.yaml")]
    machines = [p.read_text() for p in shipped.folder("hwprofiles").glob("*.yaml")]
    while True:
        arch, hw = "hairnet", "accel_1tflops"
        kind = draw.randrange(4)
        if kind == 0:
            arch = str(folder / "x.yaml")
            Path(arch).write_text(text(draw, draw.choice(archs)))
        elif kind == 1:
            hw = str(folder / "m.yaml")
            Path(hw).write_text(text(draw, draw.choice(machines)))
        elif kind == 2:
            arch = str(folder / "x.onnx")
            Path(arch).write_bytes(graph(draw, draw.choice(graphs)))
        words = [draw.choice(("simulate", "simulate", "compare", "slope")), arch, "--hw", hw]
        if words[0] != "slope":
            for option in draw.sample(sorted(OPTIONS), draw.randrange(3)):
                words += [option, draw.choice(OPTIONS[option])]
        yield words


def outcome(words: list[str]) -> tuple[str, str]:
    """How one command ends, and what is told of it where that is a fault."""
    silent = io.StringIO()
    signal.alarm(LIMIT)
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
            code = main(words)
        return ("fine" if code == 0 else f"exit {code}"), ""
    except SystemExit as error:
        return f"exit {error.code}", ""
    except Late:
        return "too slow", traceback.format_exc()
    except BaseException as error:
        return f"TRACEBACK {type(error).__name__}", traceback.format_exc()
    finally:
        signal.alarm(0)


class Late(BaseException):
    """An input took too long; nothing in the program catches this."""


def _late(*_: Any) -> None:
    raise Late(f"over {LIMIT} s")


def run(
    seconds: float, seed: int, graphs: list[bytes]
) -> tuple[Counter[str], list[tuple[list[str], str]]]:
    """Counts by outcome, and the faults, after so many `seconds`."""
    signal.signal(signal.SIGALRM, _late)
    counts: Counter[str] = Counter()
    faults: list[tuple[list[str], str]] = []
    seen: set[str] = set()
    with tempfile.TemporaryDirectory() as name:
        folder, begun = Path(name), time.monotonic()
        for words in commands(random.Random(seed), folder, graphs):
            if time.monotonic() - begun > seconds:
                break
            word, told = outcome(words)
            counts[word] += 1
            key = "\n".join(told.splitlines()[-4:])
            if told and key not in seen:
                seen.add(key)
                faults.append((words, told))
                _keep(folder, words, len(faults), seed)
    return counts, faults


def _keep(folder: Path, words: list[str], number: int, seed: int) -> None:
    target = HERE / "found" / f"{seed}_{number}"
    target.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if str(path) in words:
            (target / path.name).write_bytes(path.read_bytes())
    (target / "command.txt").write_text(" ".join(words))


def small_graphs() -> list[bytes]:
    """The networks of `costmodel measure`, without what they weigh."""
    from costmodel.studies import measured_networks

    with tempfile.TemporaryDirectory() as name:
        files = measured_networks.write(Path(name))
        return [path.read_bytes() for path, _ in files if "small" in path.name]


if __name__ == "__main__":
    done, wrong = run(
        float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, small_graphs()
    )
    for word, count in done.most_common():
        print(f"{count:8} {word}")
    for words, told in wrong:
        print("\n" + " ".join(words) + "\n" + "\n".join(told.splitlines()[-6:]))
    sys.exit(1 if wrong else 0)
