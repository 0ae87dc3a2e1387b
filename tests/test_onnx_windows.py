"""Windows, transposed convolutions and masks: ours against torch and onnx's reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from graphs import totals, write
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from costmodel.core.loading import load_network
from costmodel.core.network import Network

FLOAT = TensorProto.FLOAT


def out_of(network: Network) -> tuple[int, ...]:
    """The shape of the only output, the samples in front."""
    (tap,) = network.outputs
    return (network.samples, *tap.shape)


@pytest.mark.parametrize("seed", range(40))
def test_pools_have_torchs_windows(tmp_path: Path, seed: int) -> None:
    """Any size, window, stride, dilation and padding, rounded up and down."""
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    kernel, stride, dilation = (rng.integers(1, high, axes).tolist() for high in (5, 5, 3))
    pads = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    sizes = [int(rng.integers(d * (k - 1) + 1, 14)) for k, d in zip(kernel, dilation, strict=True)]
    ceil, most = bool(rng.integers(2)), bool(rng.integers(2))
    x = torch.zeros(2, 3, *sizes)
    if most:
        module: Any = getattr(torch.nn, f"MaxPool{axes}d")
        wanted = module(kernel, stride, pads, dilation, ceil_mode=ceil)(x).shape
    else:
        dilation = [1] * axes
        module = getattr(torch.nn, f"AvgPool{axes}d")
        wanted = module(kernel, stride, pads, ceil_mode=ceil)(x).shape
    given = {"dilations": dilation} if most else {}
    node = helper.make_node(
        "MaxPool" if most else "AveragePool", ["x"], ["y"], kernel_shape=kernel, strides=stride,
        pads=[*pads, *pads], ceil_mode=int(ceil), **given,
    )  # fmt: skip
    for opset in (10, 19, 22):
        file = write(tmp_path / "m.onnx", [node], {"x": (FLOAT, [2, 3, *sizes])}, ["y"], (), opset)
        assert out_of(load_network(file)) == tuple(wanted)


@pytest.mark.parametrize("seed", range(20))
def test_transposed_convolutions_have_torchs_positions(tmp_path: Path, seed: int) -> None:
    """Each input element meets each weight of its channel once: n C_in C_out / groups taps."""
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    kernel, stride, dilation = (rng.integers(1, 4, axes).tolist() for _ in range(3))
    pads = [int(rng.integers(0, d * (k - 1) + 1)) for k, d in zip(kernel, dilation, strict=True)]
    extra = [int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    sizes = rng.integers(4, 8, axes).tolist()
    module = getattr(torch.nn, f"ConvTranspose{axes}d")(
        4, 6, kernel, stride, pads, extra, groups=2, bias=False, dilation=dilation
    )
    wanted = module(torch.zeros(2, 4, *sizes)).shape
    node = helper.make_node(
        "ConvTranspose", ["x", "w"], ["y"], strides=stride, pads=[*pads, *pads],
        output_padding=extra, dilations=dilation, group=2,
    )  # fmt: skip
    held = numpy_helper.from_array(module.weight.detach().numpy(), "w")
    file = write(tmp_path / "m.onnx", [node], {"x": (FLOAT, [2, 4, *sizes])}, ["y"], (held,), 21)
    network = load_network(file)
    assert out_of(network) == tuple(wanted)
    taps = int(np.prod(kernel))
    assert totals(network) == (4 * 3 * taps, 2 * int(np.prod(sizes)) * 4 * 3 * taps)


@pytest.mark.parametrize(("attributes", "size"), [
    # SAME: stride times the input, output_padding inside it; a stated shape is the answer
    ({"auto_pad": "SAME_UPPER", "strides": [2, 2], "output_padding": [1, 1]}, 6),
    ({"auto_pad": "SAME_LOWER", "strides": [3, 3]}, 9),
    ({"output_shape": [8, 8], "strides": [3, 3]}, 8),
    # 2 (3 - 1) + 3 + 1
    ({"auto_pad": "VALID", "strides": [2, 2], "output_padding": [1, 1]}, 8),
])  # fmt: skip
def test_transposed_convolutions_of_a_stated_size(
    tmp_path: Path, attributes: dict[str, Any], size: int
) -> None:
    """2 channels of 9 positions meet 9 weights, whatever comes out."""
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **attributes)
    held = numpy_helper.from_array(np.zeros((2, 1, 3, 3), np.float32), "w")
    file = write(tmp_path / "m.onnx", [node], {"x": (FLOAT, [1, 2, 3, 3])}, ["y"], (held,), 21)
    network = load_network(file)
    assert out_of(network) == (1, 1, size, size)
    assert totals(network) == (18, 9 * 2 * 9)


def attention(queries: int, keys: int, past: int, used: int | None, given: dict[str, Any]) -> Any:
    """A graph of one attention of 2 heads of 4 and its inputs, zeros but for the keys in use."""
    names = ["q", "k", "v", "", *(("pk", "pv") if past else ("", "")), "n" if used else ""]
    node = helper.make_node(
        "Attention", names, ["y", "", "", "p"], qk_matmul_output_mode=3, **given
    )
    sizes = {"q": queries, "k": keys, "v": keys, **({"pk": past, "pv": past} if past else {})}
    inputs = [helper.make_tensor_value_info(n, FLOAT, [1, 2, s, 4]) for n, s in sizes.items()]
    held = [numpy_helper.from_array(np.array([used]), "n")] if used else []
    outputs = [helper.make_empty_tensor_value_info(name) for name in "yp"]
    graph = helper.make_graph([node], "g", inputs, outputs, initializer=held)
    feeds = {n: np.zeros((1, 2, s, 4), dtype=np.float32) for n, s in sizes.items()}
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)]), feeds


@pytest.mark.parametrize(("queries", "keys", "past", "used", "given"), [
    (4, 4, 0, None, {"is_causal": 1}), (3, 7, 0, None, {"is_causal": 1}), (7, 3, 0, None, {"is_causal": 1}),
    (3, 3, 5, None, {"is_causal": 1}), (3, 8, 0, 5, {"is_causal": 1}), (3, 8, 0, 5, {}), (5, 8, 0, 3, {"is_causal": 1}),
    (6, 6, 0, None, {"left_window_size": 2}), (6, 6, 0, None, {"left_window_size": 2, "is_causal": 1}),
    (6, 6, 3, None, {"left_window_size": 1, "right_window_size": 2}), (6, 6, 3, None, {"right_window_size": 0}),
    (4, 4, 0, None, {}),
])  # fmt: skip
def test_attention_counts_the_pairs_that_the_reference_sees(
    tmp_path: Path, queries: int, keys: int, past: int, used: int | None, given: dict[str, int]
) -> None:
    """Of equal scores every key that is seen has a probability above zero: 4 + 4 for each."""
    model, feeds = attention(queries, keys, past, used, given)
    _, seen = ReferenceEvaluator(model).run(None, feeds)
    file = tmp_path / "m.onnx"
    file.write_bytes(model.SerializeToString())
    assert totals(load_network(file))[1] == int(np.sum(np.asarray(seen) > 0)) * 8


def test_what_the_file_states_otherwise_is_told(tmp_path: Path) -> None:
    """A pool whose last window would begin in the padding: 4 x 4 is stated, 3 x 3 taken."""
    model = onnx.load(Path(__file__).parent / "data" / "files" / "avgceil9_19.onnx")
    (output,) = model.graph.output
    output.type.CopyFrom(onnx.helper.make_tensor_type_proto(1, [1, 1, 4, 4]))
    file = tmp_path / "m.onnx"
    file.write_bytes(model.SerializeToString())
    network = load_network(file)
    assert network.outputs[0].shape == (1, 3, 3)
    (note,) = network.facts.notes
    assert "the file states [1, 1, 4, 4] for its output, its definition gives [1, 1, 3, 3]" in note
