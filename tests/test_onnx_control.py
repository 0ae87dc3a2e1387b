"""Control flow and lists whose lengths a file fixes, unrolled: shapes by onnx's own reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import totals
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator

from costmodel import load_network
from costmodel.errors import InputError

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'
BODY = "(int64 i, bool c_in, float[4,8] h) => (bool c_out, float[4,8] h_out, float[4,8] s)"
LOOP = f"""{HEAD} g (float[4,8] x) => (float[4,8] y, float[N,4,8] all)
<int64 M = {{5}}, bool go = {{1}}> {{
  y, all = Loop <body = b {BODY} {{
    CONDITION
    h_out = MatMul(h, w)
    s = Relu(h_out)
  }}>(M, go, x)
}}"""


def save(path: Path, text: str, *held: tuple[str, tuple[int, ...]]) -> Path:
    """A model from onnx's text, with stored weights of ones besides."""
    model = parser.parse_model(text)
    for name, shape in held:
        array = np.ones(shape, dtype=np.float32)
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    path.write_bytes(model.SerializeToString())
    return path


def shapes(path: Path) -> list[tuple[int, ...]]:
    """The shapes of all outputs, by onnx's reference on inputs of ones."""
    model = onnx.load(str(path))
    feeds = {
        value.name: np.ones([d.dim_value for d in value.type.tensor_type.shape.dim], np.float32)
        for value in model.graph.input
    }
    given = ReferenceEvaluator(model).run(None, feeds)
    flat = [one for value in given for one in (value if isinstance(value, list) else [value])]
    return [np.shape(one) for one in flat]


def whole(path: Path) -> list[tuple[int, ...]]:
    """The shapes of all outputs as costmodel has them, the samples of a run included."""
    network = load_network(path)
    return [
        (network.samples, *tap.shape) if network.samples > 1 else tap.shape
        for tap in network.outputs
    ]


@pytest.mark.parametrize(("condition", "trips"), [
    ("c_out = Identity(c_in)", 5),
    # while i < 2: trips 0, 1 and 2 run, and the third is the last
    ("two = Constant<value = int64 {2}>()\n c_out = Less(i, two)", 3),
])  # fmt: skip
def test_a_loop_runs_as_often_as_its_count_and_its_condition_say(
    tmp_path: Path, condition: str, trips: int
) -> None:
    """4 x 8 x 8 multiply-adds a trip; 64 weights, which count once."""
    file = save(tmp_path / "m.onnx", LOOP.replace("CONDITION", condition), ("w", (8, 8)))
    network = load_network(file)
    assert totals(network) == (64, trips * 4 * 8 * 8)
    assert sum(row.kind == "linear" for row in network.rows) == trips
    # what trips gather stands along a new first axis
    assert sorted(np.prod(one) for one in whole(file)) == [4 * 8, trips * 4 * 8]


def test_weights_inside_a_body_count_once_and_move_each_trip(tmp_path: Path) -> None:
    text = LOOP.replace("CONDITION", "c_out = Identity(c_in)").replace(
        "h_out = MatMul(h, w)",
        "k = Constant<value = float[8] {1,2,3,4,5,6,7,8}>()\n t = MatMul(h, w)\n h_out = Add(t, k)",
    )
    file = save(tmp_path / "m.onnx", text)
    model = onnx.load(str(file))
    (body,) = [a.g for node in model.graph.node for a in node.attribute]
    array = np.full((8, 8), 0.5, dtype=np.float32)
    body.initializer.append(numpy_helper.from_array(array, "w"))
    file.write_bytes(model.SerializeToString())
    network = load_network(file)
    assert totals(network) == (64, 5 * 4 * 8 * 8)
    moved = [
        row.constants.elements for row in network.rows if row.constants and row.kind == "linear"
    ]
    assert moved == [64] * 5


