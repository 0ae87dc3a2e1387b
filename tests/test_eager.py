"""What a framework runs without a compiler: kernels, views and element types, by hand and against torch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from graphs import totals, weight, write
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from costmodel.core.graph_pass import rewritten
from costmodel.core.loading import load_network
from costmodel.core.loading import load_network as load_onnx
from costmodel.core.network import Network
from costmodel.models.passes import _layout as layout
from costmodel.studies.simulation import simulate

MACHINE = ("name: m\nsource: test\nbandwidth: 1 B/s\non_chip_memory: 1 B\nmatrix: 1 TFLOPS\nhost: 1 TFLOPS\n"
           "dtype: fp16\nplacement: all_external\ntiming: serial\n")  # fmt: skip


def kinds(network: Network) -> list[str]:
    return [row.kind for row in network.rows if not row.view]


def number(name: str, value: float) -> TensorProto:
    return numpy_helper.from_array(np.array(value, dtype=np.float32), name)


def node(op: str, reads: str, writes: str, **attributes: Any) -> Any:
    return helper.make_node(op, reads.split(), writes.split(), name=writes.split()[0], **attributes)


def made(
    path: Path, nodes: list[Any], shape: list[int], *held: TensorProto, outputs: str = "y"
) -> Network:
    file = write(path / "n.onnx", nodes, {"x": (TensorProto.FLOAT, shape)}, outputs.split(), held)
    return load_onnx(file)


def executed(network: Network) -> int:
    """Multiply-adds that take time."""
    return sum(part.executed_tally.macs for row in network.rows for part in row.parts)


# --- functions ---------------------------------------------------------------------------------------


def test_only_functions_that_are_one_kernel_join(tmp_path: Path) -> None:
    """GELU's five rows and SiLU's two; a product with a parameter and a sum behind them are kernels of their own."""
    nodes = [
        node("Div", "x two", "a"),
        node("Erf", "a", "b"),
        node("Add", "b one", "c"),
        node("Mul", "x c", "d"),
        node("Mul", "d half", "g"),
        node("Mul", "g scale", "h"),
        node("Sigmoid", "h", "s"),
        node("Mul", "h s", "t"),
        node("Add", "t x", "y"),
    ]
    held = (number("two", 1.4142), number("one", 1), number("half", 0.5), weight("scale", 8))
    network = rewritten(made(tmp_path, nodes, [1, 4, 8], *held), ["fuse_functions"])
    assert kinds(network) == ["elementwise+elementwise+add+mul+mul", "mul", "sigmoid+mul", "add"]


def test_addcmul_is_one_kernel(tmp_path: Path) -> None:
    """shift + 1 * (x * scale), by parameters; with a sum of maps at the end it is none."""
    held = (weight("scale", 8), number("one", 1), weight("shift", 8))
    nodes = [node("Mul", "x scale", "a"), node("Mul", "a one", "b"), node("Add", "b shift", "y")]
    assert kinds(rewritten(made(tmp_path, nodes, [1, 4, 8], *held), ["fuse_functions"])) == [
        "mul+mul+add"
    ]
    nodes[2] = node("Add", "b x", "y")
    assert kinds(rewritten(made(tmp_path, nodes, [1, 4, 8], *held), ["fuse_functions"])) == [
        "mul",
        "mul",
        "add",
    ]


def test_a_call_that_is_not_fused_keeps_16_bits(tmp_path: Path) -> None:
    """With five axes the softmax of one call writes 16 bits; that of a model's own attention 32."""
    for before, bits in ((True, None), (False, 32)):
        network = made(tmp_path, attention(before, 5), [1, 3, 2, 5, 8], number("scale", 0.5))
        after = rewritten(network, ["fuse_sdpa", "autocast"], 16)
        (softmax,) = [row for row in after.rows if row.kind == "softmax"]
        assert (softmax.out_bits or (None,))[0] == bits


