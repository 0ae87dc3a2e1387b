"""ONNX Runtime's own operators: shapes and types as it gives them, counts by hand."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest
from contrib_graphs import CASES, FLOAT, Case, whole, zeros

from costmodel.core.loading import load_network
from costmodel.frontends.onnx.values import shape_in
from costmodel.frontends.onnx.walk import Walk
from costmodel.studies.simulation import simulate

# operator, the types and shapes that onnxruntime 1.32 gives (its documentation where its CPU does
# not run it), multiply-adds and parameters
EXPECTED = [
    ("Attention", "float32 2x6x32", 23040, 1632),
    ("Attention", "float32 2x6x16", 18816, 1360),
    ("Attention", "float32 2x3x32; float32 2x2x4x8x8", 11904, 1632),
    ("QAttention", "float32 2x6x32", 23040, 1632),
    ("MultiHeadAttention", "float32 2x6x32", 4608, 0),
    ("MultiHeadAttention", "float32 2x6x32", 4608, 0),
    ("MultiHeadAttention", "float32 2x6x32", 6912, 0),
    ("MultiHeadAttention", "float32 2x6x32", 6912, 0),
    ("MultiHeadAttention", "float32 2x6x32; float32 2x4x11x8; float32 2x4x11x8", 8448, 0),
    ("GroupQueryAttention", "float32 2x1x32; float32 2x2x6x8; float32 2x2x6x8", 768, 0),
    ("GroupQueryAttention", "float32 2x6x32; float32 2x2x6x8; float32 2x2x6x8", 2688, 0),
    ("RotaryEmbedding", "float32 2x6x32", 0, 0),
    ("MatMulNBits", "float32 2x6x24", 18432, 1536),
    ("MatMulBnb4", "float32 2x6x24", 18432, 1536),
    ("QGemm", "uint8 5x7", 420, 84),
    ("QGemm", "float32 5x7", 420, 84),
    ("DynamicQuantizeMatMul", "float32 2x5x7", 840, 84),
    ("MatMulIntegerToFloat", "float32 2x5x7", 840, 84),
    ("FusedMatMul", "float32 3x5x6", 360, 0),
    ("FusedMatMul", "float32 3x5x6", 360, 0),
    ("FusedGemm", "float32 5x7", 420, 91),
    ("FusedConv", "float32 2x6x7x7", 21168, 222),
    ("QLinearConv", "uint8 2x9x6x6", 23328, 216),
    ("QLinearAveragePool", "uint8 2x4x4x4", 0, 0),
    ("QLinearGlobalAveragePool", "uint8 2x1x1x4", 0, 0),
    ("QLinearAdd", "uint8 2x4x9", 0, 0),
    ("QLinearMul", "uint8 2x4x9", 0, 0),
    ("QLinearConcat", "uint8 2x9", 0, 0),
    ("QLinearSigmoid", "uint8 2x4", 0, 0),
    ("SkipLayerNormalization", "float32 2x6x8; float32 2x6x8", 0, 24),
    ("SkipSimplifiedLayerNormalization", "float32 2x6x8; float32 2x6x8", 0, 8),
    ("EmbedLayerNormalization", "float32 2x6x8; int32 2", 0, 304),
    ("BiasGelu", "float32 2x6x8", 0, 8),
    ("FastGelu", "float32 2x6x8", 0, 8),
    ("QuickGelu", "float32 2x6x8", 0, 0),
    ("MoE", "float32 6x8", 2304, 768),
    ("QMoE", "float32 6x32", 49152, 16384),
    ("GatherBlockQuantized", "float32 2x5x32", 0, 640),
    ("Inverse", "float32 2x4x4", 0, 0),
    ("Trilu", "float32 2x4x4", 0, 0),
    ("ExpandDims", "float32 2x1x4x4", 0, 0),
    ("Pad", "float32 4x8", 0, 0),
    ("CropAndResize", "float32 5x3x4x6", 0, 0),
    ("GridSample", "float32 2x3x5x6", 0, 0),
    ("CDist", "float32 5x7", 0, 0),
    ("GatherND", "float32 7x3", 0, 0),
    ("ReduceSumInteger", "int32 5x3", 0, 0),
    ("DynamicQuantizeLSTM", "float32 5x1x2x4; float32 1x2x4; float32 1x2x4", 1120, 112),
    ("MaxpoolWithMask", "float32 2x3x3x3", 0, 0),
    ("BiasSoftmax", "float32 2x3x8x8", 0, 0),
    ("QuantizeLinear", "uint8 2x3", 0, 0),
    ("LinearAttention", "float32 2x5x24; float32 2x2x8x6", 2880, 0),
    ("CausalConvWithState", "float32 2x8x5; float32 2x8x3", 320, 32),
    ("TransposeMatMul", "float32 3x5x6", 360, 0),    ("HyperConnectionLowRankMix", "float32 2x5x8; float32 2x5x4; float32 2x5x32", 3200, 352),
    ("HyperConnectionPreMix", "float32 2x5x8", 0, 0),
    ("HyperConnectionPostMix", "float32 2x5x4x8", 1280, 0),
    ("VarlenCausalConvWithState", "float32 10x8; float32 2x8x3", 320, 32),
    ("MatMulPacked", "float32 2x5x24", 15360, 1536),
    ("MoEPacked", "float32 5x32", 61440, 24576),
    ("EngramGate", "float32 2x5x4x8", 0, 64),
    ("NhwcConv", "float32 2x9x8x6", 31104, 222),
    ("NhwcMaxPool", "int8 2x5x4x4", 0, 0),
    ("DecoderMaskedMultiHeadAttention", "float32 2x1x32; float32 2x4x64x8; float32 2x4x64x8", 1280, 0),
    ("DecoderMaskedSelfAttention", "float32 2x1x32; float32 2x2x4x64x8", 4352, 1632),
    ("PackedAttention", "float32 12x32", 23040, 1632),
    ("PackedMultiHeadAttention", "float32 12x32", 4608, 0),
    ("LongformerAttention", "float32 1x16x32", 106240, 6336),
    ("MatMulNBitsQkv", "float32 2x1x24; float32 2x1x8; float32 2x1x8", 5120, 2624),
    ("PagedAttention", "float32 2x32; float32 10x16x2x8; float32 10x16x2x8", 8192, 0),
]  # fmt: skip
# by hand, for the cases with products in order:
# a projection of 12 tokens, 12 x 16 x 96 (80), and 4 heads of 36 pairs, of 8 + 8 (8 + 4) each, twice;
# 3 tokens behind 5 see 6 + 7 + 8 keys
BY_HAND = {
    "Attention": [18432 + 4608, 15360 + 3456, 2 * 3 * 16 * 96 + 2 * 4 * 21 * 16],
    "QAttention": [18432 + 4608],
    # 9 keys of another sequence; 6 new and 5 past ones
    "MultiHeadAttention": [4608, 4608, 2 * 4 * 54 * 16, 2 * 4 * 54 * 16, 2 * 4 * 66 * 16],
    # one query sees 6 keys; 6 causal ones 21
    "GroupQueryAttention": [2 * 4 * 6 * 16, 2 * 4 * 21 * 16],
    "MatMulNBits": [12 * 64 * 24],
    "MatMulBnb4": [12 * 64 * 24],
    "QGemm": [5 * 12 * 7, 5 * 12 * 7],
    "DynamicQuantizeMatMul": [10 * 12 * 7],
    "MatMulIntegerToFloat": [10 * 12 * 7],
    "FusedMatMul": [3 * 5 * 4 * 6, 3 * 5 * 4 * 6],
    "TransposeMatMul": [3 * 5 * 4 * 6],
    "FusedGemm": [5 * 12 * 7],
    # 7 x 7 positions of 6 filters of 4 x 9; 9 x 6 of them
    "FusedConv": [2 * 49 * 6 * 36],
    "QLinearConv": [2 * 54 * 6 * 36],
    # 6 tokens, 2 experts of two matrices each
    "MoE": [6 * 2 * 2 * 12 * 8],
    "QMoE": [6 * 2 * 2 * 64 * 32],
    # 5 steps of 2 sequences, 16 gates of 3 + 4
    "DynamicQuantizeLSTM": [10 * 16 * 7],
    # 10 tokens: 2 heads write 8 x 6, 4 read them
    "LinearAttention": [10 * (2 + 4) * 48],
    "CausalConvWithState": [2 * 5 * 8 * 4],
    # 10 tokens of 4 streams of 8: to a rank of 3, back, and to 4 gates
    "HyperConnectionLowRankMix": [10 * (32 * 3 + 3 * 32 + 32 * 4)],
    "HyperConnectionPostMix": [10 * 4 * 4 * 8],
    "VarlenCausalConvWithState": [10 * 8 * 4],
    "MatMulPacked": [10 * 64 * 24],
    "MoEPacked": [5 * 2 * 3 * 64 * 32],
    "NhwcConv": [2 * 72 * 6 * 36],
    # 9 past tokens of 64 that fit, and a new one
    "DecoderMaskedMultiHeadAttention": [2 * 4 * 10 * 16],
    "DecoderMaskedSelfAttention": [2 * 16 * 96 + 2 * 4 * 10 * 16],
    # two sequences of 6 tokens
    "PackedAttention": [12 * 16 * 96 + 2 * 4 * 36 * 16],
    "PackedMultiHeadAttention": [2 * 4 * 36 * 16],
    # two projections; 16 tokens see 9 each, less 4 + 3 + 2 + 1 at either end
    "LongformerAttention": [2 * 16 * 32 * 96 + 4 * (16 * 9 - 20) * 16],
    "MatMulNBitsQkv": [2 * 64 * 40],
    # 2 sequences of one token, 4 pages of 16
    "PagedAttention": [2 * 4 * 64 * 16],
}


@pytest.mark.parametrize(
    ("case", "expected"), [*zip(CASES, EXPECTED, strict=True)], ids=lambda one: str(one[0])
)
def test_an_operator_of_onnx_runtime(
    tmp_path: Path, case: Case, expected: tuple[str, str, int, int]
) -> None:
    """As one run and sample by sample it counts the same."""
    file = tmp_path / "m.onnx"
    file.write_bytes(case.model().SerializeToString())
    alone = Walk(onnx.load(file), file, None).run()
    types = [alone.values[name].type for name in case.outputs if name]
    given = "; ".join(
        f"{np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)).name} "
        f"{'x'.join(map(str, shape_in(kind)))}"
        for kind in types
    )
    network = load_network(file)
    macs = sum(part.tally.macs for row in network.rows for part in row.parts) * network.samples
    as_one = sum(part.tally.macs for row in alone.builder.rows for part in row.parts)
    params = sum(tally.moved_params for row in network.rows for tally in row.counted)
    assert (case.op, given, macs, params) == expected
    assert macs == as_one
    assert not network.facts.unknown
    assert prod(network.outputs[0].shape) * network.samples == prod(shape_in(types[0]))


def moved(case: Case, file: Path) -> dict[str, int]:
    """Bytes of the constants and of all outside the chip that a case moves, all maps outside."""
    file.write_bytes(case.model().SerializeToString())
    done = simulate(str(file), "accel_1tflops", placement="all_external")
    work = done.workload
    return {"held": int(work.param_bytes.sum()), "all": int(done.totals["external_bytes"])}


def test_experts_that_no_token_is_sent_to_are_not_read(tmp_path: Path) -> None:
    """One token reads 2 of 4 experts, two matrices of 12 x 8 floats each."""
    one = Case(
        "MoE", {"x": (FLOAT, [1, 8]), "r": (FLOAT, [1, 4])},
        {"u": zeros(4, 12, 8), "d": zeros(4, 8, 12)}, ("x", "r", "u", "", "d"), {"k": 2},
    )  # fmt: skip
    assert moved(one, tmp_path / "m.onnx")["held"] == 2 * 2 * 12 * 8 * 4


def test_a_shared_cache_gets_the_new_rows_alone(tmp_path: Path) -> None:
    """Of 64 rows 20 are in use: 2 heads of 8 for each of keys and values.

    Both caches are read whole, 2 x 2 x 64 x 8; q and y are 32, k and v 16 wide, and as much as k and
    v is written into the caches.
    """
    shapes = {
        "q": [1, 1, 32],
        "k": [1, 1, 16],
        "v": [1, 1, 16],
        "pk": [1, 2, 64, 8],
        "pv": [1, 2, 64, 8],
    }
    case = Case(
        "GroupQueryAttention", {name: (FLOAT, shape) for name, shape in shapes.items()},
        {"sl": whole(19), "tl": whole(20)}, ("q", "k", "v", "pk", "pv", "sl", "tl"),
        {"num_heads": 4, "kv_num_heads": 2}, ("y", "k2", "v2"),
    )  # fmt: skip
    file = tmp_path / "m.onnx"
    assert moved(case, file)["all"] == 4 * (2 * 1024 + 32 + 32 + 2 * 16 + 2 * 16)
    # 4 heads of one query meet 20 keys
    assert load_network(file).rows[0].parts[0].tally.macs == 4 * 20 * 16


def test_the_multiply_adds_are_those_by_hand() -> None:
    found: dict[str, list[int]] = {}
    for op, _, macs, _ in EXPECTED:
        if macs:
            found.setdefault(op, []).append(macs)
    assert found == BY_HAND
