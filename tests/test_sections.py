"""A network cut between two of its rows, or an ONNX graph between two of its nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphs import totals
from test_onnx_control import HEAD, save

from costmodel import load_network, simulate
from costmodel.cli import main

AFTER = f"""{HEAD} g (float[1,3,8,8] x) => (float[n,4] y) {{
  c = Conv<kernel_shape = [3, 3]>(x, w)
  f = Flatten(c)
  z = NonZero(f)
  k = Transpose(z)
  m = Cast<to = 1>(k)
  y = MatMul(m, v)
}}"""
"""A convolution, positions whose number depends on the data, and a product with each."""


def written(tmp_path: Path) -> Path:
    return save(tmp_path / "m.onnx", AFTER, ("w", (4, 3, 3, 3)), ("v", (2, 4)))


def test_what_stands_before_data_decide_is_counted(tmp_path: Path) -> None:
    """36 positions of 4 x 27 multiply-adds."""
    network = load_network(written(tmp_path), end=["f"])
    assert totals(network) == (108, 36 * 108)


def test_what_stands_behind_takes_a_number_that_is_given(tmp_path: Path) -> None:
    """50 positions found: 50 x 2 x 4; the input is what the cut node reads."""
    network = load_network(written(tmp_path), {"m.0": 50}, start=["y"])
    assert totals(network) == (8, 50 * 2 * 4)
    assert [tap.node for tap in network.inputs] == ["m"]


def test_a_graph_that_is_not_cut_names_both_ways_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(written(tmp_path)), "--hw", "accel_1tflops"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "(NonZero)" in told
    assert "--to" in told
    assert main([*words, "--to", "c"]) == 0
    assert "a piece of the network, to c" in capsys.readouterr().out
    assert main([*words, "--to", "cc", "--from", "q"]) == 2
    told = capsys.readouterr().err
    assert "--to cc: no node is called 'cc'" in told
    assert "--from q: no node is called 'q'" in told


def test_rows_of_an_architecture_are_cut_with_their_shortcuts() -> None:
    """HairNet in two: the pieces hold every row once, and what crosses is an input of the second."""
    whole = simulate("hairnet", "accel_1tflops")
    front = simulate(load_network("hairnet", end=["pool1/max_pool"]), "accel_1tflops")
    ids = [row.id for row in whole.network.rows]
    at = ids.index("pool1/max_pool") + 1
    assert [row.id for row in front.network.rows] == ids[:at]
    assert front.totals["macs"] == sum(whole.layers["macs"][:at])
    back = load_network("hairnet", start=["stage2[0]/dwise_conv0"])
    rest = [row.id for row in back.rows]
    assert rest == [name for name in ids if name in set(rest)]
    assert all(
        tap.node in {*rest, *(i.node for i in back.inputs)} for r in back.rows for tap in r.inputs
    )
    assert simulate(back, "accel_1tflops").totals["macs"] < whole.totals["macs"]
