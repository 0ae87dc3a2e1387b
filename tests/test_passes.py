"""Graph passes: laws that every one keeps, each by hand, and the order against all orders."""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from graphs import totals, weight, write
from hypothesis import given, settings
from hypothesis import strategies as st
from modules import export, made
from onnx import TensorProto, helper
from strategies import counted, networks

from costmodel.cli import main
from costmodel.core.formula import evaluate
from costmodel.core.graph_pass import PASSES, rewritten
from costmodel.core.live import live_internal_bytes
from costmodel.core.loading import load_network
from costmodel.core.loading import load_network as load_onnx
from costmodel.core.machine import Machine
from costmodel.core.network import Network
from costmodel.core.packing import lower_bound
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.language import shipped
from costmodel.models.placement.resident import whole_plan
from costmodel.studies.simulation import simulate

BLOCK = """
name: block
source: made for the tests
input: [4, 8, 8]
layers:
  - a: {kind: depthwise_conv2d, kernel: 3, padding: same}
  - n: {fuse: [batch_norm, relu]}
  - b: {kind: conv2d, kernel: 1, filters: 4, bias: true}
  - m: {kind: batch_norm}
  - s: {kind: add, from: [m, input]}
  - r: {kind: relu}
"""


def moved(network: Network) -> int:
    """Bytes over the bus with nothing on chip."""
    machine = Machine(1.0, 1.0, 1.0, 1.0)
    result = evaluate(
        counted(network), machine, PLACEMENTS.load("all_external"), TIMINGS.load("serial")
    )
    return int(result.external_bytes.sum())


def kinds(network: Network) -> list[str]:
    return [row.kind for row in network.rows]


@pytest.fixture
def block(tmp_path: Path) -> Network:
    (tmp_path / "block.yaml").write_text(BLOCK)
    return load_network(tmp_path / "block.yaml")


# What a framework does without a compiler adds traffic, or work: these keep other laws.
ADDING = ("autocast", "bias_rows", "pad_channels")
SAVING = [word for word in PASSES.names() if word not in ADDING]


@given(networks(), st.lists(st.sampled_from(PASSES.names()), max_size=4))
def test_laws_of_every_pass(network: Network, words: list[str]) -> None:
    """The same parameters and outputs, never less work; twice is once; every row after those it reads."""
    after = rewritten(network, words)
    assert totals(after)[0] == totals(network)[0]
    assert totals(after)[1] >= totals(network)[1]
    for word in words:
        once = rewritten(network, [word])
        assert kinds(rewritten(once, [word])) == kinds(once)
    seen = {tap.node for tap in after.inputs}
    for row in after.rows:
        assert {tap.node for tap in row.inputs} <= seen
        assert row.id not in seen
        seen.add(row.id)
    assert {tap.node for tap in after.outputs} <= seen


@given(networks(), st.lists(st.sampled_from(SAVING), max_size=3))
def test_laws(network: Network, words: list[str]) -> None:
    """The same multiply-adds and outputs, no more traffic, every row after those it reads."""
    after = rewritten(network, words)
    assert totals(after)[1] == totals(network)[1]
    assert [t.shape for t in after.outputs] == [t.shape for t in network.outputs]
    assert moved(after) <= moved(network)
    seen = {tap.node for tap in after.inputs}
    for row in after.rows:
        assert {tap.node for tap in row.inputs} <= seen
        seen.add(row.id)
    assert {tap.node for tap in after.outputs} <= seen
    assert nx.is_directed_acyclic_graph(after)


@pytest.mark.parametrize("name", shipped.names("archs"))
@pytest.mark.parametrize("word", SAVING)
def test_laws_on_shipped_networks(name: str, word: str) -> None:
    network = load_network(shipped.find(name, "archs"))
    after = rewritten(network, [word])
    assert totals(after)[1] == totals(network)[1]
    assert moved(after) <= moved(network)


