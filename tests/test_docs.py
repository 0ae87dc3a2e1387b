"""What the documentation shows, runs."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest

from costmodel.core.loading import load_network
from costmodel.core.terms import TERMS
from costmodel.studies.simulation import simulate
from costmodel.studies.validate import validate

ROOT = Path(__file__).parent.parent


def blocks(file: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)


def test_the_language_page_is_an_architecture(tmp_path: Path) -> None:
    (example,) = blocks("docs/architectures.md", "yaml")
    file = tmp_path / "example.yaml"
    file.write_text(example)
    network = load_network(file)
    assert network.facts.warnings == ()
    assert all(comparison.agrees for comparison in validate(network))
    ids = [row.id for row in network.rows]
    assert "stage[0]/res0/body/conv" in ids
    # by hand: the second residual halves 32x32; its 32 filters and the stem's 32 make 64 channels
    joined = next(row for row in network.rows if row.id == "join/both")
    assert joined.outputs == ((64, 16, 16),)
    run = simulate(str(file), "accel_1tflops", settings={"size": 64})
    assert run.workload.rows[0].outputs == ((32, 64, 64),)


@pytest.mark.parametrize("file", ["README.md", "docs/scans.md"])
def test_python_examples_run(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    for example in blocks(file, "python"):
        exec(example, {})
        assert capsys.readouterr().out


WITH_EXAMPLES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(ROOT.glob("costmodel/**/*.py"))
    if ">>> " in file.read_text()
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_doctests(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_the_figure_of_extending_is_the_one_of_the_other_package() -> None:
    """The example that is written out is the file that another package's tests install."""
    (example,) = blocks("docs/extending.md", "python")
    assert example == (ROOT / "tests/other_package/other_models/figure.py").read_text()


def test_the_model_page_lists_every_term() -> None:
    """As `lane`, amount (a word, or the name of a function of others) and figure, in their order."""
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| ([/x]) `?(\w+)`? \|", (ROOT / "docs/model.md").read_text(), re.M
    )
    signs = {"divided": "/", "multiplied": "x"}
    words = [getattr(term.amount, "__name__", term.amount) for term in TERMS]
    assert rows == [
        (term.lane, word, signs[term.how], term.figure or "1")
        for term, word in zip(TERMS, words, strict=True)
    ]


def test_the_scan_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file, and each of its command lines."""
    from costmodel.cli import main

    (example,) = blocks("docs/scans.md", "yaml")
    file = tmp_path / "scan.yaml"
    file.write_text(example)
    assert main(["scan", str(file), "--out", str(tmp_path / "file")]) == 0
    text = (
        (ROOT / "docs/scans.md")
        .read_text()
        .replace("\\\n", " ")
        .replace("DIR", str(tmp_path / "line"))
    )
    lines = [line for line in text.splitlines() if line.startswith("    costmodel ")]
    assert len(lines) == 7
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0
    same = [(tmp_path / name / "best.csv").read_text() for name in ("file", "line")]
    assert same[0] == same[1]


def test_the_page_for_architects_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its profile, and each of its command lines, beside one another."""
    from costmodel.cli import main

    monkeypatch.chdir(tmp_path)
    (profile,) = blocks("docs/architects.md", "yaml")
    (tmp_path / "npu.yaml").write_text(profile)
    text = (ROOT / "docs/architects.md").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("    costmodel ")]
    assert len(lines) == 5
    for line in lines:
        assert main(shlex.split(line)[1:]) == 0
    assert (tmp_path / "front" / "pareto.png").exists()
    assert "bound" in capsys.readouterr().out


def test_the_readme_shows_real_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of the shown report is a line of the report."""
    from costmodel.cli import main

    main(["simulate", "hairnet", "--hw", "accel_1tflops"])
    real = {line.strip() for line in capsys.readouterr().out.splitlines()}
    text = (ROOT / "README.md").read_text()
    shown = re.search(r"    \$ costmodel simulate hairnet.*?\n\n\*\*", text, re.DOTALL)
    assert shown
    for line in shown[0].splitlines()[1:-1]:
        if line.strip() and "..." not in line:
            assert line.strip() in real


def test_the_page_shows_the_real_reproduction(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from costmodel.cli import main

    assert main(["reproduce", "--quiet", "--out", str(tmp_path)]) == 0
    real = capsys.readouterr().out.split("wrote")[0]
    text = (ROOT / "docs/trust.md").read_text()
    assert "\n".join(f"    {line}".rstrip() for line in real.strip().splitlines()) in text


@pytest.mark.parametrize(
    ("file", "count"), [("docs/language_models.md", 6), ("docs/reports.md", 5)]
)
def test_the_console_lines_of_a_page_run(
    file: str,
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each of its command lines."""
    from costmodel.cli import main

    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(file, "console") for line in block.splitlines()]
    assert len(lines) == count
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "costmodel"
        assert main(words) == 0
        assert capsys.readouterr().out
