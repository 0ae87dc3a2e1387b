"""The documentation as a site, and every link of it and of the pages beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("reports/**/*.md"),
        *ROOT.glob("tests/**/*.md"),
    ]
)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """One command, without a network; kinds, machines and models have their pages."""
    words = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        "docs",
        str(tmp_path),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    kinds = (tmp_path / "generated/layers.html").read_text()
    assert "conv_transpose2d" in kinds
    assert "Dumoulin" in kinds
    assert "rtx3090_measured" in (tmp_path / "generated/profiles.html").read_text()
    assert "resident" in (tmp_path / "generated/models.html").read_text()
    every = {page.stem for page in ROOT.glob("docs/*.md")}
    assert every <= {page.stem for page in tmp_path.glob("*.html")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text()):
        if "://" in target or target.startswith(("mailto:", "generated/")):
            continue
        assert (page.parent / target).exists(), target
