"""The parts of a row as a graph: what each reads, what a fused row reads, and what it still computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import totals, weight, write
from hypothesis import given
from hypothesis import strategies as st
from modules import export, made
from onnx import TensorProto, helper, numpy_helper
from strategies import counted

from costmodel.core import kinds
from costmodel.core.builder import Builder
from costmodel.core.graph_pass import rewritten
from costmodel.core.layer import make
from costmodel.core.loading import load_network
from costmodel.core.network import Facts, Network, Row, Taps
from costmodel.core.part import HELD, OUTSIDE, Source
from costmodel.errors import Place
from costmodel.frontends.onnx.node import Work
from costmodel.language import shipped
from costmodel.models.passes._draft import joined
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.studies.simulation import simulate

MACHINE = """
name: M
source: hand arithmetic
bandwidth: 1 B/s
on_chip_memory: {memory} B
matrix: 1 FLOPS
host: 1 FLOPS
dtype: int8
placement: all_external
traffic: {traffic}
accumulator: int8
"""


def bytes_moved(
    folder: Path, layers: str, words: list[str], traffic: str = "once", memory: int = 3
) -> list[int]:
    """Bytes over the bus of each row, of elements of one byte, on maps x, b and z of 3 x 3."""
    (folder / "m.yaml").write_text(MACHINE.format(memory=memory, traffic=traffic))
    file = network_file(folder, layers)
    run = simulate(str(file), str(folder / "m.yaml"), passes=words)
    return [int(moved) for moved in run.result.external_bytes]


def network_file(folder: Path, layers: str, shape: str = "[3, 3]") -> Path:
    file = folder / "n.yaml"
    inputs = ", ".join(f"{name}: {shape}" for name in "xbz" if f"{name}" in layers)
    file.write_text(f"name: n\nsource: t\ninputs: {{{inputs}}}\nlayers:\n{layers}")
    return file


def kinds_of(network: Network) -> list[str]:
    return [row.kind for row in network.rows]


SQUARE = "  - m: {{kind: matmul, from: [x, x]}}\n  - s: {{kind: add, from: {}}}\n"
ORDERS = ["[m, b]", "[b, m]"]


# --- a product of a map with itself, and a sum ---------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_a_product_of_a_map_with_itself_reads_it_twice(order: str, tmp_path: Path) -> None:
    """x as either factor, 9 bytes each, and 9 written; the sum reads 9 + 9 and writes 9.

    Fused, the product is neither written nor read again: x, x and b come in, 9 bytes each, 9 go out.
    """
    layers = SQUARE.format(order)
    assert bytes_moved(tmp_path, layers, []) == [27, 27]
    assert bytes_moved(tmp_path, layers, ["fuse_elementwise"]) == [36]


# k = c = p = 3. Three bytes hold one word of each operand: 27 multiply-adds take a word of either factor each,
# 27 + 27, and 9 sums go out. Five hold a row of 3 sums beside a word of either factor: one factor passes once, 9,
# the other for each of 3 rows, 27, and 9 go out. In 99 everything has room: 9 + 9 + 9. b adds its 9 bytes.
@pytest.mark.parametrize(("memory", "alone"), [(3, 27 + 27 + 9), (5, 9 + 27 + 9), (99, 9 + 9 + 9)])
@pytest.mark.parametrize("order", ORDERS)
def test_a_fused_product_is_tiled_as_the_product_alone(
    order: str, memory: int, alone: int, tmp_path: Path
) -> None:
    layers = SQUARE.format(order)
    assert bytes_moved(tmp_path, layers, [], "tiled", memory) == [alone, 27]
    assert bytes_moved(tmp_path, layers, ["fuse_elementwise"], "tiled", memory) == [alone + 9]


@pytest.mark.parametrize(("order", "operands"), [("[m, b]", [None, "b"]), ("[b, m]", ["b", None])])
def test_operands_of_a_fused_row(order: str, operands: list[str | None], tmp_path: Path) -> None:
    """Both factors are x, the sum reads the product inside the row and b outside, in the file's order."""
    file = network_file(tmp_path, SQUARE.format(order))
    (row,) = rewritten(load_network(file), ["fuse_elementwise"]).rows
    assert [tap.node for tap in row.inputs] == ["x", "x", "b"]
    assert [named(row, 0, n) for n in range(2)] == ["x", "x"]
    assert [named(row, 1, n) for n in range(2)] == operands
    assert [source for source in row.parts[1].reads if source.part != OUTSIDE] == [Source(0, 0)]
    assert row.writes == (Source(1, 0),)


def named(row: Row, part: int, operand: int) -> str | None:
    tap = row.source_of(part, operand)
    return None if tap is None else tap.node


