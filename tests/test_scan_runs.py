"""Scans as a user runs them: files, resuming, locks, full disks, processes, Dask."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from scans import SCAN, results

from costmodel.cli import main
from costmodel.studies.scan import scan
from costmodel.studies.simulation import simulate


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_small_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *SCAN,
        "--best",
        "3",
        "--pareto",
        "total_time,hw.bandwidth",
        "--out",
        str(tmp_path / "s"),
        "--plot",
    ]
    assert main(words) == 0
    assert "80 points in 1 part, closed form\n" in capsys.readouterr().err
    best = read(tmp_path / "s" / "best.csv")
    assert [row["rank"] for row in best] == ["1", "2", "3"]
    assert (float(best[0]["hw.bandwidth"]), float(best[0]["hw.on_chip_memory"])) == (1e11, 1e6)
    # by hand: compute 0.056644519424 s as in the Appendix, and 120513376 B at 100 GB/s
    assert float(best[0]["total_time_s"]) == pytest.approx(0.0566445 + 120513376 / 1e11, rel=1e-6)
    front = read(tmp_path / "s" / "pareto.csv")
    # one per bandwidth: more memory is never slower
    assert len(front) == 40
    summary = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert {"points", "seconds", "points_per_s", "path", "engine", "plan"} <= set(summary)
    assert (summary["points"], summary["feasible"], summary["engine"]) == (80, 80, "local")
    assert {"heat.png", "pareto.png"} <= {p.name for p in (tmp_path / "s").iterdir()}


def test_points_constraints_and_derived_columns(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    words = [
        *SCAN,
        "--where",
        "total_time <= 200 ms",
        "--derive",
        "cost=hw.bandwidth / 1 GB/s",
        "--by",
        "cost",
        "--points",
        "--out",
        str(tmp_path / "s"),
    ]
    assert main(words) == 0
    table = pq.read_table(tmp_path / "s" / "points").to_pandas()
    assert table["total_time"].max() <= 0.2
    summary = json.loads((tmp_path / "s" / "summary.json").read_text())
    assert len(table) == summary["feasible"] < summary["points"] == 80
    best = read(tmp_path / "s" / "best.csv")[0]
    assert float(best["cost"]) == pytest.approx(table["cost"].min(), rel=1e-15)
    for row in table.sample(5, random_state=0).to_dict("records"):
        memory = "256 kB" if row["hw.on_chip_memory"] == 256e3 else "1 MB"
        profile = tmp_path / "hw.yaml"
        profile.write_text(
            f"name: x\nsource: x\nbandwidth: {row['hw.bandwidth']!r} B/s\n"
            f"on_chip_memory: {memory}\nmatrix: 1 TFLOPS\nhost: 1 GFLOPS\n"
        )
        assert simulate("hairnet", str(profile)).total_time == pytest.approx(
            row["total_time"], rel=1e-12
        )


def test_structural_axes_and_one_convention(tmp_path: Path) -> None:
    """Two architectures: both counted as flops; their totals are simulate's."""
    words = [
        "scan",
        "hairnet",
        "resnet_cifar",
        "--hw",
        "accel_1tflops",
        "--axis",
        "batch=[1, 4]",
        "--best",
        "4",
    ]
    assert main([*words, "--out", str(tmp_path / "s")]) == 0
    found = {
        (r["arch"], r["batch"]): float(r["total_time_s"]) for r in read(tmp_path / "s" / "best.csv")
    }
    assert len(found) == 4
    for (name, batch), total in found.items():
        alone = simulate(name, "accel_1tflops", batch=int(batch), convention="flops").total_time
        assert total == pytest.approx(alone, rel=1e-12)


