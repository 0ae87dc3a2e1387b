"""Small graphs of ONNX Runtime's own operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, UINT8, INT8 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8
INT32, INT64 = TensorProto.INT32, TensorProto.INT64


class Case(NamedTuple):
    """A node: maps by their shape and type, constants by their array, and attributes."""

    op: str
    maps: Mapping[str, tuple[int, Sequence[int]]]
    held: Mapping[str, Any]
    inputs: Sequence[str]
    attributes: Mapping[str, Any] = {}
    outputs: Sequence[str] = ("y",)
    opset: int = 21
    domain: str = "com.microsoft"

    def model(self) -> onnx.ModelProto:
        """The node alone in a graph that states no shape but those of its inputs."""
        node = helper.make_node(
            self.op, self.inputs, self.outputs, name="n", domain=self.domain, **self.attributes
        )
        graph = helper.make_graph(
            [node],
            self.op,
            [helper.make_tensor_value_info(name, *given) for name, given in self.maps.items()],
            [helper.make_empty_tensor_value_info(name) for name in self.outputs if name],
            initializer=[numpy_helper.from_array(a, name) for name, a in self.held.items()],
        )
        sets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=sets, ir_version=10)


def zeros(*shape: int) -> Any:
    """Floats."""
    return np.zeros(shape, dtype=np.float32)


def half(*shape: int) -> Any:
    """Bytes in the middle of their range."""
    return np.full(shape, 128, dtype=np.uint8)


def whole(*values: int, kind: Any = np.int32) -> Any:
    """Whole numbers, a scalar where there is one."""
    return np.array(values[0] if len(values) == 1 else values, dtype=kind)


QKV = {name: (FLOAT, [2, 6, 32]) for name in ("q", "k", "v")}
ROPE = {"c": zeros(16, 4), "s": zeros(16, 4)}
PAST = {"pk": (FLOAT, [2, 2, 5, 8]), "pv": (FLOAT, [2, 2, 5, 8])}
SCALE, POINT = zeros() + np.float32(0.1), np.array(128, dtype=np.uint8)
QUANTISED = {"as": SCALE, "az": POINT, "bs": SCALE, "bz": POINT, "ys": SCALE, "yz": POINT}
CASES = [
    Case("Attention", {"x": (FLOAT, [2, 6, 16])}, {"w": zeros(16, 96), "b": zeros(96)},
         ("x", "w", "b"), {"num_heads": 4}),
    Case("Attention", {"x": (FLOAT, [2, 6, 16])}, {"w": zeros(16, 80), "b": zeros(80)},
         ("x", "w", "b"), {"num_heads": 4, "qkv_hidden_sizes": [32, 32, 16]}),
    Case("Attention", {"x": (FLOAT, [2, 3, 16]), "p": (FLOAT, [2, 2, 4, 5, 8])},
         {"w": zeros(16, 96), "b": zeros(96)}, ("x", "w", "b", "", "p"),
         {"num_heads": 4, "unidirectional": 1}, ("y", "pr")),
    Case("QAttention", {"x": (UINT8, [2, 6, 16])},
         {"w": half(16, 96), "b": zeros(96), **QUANTISED},
         ("x", "w", "b", "as", "bs", "", "az", "bz"), {"num_heads": 4}),
    Case("MultiHeadAttention", QKV, {}, ("q", "k", "v"), {"num_heads": 4}),
    Case("MultiHeadAttention", {"q": (FLOAT, [2, 6, 4, 3, 8])}, {}, ("q",), {"num_heads": 4}),
    Case("MultiHeadAttention", {"q": (FLOAT, [2, 6, 32]), "k": (FLOAT, [2, 9, 4, 2, 8])}, {},
         ("q", "k"), {"num_heads": 4}),
    Case("MultiHeadAttention", {"q": (FLOAT, [2, 6, 32]), "k": (FLOAT, [2, 4, 9, 8]),
                                "v": (FLOAT, [2, 4, 9, 8])}, {}, ("q", "k", "v"), {"num_heads": 4}),
    Case("MultiHeadAttention", {**QKV, "pk": (FLOAT, [2, 4, 5, 8]), "pv": (FLOAT, [2, 4, 5, 8])},
         {}, ("q", "k", "v", "", "", "", "pk", "pv"), {"num_heads": 4}, ("y", "k2", "v2")),
    Case("GroupQueryAttention",
         {"q": (FLOAT, [2, 1, 32]), "k": (FLOAT, [2, 1, 16]), "v": (FLOAT, [2, 1, 16]), **PAST},
         {"sl": whole(5, 5), "tl": whole(6)}, ("q", "k", "v", "pk", "pv", "sl", "tl"),
         {"num_heads": 4, "kv_num_heads": 2}, ("y", "k2", "v2")),
    Case("GroupQueryAttention", {"q": (FLOAT, [2, 6, 64])}, {"sl": whole(5, 5), "tl": whole(6), **ROPE},
         ("q", "", "", "", "", "sl", "tl", "c", "s"),
         {"num_heads": 4, "kv_num_heads": 2, "do_rotary": 1}, ("y", "k2", "v2")),
    Case("RotaryEmbedding", {"x": (FLOAT, [2, 6, 32]), "p": (INT64, [2, 6])}, ROPE,
         ("x", "p", "c", "s"), {"num_heads": 4, "rotary_embedding_dim": 8}),
    Case("MatMulNBits", {"x": (FLOAT, [2, 6, 64])},
         {"w": half(24, 2, 16), "sc": zeros(24, 2)}, ("x", "w", "sc"),
         {"K": 64, "N": 24, "bits": 4, "block_size": 32}),
    Case("MatMulBnb4", {"x": (FLOAT, [2, 6, 64])}, {"w": half(64 * 12), "sc": zeros(24)},
         ("x", "w", "sc"), {"K": 64, "N": 24, "block_size": 64, "quant_type": 1}),
    Case("QGemm", {"x": (UINT8, [5, 12])}, {"w": half(12, 7), **QUANTISED},
         ("x", "as", "az", "w", "bs", "bz", "", "ys", "yz"), {}),
    Case("QGemm", {"x": (UINT8, [5, 12])}, {"w": half(7, 12), **QUANTISED},
         ("x", "as", "az", "w", "bs", "bz"), {"transB": 1}),
    Case("DynamicQuantizeMatMul", {"x": (FLOAT, [2, 5, 12])}, {"w": half(12, 7), **QUANTISED},
         ("x", "w", "bs", "bz"), {}),
    Case("MatMulIntegerToFloat", {"x": (UINT8, [2, 5, 12])}, {"w": half(12, 7), **QUANTISED},
         ("x", "w", "as", "bs", "az", "bz"), {}),
    Case("FusedMatMul", {"a": (FLOAT, [3, 4, 5]), "b": (FLOAT, [3, 4, 6])}, {}, ("a", "b"),
         {"transA": 1}),
    Case("FusedMatMul", {"a": (FLOAT, [5, 3, 4]), "b": (FLOAT, [3, 4, 6])}, {}, ("a", "b"),
         {"transBatchA": 1}),
    Case("FusedGemm", {"x": (FLOAT, [5, 12])}, {"w": zeros(7, 12), "b": zeros(7)}, ("x", "w", "b"),
         {"transB": 1, "activation": "Relu"}),
    Case("FusedConv", {"x": (FLOAT, [2, 4, 9, 9]), "z": (FLOAT, [2, 6, 7, 7])},
         {"w": zeros(6, 4, 3, 3), "b": zeros(6)}, ("x", "w", "b", "z"), {"activation": "Relu"}),
    Case("QLinearConv", {"x": (UINT8, [2, 9, 8, 4])}, {"w": half(6, 4, 3, 3), **QUANTISED},
         ("x", "as", "az", "w", "bs", "bz", "ys", "yz"), {"channels_last": 1, "pads": [1, 0, 1, 0]}),
    Case("QLinearAveragePool", {"x": (UINT8, [2, 4, 9, 9])}, QUANTISED,
         ("x", "as", "az", "ys", "yz"), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    Case("QLinearGlobalAveragePool", {"x": (UINT8, [2, 9, 9, 4])}, QUANTISED,
         ("x", "as", "az", "ys", "yz"), {"channels_last": 1}),
    Case("QLinearAdd", {"a": (UINT8, [2, 4, 9]), "b": (UINT8, [4, 1])}, QUANTISED,
         ("a", "as", "az", "b", "bs", "bz", "ys", "yz"), {}),
    Case("QLinearMul", {"a": (UINT8, [1, 9]), "b": (UINT8, [2, 4, 1])}, QUANTISED,
         ("a", "as", "az", "b", "bs", "bz", "ys", "yz"), {}),
    Case("QLinearConcat", {"a": (UINT8, [2, 4]), "b": (UINT8, [2, 5])}, QUANTISED,
         ("ys", "yz", "a", "as", "az", "b", "bs", "bz"), {"axis": 1}),
    Case("QLinearSigmoid", {"a": (UINT8, [2, 4])}, QUANTISED, ("a", "as", "az", "ys", "yz"), {}),
    Case("SkipLayerNormalization", {"x": (FLOAT, [2, 6, 8]), "s": (FLOAT, [2, 6, 8])},
         {"g": zeros(8), "b": zeros(8), "c": zeros(8)}, ("x", "s", "g", "b", "c"), {},
         ("y", "", "", "z")),
    Case("SkipSimplifiedLayerNormalization", {"x": (FLOAT, [2, 6, 8]), "s": (FLOAT, [2, 6, 8])},
         {"g": zeros(8)}, ("x", "s", "g"), {}, ("y", "", "", "z")),
    Case("EmbedLayerNormalization", {"x": (INT32, [2, 6])},
         {"w": zeros(20, 8), "p": zeros(16, 8), "g": zeros(8), "b": zeros(8)},
         ("x", "", "w", "p", "", "g", "b"), {}, ("y", "m")),
    Case("BiasGelu", {"x": (FLOAT, [2, 6, 8])}, {"b": zeros(8)}, ("x", "b"), {}),
    Case("FastGelu", {"x": (FLOAT, [2, 6, 8])}, {"b": zeros(8)}, ("x", "b"), {}),
    Case("QuickGelu", {"x": (FLOAT, [2, 6, 8])}, {}, ("x",), {}),
    Case("MoE", {"x": (FLOAT, [6, 8]), "r": (FLOAT, [6, 4])},
         {"u": zeros(4, 12, 8), "d": zeros(4, 8, 12)}, ("x", "r", "u", "", "d"),
         {"k": 2, "activation_type": "gelu"}),
    Case("QMoE", {"x": (FLOAT, [6, 32]), "r": (FLOAT, [6, 4])},
         {"u": half(4, 64, 16), "us": zeros(4, 64), "d": half(4, 32, 32), "ds": zeros(4, 32)},
         ("x", "r", "u", "us", "", "d", "ds"), {"k": 2, "activation_type": "gelu", "expert_weight_bits": 4}),
    Case("GatherBlockQuantized", {"i": (INT64, [2, 5])},
         {"t": half(20, 16), "sc": zeros(20, 2)}, ("t", "i", "sc"),
         {"bits": 4, "block_size": 16, "gather_axis": 0, "quantize_axis": 1}),
    Case("Inverse", {"x": (FLOAT, [2, 4, 4])}, {}, ("x",), {}),
    Case("Trilu", {"x": (FLOAT, [2, 4, 4])}, {}, ("x",), {}),
    Case("ExpandDims", {"x": (FLOAT, [2, 4, 4])}, {"a": whole(1)}, ("x", "a"), {}),
    Case("Pad", {"x": (FLOAT, [2, 4])}, {"a": whole(0, 1, 2, 3, kind=np.int64)}, ("x", "a"), {}),
    Case("CropAndResize", {"x": (FLOAT, [2, 3, 8, 8]), "r": (FLOAT, [5, 4])},
         {"b": whole(0, 0, 0, 0, 0), "s": whole(4, 6)}, ("x", "r", "b", "s"), {}),
    Case("GridSample", {"x": (FLOAT, [2, 3, 8, 8]), "g": (FLOAT, [2, 5, 6, 2])}, {}, ("x", "g"), {}),
    Case("CDist", {"a": (FLOAT, [5, 8]), "b": (FLOAT, [7, 8])}, {}, ("a", "b"), {"metric": "euclidean"}),
    Case("GatherND", {"x": (FLOAT, [5, 8, 3]), "i": (INT64, [7, 2])}, {}, ("x", "i"), {}),
    Case("ReduceSumInteger", {"x": (INT8, [5, 8, 3])}, {}, ("x",), {"axes": [1], "keepdims": 0}),
    Case("DynamicQuantizeLSTM", {"x": (FLOAT, [5, 2, 3])},
         {"w": half(1, 3, 16), "r": half(1, 4, 16), "s": zeros(1) + np.float32(1), "z": half(1)},
         ("x", "w", "r", "", "", "", "", "", "s", "z", "s", "z"), {"hidden_size": 4},
         ("y", "h", "c")),
    Case("MaxpoolWithMask", {"x": (FLOAT, [2, 3, 8, 8]), "m": (INT32, [2, 1, 8, 8])}, {}, ("x", "m"),
         {"kernel_shape": [3, 3], "strides": [2, 2]}),
    Case("BiasSoftmax", {"x": (FLOAT, [2, 3, 8, 8]), "b": (FLOAT, [2, 1, 1, 8])}, {}, ("x", "b"),
         {"axis": 3, "is_inner_broadcast": 0}),
    Case("QuantizeLinear", {"x": (FLOAT, [2, 3])}, QUANTISED, ("x", "ys", "yz"), {}),
    Case("LinearAttention", {"q": (FLOAT, [2, 5, 32]), "k": (FLOAT, [2, 5, 16]), "v": (FLOAT, [2, 5, 12])},
         {}, ("q", "k", "v"), {"q_num_heads": 4, "kv_num_heads": 2, "update_rule": "linear"}, ("y", "s")),
    Case("CausalConvWithState", {"x": (FLOAT, [2, 8, 5])}, {"w": zeros(8, 1, 4)}, ("x", "w"), {}, ("y", "s")),
    Case("TransposeMatMul", {"a": (FLOAT, [3, 4, 5]), "b": (FLOAT, [3, 4, 6])}, {}, ("a", "b"), {"transA": 1}),
    Case("HyperConnectionLowRankMix", {"x": (FLOAT, [2, 5, 32])},
         {"n": zeros(32), "d": zeros(32, 3), "u": zeros(3, 32), "i": zeros(32, 4)},
         ("x", "n", "d", "u", "i"), {"num_branches": 4, "gate_div": 1.0}, ("a", "b", "c")),
    Case("HyperConnectionPreMix", {"x": (FLOAT, [2, 5, 32]), "p": (FLOAT, [2, 5, 4])}, {},
         ("x", "p"), {"num_branches": 4}),
    Case("HyperConnectionPostMix", {"x": (FLOAT, [2, 5, 4, 8]), "b": (FLOAT, [2, 5, 8]),
                                    "p": (FLOAT, [2, 5, 4]), "s": (FLOAT, [2, 5, 4, 4])}, {},
         ("x", "b", "p", "s")),
    Case("VarlenCausalConvWithState", {"x": (FLOAT, [10, 8]), "n": (INT32, [3]), "s": (FLOAT, [2, 8, 3])},
         {"w": zeros(8, 1, 4)}, ("x", "w", "n", "", "s"), {"activation": "silu"}, ("y", "z")),
    Case("MatMulPacked", {"x": (FLOAT, [2, 5, 64])}, {"w": half(24, 36)}, ("x", "w"),
         {"K": 64, "N": 24, "packed_type": "q4"}),
    Case("MoEPacked", {"x": (FLOAT, [5, 32]), "r": (FLOAT, [5, 4])},
         {"g": half(4, 64, 18), "u": half(4, 64, 18), "d": half(4, 32, 36)},
         ("x", "r", "g", "u", "d"), {"k": 2, "activation_type": "swiglu"}),
    Case("EngramGate", {"k": (FLOAT, [2, 5, 4, 8]), "q": (FLOAT, [2, 5, 4, 8]), "v": (FLOAT, [2, 5, 8])},
         {"a": zeros(4, 8), "b": zeros(4, 8)}, ("k", "q", "v", "a", "b")),
    Case("NhwcConv", {"x": (FLOAT, [2, 9, 8, 4])}, {"w": zeros(6, 4, 3, 3), "b": zeros(6)},
         ("x", "w", "b"), {"pads": [1, 1, 1, 1]}),
    Case("NhwcMaxPool", {"x": (INT8, [2, 9, 8, 4])}, {}, ("x",),
         {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    Case("DecoderMaskedMultiHeadAttention",
         {**{name: (FLOAT, [2, 1, 32]) for name in "qkv"}, "pk": (FLOAT, [2, 4, 64, 8]), "pv": (FLOAT, [2, 4, 64, 8])},
         {"n": whole(9)}, ("q", "k", "v", "", "", "pk", "pv", "n"),
         {"num_heads": 4, "past_present_share_buffer": 1}, ("y", "a", "b")),
    Case("DecoderMaskedSelfAttention", {"x": (FLOAT, [2, 1, 16]), "p": (FLOAT, [2, 2, 4, 64, 8])},
         {"w": zeros(16, 96), "b": zeros(96), "n": whole(9)}, ("x", "w", "b", "", "p", "", "n"),
         {"num_heads": 4, "past_present_share_buffer": 1}, ("y", "q")),
    Case("PackedAttention", {"x": (FLOAT, [12, 16]), "o": (INT32, [2, 6]), "n": (INT32, [3])},
         {"w": zeros(16, 96), "b": zeros(96)}, ("x", "w", "b", "o", "n"), {"num_heads": 4}),
    Case("PackedMultiHeadAttention", {"q": (FLOAT, [12, 4, 3, 8]), "o": (INT32, [2, 6]), "n": (INT32, [3])},
         {}, ("q", "", "", "", "o", "n"), {"num_heads": 4}),
    Case("LongformerAttention", {"x": (FLOAT, [1, 16, 32]), "m": (FLOAT, [1, 16]), "f": (INT32, [1, 16])},
         {"w": zeros(32, 96), "b": zeros(96), "gw": zeros(32, 96), "gb": zeros(96)},
         ("x", "w", "b", "m", "gw", "gb", "f"), {"num_heads": 4, "window": 4}),
    Case("MatMulNBitsQkv", {"x": (FLOAT, [2, 1, 64])},
         {"n": zeros(64), "q": half(24, 2, 16), "k": half(8, 2, 16), "v": half(8, 2, 16),
          "qs": zeros(48), "ks": zeros(16), "vs": zeros(16)},
         ("x", "", "n", "q", "qs", "", "k", "ks", "", "v", "vs", ""),
         {"K": 64, "Nq": 24, "Nkv": 8, "bits": 4, "block_size": 32}, ("a", "b", "c")),
    Case("PagedAttention", {"q": (FLOAT, [2, 32]), "k": (FLOAT, [2, 16]), "v": (FLOAT, [2, 16]),
                            "kc": (FLOAT, [10, 16, 2, 8]), "vc": (FLOAT, [10, 16, 2, 8]),
                            "n": (INT32, [3]), "l": (INT32, [2]), "t": (INT32, [2, 4])},
         {}, ("q", "k", "v", "kc", "vc", "n", "l", "t"), {"num_heads": 4, "kv_num_heads": 2}, ("y", "a", "b")),
]  # fmt: skip
