"""The tutorial's commands and figures, the notebook, the gallery, and the equations' examples."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.cli import main

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(console|python)\n(.*?)```", re.DOTALL)


def follows(shown: list[str], real: list[str]) -> None:
    """Each shown line is among the real ones, in their order; `...` alone or within stands for anything."""
    at = 0
    for line in shown:
        if line.strip() == "...":
            continue
        pattern = re.compile(
            r"\s+".join(re.escape(w).replace(r"\.\.\.", ".*") for w in line.split())
        )
        for number in range(at, len(real)):
            if pattern.fullmatch(real[number].strip()):
                at = number + 1
                break
        else:
            pytest.fail(f"not printed: {line}")


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Each command of a block, and the lines shown behind it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_tutorial_runs_and_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The warnings are those of torch's exporter."""
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall((ROOT / "docs/tutorial.md").read_text())
    ran = 0
    for language, block in blocks:
        if language == "python":
            exec(block, {})
            printed = capsys.readouterr().out
            # by hand in the text: 900 values of 8 filters over 27 inputs; 7200 x 10
            assert "small.onnx" not in block or all(w in printed for w in ("194400", "72000"))
            assert printed
            continue
        for command, shown in commands(block):
            program, *words = shlex.split(command)
            assert program == "costmodel"
            assert main(words) == 0
            follows(shown, capsys.readouterr().out.splitlines())
            ran += 1
    assert ran == 10
    assert (tmp_path / "mine" / "scan.html").exists()


def test_a_figure_that_changed_is_noticed() -> None:
    real = ["Total 1.5 s = transfer 1 s", "x", "in 0.3 s (9 points)"]
    follows(["...", "Total 1.5 s  = transfer 1 s", "...", "in ... s (... points)"], real)
    for wrong in (["Total 1.4 s = transfer 1 s"], ["x", "Total 1.5 s = transfer 1 s"]):
        with pytest.raises(pytest.fail.Exception, match="not printed"):
            follows(wrong, real)


def test_the_notebook_runs_and_shows_what_it_printed() -> None:
    """Its saved outputs that are text are those of a new run."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "docs/example.ipynb", 4)
    saved = [_printed(cell) for cell in notebook.cells]
    NotebookClient(notebook, timeout=120).execute(cwd=str(ROOT))
    assert [_printed(cell) for cell in notebook.cells] == saved
    assert sum(map(bool, saved)) == 2


def _printed(cell: Any) -> list[str]:
    return [one["text"] for one in cell.get("outputs", []) if one["output_type"] == "stream"]


def test_the_gallery_shows_every_picture_of_a_run() -> None:
    """Each is drawn with the site (test_site.py); here: none of the pictures that exist is forgotten."""
    sys.path.insert(0, str(ROOT / "docs"))
    import gallery

    from costmodel.core.output import PICTURES

    shown = {picture.file.removesuffix(".png") for picture in gallery.PICTURES}
    assert set(PICTURES.names()) <= shown


def test_the_equations_examples() -> None:
    """The figures of docs/model.md, each as the page derives it."""
    page = (ROOT / "docs/model.md").read_text()
    row = cm.simulate("hairnet", "accel_1tflops").layers.iloc[0]
    macs = 3 * 3 * 3 * 32 * 224 * 224
    assert f"{macs:,}".replace(",", " ") in page
    assert (row["macs"], row["ops"]) == (macs, 2 * macs)
    moved = 32 * 224 * 224 * 4 + 27 * 32 * 4
    assert f"{moved:,}".replace(",", " ") in page
    assert row["external_bytes"] == moved
    assert row["total_time_s"] == pytest.approx(moved / 1e9 + 2 * macs / 1e12, rel=1e-12)
    overlapped = cm.simulate("hairnet", "accel_1tflops", timing="overlap").layers.iloc[0]
    assert overlapped["total_time_s"] == pytest.approx(moved / 1e9, rel=1e-12)
