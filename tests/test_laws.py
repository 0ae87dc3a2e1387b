"""Laws of the model, tried on random networks and machines under every placement, traffic, engine and timing.

A law that does not hold everywhere is stated where the policy is described (docs/choosing.md). tests/long_laws.py tries more cases.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import built, recipes

import costmodel as cm
from costmodel.core.placement import PLACEMENTS
from costmodel.core.timing import TIMINGS
from costmodel.core.traffic import TRAFFICS
from costmodel.errors import InputError
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.run import Run
from costmodel.studies.simulation import simulated

ENGINES: list[dict[str, Any]] = [
    {},
    {"engine": {"model": "systolic", "rows": 4, "columns": 8, "dataflow": "output_stationary"}},
    {"engine": {"model": "unrolled", "filters": 4, "channels": 3}},
]
RATES = ("bandwidth", "write_bandwidth", "on_chip_bandwidth", "matrix", "host")
UNITS = {"matrix": "OPS", "host": "OPS"}
CASES = settings().max_examples
"""Of each law; fewer of those that write files or scan."""


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A network, figures of a machine, and every choice of policy."""
    figures = {
        "bandwidth": draw(st.floats(1e3, 1e9)),
        "matrix": draw(st.floats(1e3, 1e12)),
        "host": draw(st.floats(1e3, 1e12)),
    }
    for word in ("write_bandwidth", "on_chip_bandwidth"):
        if draw(st.booleans()):
            figures[word] = draw(st.floats(1e3, 1e10))
    share = st.floats(0.05, 1)
    efficiency = {
        kind: {"compute": draw(share), "bandwidth": draw(share), "exposed": draw(st.floats(0, 1))}
        for kind in draw(st.lists(st.sampled_from(["conv2d", "relu", "default"]), unique=True))
    }
    return {
        "recipe": draw(recipes()),
        "figures": figures,
        "memory": draw(st.integers(1, 6000)),
        "more": {**draw(st.sampled_from(ENGINES)), "efficiency": efficiency},
        "placement": draw(st.sampled_from(PLACEMENTS.names())),
        "traffic": draw(st.sampled_from(TRAFFICS.names())),
        "timing": draw(st.sampled_from(TIMINGS.names())),
        "batch": draw(st.integers(1, 3)),
    }


def profile(case: dict[str, Any], factor: float = 1.0, **changed: Any) -> HardwareProfile:
    figures = {w: v * factor for w, v in case["figures"].items()} | changed
    stated = {w: f"{v!r} {UNITS.get(w, 'B/s')}" for w, v in figures.items() if w in RATES}
    memory = changed.get("memory", case["memory"])
    return HardwareProfile.model_validate(
        {"name": "m", "source": "test", "on_chip_memory": f"{memory} B"} | stated | case["more"]
    )


def run(case: dict[str, Any], machine: HardwareProfile | None = None, **changed: Any) -> Run:
    """One simulation; what a policy refuses (a tile that fits nowhere) is no case."""
    case = case | changed
    try:
        return simulated(
            case.get("network") or built(case["recipe"]),
            machine or profile(case),
            batch=case["batch"],
            choices={word: case[word] for word in ("placement", "traffic", "timing")},
        )
    except InputError:
        assume(False)
        raise


@settings(deadline=None)
@given(cases())
def test_doubling_every_rate_halves_the_time(case: dict[str, Any]) -> None:
    """Without constants; up to rounding."""
    assert run(case, profile(case, 2.0)).total_time == pytest.approx(
        run(case).total_time / 2, rel=1e-12
    )


@settings(deadline=None)
@given(cases(), st.sampled_from(RATES), st.floats(1, 100))
def test_time_never_rises_with_a_rate(case: dict[str, Any], word: str, factor: float) -> None:
    """`pipelined` is left out: nothing proves it there, though 5 661 random pairs held (docs/choosing.md)."""
    assume(word in case["figures"] and case["timing"] != "pipelined")
    faster = run(case, profile(case, **{word: case["figures"][word] * factor}))
    assert faster.total_time <= run(case).total_time * (1 + 1e-12)


@settings(deadline=None)
@given(cases(), st.integers(1, 4000))
def test_bytes_never_rise_with_memory(case: dict[str, Any], more: int) -> None:
    """`resident+weights` is left out: which weights stay is chosen one by one (docs/choosing.md)."""
    assume(case["placement"] != "resident+weights")
    larger = run(case, profile(case, memory=case["memory"] + more))
    assert larger.result.external_bytes.sum() <= run(case).result.external_bytes.sum()


