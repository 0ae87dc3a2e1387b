"""Numbers of a profile as axes: each point is what `simulate` says of a profile written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main
from costmodel.core import registry
from costmodel.errors import BadValue, InputError
from costmodel.hardware.numbers import profile_number, with_number

HEAD = """name: E
source: t
bandwidth: 20 GB/s
on_chip_memory: 64 KiB
host: 1 GFLOPS
"""
SHORT = HEAD.replace("bandwidth: 20 GB/s\non_chip_memory: 64 KiB\n", "")
SMALL = """name: N
source: t
input: [16, 14, 14]
layers:
- conv: {kind: conv2d, kernel: 3, padding: 1, filters: 40}
- act: {kind: relu}
- flat: {kind: flatten}
- fc: {kind: linear, features: 30}
"""
LEVELS = """
levels:
- {name: dram, bandwidth: 4 GB/s, energy: {read: 200 pJ/B, write: 200 pJ/B}}
- {name: gb, size: 108 KiB, bandwidth: 32 GB/s, energy: {read: 6 pJ/B, write: 6 pJ/B}}
- {name: pe, size: 512 B, bandwidth: 500 GB/s, energy: {read: 1 pJ/B, write: 1 pJ/B}, per: pe}
"""


def written(folder: Path, engine: str, giga_ops: float, more: str = "", head: str = HEAD) -> str:
    """A profile whose rate and engine are written out."""
    file = folder / "m.yaml"
    file.write_text(f"{head}matrix: {giga_ops!r} GOPS\nengine: {engine}\n{more}\n")
    return str(file)


def engine(model: str, **sizes: Any) -> str:
    words = ", ".join(f"{name}: {value}" for name, value in sizes.items())
    return f"{{model: {model}, {words}}}"


# the sizes that are varied, with the multipliers (hence GOPS at 1 GHz / 2) counted by hand
SHAPES: list[tuple[str, dict[str, int], dict[str, list[int]], Any]] = [
    ("systolic", {"rows": 8, "columns": 16, "arrays": 2}, {"rows": [4, 12], "columns": [7, 32]},
     lambda s: s["rows"] * s["columns"] * s["arrays"]),
    ("row_stationary", {"rows": 12, "columns": 14}, {"rows": [3, 11], "columns": [5, 28]},
     lambda s: s["rows"] * s["columns"]),
    ("unrolled", {"filters": 8, "channels": 8, "pixels": 4}, {"filters": [6, 16], "pixels": [1, 3]},
     lambda s: s["filters"] * s["channels"] * s["pixels"]),
    # tiles of a library's kernels: the rate stays what it is
    ("tiles", {"filters": 16, "channels": 4}, {"filters": [5, 32], "channels": [3]}, lambda s: 64),
]  # fmt: skip


@pytest.mark.parametrize(("model", "own", "varied", "multipliers"), SHAPES)
@pytest.mark.parametrize("policies", [
    {}, {"timing": "overlap"}, {"timing": "pipelined"}, {"placement": "all_external", "traffic": "tiled"},
    {"placement": "resident"},
], ids=str)  # fmt: skip
def test_sizes_of_an_engine_give_what_a_profile_gives_that_states_them(
    model: str, own: dict[str, int], varied: dict[str, list[int]], multipliers: Any,
    policies: dict[str, str], tmp_path: Path,
) -> None:  # fmt: skip
    """And the rate is in proportion to the multipliers, by hand."""
    profile = cm.load_profile(written(tmp_path, engine(model, **own), 2 * multipliers(own)))
    axes: dict[str, Any] = {f"hw.engine.{name}": values for name, values in varied.items()}
    points = cm.scan("mobilenet_v2", profile, axes=axes, **policies)  # type: ignore[arg-type]
    assert len(points) == 2 * len(list(varied.values())[1])
    for _, point in points.iterrows():
        sizes = own | {name: int(point[f"hw.engine.{name}"]) for name in varied}
        file = written(tmp_path, engine(model, **sizes), 2 * multipliers(sizes))
        run = cm.simulate("mobilenet_v2", cm.load_profile(file), **policies)  # type: ignore[arg-type]
        assert point.total_time == pytest.approx(run.total_time, rel=1e-12)
        assert point.external_bytes == run.totals["external_bytes"]


@pytest.mark.parametrize(("more", "head"), [
    ("energy: {external_byte: 100 pJ, on_chip_byte: 2 pJ, operation: 1 pJ}", HEAD), (LEVELS, SHORT),
], ids=["one memory", "levels"])  # fmt: skip
def test_what_else_depends_on_the_shape_is_counted_again(
    more: str, head: str, tmp_path: Path
) -> None:
    """The words that the engine takes, and memories of which each element has one."""
    profile = cm.load_profile(
        written(tmp_path, engine("systolic", rows=12, columns=14), 67.2, more, head)
    )
    policies: dict[str, Any] = {"placement": "all_external", "traffic": "tiled"}
    network = tmp_path / "net.yaml"
    network.write_text(SMALL)
    points = cm.scan(network, profile, axes={"hw.engine.columns": [7, 28]}, **policies)
    for columns, point in zip((7, 28), points.to_dict("records"), strict=True):
        shape, rate = engine("systolic", rows=12, columns=columns), 67.2 * columns / 14
        file = written(tmp_path, shape, rate, more, head)
        run = cm.simulate(network, cm.load_profile(file), **policies)
        assert point["total_time"] == pytest.approx(run.total_time, rel=1e-12)
        assert point["energy"] == pytest.approx(run.energy, rel=1e-12)
    assert points.energy[0] != points.energy[1]


def test_points_stand_in_the_order_of_the_axes(tmp_path: Path) -> None:
    """Row-major in the user's order, engine sizes before or behind other structural axes."""
    axes = {"hw.engine.rows": [8, 16], "batch": [1, 2], "hw.engine.columns": [4, 8]}
    points = cm.scan("hairnet", "tpu_v1", axes=axes)
    words = ["hw.engine.rows", "batch", "hw.engine.columns"]
    assert points[words].to_numpy().tolist() == [
        [r, b, c] for r in (8, 16) for b in (1, 2) for c in (4, 8)
    ]
    assert list(points.columns[:4]) == ["index", *words]


