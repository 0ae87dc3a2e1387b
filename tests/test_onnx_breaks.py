"""ONNX files that were read wrongly or refused, and their kin."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from pathlib import Path

import onnx
import pytest
from contrib_graphs import CASES as CONTRIB
from contrib_graphs import FLOAT, Case, zeros
from graphs import totals
from placed import CASES, NEWEST, counts, moved, placings, sizes, walked

from costmodel.core.loading import load_network
from costmodel.errors import InputError
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


def written(case: Case, folder: Path) -> Path:
    """The case as a file."""
    file = folder / "m.onnx"
    file.write_bytes(case.model().SerializeToString())
    return file


@pytest.mark.parametrize(
    ("equation", "shapes", "maps", "macs", "samples"),
    [
        # r and ir give 20, with jr 5 x 6 x 4, with kr 5 x 6 x 7 x 4 = 840; cut by k, 7 x 144
        ("r,ir,jr,kr->ijk", [(4,), (5, 4), (6, 4), (7, 4)], (3,), 20 + 120 + 840, 1),
        # jk kl and jkl lm first: 4 x 32 x 4 + 4 x 4 x 16; then 64 rows by 32 x 4 and by 4 x 16
        (
            "bi,ij,jk,kl,lm->bm",
            [(64, 32), (32, 4), (4, 32), (32, 4), (4, 16)],
            (0,),
            512 + 256 + 64 * 128 + 64 * 64,
            1,
        ),
        # 5 rows by 64 x 4 and by 4 x 48: sample by sample as in one run
        ("bi,ir,ro->bo", [(5, 64), (64, 4), (4, 48)], (0,), 5 * 4 * (64 + 48), 5),
        # 2 samples of 50 rows: ij jk once, 8 x 8 x 8, then 100 rows by 8 x 8; never 2 x 512
        ("bti,ij,jk->btk", [(2, 50, 8), (8, 8), (8, 8)], (0,), 512 + 100 * 64, 1),
    ],
)  # fmt: skip
def test_an_einsum_is_ordered_for_the_whole_run(
    tmp_path: Path,
    equation: str,
    shapes: list[tuple[int, ...]],
    maps: tuple[int, ...],
    macs: int,
    samples: int,
) -> None:
    names = [f"a{n}" for n in range(len(shapes))]
    given = {names[n]: (FLOAT, list(shapes[n])) for n in maps}
    held = {
        name: zeros(*shape) for name, shape in zip(names, shapes, strict=True) if name not in given
    }
    one = Case("Einsum", given, held, names, {"equation": equation}, domain="")
    network = load_network(written(one, tmp_path))
    assert (totals(network)[1], network.samples) == (macs, samples)


@pytest.mark.parametrize("skip", [[2, 6, 8], [1, 6, 8], [6, 8]])
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("op", ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"])
def test_a_skip_may_be_one_for_all_sequences(
    tmp_path: Path, skip: list[int], stored: bool, op: str
) -> None:
    """ContribOperators.md: (batch, sequence, hidden), (1, sequence, hidden) or (sequence, hidden).

    The same skip, stretched beforehand, is as much to add and to normalise.
    """
    given = {"x": (FLOAT, [2, 6, 8])} | ({} if stored else {"s": (FLOAT, skip)})
    held = {"g": zeros(8)} | ({"s": zeros(*skip)} if stored else {})
    case_of_all = Case(
        op, {"x": (FLOAT, [2, 6, 8]), "s": (FLOAT, [2, 6, 8])}, {"g": zeros(8)}, ("x", "s", "g")
    )
    wanted = counts(walked(case_of_all.model(), None), 1)
    network = load_network(written(Case(op, given, held, ("x", "s", "g")), tmp_path))
    tallies = [part.tally for row in network.rows for part in row.parts]
    assert network.samples * sum(tally.adds for tally in tallies) == wanted["adds"]
    assert network.samples * prod(network.outputs[0].shape) == 2 * 6 * 8


@pytest.mark.parametrize(
    "case",
    [
        # what no layer takes: channels and groups, factors of a product, letters of an einsum
        Case("GroupNorm", {"x": (FLOAT, [1, 4, 4, 6])}, {"g": zeros(6), "b": zeros(6)}, ("x", "g", "b"), {"groups": 4}),
        Case("QLinearAdd", {"a": (FLOAT, [2, 3]), "b": (FLOAT, [2, 3])}, {}, ("a", "", "", "", "", "", "b"), {}),
        Case("Einsum", {"a": (FLOAT, [2, 3]), "b": (FLOAT, [4, 5])}, {}, ("a", "b"), {"equation": "ij,jk->ik"}, domain=""),
    ],
    ids=lambda one: one.op,
)  # fmt: skip
def test_a_remedy_is_one_for_files(tmp_path: Path, case: Case) -> None:
    """Who has an ONNX file has no branches to name and no layers to declare."""
    with pytest.raises(InputError) as error:
        load_network(written(case, tmp_path))
    assert {one.remedy for one in error.value.problems} == {
        "check the node, or export the file again"
    }


@pytest.mark.parametrize("op", ["Sum", "Max", "Min", "Mean"])
def test_an_operator_of_any_number_of_maps_takes_one(tmp_path: Path, op: str) -> None:
    """onnx: 1 to 2147483647 inputs; of one nothing is added or compared."""
    file = written(Case(op, {"a": (FLOAT, [2, 3])}, {}, ("a",), {}, domain=""), tmp_path)
    assert set(counts(walked(onnx.load(file), None), 1).values()) == {0}