@settings(deadline=None)
@given(cases(), st.integers(2, 4))
def test_a_batch_scales_maps_and_work(case: dict[str, Any], factor: int) -> None:
    one, many = (run(case, batch=n).workload for n in (1, factor))
    for word in ("macs", "ops", "matrix_ops", "host_ops", "in_bytes", "out_bytes", "tensor_bytes"):
        np.testing.assert_allclose(getattr(many, word), factor * getattr(one, word), rtol=1e-12)
    for word in ("params", "param_bytes"):
        np.testing.assert_array_equal(getattr(many, word), getattr(one, word))


@settings(deadline=None)
@given(cases())
def test_names_change_nothing(case: dict[str, Any]) -> None:
    """The same graph with every row renamed."""
    other = run(case, network=built(case["recipe"], "other"))
    np.testing.assert_array_equal(other.result.total, run(case).result.total)


@settings(deadline=None)
@given(cases())
def test_parts_sum_to_totals(case: dict[str, Any]) -> None:
    """Rows, blocks and kinds; lanes where nothing overlaps."""
    one = run(case)
    for table in (one.layers, one.blocks, one.kinds):
        assert table["total_time_s"].sum() == pytest.approx(one.total_time, rel=1e-9)
        assert table["external_bytes"].sum() == one.totals["external_bytes"]
        assert table["macs"].sum() == one.totals["macs"]
    if case["timing"] == "serial":
        lanes = sum(float(values.sum()) for values in one.result.all_lanes.values())
        assert lanes == pytest.approx(one.total_time, rel=1e-9)


@given(case=cases())
@settings(max_examples=CASES // 5, deadline=None)
def test_every_format_says_the_same(
    case: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """CSV, JSON and the data of the page, row by row."""
    one, folder = run(case), tmp_path_factory.mktemp("formats")
    for suffix in ("csv", "json", "html"):
        one.save(folder / f"x.{suffix}")
    with (folder / "x.csv").open() as file:
        table = list(csv.DictReader(file))
    content = json.loads((folder / "x.json").read_text())
    page = _page_data(folder / "x.html")
    totals = np.broadcast_to(_unpacked(page["rows"]["total"], len(table)), len(table))
    for row, layer, total in zip(table, content["layers"], totals, strict=True):
        assert float(row["total_time_s"]) == layer["total_time_s"] == total
        assert int(row["macs"]) == layer["macs"]
        assert row["id"] == layer["id"]
    assert content["totals"]["total_time_s"] == pytest.approx(sum(totals), rel=1e-12, abs=1e-300)


def _page_data(path: Path) -> Any:
    text = path.read_text()
    start = text.index('<script type="application/json"')
    return json.loads(text[text.index(">", start) + 1 : text.index("</script>", start)])


def _unpacked(column: Any, count: int) -> Any:
    if isinstance(column, dict):
        return (
            [column["of"][at] for at in column["at"]]
            if "of" in column
            else np.cumsum(column["steps"])
        )
    return column


@given(cases(), st.lists(st.floats(0.1, 10), min_size=1, max_size=4, unique=True))
@settings(max_examples=CASES // 2, deadline=None)
def test_a_scan_s_points_are_simulations(case: dict[str, Any], factors: list[float]) -> None:
    """Bandwidth and memory as axes; each point by itself gives the same time."""
    assume("write_bandwidth" not in case["figures"])
    rates = list(dict.fromkeys(case["figures"]["bandwidth"] * factor for factor in factors))
    memories = sorted({case["memory"], case["memory"] + 500})
    policies = {word: case[word] for word in ("placement", "traffic", "timing")}
    singles = {
        (rate, memory): run(case, profile(case, bandwidth=rate, memory=memory)).total_time
        for rate in rates
        for memory in memories
    }
    points = cm.scan(
        built(case["recipe"]),
        profile(case),
        axes={
            "hw.bandwidth": [f"{rate!r} B/s" for rate in rates],
            "hw.on_chip_memory": [f"{memory} B" for memory in memories],
        },
        batch=case["batch"],
        **policies,
    )
    for _, point in points.iterrows():
        alone = singles[point["hw.bandwidth"], int(point["hw.on_chip_memory"])]
        assert point["total_time"] == pytest.approx(alone, rel=1e-9)
