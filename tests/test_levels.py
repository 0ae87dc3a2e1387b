"""Machines that state their memories one by one: figures by hand, laws, refusals, scans of sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core.quantities import MACHINE
from costmodel.errors import InputError
from costmodel.studies.level_grid import level_grid
from costmodel.studies.levels import level_figures

PRODUCT = """name: Product
source: an oracle
input: [{columns}, {rows}]
layers:
  - a: {{kind: linear, features: {filters}, axis: 0, bias: false}}
"""
LEVELS = [
    {"name": "dram", "bandwidth": "10 GB/s", "energy": {"read": "200 pJ/B", "write": "200 pJ/B"}},
    {"name": "gb", "size": "2048 B", "bandwidth": "40 GB/s", "energy": {"read": "6 pJ/B", "write": "6 pJ/B"}},
    {"name": "rf", "size": "128 B", "bandwidth": "1 TB/s", "energy": {"read": "0 pJ/B", "write": "0 pJ/B"}},
]  # fmt: skip


def machine(tmp_path: Path, levels: Any = LEVELS, **more: Any) -> Path:
    """A profile file with levels; int8, with sums of one byte."""
    stated = {
        "name": "M",
        "source": "this test",
        "levels": levels,
        "matrix": {"int8": "1 TOPS"},
        "host": "1 GOPS",
        "dtype": "int8",
        "accumulator": "int8",
        "placement": "all_external",
        "traffic": "tiled",
        **more,
    }
    file = tmp_path / "machine.yaml"
    file.write_text(
        json.dumps({word: value for word, value in stated.items() if value is not None})
    )
    return file


def product(tmp_path: Path, rows: int, filters: int, columns: int) -> Path:
    """O[k, p] += W[k, c] I[c, p] with P rows, K filters and C columns."""
    file = tmp_path / "product.yaml"
    file.write_text(PRODUCT.format(rows=rows, filters=filters, columns=columns))
    return file


def without(levels: Any, word: str) -> list[dict[str, Any]]:
    """The levels with one figure of each left out."""
    return [{key: value for key, value in level.items() if key != word} for level in levels]


def test_the_product_of_an_oracle(tmp_path: Path) -> None:
    """64 x 64 x 64 in bytes on 2048 and 128 B: 20 480 over the bus and 61 440 between the levels.

    Found by another program that tries all 90 node orders with every integer size. A byte over the
    bus costs 200 + 6 pJ, one between the levels 6; the engine's words cost nothing here.
    """
    run = cm.simulate(product(tmp_path, 64, 64, 64), machine(tmp_path))
    dram, gb, rf = level_figures(run)
    assert (dram.bytes.sum(), gb.bytes.sum()) == (20480, 61440)
    assert run.energy == pytest.approx(4587520e-12, rel=1e-12)
    # the least of each level alone: W(2048) = 20480 and W(128) = 57344
    assert dram.bound is not None
    assert gb.bound is not None
    assert (dram.bound.sum(), gb.bound.sum()) == (20480, 57344)
    # 64^3 multiply-adds take two bytes each; 4096 outputs of 64 channels are written 64 times and
    # read back 63 times
    assert rf.bytes.sum() == 2 * 64**3 + 4096 * (64 + 63)
    assert run.result.total.tolist() == pytest.approx(
        [20480 / 10e9 + 61440 / 40e9 + rf.bytes.sum() / 1e12 + 2 * 64**3 / 1e12], rel=1e-12
    )


def test_overlap_takes_the_longest_boundary(tmp_path: Path) -> None:
    """The bus takes 2.048 us, the next boundary about 1.5, the engine 0.52: the bus alone counts."""
    run = cm.simulate(product(tmp_path, 64, 64, 64), machine(tmp_path), timing="overlap")
    assert run.total_time == pytest.approx(20480 / 10e9, rel=1e-12)
    assert run.bound == ["transfer"]
    slow = [LEVELS[0], LEVELS[1] | {"bandwidth": "4 GB/s"}, LEVELS[2]]
    inner = cm.simulate(product(tmp_path, 64, 64, 64), machine(tmp_path, slow), timing="overlap")
    assert inner.total_time == pytest.approx(61440 / 4e9, rel=1e-12)
    assert inner.bound == ["gb"]


def test_energies_add_up_and_power_counts_by_time(tmp_path: Path) -> None:
    arch = product(tmp_path, 64, 64, 64)
    run = cm.simulate(arch, machine(tmp_path))
    powered = cm.simulate(arch, machine(tmp_path, energy={"static": "2 W"}))
    assert powered.total_time == run.total_time
    assert run.energy is not None
    assert powered.energy == pytest.approx(run.energy + 2 * run.total_time, rel=1e-12)
    levels = sum(
        float(level.energy.sum()) for level in level_figures(run) if level.energy is not None
    )
    assert levels == pytest.approx(run.energy, rel=1e-12)


def test_one_level_is_the_short_form(tmp_path: Path) -> None:
    """The same machine said both ways: bytes, times and joules of every row are the same."""
    short = machine(
        tmp_path, None, bandwidth="10 GB/s", on_chip_memory="64 KiB",
        energy={"external_byte": "200 pJ", "on_chip_byte": "6 pJ", "static": "1 W"},
    )  # fmt: skip
    alone = cm.simulate("hairnet", short)
    one = [
        LEVELS[0],
        {"name": "gb", "size": "64 KiB", "energy": {"read": "6 pJ/B", "write": "6 pJ/B"}},
    ]
    named = cm.simulate("hairnet", machine(tmp_path, one, energy={"static": "1 W"}))
    assert named.result.external_bytes.tolist() == alone.result.external_bytes.tolist()
    assert named.result.total.tolist() == pytest.approx(alone.result.total.tolist(), rel=1e-12)
    assert named.energy == pytest.approx(alone.energy, rel=1e-12)


def test_a_level_that_holds_everything_moves_everything_once(tmp_path: Path) -> None:
    """64 KiB for 12 KiB of operands at both levels: each byte crosses both boundaries once."""
    large = [LEVELS[0], LEVELS[1] | {"size": "64 KiB"}, LEVELS[2] | {"size": "64 KiB"}]
    run = cm.simulate(product(tmp_path, 64, 64, 64), machine(tmp_path, large))
    dram, gb, _ = level_figures(run)
    assert dram.bytes.sum() == gb.bytes.sum() == 3 * 64 * 64


@pytest.mark.parametrize("placement", ["all_external", "per_tensor", "resident"])
def test_what_stays_on_chip_still_goes_to_the_engine(tmp_path: Path, placement: str) -> None:
    """A map in the outermost level crosses the inner boundary, and the engine takes its words."""
    large = [LEVELS[0], LEVELS[1] | {"size": "1 MiB"}, LEVELS[2] | {"size": "64 KiB"}]
    run = cm.simulate(
        product(tmp_path, 64, 64, 64), machine(tmp_path, large), placement=placement, traffic="once"
    )
    _, gb, rf = level_figures(run)
    assert gb.bytes.sum() == 3 * 64 * 64
    assert rf.bytes.sum() == 2 * 64**3 + 4096 * (64 + 63)


def test_json_has_the_levels_and_each_row_its_bytes(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    arch = product(tmp_path, 64, 64, 64)
    assert main(["simulate", str(arch), "--hw", str(machine(tmp_path)), "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [level["name"] for level in found["levels"]] == ["dram", "gb", "rf"]
    assert found["levels"][0] == {
        "name": "dram", "bytes": 20480, "bound_bytes": 20480, "time_s": 20480 / 10e9,
        "energy_J": pytest.approx(20480 * 200e-12),
    }  # fmt: skip
    assert found["totals"]["external_bytes"] == 20480
    row = found["layers"][0]
    assert (row["dram_bytes"], row["gb_bytes"], row["rf_bytes"]) == (20480, 61440, 1044480)


def test_the_report_names_levels_bounds_and_gaps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arch = product(tmp_path, 64, 64, 64)
    assert main(["simulate", str(arch), "--hw", str(machine(tmp_path))]) == 0
    text = capsys.readouterr().out
    assert "gb    61.44 kB  bound 57.34 kB (+7.1 %)" in text
    assert "rf 128 B" in text


def test_pictures_and_pages_show_the_hierarchy(tmp_path: Path) -> None:
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    run = cm.simulate(arch, hw)
    chart = run.plot("levels")
    assert chart is not None
    page = run.save(tmp_path / "run.html").read_text()
    assert "What crosses between the memories" in page
    plain = cm.simulate("hairnet", "accel_1tflops")
    with pytest.raises(InputError, match="nothing to draw"):
        plain.plot("levels")


WRONG: dict[str, tuple[Any, str]] = {
    "one": (LEVELS[:1], "1 levels; state the external memory and one to 3 levels on chip"),
    "five": ([*LEVELS, *LEVELS], "6 levels; state the external memory and one to 3"),
    "twice": ([*LEVELS[:2], LEVELS[2] | {"name": "gb"}], "two levels are named 'gb'"),
    "name": ([*LEVELS[:2], LEVELS[2] | {"name": "r f"}], "'r f' is no name for a level"),
    "order": ([LEVELS[0], LEVELS[2], LEVELS[1]], "level 'gb' with .* is larger than 'rf' around it"),
    "size": ([*LEVELS[:2], {"name": "rf"}], "level 'rf' has no size"),
    "external": ([LEVELS[0] | {"size": "1 GB"}, *LEVELS[1:]], "level 'dram' is the external memory"),
    "bus": (without(LEVELS, "bandwidth"), "level 'dram' has no bandwidth"),
    "holds": ([*LEVELS[:2], LEVELS[2] | {"holds": ["maps"]}], "are not the operands that a level holds"),
    "unit": ([*LEVELS[:2], LEVELS[2] | {"energy": {"read": "1 pJ", "write": "1 pJ/B"}}],
             "'1 pJ' is an energy, not an energy per byte"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_levels_that_are_none(tmp_path: Path, case: str) -> None:
    levels, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        cm.load_profile(machine(tmp_path, levels))


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"bandwidth": "1 GB/s"}, "'bandwidth' beside 'levels'"),
        ({"on_chip_memory": "1 MB"}, "'on_chip_memory' beside 'levels'"),
        ({"energy": {"external_byte": "1 pJ"}}, "'energy.external_byte' beside 'levels'"),
    ],
)
def test_nothing_is_said_twice(tmp_path: Path, stated: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cm.load_profile(machine(tmp_path, **stated))


def test_too_small_a_level_is_named(tmp_path: Path) -> None:
    """Three bytes hold a tile of one word of each operand; two do not."""
    small = [*LEVELS[:2], LEVELS[2] | {"size": "2 B"}]
    with pytest.raises(
        InputError, match="row 'a' cannot be tiled in 2048 bytes of gb and 2 bytes of rf"
    ):
        cm.simulate(product(tmp_path, 64, 64, 64), machine(tmp_path, small))


def test_depth_first_is_refused_by_name(tmp_path: Path) -> None:
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    with pytest.raises(InputError, match="traffic 'fused' on a machine with levels gb, rf"):
        cm.simulate(arch, hw, traffic="fused")


SIZES = {
    "hw.levels.gb.size": ["1 KiB", "2 KiB", "8 KiB"],
    "hw.levels.rf.size": ["64 B", "128 B", "1 KiB"],
}


def test_a_scan_of_sizes_reads_the_bound_and_says_so(tmp_path: Path) -> None:
    """Each level's own least, looked up: W(M) of one level, from the function that `slope` draws."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    table = cm.scan(arch, hw, axes=SIZES)
    least = cm.slope(arch, hw).network
    for _, point in table.iterrows():
        outer, inner = (least.at(int(point[f"hw.levels.{name}.size"])) for name in ("gb", "rf"))
        assert outer is not None
        assert inner is not None
        assert point["external_bytes"] == outer
        assert point["energy"] == pytest.approx(206e-12 * outer + 6e-12 * inner, rel=1e-12)