def test_batch_norm_folds_by_hand(block: Network) -> None:
    """a: 36 weights and BN's 8 become 36 + 4; b: 16 + 4 and 8 become 16 + 4. Maps of 1024 B: n's and m's go."""
    after = rewritten(block, ["fold_batch_norm"])
    assert kinds(after) == ["depthwise_conv2d+relu", "conv2d", "add", "relu"]
    assert totals(block)[0] - totals(after)[0] == (44 + 28) - (40 + 20)
    assert moved(block) - moved(after) == 4 * 1024 + 4 * 12
    assert [row.name for row in after.rows] == ["a", "b", "s", "r"]


@pytest.mark.parametrize(("words", "expected"), [
    (["fuse_activations"], ["depthwise_conv2d+batch_norm+relu", "conv2d+batch_norm", "add+relu"]),
    (["fuse_elementwise"], ["depthwise_conv2d+batch_norm+relu", "conv2d+batch_norm+add+relu"]),
    (["fold_batch_norm", "fuse_elementwise", "fuse_depthwise"], ["depthwise_conv2d+relu+conv2d+add+relu"]),
    (["fuse_depthwise"], ["depthwise_conv2d", "batch_norm+relu", "conv2d", "batch_norm", "add", "relu"]),
])  # fmt: skip
def test_fusing_by_hand(block: Network, words: list[str], expected: list[str]) -> None:
    after = rewritten(block, words)
    assert kinds(after) == expected
    if (
        len(expected) == 1
        # reads the input twice in one row: once; writes 1024 B; 36 + 4 + 16 + 4 parameters
    ):
        assert moved(after) == 2 * 1024 + 4 * 60


def test_what_two_rows_read_stays_a_map(tmp_path: Path) -> None:
    """The convolution's map is read by relu and by the sum: neither may swallow it."""
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [4, 8, 8]\nlayers:\n  - c: {kind: conv2d, kernel: 1, filters: 4}\n"
        "  - r: {kind: relu}\n  - e: {kind: elementwise, function: exp}\n  - s: {kind: mul, from: [c, e]}\n"
    )
    after = rewritten(load_network(tmp_path / "n.yaml"), ["fuse_activations"])
    # all of them only lead from c to s
    assert kinds(after) == ["conv2d+relu+elementwise+mul"]
    (tmp_path / "n.yaml").write_text((tmp_path / "n.yaml").read_text() + "outputs: [r, s]\n")
    after = rewritten(load_network(tmp_path / "n.yaml"), ["fuse_activations"])
    # c has two readers, and r goes out
    assert kinds(after) == [
        "conv2d",
        "relu",
        "elementwise",
        "mul",
    ]


