"""ONNX files that were read wrongly or refused, and their kin."""

from __future__ import annotations

from contextlib import suppress

import onnx
import pytest
from contrib_graphs import CASES as CONTRIB
from contrib_graphs import Case
from placed import CASES, NEWEST, counts, moved, placings, sizes, walked

from costmodel.frontends.onnx.rules import table
from costmodel.frontends.onnx.spread import Untracked

KNOWN = [case for case in CASES if case.opset <= NEWEST]


@pytest.mark.parametrize("case", [*KNOWN, *CONTRIB], ids=lambda case: case.op)
def test_samples_along_any_axis_count_as_in_one_run(case: Case) -> None:
    """Sample by sample there is as much to do as in the whole run, or the samples are not followed.

    An attention whose "samples" are its tokens would otherwise be one of a single token each.
    """
    model = case.model()
    whole = counts(walked(model, None), 1)
    for samples, axes in placings(model):
        if len(next(iter(sizes(model).values()))) < 2:
            continue
        with suppress(Untracked):
            walk = walked(moved(model, axes), 0)
            assert counts(walk, samples) == whole, axes


def test_every_operator_that_places_its_samples_is_tried() -> None:
    """Those of onnx's own; twins of a table's entries stand for each other."""
    rules, follow = table("RULES"), table("FOLLOW")
    tried = {follow[case.op] for case in (*CASES, *CONTRIB) if case.op in follow}
    named = {
        op for op in follow if op in rules and op in {s.name for s in onnx.defs.get_all_schemas()}
    }
    assert {op for op in named if follow[op] not in tried} == set()
