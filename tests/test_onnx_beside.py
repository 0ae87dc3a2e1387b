"""Tensors that lie beside an ONNX file: judged as if they stood inside it, refused outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import totals
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from costmodel import load_network
from costmodel.errors import InputError

FLOAT = TensorProto.FLOAT
MASK = np.triu(np.full((8, 8), -np.inf, dtype=np.float32), 1)
SINES = np.sin(np.arange(8)[:, None] / 10.0 ** np.arange(8)).astype(np.float32)
LEARNT = np.random.default_rng(1).normal(size=(8, 8)).astype(np.float32)
HELD = [(MASK, 0), (SINES, 0), (LEARNT, 64), (np.full(1, 0.125, dtype=np.float32), 0)]
"""Tensors, and how many of their numbers were learnt."""


def saved(folder: Path, held: NDArray[np.float32], place: str | None, *, data: bool = True) -> Path:
    """A model that adds a tensor to its input; the tensor lies in `place`, None: inside."""
    tensor = numpy_helper.from_array(held, "t")
    if place is not None:
        raw = tensor.raw_data
        set_external_data(tensor, place, offset=0, length=len(raw))
        tensor.ClearField("raw_data")
        if data:
            (folder / place).write_bytes(raw)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "t"], ["y"])],
        "made",
        [helper.make_tensor_value_info("x", FLOAT, [2, 8, 8])],
        [helper.make_tensor_value_info("y", FLOAT, [2, 8, 8])],
        initializer=[tensor],
    )
    sets = [helper.make_opsetid("", 17)]
    file = folder / "m.onnx"
    file.write_bytes(helper.make_model(graph, opset_imports=sets).SerializeToString())
    return file


@pytest.mark.parametrize("place", [None, "m.onnx.data"])
@pytest.mark.parametrize(("held", "learnt"), HELD, ids=["mask", "sines", "learnt", "scalar"])
def test_a_tensor_is_the_same_inside_and_beside(
    tmp_path: Path, held: NDArray[np.float32], learnt: int, place: str | None
) -> None:
    network = load_network(saved(tmp_path, held, place))
    assert totals(network)[0] == learnt
    assert not network.facts.notes


def test_what_is_not_there_is_counted_and_told(tmp_path: Path) -> None:
    network = load_network(saved(tmp_path, MASK, "m.data", data=False))
    assert totals(network)[0] == 64
    assert "their contents are not in the file" in network.facts.notes[0]


def test_a_file_that_is_cut_short_is_as_good_as_none(tmp_path: Path) -> None:
    file = saved(tmp_path, MASK, "m.data")
    (tmp_path / "m.data").write_bytes(b"\0" * 100)
    network = load_network(file)
    assert totals(network)[0] == 64
    assert "'m.data' is shorter than the model says" in network.facts.notes[0]


@pytest.mark.parametrize("place", ["../m.data", "/etc/passwd", "a/../../m.data", "..\\m.data"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(InputError, match="outside the model's folder"):
        load_network(saved(tmp_path / "inner", MASK, place, data=False))


@pytest.mark.parametrize(("key", "value", "told"), [
    ("offset", "abc", "has the offset 'abc'"), ("length", "-5", "has the length '-5'"),
    ("location", "", "lies in the file '', which is none"), ("location", ".", "which is none"),
])  # fmt: skip
def test_a_place_that_is_none_is_refused(tmp_path: Path, key: str, value: str, told: str) -> None:
    file = saved(tmp_path, MASK, "m.data")
    model = onnx.load(str(file), load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        entry.value = value if entry.key == key else entry.value
    file.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=told):
        load_network(file)


def test_a_place_below_the_folder_may_be_written_in_any_way(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert totals(load_network(saved(tmp_path, MASK, "sub/../m.data")))[0] == 0


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    file = saved(inner, MASK, "m.data")
    (inner / "m.data").rename(tmp_path / "m.data")
    (inner / "m.data").symlink_to(tmp_path / "m.data")
    with pytest.raises(InputError, match="a link out of the model's folder"):
        load_network(file)


def test_another_file_beside_it_is_read_again(tmp_path: Path) -> None:
    """The networks that are kept know all files that they were read from."""
    file = saved(tmp_path, MASK, "m.data")
    assert totals(load_network(file))[0] == 0
    (tmp_path / "m.data").write_bytes(LEARNT.tobytes() + b"")
    assert onnx.load(str(file)).graph.initializer[0].raw_data == LEARNT.tobytes()
    assert totals(load_network(file))[0] == 64