def test_the_rate_is_the_axis_own_where_it_is_one() -> None:
    """A rate of 46 TOPS whatever the rows: twice the matrix time of 92 at the profile's own 256."""
    axes = {"hw.engine.rows": [128, 256], "hw.matrix": ["46 TOPS", "92 TOPS"]}
    points = cm.scan("hairnet", "tpu_v1", axes=axes, dtype="int8")
    own = cm.simulate("hairnet", "tpu_v1", dtype="int8").lane_times["matrix"]
    assert points.matrix_time.tolist()[2:] == pytest.approx([2 * own, own])
    assert points.matrix_time[0] == pytest.approx(2 * points.matrix_time[1])


def test_ranges_of_sizes_are_whole_numbers_and_the_rate_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["scan", "hairnet", "--hw", "tpu_v1", "--axis", "hw.engine.rows=log(8, 512, 7)"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "Google TPU v1: the matrix rate follows the number of the engine's multipliers" in told
    assert main([*words, "--axis", "hw.matrix=[1 TOPS]"]) == 0
    assert "follows" not in capsys.readouterr().out
    points = cm.scan("hairnet", "tpu_v1", axes={"hw.engine.rows": "log(8, 512, 7)"})
    assert points["hw.engine.rows"].tolist() == [8, 16, 32, 64, 128, 256, 512]


@pytest.fixture
def other_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine of `tests/other_package`: `lanes` multipliers of which one works."""
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    named = "[costmodel.engines]\none_by_one = other_models.engine:OneByOne\n"
    (info / "entry_points.txt").write_text(named)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "other_package"))
    registry.entry_points.cache_clear()
    yield
    registry.entry_points.cache_clear()


@pytest.mark.usefixtures("other_engine")
def test_sizes_of_another_package_s_engine_are_axes_too(tmp_path: Path) -> None:
    """Of n lanes one works, at a rate of 2 n GOPS: a multiply-add, 2 operations, a nanosecond."""
    profile = cm.load_profile(written(tmp_path, engine("one_by_one", lanes=4), 8.0))
    points = cm.scan("alexnet", profile, axes={"hw.engine.lanes": [1, 4, 64]}, convention="macs")
    macs = cm.simulate("alexnet", profile).totals["macs"]
    assert points.matrix_time.tolist() == pytest.approx(3 * [macs * 1e-9], rel=1e-3)


@pytest.mark.parametrize(("word", "values", "stated"), [
    ("efficiency.dense.compute", [0.25, 1.0], "efficiency: {{dense: {{compute: {}, bandwidth: 0.5}}}}"),
    ("efficiency.dense", [0.25, 1.0], "efficiency: {{dense: {{compute: {}, bandwidth: 0.5}}}}"),
    ("efficiency.dense.launch", [1e-6, 1e-3],
     "efficiency: {{dense: {{compute: 0.5, bandwidth: 0.5, launch: {} s}}}}"),
    ("usable", [2048.0, 65536.0], "usable: {{value: {} B, reason: r}}"),
    ("usable.value", [2048.0, 65536.0], "usable: {{value: {} B, reason: r}}"),
])  # fmt: skip
def test_any_number_of_a_profile_is_an_axis(
    word: str, values: list[float], stated: str, tmp_path: Path
) -> None:
    shape = engine("systolic", rows=8, columns=8)
    profile = cm.load_profile(written(tmp_path, shape, 128.0, stated.format(values[1])))
    points = cm.scan("hairnet", profile, axes={f"hw.{word}": values})
    for value, time in zip(values, points.total_time, strict=True):
        file = written(tmp_path, shape, 128.0, stated.format(value))
        assert time == pytest.approx(cm.simulate("hairnet", cm.load_profile(file)).total_time)
    assert points.total_time[0] != points.total_time[1]
    small = cm.scan(
        "hairnet", profile, axes={f"hw.{word}": values}, where=f"hw.{word} < {values[1]}"
    )
    assert len(small) == 1


@pytest.mark.parametrize(("axis", "told"), [
    ("hw.engine.rows=[0, 4]", "'rows' is 0; write a whole number from 1"),
    ("hw.engine.rows=[1.5]", "'rows' is 1.5"),
    ("hw.engine.rowz=[8]", "engine 'systolic' has no 'rowz'; did you mean 'rows'?"),
    ("hw.usabel=[1 KiB]", "unknown axis 'hw.usabel'; did you mean 'hw.usable.value'?"),
    ("hw.usable=[1 KiB]", "'Google TPU v1' states no 'usable'"),
    ("hw.efficiency.dense=[0.5]", "'Google TPU v1' states no 'efficiency' of 'dense'"),
    ("hw.efficiency.densse=[0.5]", "unknown axis"),
    ("hw.per_sequence=[1]", "1 has no unit; write a time like"),
    ("hw.assumed.host.value=[1]", "unknown axis"),
    ("hw.name=[1]", "unknown axis"),
    ("hw.energy=[1]", "unknown axis"),
    ("hw.efficiency=[1]", "unknown axis"),
    ("hw.engine.=[1]", "unknown axis"),
])  # fmt: skip
def test_wrong_words_and_values_are_refused_by_name(
    axis: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "hairnet", "--hw", "tpu_v1", "--axis", axis]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"--axis {axis}: ")
    assert told in printed


def test_machines_without_an_engine_or_with_the_number_twice_are_refused() -> None:
    with pytest.raises(InputError, match="'NVIDIA Tesla V100 SXM2' states no engine"):
        cm.scan("hairnet", "v100", axes={"hw.engine.rows": [8]})
    with pytest.raises(InputError, match="are the same number"):
        cm.scan("hairnet", "i9_10940x_measured",
                axes={"hw.efficiency.dense": [0.5], "hw.efficiency.dense.compute": [0.5]})  # fmt: skip
    with pytest.raises(InputError, match="are the same number"):
        cm.scan("hairnet", "tpu_v1", axes={"hw.usable": ["1 KiB"], "hw.on_chip_memory": ["1 KiB"]})


def test_a_number_is_checked_as_the_profile_s_own_are() -> None:
    profile = cm.load_profile("i9_10940x_measured")
    with pytest.raises(BadValue, match="2 is no share of a peak"):
        with_number(profile, "efficiency.dense.compute", 2)
    with pytest.raises(BadValue, match="valid number"):
        with_number(profile, "efficiency.dense.compute", "high")
    assert with_number(profile, "per_sequence", 2e-6).per_sequence == 2e-6
    assert profile_number("efficiency.dense.fp8.exposed")[:3] == (
        "efficiency",
        "dense.fp8",
        "exposed",
    )


def test_solve_finds_the_smallest_size_whatever_lies_between(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Against simulate on every size by hand: 256 rows have 92 TOPS, r rows 92 r / 256."""
    target = 1.6

    def time(rows: int) -> float:
        profile = cm.load_profile("tpu_v1")
        own = profile.model_copy(update={
            "engine": {"model": "systolic", "rows": rows, "columns": 256},
            "matrix": {"int8": 92e12 * rows / 256},
        })  # fmt: skip
        return cm.simulate("hairnet", own).total_time

    times = [time(rows) for rows in range(1, 40)]
    first = next(n for n, taken in enumerate(times, start=1) if taken <= target)
    # more rows are slower again: nothing to bisect
    assert time(256) > target > times[first - 1]
    run = cm.simulate("hairnet", "tpu_v1")
    answer = cm.solve("hairnet", "tpu_v1", "engine.rows", f"total_time <= {target} s")
    assert answer.value == first
    assert answer.achieved_total_time_s == pytest.approx(times[first - 1])
    assert run.total_time > target
    words = ["solve", "hairnet", "--hw", "tpu_v1", "--for", "hw.engine.rows", "--target"]
    assert main([*words, f"throughput >= {1 / target} /s"]) == 0
    assert capsys.readouterr().out.startswith(f"engine.rows {first} ")
    assert main([*words, "total_time >= 1 s"]) == 2
    assert "scan hw.engine.rows" in capsys.readouterr().err


def test_an_answer_of_solve_is_a_value_of_an_axis() -> None:
    """Sizes come back as whole numbers, however they are written."""
    answer = cm.solve("alexnet", "eyeriss", "engine.rows", "total_time <= 400 ms")
    table = cm.scan("alexnet", "eyeriss", axes={"hw.engine.rows": [answer.value]})
    assert table["total_time"][0] == pytest.approx(answer.achieved_total_time_s, rel=1e-12)
    with pytest.raises(InputError, match="'model' is no size of an engine; it has rows, columns"):
        cm.solve("alexnet", "eyeriss", "engine.model", "total_time <= 400 ms")