def test_imported_batch_norm_folds_too(tmp_path: Path) -> None:
    """An ONNX convolution without bias, then batch norm and SiLU spelt out: one row, 4 * 2 * 9 + 4 parameters."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="c"),
        helper.make_node("BatchNormalization", ["c", *"sbmv"], ["n"], name="n"),
        helper.make_node("Sigmoid", ["n"], ["g"], name="g"),
        helper.make_node("Mul", ["n", "g"], ["y"], name="y"),
    ]
    file = write(
        tmp_path / "m.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, [1, 2, 9, 9])},
        ["y"],
        (weight("w", 4, 2, 3, 3), *(weight(n, 4) for n in "sbmv")),
    )
    after = rewritten(load_onnx(file), ["fold_batch_norm", "fuse_activations"])
    assert kinds(after) == ["conv2d+sigmoid+mul"]
    assert totals(after)[0] == 76
    assert counted(after).param_bytes.tolist() == [4 * 76]


def norm_after(
    tmp_path: Path, nodes: list[Any], shape: list[int], channels: int, *held: Any
) -> Network:
    """A graph that ends in a batch norm over `channels` of h, after fold_batch_norm."""
    nodes = [*nodes, helper.make_node("BatchNormalization", ["h", *"sbmv"], ["y"])]
    file = write(
        tmp_path / "m.onnx",
        nodes,
        {"x": (TensorProto.FLOAT, shape)},
        ["y"],
        (*held, *(weight(n, channels) for n in "sbmv")),
    )
    return rewritten(load_onnx(file), ["fold_batch_norm"])


def test_only_what_can_be_folded_is(tmp_path: Path) -> None:
    """A norm over tokens, or over positions, stays."""
    product = helper.make_node("MatMul", ["x", "w"], ["h"])
    assert len(norm_after(tmp_path, [product], [2, 7, 16], 7, weight("w", 16, 10)).rows) == 2
    conv = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Flatten", ["c"], ["h"])]
    assert len(norm_after(tmp_path, conv, [1, 3, 4, 4], 128, weight("w", 8, 3, 1, 1)).rows) == 2


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_folded_norm_leaves_a_bias_per_channel(tmp_path: Path, rank: int) -> None:
    """3 to 10 channels, kernel 1: 30 weights and 10 biases, whatever the rank."""
    conv = helper.make_node("Conv", ["x", "w"], ["h"])
    after = norm_after(tmp_path, [conv], [1, 3, *(4,) * rank], 10, weight("w", 10, 3, *(1,) * rank))
    assert totals(after)[0] == 40
    assert counted(after).param_bytes.tolist() == [160]
    # with a bias: it stays one
    conv = helper.make_node("Conv", ["x", "w", "k"], ["h"])
    after = norm_after(
        tmp_path,
        [conv],
        [1, 3, *(4,) * rank],
        10,
        weight("w", 10, 3, *(1,) * rank),
        weight("k", 10),
    )
    assert totals(after)[0] == 40


def test_depthwise_joins_one_pointwise(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [4, 8, 8]\nlayers:\n  - a: {kind: depthwise_conv2d, kernel: 3}\n"
        "  - b: {kind: conv2d, kernel: 1, filters: 4}\n  - c: {kind: conv2d, kernel: 1, filters: 4}\n"
    )
    assert kinds(rewritten(load_network(tmp_path / "n.yaml"), ["fuse_depthwise"])) == [
        "depthwise_conv2d+conv2d",
        "conv2d",
    ]


def test_what_looks_across_elements_is_not_elementwise(tmp_path: Path) -> None:
    """Softmax and norms by the sample's own statistics need their whole input first."""
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [4, 8, 8]\nlayers:\n  - a: {kind: conv2d, kernel: 1, filters: 4}\n"
        "  - g: {kind: group_norm, groups: 2}\n  - s: {kind: softmax}\n"
    )
    for word in ("fuse_activations", "fuse_elementwise", "fuse_functions"):
        assert len(rewritten(load_network(tmp_path / "n.yaml"), [word]).rows) == 3


def test_concatenations_in_place(tmp_path: Path) -> None:
    """Two maps of 1024 B joined and read: 2048 B less written, 2048 B less read, and 2048 B less alive."""
    (tmp_path / "n.yaml").write_text(
        "name: n\nsource: t\ninput: [4, 8, 8]\nlayers:\n  - a: {kind: relu}\n  - b: {kind: relu, from: input}\n"
        "  - c: {kind: concat, from: [a, b]}\n  - d: {kind: conv2d, kernel: 1, filters: 1}\n"
    )
    network = load_network(tmp_path / "n.yaml")
    after = rewritten(network, ["concat_in_place"])
    assert moved(network) - moved(after) == 2 * 2048
    before, work = counted(network), counted(after)
    assert lower_bound(before.tensor_bytes, *before.live_ranges) == 4096
    assert lower_bound(work.tensor_bytes, *work.live_ranges) == 3 * 1024
    assert work.in_bytes.tolist() == before.in_bytes.tolist()