def test_attained_is_never_below_the_bound(tmp_path: Path) -> None:
    arch, hw = product(tmp_path, 96, 160, 64), machine(tmp_path)
    bound = cm.scan(arch, hw, axes=SIZES)
    attained = cm.scan(arch, hw, axes=SIZES, attained=True)
    assert (attained["energy"] >= bound["energy"] * (1 - 1e-12)).all()
    assert (attained["energy"] > bound["energy"] * 1.01).any()
    alone = cm.simulate(arch, hw)
    at = attained[(attained["hw.levels.gb.size"] == 2048) & (attained["hw.levels.rf.size"] == 128)]
    assert at["energy"].tolist() == pytest.approx([alone.energy], rel=1e-12)


def test_more_of_any_level_never_takes_more(tmp_path: Path) -> None:
    """Of the attained energies: along both axes of sizes."""
    sizes = {
        "hw.levels.gb.size": [f"{n} B" for n in (600, 1024, 2048, 4096, 9000)],
        "hw.levels.rf.size": [f"{n} B" for n in (16, 100, 128, 200, 512)],
    }
    table = cm.scan(product(tmp_path, 40, 24, 56), machine(tmp_path), axes=sizes, attained=True)
    energy = table["energy"].to_numpy().reshape(5, 5)
    assert (np.diff(energy, axis=0) <= 1e-18).all()
    assert (np.diff(energy, axis=1) <= 1e-18).all()


