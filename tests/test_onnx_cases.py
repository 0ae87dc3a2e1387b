"""Small files whose operators, shapes or attributes were once read wrongly: each figure as derived.

tests/data/files/operators.csv says what each file of its folder has to give and why; the files are
this project's own.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import onnx
import pytest

from costmodel.core.loading import load_network
from costmodel.errors import InputError
from costmodel.studies.simulation import simulate

FILES = Path(__file__).parent / "data" / "files"
with (FILES / "operators.csv").open() as stream:
    ROWS = list(csv.DictReader(stream))


@cache
def run(file: str) -> Any:
    """The run of a file, or how it was refused."""
    try:
        return simulate(str(FILES / file), "accel_1tflops", convention="flops")
    except InputError as error:
        return str(error)


def figure(done: Any, field: str) -> float:
    """One figure of a run."""
    work = done.workload
    return {
        "params": lambda: work.params.sum(),
        "macs": lambda: done.totals["macs"],
        "ops_min": lambda: done.totals["ops"],
        "external_bytes_max": lambda: done.totals["external_bytes"],
        "out_bytes": lambda: work.out_bytes[-1],
        "param_bytes": lambda: work.param_bytes.sum(),
    }[field]()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}-{row['field']}")
def test_a_file_gives_what_its_operators_do(row: dict[str, str]) -> None:
    done, field = run(row["file"]), row["field"]
    if isinstance(done, str):
        assert any(word and word in done for word in row["may_refuse"].split("|")), done
        return
    found, wanted = figure(done, field), [float(value) for value in row["value"].split("|")]
    if field.endswith("_min"):
        assert found >= wanted[0]
    elif field.endswith("_max"):
        assert found <= wanted[0]
    else:
        assert found in wanted


def test_what_the_file_states_otherwise_is_told(tmp_path: Path) -> None:
    """A pool whose last window would begin in the padding: 4 x 4 is stated, 3 x 3 taken."""
    model = onnx.load(FILES / "avgceil9_19.onnx")
    (output,) = model.graph.output
    output.type.CopyFrom(onnx.helper.make_tensor_type_proto(1, [1, 1, 4, 4]))
    file = tmp_path / "m.onnx"
    file.write_bytes(model.SerializeToString())
    network = load_network(file)
    assert network.outputs[0].shape == (1, 3, 3)
    (note,) = network.facts.notes
    assert "the file states [1, 1, 4, 4] for its output, its definition gives [1, 1, 3, 3]" in note