def test_a_scan_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scan.yaml"
    file.write_text("""
arch: mobilenet_delta
hw: accel_1tflops
axes:
  arch.alpha: linear(0.25, 1, 4)
  hw.matrix: log(1 GFLOPS, 1 TFLOPS, 10)
derive: {rate: throughput / 1000}
where: [hw.matrix <= 500 GFLOPS]
pareto: [total_time, hw.matrix]
best: 2
""")
    assert main(["scan", str(file), "--out", str(tmp_path / "s")]) == 0
    best = read(tmp_path / "s" / "best.csv")
    assert [float(row["arch.alpha"]) for row in best] == [0.25, 0.25]
    capsys.readouterr()
    file.write_text(
        "arch: hairnet\nhw: accel_1tflops\naxes: {hw.bandwith: [1 GB/s]}\nbest: many\nsampel: grid\n"
    )
    assert main(["scan", str(file)]) == 2
    errors = capsys.readouterr().err
    assert f"{file}:5:1: unknown key 'sampel'" in errors


@pytest.mark.parametrize(("words", "message"), [
    (["--axis", "hw.bandwith=[1 GB/s]"], "did you mean 'hw.bandwidth'?"), (["--axis", "hw.bandwidth"], "is not NAME=VALUES"),
    (["--axis", "hw.bandwidth=log(1 GB/s, 9 GB/s)"], "has no count"), (["--sample", "grit"], "did you mean 'grid'?"),
    (["--sample", "random"], "needs n"), (["--where", "total_time <= 1 MB"], "is compared with a memory"),
    (["--pareto", "total_tim"], "did you mean 'total_time'?"), (["--derive", "batch=1"], "cannot name a derived column"),
    (["--points"], "need a directory"), (["--axis", "arch.pols=[1]"], "has no variable 'pols'"), (["--best", "-1"], "best is -1"),
    (["--where", "hw.matrix < 1 GB/s"], "--where: 'hw.matrix' is compared with a bandwidth"),
    (["--by", "speed"], "unknown objective 'speed'"), (["--workers", "0"], "is 0"),
])  # fmt: skip
def test_bad_scans(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "hairnet", "--hw", "accel_1tflops", *words]) == 2
    shown, errors = capsys.readouterr()
    assert message in errors
    assert shown == ""


def test_what_cannot_fit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "scan",
        "hairnet",
        "--hw",
        "accel_1tflops",
        "--axis",
        "hw.bandwidth=log(1 B/s, 1 GB/s, 1000000)",
        "--axis",
        "hw.matrix=log(1 GFLOPS, 1 TFLOPS, 1000000)",
        "--points",
        "--out",
        str(tmp_path / "s"),
    ]
    assert main(words) == 2
    assert "1000000000000 points need up to 6.4e+04 GB" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_samples_and_workers_do_not_change_results(tmp_path: Path) -> None:
    """The same Sobol points from one process and from two."""
    words = [
        "scan",
        "hairnet",
        "--hw",
        "accel_1tflops",
        "--sample",
        "sobol",
        "--n",
        "4000",
        "--seed",
        "5",
        "--axis",
        "hw.bandwidth=log(1 GB/s, 9 GB/s)",
        "--axis",
        "hw.on_chip_memory=linear(1 kB, 9 MB)",
        "--axis",
        "batch=[1, 2, 3]",
        "--pareto",
        "total_time,hw.on_chip_memory",
    ]
    for workers in ("1", "2"):
        assert main([*words, "--workers", workers, "--out", str(tmp_path / workers)]) == 0
    assert results(tmp_path / "1") == results(tmp_path / "2")


# --- Python ---------------------------------------------------------------------------------------------


def test_the_python_api() -> None:
    points = scan(
        "hairnet",
        "accel_1tflops",
        axes={"hw.bandwidth": ["1 GB/s", "2 GB/s"], "batch": [1, 2]},
        where=["total_time < 300 ms"],
        derive={"per_sample": "total_time / batch"},
    )
    # 2 batches x 2 bandwidths; batch 2 at 1 GB/s takes over 0.3 s
    assert points["batch"].tolist() == [1, 1, 2]
    assert points["total_time"].round(6).tolist()[:2] == [0.177158, 0.116901]
    columns: list[Any] = [
        "index",
        "batch",
        "hw.bandwidth",
        "total_time",
        "transfer_time",
        "matrix_time",
        "host_time",
        "external_bytes",
        "per_sample",
    ]
    assert points.columns.tolist() == columns