def test_a_scan_runs_once_for_each_piece(tmp_path: Path) -> None:
    """6 steps of 2 x 3 times 3 x 3; the gathered output lies along axis 1."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[2,3] h0, float[2,6,3] x) => (float[2,3] h, float[2,6,3] y) {{
      h, y = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1],
          body = b (float[2,3] s, float[2,3] p) => (float[2,3] s_out, float[2,3] o) {{
          m = MatMul(s, w)
          s_out = Add(m, p)
          o = Relu(s_out)
        }}>(h0, x)
    }}""", ("w", (3, 3)))  # fmt: skip
    assert totals(load_network(file)) == (9, 6 * 2 * 3 * 3)
    # onnx's reference knows no axis but the first
    assert sorted(map(np.prod, whole(file))) == [6, 36]


@pytest.mark.parametrize(("work", "outputs"), [
    ("s = SplitToSequence<axis = 1>(x, three)\n l = SequenceLength(s)\n y = SequenceAt(s, l1)", [(1, 2, 5)]),
    ("s = SplitToSequence<axis = 1, keepdims = 0>(x)\n y = SequenceAt(s, l1)", [(1, 5)]),
    ("s = SplitToSequence<axis = 1>(x, cuts)\n y = ConcatFromSequence<axis = 1>(s)", [(1, 8, 5)]),
    ("a = SequenceConstruct(x, x)\n b = SequenceInsert(a, x)\n c = SequenceErase(b, zero)\n"
     "y = ConcatFromSequence<axis = 0, new_axis = 1>(c)", [(2, 1, 8, 5)]),
    ("e = SequenceEmpty()\n s = SequenceInsert(e, x)\n y = SequenceAt(s, zero)", [(1, 8, 5)]),
])  # fmt: skip
def test_lists_of_known_length_are_lists(
    tmp_path: Path, work: str, outputs: list[tuple[int, ...]]
) -> None:
    """8 positions in pieces of 3 are 3, 3 and 2; the last piece is smaller."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[1,8,5] x) => (float[] z)
    <int64 three = {{3}}, int64 l1 = {{-1}}, int64 zero = {{0}}, int64[2] cuts = {{6, 2}}> {{
      {work}
      z = Relu(y)
    }}""")  # fmt: skip
    network = load_network(file)
    assert totals(network) == (0, 0)
    assert shapes(file) == outputs
    assert np.prod(whole(file)[0]) == np.prod(outputs[0])


def test_a_map_over_a_list_runs_for_each_element(tmp_path: Path) -> None:
    """Pieces of 3, 3 and 2 rows of 4, each times 4 x 4."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[8,4] x) => (float[8,4] y)
    <int64 three = {{3}}> {{
      s = SplitToSequence<axis = 0>(x, three)
      t = SequenceMap<body = b (float[n,4] p) => (float[n,4] q) {{ q = MatMul(p, w) }}>(s)
      y = ConcatFromSequence<axis = 0>(t)
    }}""", ("w", (4, 4)))  # fmt: skip
    assert totals(load_network(file)) == (16, 8 * 4 * 4)


@pytest.mark.parametrize(("text", "told"), [
    (LOOP.replace("CONDITION", "a = ReduceSum<keepdims = 0>(h)\n z = Constant<value = float {0}>()\n c_out = Less(a, z)"),
     "(Loop): whether it goes on depends on the data"),
    (LOOP.replace("CONDITION", "c_out = Identity(c_in)").replace("{5}", "{50001}"), "(Loop): its trips run over"),
    (LOOP.replace("CONDITION", "c_out = Identity(c_in)").replace("{5}", "{0}"), "gathers what no trip gives"),
])  # fmt: skip
def test_what_is_not_fixed_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    file = save(tmp_path / "m.onnx", text, ("w", (8, 8)))
    with pytest.raises(InputError, match=r"\(Loop\)") as refused:
        load_network(file)
    assert told in str(refused.value)


def test_what_no_output_needs_does_not_run(tmp_path: Path) -> None:
    """A loop that depends on the data and an unknown operator stand behind the only output."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[4,8] x) => (float[4,8] y) {{
      y = MatMul(x, w)
      z = NonZero(y)
      v = MatMul(y, unused)
    }}""", ("w", (8, 8)), ("unused", (8, 8)))  # fmt: skip
    network = load_network(file)
    assert totals(network) == (64, 4 * 8 * 8)
    (note,) = network.facts.notes
    assert note.startswith("MatMul (1), NonZero (1): no output needs them")