@pytest.mark.parametrize(("nodes", "left"), [
    # the sigmoid is read twice; x * sigmoid(z) is no SiLU
    ([node("Sigmoid", "x", "s"), node("Mul", "x s", "a"), node("Add", "a s", "y")], ["sigmoid", "mul", "add"]),
    ([node("Relu", "x", "z"), node("Sigmoid", "z", "s"), node("Mul", "x s", "y")], ["relu", "sigmoid", "mul"]),
])  # fmt: skip
def test_what_is_no_function_stays(tmp_path: Path, nodes: list[Any], left: list[str]) -> None:
    assert kinds(rewritten(made(tmp_path, nodes, [1, 4, 8]), ["fuse_functions"])) == left


def attention(before: bool, rank: int = 4) -> list[Any]:
    """softmax(scale * q k^T) v; the scale on q or on the product."""
    turn = [*range(rank - 2), rank - 1, rank - 2]
    return [
        *([node("Mul", "x scale", "q")] if before else []),
        node("Transpose", "x", "k", perm=turn),
        node("MatMul", f"{'q' if before else 'x'} k", "p"),
        *([] if before else [node("Mul", "p scale", "ps")]),
        node("Softmax", "p" if before else "ps", "s"),
        node("MatMul", "s x", "y"),
    ]


def test_one_call_of_attention_is_one_row(tmp_path: Path) -> None:
    """The scale in front of the product tells a call; behind it, or with five axes, the rows stay."""

    def run(before: bool, shape: list[int], word: str) -> list[str]:
        network = made(tmp_path, attention(before, len(shape)), shape, number("scale", 0.5))
        after = rewritten(network, [word])
        assert totals(after) == totals(network)
        return kinds(after)

    assert run(True, [1, 2, 5, 8], "fuse_sdpa") == ["transpose", "mul+matmul+softmax+matmul"]
    assert run(False, [1, 2, 5, 8], "fuse_sdpa") == [
        "transpose",
        "matmul",
        "mul",
        "softmax",
        "matmul",
    ]
    assert run(True, [1, 3, 2, 5, 8], "fuse_sdpa") == [
        "mul",
        "transpose",
        "matmul",
        "softmax",
        "matmul",
    ]
    assert run(False, [1, 2, 5, 8], "fuse_attention") == ["transpose", "matmul+mul+softmax+matmul"]


# --- layouts -----------------------------------------------------------------------------------------

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5)


@given(SHAPES, st.data())
def test_views_are_torchs(sizes: list[int], data: st.DataObject) -> None:
    """A permuted tensor reshaped: a view where torch's `view` gives one, with the same strides."""
    inner = data.draw(st.permutations(range(1, len(sizes) + 1)))
    order = (0, *inner)
    flat = [n for n in sizes if n > 1] or [1]
    cut = data.draw(st.integers(0, len(flat)))
    target = (math.prod(flat[:cut]), *flat[cut:])
    # two samples in front: what is a view for one alone need not be one for several
    theirs = torch.empty([layout.SAMPLES, *sizes]).permute(order)
    ours = layout.row_major(tuple(sizes)).transpose(order)
    assert ours.strides == theirs.stride()
    assert bool(ours.flags.c_contiguous) == theirs.is_contiguous()
    found = layout.seen(ours, target)
    try:
        expected = theirs.view((layout.SAMPLES, *target))
    except RuntimeError:
        assert found is None
        return
    assert found is not None
    # strides of single elements mean nothing
    wide = [axis for axis, size in enumerate((layout.SAMPLES, *target)) if size > 1]
    assert [found.strides[a] for a in wide] == [expected.stride()[a] for a in wide]


@given(st.tuples(*[st.integers(2, 5)] * 3))
def test_channels_last_is_torchs(shape: tuple[int, ...]) -> None:
    whole = (layout.SAMPLES, *shape)
    theirs = torch.empty(whole).to(memory_format=torch.channels_last)
    ours = layout.channels_last(shape, 0)
    assert ours.strides == theirs.stride()
    assert layout.alike(ours, shape).strides == (theirs + 1).stride()
    assert layout.row_major(shape).strides == torch.empty(whole).stride()


