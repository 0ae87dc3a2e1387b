"""Every file of `data/files` is read right, refused by name, or marked; the program prints a table."""

from __future__ import annotations

from pathlib import Path

import files
import pytest


@pytest.mark.parametrize("case", files.cases(), ids=lambda case: case.name)
def test_a_file_is_read_right_or_refused_by_name(case: files.Case) -> None:
    outcome, found = files.verdict(case)
    assert outcome in ("right", "refused", "marked"), f"{found}: {case.derivation}"


def test_a_wrong_number_is_seen() -> None:
    """The table itself can fail: of another expected number the same answer is wrong."""
    case = next(case for case in files.cases() if case.name == "loop.onnx:macs")
    assert files.verdict(case._replace(value="28673"))[0] == "wrong"
    refused = next(case for case in files.cases() if case.name == "conv_nms.onnx:macs")
    assert files.verdict(refused._replace(may_refuse="Resize"))[0] == "wrong"


def test_the_derivations_are_there() -> None:
    """Every number says where it comes from."""
    for case in files.cases():
        assert case.source, case.name
        assert case.derivation, case.name
        assert (Path(files.FILES) / case.file).exists()