def test_inputs_that_only_stand_where_weights_do_are_weights(tmp_path: Path) -> None:
    """w and b of a Conv; of a product both factors are maps, and so is what a ReLU reads."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[1,3,8,8] x, float[4,3,3,3] w, float[4] b, float[4,4] m, float[1,3,8,8] r)
    => (float[1,4,6,4] y, float[1,3,8,8] q) {{
      c = Conv(x, w, b)
      t = Slice(c, zero, four, three)
      y = MatMul(t, m)
      q = Relu(r)
    }}""")  # fmt: skip
    model = onnx.load(str(file))
    for name, value in (("zero", 0), ("four", 4), ("three", 3)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    file.write_bytes(model.SerializeToString())
    network = load_network(file)
    assert totals(network) == (4 * 27 + 4, 36 * 4 * 27 + 24 * 4 * 4)
    assert [tap.node for tap in network.inputs] == ["x", "m", "r"]


def test_what_only_gives_its_shape_does_not_run(tmp_path: Path) -> None:
    """A convolution of which the batch and the filters are read, 1 and 4: a table of 1 x 4 ones."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[1,3,8,8] x, float[4,5] m) => (float[1,5] y) {{
      c = Conv(x, w)
      r = Relu(c)
      s = Shape<start = 0, end = 2>(r)
      u = ConstantOfShape(s)
      y = MatMul(u, m)
    }}""", ("w", (4, 3, 3, 3)))  # fmt: skip
    network = load_network(file)
    assert [row.kind for row in network.rows] == ["linear"]
    assert totals(network)[1] == 4 * 5
    assert network.facts.warnings == ()


def test_what_a_body_gives_and_nobody_reads_does_not_run(tmp_path: Path) -> None:
    """3 trips of 4 x 8 x 8; neither the wider product nor the state that feeds itself alone."""
    file = save(tmp_path / "m.onnx", f"""{HEAD} g (float[4,8] x, float[4,8] z) => (float[4,8] y)
    <int64 M = {{3}}, bool go = {{1}}> {{
      y, idle, all = Loop <body = b (int64 i, bool c_in, float[4,8] h, float[4,8] k)
        => (bool c_out, float[4,8] h_out, float[4,8] k_out, float[4,16] s) {{
        c_out = Identity(c_in)
        h_out = MatMul(h, w)
        k_out = MatMul(k, w2)
        s = MatMul(h, w3)
      }}>(M, go, x, z)
    }}""", ("w", (8, 8)), ("w2", (8, 8)), ("w3", (8, 16)))  # fmt: skip
    network = load_network(file)
    assert totals(network) == (64, 3 * 4 * 8 * 8)
    assert network.facts.warnings == ()


@pytest.mark.parametrize(("way", "declared", "held"), [
    ("v = Reshape(w, to)", "4,27", (("to", (4, 3, 3, 3)),)), ("v = Unsqueeze(w, to)", "4,3,3", (("to", (3,)),)),
    ("v = CastLike(w, x)", "4,3,3,3", ()), ("v = Slice(w, lo, hi)", "6,3,3,3", (("lo", (0,)), ("hi", (4,)))),
])  # fmt: skip
def test_inputs_that_are_moved_to_where_weights_stand_are_weights(
    tmp_path: Path, way: str, declared: str, held: tuple[tuple[str, tuple[int, ...]], ...]
) -> None:
    """A kernel of 3 filters' worth that comes as an input under another shape or type."""
    file = save(
        tmp_path / "m.onnx",
        f"{HEAD} g (float[1,3,8,8] x, float[{declared}] w) => (float[] y) "
        f"{{ {way}\n y = Conv(x, v) }}",
    )
    model = onnx.load(str(file))
    for name, values in held:
        model.graph.initializer.append(numpy_helper.from_array(np.array(values), name))
    file.write_bytes(model.SerializeToString())
    if "Unsqueeze" in way:
        # [4, 3, 3, 1]: windows of 3 x 1
        assert totals(load_network(file)) == (36, 6 * 8 * 36)
    else:
        wanted = 6 * 27 if "Slice" in way else 108
        assert totals(load_network(file)) == (wanted, 36 * 108)
