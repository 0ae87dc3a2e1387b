"""The committed reports are what `costmodel reproduce` writes now; pictures are judged by their data."""

from __future__ import annotations

from pathlib import Path

import pytest

from costmodel.cli import main

REPORTS = Path(__file__).parent.parent / "reports"
APART = (
    "parity",
    "calibration",
    "laws.md",
    "mutants.md",
    "robustness.md",
)
"""Written by tests/parity.py, tests/calibrated.py, tests/long_laws.py, tests/mutate.py and tests/fuzz/long_run.py, from test material."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    assert main(["reproduce", "--quiet", "--out", str(folder)]) == 0
    return folder


def names(folder: Path) -> set[str]:
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {str(path) for path in found if path.parts[0] not in APART}


def test_same_files(fresh: Path) -> None:
    assert names(fresh) == names(REPORTS)


@pytest.mark.parametrize("name", sorted(n for n in names(REPORTS) if not n.endswith(".png")))
def test_same_content(name: str, fresh: Path) -> None:
    assert (REPORTS / name).read_text() == (fresh / name).read_text(), "run: costmodel reproduce"


def test_every_picture_has_its_data() -> None:
    """time.png and roofline.png show layers.csv; the others have a CSV of their own name."""
    for name in names(REPORTS):
        if name.endswith(".png"):
            path = REPORTS / name
            assert path.with_suffix(".csv").exists() or (path.parent / "layers.csv").exists()
            assert path.read_bytes().startswith(b"\x89PNG")
