"""Thirty random modules through torch's exporters, counted as torch does (differential.py: hundreds)."""

from __future__ import annotations

from pathlib import Path

import pytest
from differential import FINE, outcome

SEEDS = range(1000, 1030)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_exported_module_counts_what_torch_counts(tmp_path: Path, seed: int) -> None:
    """Odd seeds through the newer exporter, even ones through that of scripts."""
    found = outcome(seed, bool(seed % 2), tmp_path)
    assert found.what.partition(":")[0] in FINE, found