def test_pieces_of_a_dense_layer_are_written_apart(tmp_path: Path) -> None:
    """q, k, v of one layer: transposed, split, scaled in one kernel: no copy. 5 tokens of 8 in, of 24 out, fp16."""
    nodes = [
        node("MatMul", "x w", "a"),
        node("Reshape", "a five", "b"),
        node("Transpose", "b", "c", perm=[2, 0, 3, 1, 4]),
        node("Split", "c", "q k v", axis=0),
        *(node("Relu", part, f"{part}r") for part in "qkv"),
        node("Add", "qr kr", "s"),
        node("Add", "s vr", "y"),
    ]
    held = (weight("w", 8, 24), numpy_helper.from_array(np.array([1, 5, 3, 2, 4]), "five"))
    network = made(tmp_path, nodes, [1, 5, 8], *held)
    after = rewritten(network, ["strided_views"])
    assert kinds(after) == ["linear+strided_view", "relu", "relu", "relu", "add", "add"]
    assert [tap.shape for tap in after.rows[0].taps] == [(1, 2, 5, 4)] * 3
    assert totals(after) == totals(network)
    (tmp_path / "m.yaml").write_text(MACHINE)
    # [B] of q, k or v
    third = 2 * 40
    done = simulate(str(tmp_path / "n.onnx"), str(tmp_path / "m.yaml"), passes=["strided_views"])
    # the layer reads x and w and writes three thirds; three ReLUs; two sums
    assert (
        done.totals["external_bytes"]
        == (80 + 2 * 8 * 24 + 3 * third) + 3 * 2 * third + 2 * 3 * third
    )


def test_a_piece_that_leaves_the_network_stays_a_row(tmp_path: Path) -> None:
    """Two halves of a dense layer, one of which is an output: both are there to be read."""
    nodes = [node("MatMul", "x w", "a"), node("Split", "a", "p q", axis=2), node("Relu", "q", "y")]
    network = made(tmp_path, nodes, [1, 5, 8], weight("w", 8, 24), outputs="p y")
    after = rewritten(network, ["strided_views"])
    written = {(tap.node, tap.port): tap.shape for row in after.rows for tap in row.taps}
    assert [written[tap.node, tap.port] for tap in after.outputs] == [(5, 12)] * 2


@pytest.mark.parametrize(("reader", "copied"), [
    # any strides
    (node("Relu", "t", "y"), False),
    # row after row
    (node("Softmax", "t", "y"), True),
    (node("MatMul", "t w", "y"), True),
])  # fmt: skip
def test_a_transposition_is_a_copy_where_its_reader_needs_one(
    tmp_path: Path, reader: Any, copied: bool
) -> None:
    nodes = [node("Relu", "x", "a"), node("Transpose", "a", "t", perm=[0, 2, 1]), reader]
    after = rewritten(made(tmp_path, nodes, [1, 5, 8], weight("w", 5, 3)), ["strided_views"])
    assert ("transpose" in kinds(after)) == copied


def test_convolutions_want_channels_innermost(tmp_path: Path) -> None:
    """NCHW to tokens and back is free between convolutions and norms; tokens read as channels are not."""
    nodes = [
        node("Conv", "x w", "a"),
        node("Transpose", "a", "t", perm=[0, 2, 3, 1]),
        node("LayerNormalization", "t s", "n"),
        node("Transpose", "n", "u", perm=[0, 3, 1, 2]),
        node("Conv", "u w", "b"),
        node("Transpose", "b", "v", perm=[0, 2, 1, 3]),
        node("Conv", "v z", "y"),
    ]
    held = (weight("w", 4, 4, 1, 1), weight("s", 4), weight("z", 2, 6, 1, 1))
    after = rewritten(made(tmp_path, nodes, [1, 4, 6, 6], *held), ["strided_views"])
    assert kinds(after) == ["conv2d", "layer_norm", "conv2d", "transpose", "conv2d"]


# --- bias, padding, element types ----------------------------------------------------------------------


def test_a_bias_is_a_row(tmp_path: Path) -> None:
    """4 filters of 3 channels, 1x1, on 6x6: 12 weights stay, 4 biases go to a sum that reads and writes 4 * 36."""
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [3, 6, 6]\nlayers:\n  - c: {kind: conv2d, kernel: 1, filters: 4, bias: true}\n"
        "  - d: {kind: conv2d, kernel: 1, filters: 4}\n"
    )
    (tmp_path / "m.yaml").write_text(MACHINE)
    network = load_network(tmp_path / "n.yaml")
    after = rewritten(network, ["bias_rows"])
    assert kinds(after) == ["conv2d", "add", "conv2d"]
    assert totals(after) == totals(network)
    moved = [
        simulate(str(tmp_path / "n.yaml"), str(tmp_path / "m.yaml"), passes=words).totals[
            "external_bytes"
        ]
        for words in ([], ["bias_rows"])
    ]
    assert moved[1] - moved[0] == 2 * 2 * 4 * 36


