"""States with a name: read whole from outside, appended to, never on chip, never parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.core.placement import PLACEMENTS
from costmodel.errors import InputError
from costmodel.studies.validate import validate

DECODER = """name: D
source: hand arithmetic
input: [1, 8]
vars: {context: 10}
state:
  keys: ["${context}", 8]
  values: ["${context}", 8]
layers:
  - k: {kind: linear, features: 8, bias: false, appends: keys}
  - v: {kind: linear, features: 8, bias: false, from: input, appends: values}
  - q: {kind: linear, features: 8, bias: false, from: input}
  - turned: {kind: transpose, axes: [1, 0], from: keys}
  - scores: {kind: matmul, from: [q, turned]}
  - seen: {kind: matmul, from: [scores, values]}
outputs: [seen, k, v]
"""


@pytest.mark.parametrize("placement", PLACEMENTS.names())
@pytest.mark.parametrize("traffic", ["once", "tiled"])
def test_a_state_is_read_whole_and_appended(tmp_path: Path, placement: str, traffic: str) -> None:
    """fp16, 2 samples: keys and values of 10 x 8 are read once each, 8 of each are appended."""
    (tmp_path / "d.yaml").write_text(DECODER)
    machine = (
        "name: M\nsource: s\nbandwidth: 1 GB/s\non_chip_memory: 1 MB\nmatrix: 1 TFLOPS\n"
        "host: 1 GFLOPS\n"
    )
    (tmp_path / "m.yaml").write_text(machine)
    options: dict[str, Any] = {
        "placement": placement,
        "traffic": traffic,
        "dtype": "fp16",
        "batch": 2,
    }
    runs = [
        cm.simulate(tmp_path / "d.yaml", tmp_path / "m.yaml", settings={"context": n}, **options)
        for n in (10, 11)
    ]
    work = runs[0].workload
    assert work.state_read is not None
    assert work.state_written is not None
    assert work.state_read.tolist() == [0, 0, 0, 2 * 2 * 80, 0, 2 * 2 * 80]
    assert work.state_written.tolist() == [2 * 2 * 8, 2 * 2 * 8, 0, 0, 0, 0]
    assert runs[0].totals["params"] == 3 * 64
    # a token more: 8 elements of each state; on chip the turned keys and the scores may stay
    more = runs[1].totals["external_bytes"] - runs[0].totals["external_bytes"]
    assert more >= 2 * 2 * 8 * 2
    if placement == "per_tensor":
        assert more == 2 * 2 * 8 * 2
    byte = cm.simulate(
        tmp_path / "d.yaml",
        tmp_path / "m.yaml",
        **{**options, "dtype": "{maps: fp16, state: fp8}"},
    ).workload
    assert byte.state_read is not None
    assert 2 * byte.state_read.sum() == work.state_read.sum()
    assert all(comparison.agrees for comparison in validate(runs[0].network))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("appends: keys", "appends: kays", "d.yaml:9:58: 'kays' is no state; did you mean 'keys'"),
        ("appends: keys", "appends: input", "'input' is no state"),
        ('keys: ["${context}", 8]', "input: [3]", "'input' is an input too"),
        ('keys: ["${context}", 8]', "keys: [-1, 8]", "an axis of 'keys' must lie in 0"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "d.yaml").write_text(DECODER.replace(old, new))
    with pytest.raises(InputError, match=message):
        cm.simulate(tmp_path / "d.yaml", "accel_1tflops")