def test_axes_of_levels_that_a_machine_has_not(tmp_path: Path) -> None:
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    with pytest.raises(InputError, match=r"'M' has no 'levels\.gbuf\.size'"):
        cm.scan(arch, hw, axes={"hw.levels.gbuf.size": ["1 KiB", "2 KiB"]})
    with pytest.raises(InputError, match="it states no levels by name"):
        cm.scan(arch, "accel_1tflops", axes={"hw.levels.gb.size": ["1 KiB", "2 KiB"]})


def test_bandwidths_and_energies_of_levels_are_axes(tmp_path: Path) -> None:
    """Doubling a level's bandwidth saves half of its time; a pJ more for each byte it reads."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    run = cm.simulate(arch, hw)
    table = cm.scan(arch, hw, axes={"hw.levels.gb.bandwidth": ["40 GB/s", "80 GB/s"]})
    assert table["total_time"].tolist() == pytest.approx(
        [run.total_time, run.total_time - 61440 / 80e9], rel=1e-12
    )
    more = cm.scan(arch, hw, axes={"hw.levels.dram.read": ["200 pJ/B", "201 pJ/B"]})
    # three operands of 4096 B: of the 20480 B over the bus 4096 are written to it
    assert np.diff(more["energy"]).tolist() == pytest.approx([1e-12 * (20480 - 4096)], rel=1e-6)
    assert MACHINE["levels.gb.size"].axis == "hw.levels.gb.size"


def test_a_plane_of_two_sizes(tmp_path: Path) -> None:
    """Each cell is the bound at its sizes; where the inner level would be the larger there is none."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    grid = level_grid(arch, hw, ["rf", "gb"])
    assert grid.names == ("gb", "rf")
    least = cm.slope(arch, hw).network
    assert grid.energy is not None
    outer, inner = grid.sizes
    for row, column in ((5, 0), (20, 9), (40, 30)):
        if inner[column] > outer[row]:
            assert np.isnan(grid.energy[row, column])
            continue
        over_bus, between = least.at(int(outer[row])), least.at(int(inner[column]))
        assert over_bus is not None
        assert between is not None
        assert grid.energy[row, column] == pytest.approx(206e-12 * over_bus + 6e-12 * between)