# --- maps that several parts read ----------------------------------------------------------------


def test_elementwise_work_reads_a_map_along(tmp_path: Path) -> None:
    """x + f(x): the sum alone reads both, 18 bytes; behind f it takes x as f reads it: 9 in, 9 out.

    x x in one kernel: the product alone is two operands of the file, 18 in and 9 out; fused with what
    follows, each element of x is there when it is needed: 9 in, 9 out.
    """
    shortcut = "  - f: {kind: linear, features: 3, bias: false, from: x}\n  - s: {kind: add, from: [f, x]}\n"
    assert bytes_moved(tmp_path, shortcut, []) == [9 + 9 + 9, 27]
    assert bytes_moved(tmp_path, shortcut, ["fuse_elementwise"]) == [9 + 9 + 9]
    cube = "  - a: {kind: mul, from: [x, x]}\n  - r: {kind: relu}\n"
    assert bytes_moved(tmp_path, cube, []) == [27, 18]
    assert bytes_moved(tmp_path, cube, ["fuse_activations"]) == [18]


def test_a_sum_of_a_map_and_one_made_in_the_row(tmp_path: Path) -> None:
    """f(x) + b: x and b come in, 9 bytes each, and 9 weights; the layer's map stays inside."""
    layers = "  - f: {kind: linear, features: 3, bias: false, from: x}\n  - s: {kind: add, from: [b, f]}\n"
    assert bytes_moved(tmp_path, layers, ["fuse_elementwise"]) == [9 + 9 + 9 + 9]
    (row,) = rewritten(load_network(network_file(tmp_path, layers)), ["fuse_elementwise"]).rows
    assert [named(row, 0, 0), named(row, 1, 0), named(row, 1, 1)] == ["x", "b", None]


def test_the_operand_of_a_product_that_stands_later_in_its_row(tmp_path: Path) -> None:
    """sigmoid(z) + f(x) in one row, the function in front: what f multiplies is x, not the row's first map."""
    layers = (
        "  - c: {kind: sigmoid, from: z}\n  - f: {kind: linear, features: 3, bias: false, from: x}\n"
        "  - s: {kind: add, from: [f, c]}\n"
    )
    network = load_network(network_file(tmp_path, layers))
    function, layer, total = network.rows
    row = joined(function, joined(layer, total))
    assert row.kind == "sigmoid+linear+add"
    fused = network.with_rows([row])
    check_the_same(fused, network)
    (tmp_path / "m.yaml").write_text(MACHINE.format(memory=99, traffic="tiled"))
    run = simulate(fused, str(tmp_path / "m.yaml"))
    (nest,) = run.workload.nests
    assert nest.input == ([tap.node for tap in fused.inputs].index("x"),)


def test_a_norm_whose_input_others_read_is_not_folded(tmp_path: Path) -> None:
    """f + norm(f): with the norm in f's weights f itself would be gone. 4 x 4 weights and 4 values a channel."""
    layers = (
        "  - f: {kind: conv2d, kernel: 1, filters: 4, from: x}\n  - n: {kind: batch_norm}\n"
        "  - s: {kind: add, from: [f, n]}\n"
    )
    network = load_network(network_file(tmp_path, layers, "[4, 6, 6]"))
    for words in (["fuse_activations"], ["fuse_elementwise"]):
        after = rewritten(network, [*words, "fold_batch_norm"])
        assert "+".join(kinds_of(after)) == "conv2d+batch_norm+add"
        assert totals(after) == totals(network)


def test_a_scaled_map_times_itself_is_one_call(tmp_path: Path) -> None:
    """softmax(s s) x with s = x / 2: both factors of the scores are one map, scaled by one row."""
    nodes = [
        helper.make_node("Mul", ["x", "half"], ["s"]),
        helper.make_node("MatMul", ["s", "s"], ["p"]),
        helper.make_node("Softmax", ["p"], ["w"]),
        helper.make_node("MatMul", ["w", "x"], ["y"]),
    ]
    half = numpy_helper.from_array(np.array(0.5, dtype=np.float32), "half")
    file = write(
        tmp_path / "n.onnx", nodes, {"x": (TensorProto.FLOAT, [1, 2, 8, 8])}, ["y"], (half,)
    )
    network = load_network(file)
    after = rewritten(network, ["fuse_sdpa"])
    assert kinds_of(after) == ["mul+matmul+softmax+matmul"]
    check_the_same(after, network)
    # x is read to be scaled, and as the values
    assert [tap.node for tap in after.rows[0].inputs] == ["x", "x"]


