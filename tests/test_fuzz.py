"""A short run of the fuzzer: no input ends in a traceback. `python tests/fuzz/mutate.py 3600 7` runs longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz import mutate

SECONDS = 60.0
"""Of each seed: two minutes in all."""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Faults are kept here, not beside the sources."""
    monkeypatch.setattr(mutate, "HERE", tmp_path)
    return iter([tmp_path])


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("seed", [11, 12])
def test_no_input_ends_in_a_traceback(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether one takes long depends on the machine and decides nothing here."""
    found = mutate.run(SECONDS, seed, mutate.small_graphs())
    capsys.readouterr()
    assert sum(found.counts.values()) > 20
    assert [fault for fault in found.faults if "Late" not in fault[1]] == []
