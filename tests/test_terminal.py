"""Text on a terminal: every width, '-' for stdout, names that would act on it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from costmodel.cli import main
from costmodel.report import terminal

JOB = ["simulate", "hairnet", "--hw", "accel_1tflops"]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_reports_fit(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is longer; rows keep their ids, totals and what binds them; what went is named."""
    monkeypatch.setattr(terminal, "width", lambda: width)
    for by in ("layer", "block", "kind"):
        assert main([*JOB, "--by", by]) == 0
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= width
        told = "Left out for the width" in out
        assert told or width > 80 or by == "kind"
        assert not told or width < 200
    assert main(JOB) == 0
    rows = [
        line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("stage")
    ]
    assert len({row[0] for row in rows}) == len(rows) == 52
    assert all(row[-1] in ("transfer", "matrix", "host") for row in rows)


def test_a_file_gets_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(JOB) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) > 140


def test_long_names_keep_their_ends() -> None:
    table = [["row", "total"], ["block/" + "x" * 50 + "/end", "1"]]
    lines, gone = terminal.fitted(table, 40, ["total"])
    assert gone == ["total"]
    assert lines[1].startswith("..")
    assert lines[1].endswith("/end")
    assert max(map(len, lines)) <= 40


@pytest.mark.parametrize("option", ["--csv", "--json", "--html"])
def test_a_dash_is_the_standard_output(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The file alone; the report goes to the other stream."""
    assert main([*JOB, option, "-"]) == 0
    out, err = capsys.readouterr()
    assert "Total 0.177158 s" in err
    if option == "--csv":
        assert len(list(csv.DictReader(io.StringIO(out)))) == 66
    elif option == "--json":
        assert json.loads(out)["totals"]["total_time_s"] == pytest.approx(0.177158, abs=1e-6)
    else:
        assert out.startswith("<!DOCTYPE html>")
        assert out.endswith("</html>\n")


def test_names_do_not_act_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An escape sequence and a turn of direction, in a report and in an error."""
    head = 'name: "a\\e[31mb\\u202ec"\nsource: s\ninput: [8]\nlayers:\n'
    (tmp_path / "n.yaml").write_text(f"{head}  - r: {{kind: relu}}\n")
    assert main(["simulate", str(tmp_path / "n.yaml"), "--hw", "accel_1tflops"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("a\\x1b[31mb\\u202ec on HairNet accelerator")
    (tmp_path / "n.yaml").write_text(f'{head}  - r: {{kind: "re\\e[31mlu"}}\n')
    assert main(["simulate", str(tmp_path / "n.yaml"), "--hw", "accel_1tflops"]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial", "pipelined"])
def test_shares_are_of_the_total(timing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Hidden work has no share: what is left of the rows' longer sides adds up to 100 %."""
    assert main([*JOB, "--timing", timing]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("Where the time")]
    shares = [float(share) for share in re.findall(r"([0-9.]+) %", line)]
    # one decimal of each
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))


def test_a_hidden_lane_has_no_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: a dense layer of 1000 x 1000, 2e6 operations, 2 s at 1 MFLOPS; 4.004 + 0.008 MB in 1 s.

    Together 3.006 s would be busy; overlapped, all of the 2 s are the engine's.
    """
    (tmp_path / "n.yaml").write_text(
        "name: N\nsource: s\ninput: [1000]\nlayers:\n  - d: {kind: linear, features: 1000}\n"
    )
    (tmp_path / "m.yaml").write_text(
        "name: M\nsource: s\nbandwidth: 4.012 MB/s\non_chip_memory: 1 B\nmatrix: 1 MFLOPS\n"
    )
    job = ["simulate", str(tmp_path / "n.yaml"), "--hw", str(tmp_path / "m.yaml")]
    assert main([*job, "--timing", "overlap", "--placement", "all_external"]) == 0
    out = capsys.readouterr().out
    assert "Where the time goes   memory bus 0.0 %, matrix engine 100.0 %, host 0.0 %" in out
    assert "Total 2.001 s" in out or "Total 2 s" in out
