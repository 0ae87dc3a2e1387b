"""The 100 exports of the calibration set: imported, compared, evaluated and fitted, read once for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import parity
import pytest
from calibrated import MACHINES, ROOT, measured
from graphs import imported, published, unpacked

from costmodel.core.engine import read
from costmodel.hardware.read import load_profile
from costmodel.language import documents, shipped
from costmodel.studies.calibration import evaluation, measurements
from costmodel.studies.calibration.candidates import Way, bench
from costmodel.studies.calibration.fit import fit
from costmodel.studies.calibration.terms import OPTIONAL

REPORTS = ROOT / "reports"
# timm counts learned parameters; these files hold constant tables among their initialisers.
TABLES = {"hieradet_small": 0.010, "vitamin_small_224": 0.143}


def test_a_hundred_real_exports() -> None:
    """No unknown operator, no open shape, published parameters to their two decimals."""
    wanted, found = published(), imported()
    assert sorted(found) == sorted(wanted)
    assert len(found) == 100
    for name, one in found.items():
        assert one.whole, name
        assert abs(one.params / 1e6 - TABLES.get(name, 0.0) - wanted[name]) < 0.0051, name


def test_parity_is_fresh(tmp_path: Path) -> None:
    parity.write(tmp_path)
    for name in ("README.md", "parity.csv"):
        assert (REPORTS / "parity" / name).read_text() == (tmp_path / name).read_text(), (
            "run: python tests/parity.py"
        )


@pytest.mark.parametrize(("machine", "passes", "line"), [
    ("rtx3090", ["fuse_functions"], "| | `fuse_functions` | 12.2 % | 8.3 % | 29.9 % |"),
])  # fmt: skip
def test_the_page_states_what_comes_out(machine: str, passes: list[str], line: str) -> None:
    """The committed measurements, judged by the committed profiles."""
    file = measured(unpacked(), machine)
    found = evaluation.figures(
        evaluation.evaluate(
            measurements.read(file),
            load_profile(shipped.find(machine, "hwprofiles")),
            passes=passes,
        )
    )
    assert line in (ROOT / "docs" / "evaluation.md").read_text()
    stated = [float(cell.strip("% ")) for cell in line.split("|")[-4:-1]]
    assert [100 * found[key] for key in ("mape", "median_ape", "p90_ape")] == pytest.approx(
        stated, abs=0.051
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_the_shipped_profile_is_fresh(machine: str) -> None:
    """Fitted again to the committed times, under what it says was chosen: the same shares.

    A snapshot: it tells a stale file from a fresh one; test_fit.py says what a fit should give.
    """
    stated = documents.load(shipped.find(f"{machine}_measured", "hwprofiles")).plain()
    table = measurements.read(measured(unpacked(), machine))
    shape = read(stated["engine"]) if "engine" in stated else None
    timed = any("per_vector" in share for share in stated["efficiency"].values())
    terms = OPTIONAL if timed else ()
    way = Way(tuple(stated["passes"]), stated["placement"], shape, terms, stated["timing"])
    ready = bench(table, load_profile(machine), passes=way.passes)
    named = fit(ready.options.design(way), np.arange(len(table))).named
    assert timed == any(resource == "per_vector" for resource, _ in named)
    for (resource, word), coefficient in named.items():
        if resource == "per_vector":
            time = stated["efficiency"][word].get(resource, "0 ns")
            assert coefficient == pytest.approx(float(time.removesuffix(" ns")), rel=0.011)
        elif word in stated["efficiency"] and resource in stated["efficiency"][word]:
            share = stated["efficiency"][word][resource]
            assert 1 / coefficient == pytest.approx(share, rel=0.011), (resource, word)