def test_the_command_of_the_plane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arch, hw, out = product(tmp_path, 64, 64, 64), machine(tmp_path), tmp_path / "plane.json"
    words = ["slope", str(arch), "--hw", str(hw), "--levels", "gb,rf", "--json", str(out)]
    assert main([*words, "--html", str(tmp_path / "p.html"), "--plot", str(tmp_path)]) == 0
    found = json.loads(out.read_text())["levels"]
    assert found["names"] == ["gb", "rf"]
    assert np.shape(found["energy_J"]) == tuple(map(len, found["sizes"]))
    assert (tmp_path / "levels.png").stat().st_size > 10_000
    assert "lower bound" in capsys.readouterr().out
    assert main(["slope", str(arch), "--hw", str(hw), "--levels", "gb,l2"]) == 2
    assert "no level 'l2' on chip" in capsys.readouterr().err


PARTLY = [
    LEVELS[0],
    LEVELS[1] | {"holds": ["input", "output"]},
    LEVELS[2] | {"holds": ["weights", "output"]},
]


@pytest.mark.parametrize("levels", [
    PARTLY,
    [LEVELS[0], LEVELS[1], LEVELS[2] | {"holds": ["output"]}],
    [LEVELS[0], LEVELS[1] | {"holds": ["weights"]}, LEVELS[2]],
    [LEVELS[0], LEVELS[1] | {"buffering": "double"}, LEVELS[2] | {"buffering": "double"}],
])  # fmt: skip
def test_operands_that_pass_a_level_by_and_second_buffers(tmp_path: Path, levels: Any) -> None:
    """Nothing goes below the bound; and what no inner level holds crosses word by word."""
    run = cm.simulate(product(tmp_path, 24, 40, 16), machine(tmp_path, levels))
    for level in level_figures(run)[:2]:
        assert level.bound is not None
        assert (level.bytes >= level.bound).all()
    held = levels[2].get("holds", ["input", "weights", "output"])
    if "input" not in held:
        # each of 24 x 40 x 16 multiply-adds takes its word of the input
        assert level_figures(run)[1].bytes.sum() >= 24 * 40 * 16


