"""What the documentation shows, runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from costmodel import arch
from costmodel.run import simulate
from costmodel.validate import validate

ROOT = Path(__file__).parent.parent


def blocks(file: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)


def test_the_language_page_is_an_architecture(tmp_path: Path) -> None:
    (example,) = blocks("docs/architectures.md", "yaml")
    file = tmp_path / "example.yaml"
    file.write_text(example)
    network = arch.load(file)
    assert network.warnings == []
    assert all(comparison.agrees for comparison in validate(network))
    ids = [row.id for row in network.rows]
    assert "stage[0]/res0/body/conv" in ids
    # by hand: the second residual halves 32x32; its 32 filters and the stem's 32 make 64 channels
    joined = next(row for row in network.rows if row.id == "join/both")
    assert joined.outputs == ((64, 16, 16),)
    run = simulate(str(file), "accel_1tflops", settings={"size": 64})
    assert run.workload.rows[0].outputs == ((32, 64, 64),)


@pytest.mark.parametrize("number", range(len(blocks("README.md", "python"))))
def test_the_readme_example_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(blocks("README.md", "python")[number], {})
    assert capsys.readouterr().out


def test_the_readme_shows_real_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line of the shown report is a line of the report."""
    from costmodel.cli import main

    main(["simulate", "hairnet", "--hw", "accel_1tflops"])
    real = {line.strip() for line in capsys.readouterr().out.splitlines()}
    text = (ROOT / "README.md").read_text()
    shown = re.search(r"    \$ costmodel simulate hairnet.*?\n\n\|", text, re.DOTALL)
    assert shown
    for line in shown[0].splitlines()[1:-1]:
        if line.strip() and "..." not in line:
            assert line.strip() in real


def test_the_readme_shows_the_real_reproduction(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from costmodel.cli import main

    assert main(["reproduce", "--quiet", "--out", str(tmp_path)]) == 0
    real = capsys.readouterr().out.split("wrote")[0]
    text = (ROOT / "README.md").read_text()
    assert "\n".join(f"    {line}".rstrip() for line in real.strip().splitlines()) in text
