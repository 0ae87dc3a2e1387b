"""The main job: the Appendix of the HairNet paper, every printed digit.

The published strings are in tests/data/hairnet_appendix.csv, transcribed from the paper.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from costmodel.report.numbers import count, short
from costmodel.studies.records import layer_records
from costmodel.studies.simulation import simulate

with (Path(__file__).parent / "data" / "hairnet_appendix.csv").open(encoding="utf-8") as stream:
    PUBLISHED = list(csv.DictReader(stream))
RECORDS = layer_records(simulate("hairnet", "accel_1tflops"))


def test_the_paper_has_66_rows_of_ten_figures() -> None:
    assert len(PUBLISHED) == len(RECORDS) == 66
    # and the name
    assert len(PUBLISHED[0]) == 11


@pytest.mark.parametrize("number", range(66))
def test_row(number: int) -> None:
    """Our figures, printed as the paper prints, are the paper's strings."""
    published, ours = PUBLISHED[number], RECORDS[number]
    printed = {
        name: count(ours[name])
        if name == "ops"
        else value
        if isinstance(value := ours[name], str)
        else short(value)
        for name in published
    }
    if (
        number == 63
        # row 64: the paper prints a quarter of the 7x7 map; 3 * 3 * 1000 * 4 B = 0.036 MB
    ):
        assert published["out_map_MB"] == "0.049"
        assert printed.pop("out_map_MB") == "0.036"
        published = {name: value for name, value in published.items() if name != "out_map_MB"}
    assert printed == published


@pytest.mark.parametrize(("hw", "settings", "rows", "total"), [
    # the paper's headline, 0.177 s
    ("accel_1tflops", {}, 66, 0.177158),
    # 10 GFLOPS host, as section 5 words it
    ("accel_1tflops_text", {}, 66, 0.134882),
    # each pool between stages once
    ("accel_1tflops", {"pools": 1}, 62, 0.170836),
])  # fmt: skip
def test_totals(hw: str, settings: dict[str, int], rows: int, total: float) -> None:
    run = simulate("hairnet", hw, settings=settings)
    assert len(run.workload.rows) == rows
    assert round(run.total_time, 6) == total


def test_the_printed_totals_sum_to_the_headline() -> None:
    """Independent of this program: the paper's own column adds up to 0.177 s."""
    assert sum(float(row["total_time_s"]) for row in PUBLISHED) == pytest.approx(
        0.177158, abs=66 * 5e-7
    )


def test_depthwise_under_flops() -> None:
    """2 * 9 * C * H * W, without the Appendix's extra factor C (section 3.1)."""
    records = layer_records(simulate("hairnet", "accel_1tflops", convention="flops"))
    rows = [r for r in records if r["kind"] == "depthwise_conv2d"]
    assert len(rows) == 13
    assert [r["ops"] for r in rows] == [2 * 9 * r["in_map_MB"] * 1e6 / 4 for r in rows]


def test_over_commitment_is_told() -> None:
    """Two 0.802816 MB maps live at once in 1 MB."""
    run = simulate("hairnet", "accel_1tflops")
    assert run.peak_internal_bytes == 2 * 802816


def test_report_only_conventions_change_no_time() -> None:
    times = {
        word: simulate("hairnet", "accel_1tflops", convention=word).total_time
        for word in ("hairnet", "macs", "keras")
    }
    assert set(times.values()) == {times["hairnet"]}
    assert simulate("hairnet", "accel_1tflops", convention="flops").total_time != times["hairnet"]