def test_a_boundary_that_no_inner_level_serves(tmp_path: Path) -> None:
    """Only outputs stay in the registers: both operands cross for each multiply-add, outputs once.

    With 128 B there are tiles of up to 128 sums; each of the 24 x 40 outputs is complete before it
    leaves, and written once.
    """
    levels = [LEVELS[0], LEVELS[1] | {"size": "64 KiB"}, LEVELS[2] | {"holds": ["output"]}]
    run = cm.simulate(product(tmp_path, 24, 40, 16), machine(tmp_path, levels))
    assert level_figures(run)[1].bytes.sum() == 2 * 24 * 40 * 16 + 24 * 40


def test_solving_for_rates_and_energies(tmp_path: Path) -> None:
    """The run takes c + 61440 B / r; and 20480 B cost what they read and write of the bus's energies."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    run = cm.simulate(arch, hw)
    assert run.energy is not None
    rest = run.total_time - 61440 / 40e9
    answer = cm.solve(arch, hw, "levels.gb.bandwidth", f"total_time <= {rest + 1e-6!r} s")
    assert answer.value == pytest.approx(61440 / 1e-6, rel=1e-9)
    assert answer.possible
    # of the bytes over the bus 4096 are written outside: 16384 are read there
    limit = run.energy - 16384 * 100e-12
    answer = cm.solve(arch, hw, "levels.dram.read", f"energy <= {limit!r} J")
    assert answer.value == pytest.approx(100e-12, rel=1e-9)
    assert answer.achieved_energy == pytest.approx(limit, rel=1e-12)
    answer = cm.solve(arch, hw, "bandwidth", f"total_time <= {61440 / 40e9!r} s")
    assert not answer.possible
    assert "even with infinite bandwidth the run takes" in answer.reason
    with pytest.raises(InputError, match=r"the profile states no 'levels\.rg\.bandwidth'"):
        cm.solve(arch, hw, "levels.rg.bandwidth", "total_time <= 1 s")


def test_solving_for_a_size_reads_the_bound(tmp_path: Path) -> None:
    """The smallest size at which W(M), which `slope` draws, is at most so much; and it is marked."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    least = cm.slope(arch, hw).network
    answer = cm.solve(arch, hw, "levels.gb.size", "external_bytes <= 20480 B")
    steps = least.memory[least.external <= 20480]
    assert answer.value == steps[0]
    assert any("lower bound" in told for told in answer.marks)
    assert answer.value is not None
    assert answer.value <= 2048
    none = cm.solve(arch, hw, "levels.gb.size", "external_bytes <= 12287 B")
    assert not none.possible