def kinds_of_vit(tmp_path: Path, words: list[str]) -> tuple[list[str], Network, Network]:
    module, x = made("vit")
    with warnings.catch_warnings():
        # the exporter's own
        warnings.simplefilter("ignore")
        network = load_onnx(export(module, x, tmp_path / "vit.onnx", dynamo=False))
    return kinds(rewritten(network, words)), network, rewritten(network, words)


def test_spelt_out_functions_and_attention(tmp_path: Path) -> None:
    """Two blocks: a GELU in five rows and an attention of a product, a scale, a softmax and a product each."""
    found, network, after = kinds_of_vit(tmp_path, ["fuse_functions", "fuse_attention"])
    assert sum(kind.startswith("elementwise+") and kind.count("+") == 4 for kind in found) == 2
    assert found.count("matmul+mul+softmax+matmul") == 2
    assert totals(after) == totals(network)
    # An attention no longer writes and reads 4 heads of 17 x 17 scores three times. Of a GELU's five rows four maps
    # of 17 x 256 are neither written nor read again, and x * (1 + erf) reads x once less. Four dense layers add
    # their bias without writing and reading 17 x (192 + 64 + 256 + 64) elements.
    score, hidden, dense = 4 * 4 * 17 * 17, 4 * 17 * 256, 4 * 17 * (192 + 64 + 256 + 64)
    assert moved(network) - moved(after) == 2 * (3 * 2 * score + (4 * 2 + 1) * hidden + 2 * dense)


@pytest.mark.parametrize("dynamo", [False, True])
def test_gelu_by_tanh_of_both_exporters(dynamo: bool, tmp_path: Path) -> None:
    """torch runs it as one kernel; the older exporter writes x x x for its cube, the newer a power."""
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.GELU(approximate="tanh"))
    with warnings.catch_warnings():
        # the exporters' own
        warnings.simplefilter("ignore")
        network = load_onnx(
            export(module, torch.zeros(1, 3, 8, 8), tmp_path / "n.onnx", dynamo=dynamo)
        )
    assert len(network.rows) == 1 + (8 if dynamo else 9)
    conv, gelu = rewritten(network, ["fuse_functions"]).rows
    assert conv.kind == "conv2d"
    assert [tap.node for tap in gelu.inputs] == [conv.id]
    assert gelu.outputs == ((8, 8, 8),)


@given(networks())
# up to 5040 orders
@settings(deadline=None)
def test_the_order_against_all_orders(network: Network) -> None:
    """Most bytes alive at once over every topological order, maps overwritten in place where they may be."""
    if len(network.rows) > 7:
        network = small(network)

    def peak(one: Network) -> int:
        work = counted(one)
        return int(live_internal_bytes(work, whole_plan(work)).max())

    graph = nx.DiGraph(network.subgraph([row.id for row in network.rows]))
    best = min(
        peak(ordered(network, order)) for order in islice(nx.all_topological_sorts(graph), 5040)
    )
    assert peak(rewritten(network, ["least_memory"])) == best


def small(network: Network) -> Network:
    """Its first seven rows."""
    kept = network.rows[:7]
    return network.with_rows(kept, outputs=kept[-1].taps)


def ordered(network: Network, order: list[str]) -> Network:
    return network.with_rows([network.nodes[node]["row"] for node in order])


def test_the_command_line_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "mobilenet_v2", "--hw", "jetson_nano", "--by", "kind"]
    assert main([*words, "--pass", "fold_batch_norm", "--pass", "fuse_activations"]) == 0
    assert "rewritten  fold_batch_norm, fuse_activations" in capsys.readouterr().out
    assert main([*words, "--pass", "fold_batchnorm"]) == 2
    assert (
        "--pass: unknown pass 'fold_batchnorm'; did you mean 'fold_batch_norm'?"
        in capsys.readouterr().err
    )
    slow, fast = (
        simulate("mobilenet_v2", "jetson_nano", passes=p) for p in ((), ("fold_batch_norm",))
    )
    assert fast.total_time < slow.total_time
    assert np.array_equal(fast.provenance["passes"], ["fold_batch_norm"])
