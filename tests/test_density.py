"""Rows that say how many of their operands are zeros, and machines that gate such multiply-adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.errors import InputError

MACHINE: dict[str, Any] = {
    "name": "G", "source": "t", "bandwidth": "1 GB/s", "on_chip_memory": "1 MB",
    "matrix": "1 TFLOPS", "host": "1 GFLOPS",
}  # fmt: skip
GATED = cm.HardwareProfile.model_validate(
    MACHINE | {"energy": {"mac": "2 pJ", "static": "1 W", "gated": "zeros"}}
)
PLAIN = cm.HardwareProfile.model_validate(MACHINE | {"energy": {"mac": "2 pJ", "static": "1 W"}})
NETWORK = """name: N
source: t
vars: {{share: 0.5}}
input: [8, 4, 4]
layers:
  - a: {{kind: conv2d, kernel: 1, filters: 8, bias: false{first}}}
  - r: {{kind: relu}}
  - b: {{kind: conv2d, kernel: 1, filters: 4, bias: false{second}}}
"""
# 16 places times 8 x 8 and 8 x 4.
FIRST, SECOND = 16 * 64, 16 * 32


def network(folder: Path, first: str = "", second: str = "") -> Path:
    file = folder / "n.yaml"
    said = [f", {text}" if text else "" for text in (first, second)]
    file.write_text(NETWORK.format(first=said[0], second=said[1]))
    return file


def test_zeros_take_no_energy_where_they_are_gated(tmp_path: Path) -> None:
    """Half of the input, and of the second product a quarter of half: both operands are awake."""
    file = network(tmp_path, 'density: {input: "${share}"}', "density: {input: 0.5, weights: 0.25}")
    gated, plain = cm.simulate(file, GATED), cm.simulate(file, PLAIN)
    assert gated.total_time == plain.total_time
    assert gated.totals["macs"] == plain.totals["macs"] == FIRST + SECOND
    awake = 0.5 * FIRST + 0.125 * SECOND
    assert gated.energy == pytest.approx(2e-12 * awake + gated.total_time, rel=1e-12)
    assert plain.energy == pytest.approx(2e-12 * (FIRST + SECOND) + plain.total_time, rel=1e-12)
    other = cm.simulate(file, GATED, settings={"share": 0})
    assert other.energy == pytest.approx(2e-12 * 0.125 * SECOND + other.total_time, rel=1e-12)


def test_zeros_in_every_study(tmp_path: Path) -> None:
    """A closed form, batches as arrays, the formula on arrays; a target and an elasticity."""
    file = network(tmp_path, "density: {input: 0.25}")
    awake = 0.25 * FIRST + SECOND
    table = cm.scan(file, GATED, axes={"hw.energy.mac": ["1 pJ", "2 pJ"]})
    mac = table["hw.energy.mac"]
    assert table.energy.tolist() == pytest.approx((mac * awake + table.total_time).tolist())
    for placement in ("all_external", "resident"):
        axes: dict[str, Any] = {"batch": list(range(1, 101))}
        many = cm.scan(file, GATED, axes=axes, placement=placement)
        expected = 2e-12 * awake * many.batch + many.total_time
        assert many.energy.tolist() == pytest.approx(expected.tolist(), rel=1e-12)
    run = cm.simulate(file, GATED)
    assert run.energy is not None
    answer = cm.solve(file, GATED, "energy.mac", f"energy <= {2 * run.energy!r} J")
    assert answer.value == pytest.approx((2 * run.energy - run.total_time) / awake, rel=1e-9)
    told = cm.sensitivity(file, GATED).set_index("resource").loc["energy.mac"]
    assert told.energy_elasticity == pytest.approx(2e-12 * awake / run.energy, rel=1e-9)


def test_a_machine_that_gates_says_where_no_row_is_sparse(tmp_path: Path) -> None:
    dense, sparse = (
        cm.simulate(network(tmp_path, text), GATED) for text in ("", "density: {input: 0.5}")
    )
    assert dense.energy_standing is not None
    assert sparse.energy_standing is not None
    assert "no row says its 'density'" in dense.energy_standing.line
    assert "density" not in sparse.energy_standing.line


def test_passes_keep_what_rows_say(tmp_path: Path) -> None:
    """An activation that joins the row takes nothing of it away."""
    file = network(tmp_path, "density: {input: 0.5}")
    run = cm.simulate(file, GATED, passes=["fuse_activations"])
    assert len(run.network.rows) == 2
    assert run.energy == pytest.approx(2e-12 * (FIRST / 2 + SECOND) + run.total_time, rel=1e-12)


def test_products_that_a_pass_joins_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text(
        "name: N\nsource: t\ninput: [8, 4, 4]\nlayers:\n"
        "  - a: {kind: depthwise_conv2d, kernel: 3, padding: same, bias: false}\n"
        "  - b: {kind: conv2d, kernel: 1, filters: 4, bias: false, density: {input: 0.5}}\n"
    )
    assert len(cm.simulate(file, PLAIN, passes=["fuse_depthwise"]).network.rows) == 1
    with pytest.raises(InputError, match="row 'b' says a density, and a pass runs it together"):
        cm.simulate(file, GATED, passes=["fuse_depthwise"])


@pytest.mark.parametrize(("text", "told"), [
    ("density: {input: 1.5}", r"'density.input' is 1.5, no share of elements; write a number from 0 to 1"),
    ("density: {input: -0.1}", "no share of elements"), ("density: {input: true}", "no share of elements"),
    ("density: {input: half}", "no share of elements"), ("density: {inputs: 0.5}", "unknown key 'inputs' in density; did you mean 'input'"),
    ("density: 0.5", "density"),
])  # fmt: skip
def test_mistakes_in_a_density(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        cm.load_network(network(tmp_path, text))


def test_a_density_is_for_layers(tmp_path: Path) -> None:
    """Not for groups; nor has a relu weights."""
    file = tmp_path / "n.yaml"
    head = "name: N\nsource: t\ninput: [8, 4, 4]\nlayers:\n"
    file.write_text(head + "  - g: {density: {input: 0.5}, layers: [{r: {kind: relu}}]}\n")
    with pytest.raises(InputError, match="'density' is for a layer"):
        cm.load_network(file)
    file.write_text(head + "  - r: {kind: relu, density: {weights: 0.5}}\n")
    with pytest.raises(InputError, match="it has no weights; say the density of its input alone"):
        cm.load_network(file)