def of_elements(tmp_path: Path, size: str, **more: Any) -> Path:
    """An array of two filters by two channels, whose elements hold weights and sums."""
    rf = {"name": "rf", "size": size, "per": "pe", "holds": ["weights", "output"]}
    energy = {"read": "1 pJ/B", "write": "1 pJ/B"}
    levels = [LEVELS[0], LEVELS[1] | {"size": "64 KiB"}, rf | {"energy": energy} | more]
    engine = {"model": "unrolled", "filters": 2, "channels": 2}
    return machine(tmp_path, levels, engine=engine)


def test_each_element_has_registers_of_its_own(tmp_path: Path) -> None:
    """4 filters, 4 channels and 8 positions on 2 x 2 elements, by hand.

    Two filters at a time, each element has the weights of one for two channels, and a sum: 3 B. Then
    weights cross once (16), outputs once (32), and each of 128 multiply-adds takes its word of the input,
    which two filters share: 64. In 2 B there is room for one weight, and sums leave before they are whole. An element takes a word of each operand for each multiply-add; sums of two
    channels are added from element to element, so that an output is met twice: written twice, read once.
    """
    run = cm.simulate(product(tmp_path, 8, 4, 4), of_elements(tmp_path, "3 B"))
    _, gb, rf = level_figures(run)
    assert gb.bytes.sum() == 16 + 32 + 64
    assert rf.bytes.sum() == 2 * 128 + 32 * (2 + 1)
    less = cm.simulate(product(tmp_path, 8, 4, 4), of_elements(tmp_path, "2 B"))
    assert level_figures(less)[1].bytes.sum() > 112
    # inputs pass the registers by: 16 B of weights come in and 32 B of outputs go out; the engine
    # takes 128 B of weights and 32 of sums, and gives 64
    assert rf.energy is not None
    assert rf.energy.sum() == pytest.approx((16 + 32 + 128 + 32 + 64) * 1e-12, rel=1e-12)


def test_words_are_written_into_each_element_that_needs_them(tmp_path: Path) -> None:
    """Held by the elements too, an input is read once outside for both filters, and written twice."""
    held = {"holds": ["input", "weights", "output"]}
    run = cm.simulate(product(tmp_path, 8, 4, 4), of_elements(tmp_path, "64 B", **held))
    _, gb, rf = level_figures(run)
    assert gb.bytes.sum() == 16 + 32 + 32
    # in come 32 + 16, and 32 once more; the engine's words as above
    assert rf.energy is not None
    assert rf.energy.sum() == pytest.approx((32 + 32 + 16 + 32 + 256 + 96) * 1e-12, rel=1e-12)