def test_a_map_is_seen_as_the_part_that_reads_it_sees_it(tmp_path: Path) -> None:
    """a / copy(n), then transposed for a product: whether that is a view does not hang on fusing.

    a is a permuted piece [2, 3, 5] that a view of [1, 2, 3, 5] hides; the quotient lies as a lies, and its
    transposition is a batch of matrices or none.
    """
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["d"]),
        helper.make_node("Reshape", ["d", "heads"], ["h"]),
        helper.make_node("Transpose", ["h"], ["t"], perm=[2, 0, 3, 4, 1]),
        helper.make_node("Split", ["t"], ["q", "k"], axis=0),
        helper.make_node("Reshape", ["q", "flat"], ["a"]),
        helper.make_node("Reshape", ["k", "flat"], ["c"]),
        helper.make_node("ReduceL2", ["a"], ["n"], axes=[-1]),
        helper.make_node("Expand", ["n", "whole"], ["e"]),
        helper.make_node("Div", ["a", "e"], ["v"]),
        helper.make_node("Transpose", ["v"], ["u"], perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["c", "u"], ["y"]),
    ]
    sizes = {"heads": [1, 5, 2, 2, 3], "flat": [1, 2, 3, 5], "whole": [1, 2, 3, 5]}
    held = (numpy_helper.from_array(np.array(v), k) for k, v in sizes.items())
    file = write(
        tmp_path / "n.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, [1, 5, 7])},
        ["y"],
        (weight("w", 7, 12), *held),
    )
    network = load_network(file)

    for words in ([], ["fuse_elementwise"]):
        rows = rewritten(network, [*words, "strided_views"]).rows
        # what multiplies c
        assert [row.kind for row in rows if row.outputs == ((2, 5, 3),)] == ["transpose"], words


def test_a_fused_row_is_divided_over_devices() -> None:
    """A shortcut that is added where a layer writes: its second operand stays there on every device."""
    network = load_network(shipped.find("llama-2-7b", "archs"), {"layers": 1, "tokens": 4})
    fused = rewritten(network, ["fuse_elementwise"])
    assert any("linear+add" in kind for kind in kinds_of(fused))
    after = rewritten(fused, [TensorParallel(2)])
    apart = rewritten(network, [TensorParallel(2)])
    assert totals(after) == totals(apart)


# --- imported rows -------------------------------------------------------------------------------


def test_scales_that_are_maps_are_no_factors(tmp_path: Path) -> None:
    """QLinearMatMul of a and b, whose scale of a is worked out: the factors are its inputs 0 and 3."""
    zero = numpy_helper.from_array(np.array(0, dtype=np.uint8), "zero")
    one = numpy_helper.from_array(np.array(1, dtype=np.float32), "one")
    nodes = [
        helper.make_node("ReduceMax", ["s"], ["scale"], keepdims=0),
        helper.make_node(
            "QLinearMatMul", ["a", "scale", "zero", "b", "one", "zero", "one", "zero"], ["y"]
        ),
    ]
    inputs = {
        "a": (TensorProto.UINT8, [4, 4]),
        "b": (TensorProto.UINT8, [4, 4]),
        "s": (TensorProto.FLOAT, [4]),
    }
    network = load_network(write(tmp_path / "n.onnx", nodes, inputs, ["y"], (zero, one)))
    row = network.rows[-1]
    assert row.kind == "matmul"
    assert [named(row, 0, n) for n in range(2)] == ["a", "b"]


def test_a_constant_operand_is_none_of_the_rows_maps() -> None:
    """Attention over constant keys, its queries and values maps: the values are the row's second input."""
    shape = (2, 4, 4)
    work = Work((make(kinds.get("attention"), {}),), (shape,) * 3, operands=(0, 1, 2))
    (part,) = work.parts([0, 2])
    assert part.reads == (Source(OUTSIDE, 0), HELD, Source(OUTSIDE, 1))
    builder = Builder()
    taps = tuple(builder.input(name, shape) for name in "qvb")
    row = Row("o", "o", "b", Place("made"), (part,), taps[:2])
    (out,) = builder.add(row)
    total = builder.row("y", "y", "b", Place("made"), [make(kinds.get("add"), {})], (out, taps[2]))
    (fused,) = rewritten(builder.network(Facts(outputs=total)), ["fuse_elementwise"]).rows
    assert [named(fused, 0, n) for n in range(3)] == ["q", None, "v"]


# --- laws ----------------------------------------------------------------------------------------