@pytest.mark.parametrize(("layer", "macs"), [
    # 3 -> 4 channels computed as 8 -> 8
    ("kernel: 3, filters: 4, padding: same", 36 * 9 * 8 * 8),
    ("kernel: 1, filters: 17", 36 * 8 * 24),
    # 1 -> 3 channels in each of 3 groups: no tensor core kernel
    ("kernel: 1, filters: 9, groups: 3", 36 * 3 * 8 * 8),
])  # fmt: skip
def test_channels_are_padded(tmp_path: Path, layer: str, macs: int) -> None:
    (tmp_path / "n.yaml").write_text(
        f"name: n\nsource: t\ninput: [3, 6, 6]\nlayers:\n  - c: {{kind: conv2d, {layer}}}\n"
    )
    network = load_network(tmp_path / "n.yaml")
    plain = totals(network)[1]
    after = rewritten(network, ["pad_channels"], 16)
    assert executed(after) == (plain if "groups" in layer else macs)
    # what is reported stays
    assert totals(after)[1] == plain
    assert executed(rewritten(network, ["pad_channels"], 32)) == plain


def test_groups_take_powers_of_two(tmp_path: Path) -> None:
    """12 channels in each of 2 groups, computed as 16: 2 * 16 * 16 on 36 places."""
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [24, 6, 6]\nlayers:\n  - c: {kind: conv2d, kernel: 1, filters: 24, groups: 2}\n"
    )
    after = rewritten(load_network(tmp_path / "n.yaml"), ["pad_channels"], 16)
    assert executed(after) == 36 * 2 * 16 * 16
    (tmp_path / "m.yaml").write_text(MACHINE)
    done = simulate(str(tmp_path / "n.yaml"), str(tmp_path / "m.yaml"), passes=["pad_channels"])
    assert float(done.result.matrix.sum()) == pytest.approx(2 * 36 * 2 * 16 * 16 / 1e12)


def test_autocast_by_hand(tmp_path: Path) -> None:
    """x is 32 bits: converted for the convolution, which writes 16; the norm converts up; a scale by a tensor widens."""
    nodes = [
        node("Conv", "x w", "a"),
        node("Relu", "a", "r"),
        node("Mul", "r half", "h"),
        node("Mul", "h scale", "s"),
        node("Add", "s r", "z"),
        node("Conv", "z w", "b"),
        node("Softmax", "b", "p"),
        node("LayerNormalization", "b g", "y"),
    ]
    held = (weight("w", 4, 4, 1, 1), number("half", 0.5), weight("scale", 4, 1, 1), weight("g", 6))
    network = made(tmp_path, nodes, [1, 4, 6, 6], *held, outputs="p y")
    after = rewritten(network, ["autocast"], 16)
    found = [(row.kind, row.out_bits[0] if row.out_bits else None) for row in after.rows]
    assert found == [
        ("cast", None),
        ("conv2d", None),
        ("relu", None),
        ("mul", None),
        ("mul", 32),
        ("add", 32),
        ("cast", None),
        ("conv2d", None),
        ("softmax", 32),
        ("cast", 32),
        ("layer_norm", 32),
    ]
    (tmp_path / "m.yaml").write_text(MACHINE)
    done = simulate(str(tmp_path / "n.onnx"), str(tmp_path / "m.yaml"), passes=["autocast"])
    # [elements] of every map
    size = 4 * 36
    bytes_per_element = [
        4 + 2,
        2 + 2,
        2 + 2,
        2 + 2,
        2 + 4,
        4 + 2 + 4,
        4 + 2,
        2 + 2,
        2 + 4,
        2 + 4,
        4 + 4,
    ]
    params = 2 * (16 + 4 + 16 + 6)
    assert done.totals["external_bytes"] == size * sum(bytes_per_element) + params
    # of 16 bits alone
    assert kinds(rewritten(network, ["autocast"], 32)) == kinds(network)