@pytest.mark.parametrize(("levels", "engine", "message"), [
    ([LEVELS[0], LEVELS[1] | {"per": "pe"}, LEVELS[2]], {"model": "unrolled", "filters": 2, "channels": 2},
     "level 'gb' is per pe, and others lie inside it"),
    ([*LEVELS[:2], LEVELS[2] | {"per": "pe"}], None, "the profile's engine has no such elements"),
    ([*LEVELS[:2], LEVELS[2] | {"per": "pe"}], {"model": "row_stationary", "rows": 2, "columns": 2},
     "the profile's engine has no such elements"),
])  # fmt: skip
def test_elements_that_are_none(tmp_path: Path, levels: Any, engine: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cm.load_profile(machine(tmp_path, levels, engine=engine))


def test_energies_from_a_table_follow_the_sizes_of_levels(tmp_path: Path) -> None:
    """A point of a scan is the machine that was written with those sizes, as everywhere else."""
    text = Path(__file__).parents[1].joinpath("hwprofiles/edge_npu.yaml").read_text()
    table = cm.scan("hairnet", "edge_npu", axes={"hw.levels.l1.size": ["8 KiB", "16 KiB"]})
    for size, energy in zip(("8 KiB", "16 KiB"), table["energy"], strict=True):
        file = tmp_path / "written.yaml"
        file.write_text(text.replace("size: 16 KiB", f"size: {size}"))
        assert energy == pytest.approx(cm.simulate("hairnet", file).energy, rel=1e-12)
    assert table["energy"][0] < table["energy"][1]


def test_what_doubling_a_level_would_change(tmp_path: Path) -> None:
    """Rates at the schedule that is there; sizes in the ratio of the bounds, without a search."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    run = cm.simulate(arch, hw)
    table = cm.sensitivity(arch, hw).set_index("resource")
    seconds = 61440 / 40e9
    assert table.loc["levels.gb.bandwidth", "doubled_s"] == pytest.approx(
        run.total_time - seconds / 2, rel=1e-9
    )
    assert table.loc["levels.gb.bandwidth", "elasticity"] == pytest.approx(
        -seconds / run.total_time, rel=1e-9
    )
    least = cm.slope(arch, hw).network
    assert run.energy is not None
    one, two = least.at(2048), least.at(4096)
    assert one is not None
    assert two is not None
    ratio = (206 * two + 6 * 57344) / (206 * one + 6 * 57344)
    assert table.loc["levels.gb.size", "doubled_J"] == pytest.approx(run.energy * ratio, rel=1e-9)


def test_the_total_is_the_sum_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2.048 us over the bus, 1.536 and 1.04448 between the memories, 0.524288 of the engine."""
    arch, hw = product(tmp_path, 64, 64, 64), machine(tmp_path)
    assert main(["simulate", str(arch), "--hw", str(hw)]) == 0
    told = capsys.readouterr().out
    assert "transfer 2.05E-06 s, compute 5.24E-07 s, gb 1.54E-06 s, rf 1.04E-06 s" in told
    row = cm.simulate(arch, hw).layers.iloc[0]
    times = [row[f"{word}_time_s"] for word in ("transfer", "compute", "gb", "rf")]
    assert sum(times) == pytest.approx(row["total_time_s"], rel=1e-12)


def test_what_is_refused_says_which_level_and_what_to_write(tmp_path: Path) -> None:
    arch = product(tmp_path, 64, 64, 64)
    small = [*LEVELS[:2], LEVELS[2] | {"size": "2 B"}]
    with pytest.raises(InputError, match="smallest tiles need 1 bytes more than 'rf' has"):
        cm.simulate(arch, machine(tmp_path, small))
    with pytest.raises(InputError, match=r"no 'levels\.dram\.bandwidth'; it is 'hw\.bandwidth'"):
        cm.scan(arch, machine(tmp_path), axes={"hw.levels.dram.bandwidth": ["1 GB/s", "2 GB/s"]})