FUSING = [
    *("fuse_activations", "fuse_attention", "fuse_depthwise", "fuse_elementwise"),
    *("fuse_functions", "fuse_sdpa", "least_memory"),
]
KINDS = ["relu", "add", "mul", "conv2d", "matmul", "batch_norm", "softmax"]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A random DAG of rows on maps of one size; products and sums may take one map twice."""
    builder = Builder()
    maps: list[Taps] = [(builder.input("input", (4, 6, 6)),)]
    for number in range(draw(st.integers(1, 10))):
        kind = draw(st.sampled_from(KINDS))
        count = 1 + (kind in ("add", "mul", "matmul"))
        # mostly the last map, so that rows can be fused
        at = st.integers(max(0, number - 2), number)
        reads = draw(st.lists(at, min_size=count, max_size=count))
        attributes = {"filters": 4, "kernel": 1} if kind == "conv2d" else {}
        layer = make(kinds.get(kind), attributes)
        taps = tuple(tap for one in reads for tap in maps[one])
        maps.append(builder.row(f"r{number}", "r", "b", Place("random"), [layer], taps))
    return builder.network(Facts("random", "test", "random", maps[-1]))


def computed(network: Network, numbers: dict[Any, int]) -> list[int]:
    """What each output of a network is: a number for each layer on its operands, the same for equal ones."""

    def number(*what: Any) -> int:
        return numbers.setdefault(what, len(numbers))

    values = {tap.key: number(tap.key) for tap in network.inputs}
    for row in network.rows:
        own = {Source(OUTSIDE, n): values[tap.key] for n, tap in enumerate(row.inputs)}
        for place, part in enumerate(row.parts):
            operands = tuple(own.get(source) for source in part.reads)
            for port in range(len(part.outputs)):
                own[Source(place, port)] = number(part.layer, operands, port)
        values |= {tap.key: own[source] for tap, source in zip(row.taps, row.writes, strict=True)}
    return [values[tap.key] for tap in network.outputs]


def check_the_same(after: Network, before: Network) -> None:
    """Both compute the same of the same, and the rows of `after` are wired soundly."""
    check_wires(after)
    numbers: dict[Any, int] = {}
    assert computed(after, numbers) == computed(before, numbers)


def check_wires(network: Network) -> None:
    """Operands come from before; their sizes agree; each input of a row is read by some part."""
    for row in network.rows:
        shapes = {Source(OUTSIDE, n): tap.shape for n, tap in enumerate(row.inputs)}
        for place, part in enumerate(row.parts):
            assert len(part.reads) == len(part.inputs)
            for source, shape in zip(part.reads, part.inputs, strict=True):
                assert np.prod(shapes[source]) == np.prod(shape), row.id
            shapes |= {Source(place, port): shape for port, shape in enumerate(part.outputs)}
        read = {source for part in row.parts for source in part.reads}
        assert read >= {Source(OUTSIDE, n) for n in range(len(row.inputs))}
        assert tuple(shapes[source] for source in row.writes) == row.outputs


@given(networks(), st.lists(st.sampled_from(FUSING), max_size=3))
def test_fusing_changes_nothing_that_is_computed(network: Network, words: list[str]) -> None:
    after = rewritten(network, words)
    check_the_same(after, network)


@given(networks(), st.lists(st.sampled_from(FUSING), max_size=3))
def test_no_fused_row_reads_less_than_its_operands(network: Network, words: list[str]) -> None:
    """Of what a fused row reads outside, every operand of work that is not elementwise is a reading of its own."""
    after = rewritten(network, words)
    read = counted(after).bytes_read(np.ones(len(counted(after).tensor_bytes), dtype=bool))
    size = 4 * 4 * 6 * 6
    for row, moved in zip(after.rows, read, strict=True):
        streams = [
            source
            for part in row.parts
            for source in part.reads
            if source.part == OUTSIDE and not part.elementwise
        ]
        assert len(set(streams)) == len(streams)
        others = {tap.key for tap in row.inputs} - {row.inputs[s.port].key for s in streams}
        alone = len(row.parts) == 1 and row.elementwise
        assert moved == size * (len(row.inputs) if alone else len(streams) + len(others))


@pytest.mark.parametrize("word", FUSING)
def test_shipped_networks_compute_the_same(word: str) -> None:
    for name in ("mobilenet_v2", "shake_shake", "se_resnet_cifar", "shufflenet_v2"):
        network = load_network(shipped.find(name, "archs"))
        after = rewritten(network, [word])
        check_the_same(after, network)


@pytest.mark.parametrize("words", [["fuse_functions", "fuse_attention"], ["fuse_elementwise"]])
@pytest.mark.filterwarnings("ignore")
def test_an_export_computes_the_same(words: list[str], tmp_path: Path) -> None:
    module, x = made("vit")
    network = load_network(export(module, x, tmp_path / "vit.onnx", dynamo=False))
    after = rewritten(network, words)
    assert len(after.rows) < len(network.rows)
    check_the_same(after, network)
