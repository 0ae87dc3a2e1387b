"""What pages and reports say of calibrated profiles."""

from __future__ import annotations

import re

import pytest
from calibrated import MACHINES, ROOT

from costmodel.cli import main
from costmodel.language import documents, shipped


@pytest.mark.parametrize("machine", MACHINES)
def test_the_pages_state_the_errors(machine: str) -> None:
    """The profile's held-out errors stand in the guide, beside the crude model's of the report."""
    held = documents.load(shipped.find(f"{machine}_measured", "hwprofiles")).plain()["calibration"]
    ours = [100 * held["held_out"][key] for key in ("mean", "median")]
    report = (ROOT / "reports" / "calibration" / machine / "README.md").read_text()
    found = re.search(r"crude additive model, families held out +([\d.]+) +([\d.]+)", report)
    assert found
    crude = [float(figure) for figure in found.groups()]
    assert ours[0] < crude[0]
    assert ours[1] < crude[1]
    page = (ROOT / "docs" / "calibration.md").read_text()
    for mean, median in (ours, crude):
        assert f"| {mean:.1f} % | {median:.1f} % |" in page


def test_a_profile_says_where_it_is_no_guide(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "hairnet", "--hw", "rtx3090_measured"]) == 0
    shown = capsys.readouterr().out
    assert "90 % interval" in shown
    assert "FAR FROM MEASURED     batch 1: batches of 256 to 1024 were measured" in shown
