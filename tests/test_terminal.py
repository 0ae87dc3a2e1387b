"""Text on a terminal: every width, '-' for stdout, names that would act on it."""

from __future__ import annotations

import csv
import io
import json
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
