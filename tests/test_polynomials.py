"""Counts as polynomials of batch, tokens and context: where they are, and where they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.core import terms
from costmodel.core.terms import Term
from costmodel.errors import InputError
from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest

DECODER = """name: D
source: hand arithmetic
input: ["${tokens}", 8]
vars: {tokens: 1, context: 0, window: 0, devices: 0, deep: 1000000, max_positions: 0}
layers:
  - qkv: {kind: linear, features: 24}
  - attend: {kind: attention, heads: 2, cache: true, context: "${context}", when: "${window == 0}"}
  - windowed: {kind: attention, heads: 2, cache: true, context: "${context}", window: "${max(window, 1)}", when: "${window > 0}"}
  - out: {kind: linear, features: 8}
  - norm: {kind: rms_norm}
  - told: {kind: all_reduce, devices: "${max(devices, 1)}", when: "${devices > 0}"}
  - more: {kind: relu, when: "${tokens * (context + 1) > deep}"}
"""
BATCHES, CONTEXTS, TOKENS = "linear(1, 10)", [0, 1, 2, 5, 7, 40], [1, 2, 3, 5, 9, 30]
MACHINE: dict[str, Any] = {
    "name": "M", "source": "hand arithmetic", "bandwidth": "1 MB/s", "on_chip_memory": "4 kB",
    "matrix": "20 MOP/s", "host": "500 kOP/s", "launch": {"matrix": "10 us", "host": "20 us"},
    "overhead": "1 ms", "placement": "all_external", "link": {"bandwidth": "1 MB/s", "latency": "1 us"},
}  # fmt: skip
# A routine for prompts and one for steps, which differ in one figure.
ROUTINES = {
    "compute": {"compute": 0.5}, "bandwidth": {"bandwidth": 0.5}, "parameters": {"parameters": 0.5},
    "launch": {"launch": "5 us"}, "exposed": {"exposed": 0.5}, "per_head": {"per_head": "3 us"},
}  # fmt: skip
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # the network's variables, the machine's figures, the models
    "plain": ({}, {}, {}),
    "overlap": ({}, {"write_bandwidth": "400 kB/s"}, {"timing": "overlap"}),
    "everything": ({}, {
        "efficiency": {"default": {
            "compute": 0.5, "bandwidth": 0.25, "parameters": 0.8, "launch": "3 us", "exposed": 0.25,
            "per_head": "2 us", "per_vector": "1 us", "per_input": "10 ns"}},
        "energy": {"external_byte": "2 nJ", "operation": "1 nJ", "static": "1 W"},
    }, {"timing": "overlap"}),
    "window": ({"window": 6}, {}, {}),
    "more rows": ({"deep": 16}, {}, {}),
    "more rows at once": ({"deep": 1}, {}, {}),
    "more rows far away": ({"deep": 40}, {}, {}),
    "per_tensor": ({}, {}, {"placement": "per_tensor"}),
    "tiled": ({}, {}, {"traffic": "tiled"}),
    "pipelined": ({}, {}, {"timing": "pipelined"}),
    "linked": ({"devices": 4}, {}, {}),
    **{f"prompts: {word}": ({}, {"efficiency": {"prefill": one}}, {"timing": "overlap"})
       for word, one in ROUTINES.items()},
}  # fmt: skip


# A window ends what is read, a row appears, a memory or a tile decides, rows choose how they tell
# one another; and a prompt's routine runs where no context is.
BOTH = ("window", "more rows", "more rows at once", "per_tensor", "tiled", "pipelined", "linked")
UNLIKE = {"tokens": BOTH, "context": (*BOTH, "more rows far away", *(
    name for name in FORMS if name.startswith("prompts")))}  # fmt: skip
NONE = "axis 'batch' has no count, and its counts are no polynomials here"


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("axis", ["context", "tokens"])
def test_counts_are_those_of_every_network(tmp_path: Path, axis: str, name: str) -> None:
    """Points of batch and tokens or context at random, each built by itself; or refused."""
    variables, figures, choices = FORMS[name]
    (tmp_path / "d.yaml").write_text(DECODER)
    profile = cm.HardwareProfile.model_validate(MACHINE | figures)
    values = CONTEXTS if axis == "context" else TOKENS
    asked: dict[str, Any] = {
        "settings": variables,
        "sample": "random",
        "n": 6,
        "seed": 2,
        **choices,
    }
    asked["axes"] = {"batch": BATCHES, f"arch.{axis}": values}
    if name in UNLIKE[axis]:
        with pytest.raises(InputError, match=NONE):
            cm.scan(tmp_path / "d.yaml", profile, **asked)
        return
    table = cm.scan(tmp_path / "d.yaml", profile, **asked)
    assert len(set(table[f"arch.{axis}"])) > 2
    for told in table.to_dict("records"):
        own = {**variables, axis: int(told[f"arch.{axis}"])}
        run = cm.simulate(
            tmp_path / "d.yaml", profile, batch=int(told["batch"]), settings=own, **choices
        )
        assert told["total_time"] == pytest.approx(run.total_time, rel=1e-12)
        assert told["external_bytes"] == run.totals["external_bytes"]
        for word, time in run.lane_times.items():
            assert told.get(f"{word}_time", 0.0) == pytest.approx(time, rel=1e-12)
        if "energy_J" in run.totals:
            assert told["energy"] == pytest.approx(run.totals["energy_J"], rel=1e-12)


TURNED = """name: T
source: hand arithmetic
input: ["${24 // tokens}", "${tokens}"]
vars: {tokens: 1}
layers:
  - seen: {kind: softmax}
"""


def test_seconds_that_are_no_polynomial(tmp_path: Path) -> None:
    """24 numbers in rows of 1, 2, 3 ... tokens: 24, 12 and 8 vectors, and one of 24, take 1 ms each.

    Through 24, 12 and 8 goes a parabola that is nowhere near.
    """
    (tmp_path / "t.yaml").write_text(TURNED)
    profile = cm.HardwareProfile.model_validate(
        MACHINE | {"efficiency": {"default": {"per_vector": "1 ms"}}}
    )
    tokens = [1, 2, 3, 4, 6, 8, 12, 24]
    axes = {"batch": BATCHES, "arch.tokens": tokens}
    with pytest.raises(InputError, match=NONE):
        cm.scan(tmp_path / "t.yaml", profile, sample="random", n=5, axes=axes)
    # where a vector takes nothing all counts are: 24 numbers for each sample
    free = cm.HardwareProfile.model_validate(MACHINE)
    table = cm.scan(tmp_path / "t.yaml", free, sample="random", n=5, axes=axes)
    assert table["external_bytes"].tolist() == [2 * 4 * 24 * batch for batch in table["batch"]]


def test_no_network_beyond_the_ends_is_built(tmp_path: Path) -> None:
    """A model of 6 positions, asked about a step after 5 others alone."""
    (tmp_path / "d.yaml").write_text(DECODER)
    profile = cm.HardwareProfile.model_validate(MACHINE)
    asked: dict[str, Any] = {"sample": "random", "n": 3, "settings": {"max_positions": 6}}
    axes = {"batch": BATCHES, "arch.context": [5]}
    table = cm.scan(tmp_path / "d.yaml", profile, axes=axes, **asked)
    assert len(table) == 3
    with pytest.raises(InputError, match="more than the model's 6"):
        cm.scan(tmp_path / "d.yaml", profile, axes={**axes, "arch.context": [6]}, **asked)


STATE = """name: S
source: hand arithmetic
input: ["${tokens}", 8]
vars: {tokens: 1, context: 0}
state: {keys: ["${context}", 8]}
layers:
  - k: {kind: linear, features: 8, bias: false, appends: keys}
  - made: {kind: linear, features: 4, bias: false, from: keys}
  - seen: {kind: relu}
outputs: [k, seen]
"""


def test_rows_that_have_nothing_to_do_at_first(tmp_path: Path) -> None:
    """Without a context there is no product of it and nothing to compare: 2 x 32 and 4 operations a
    token of it.
    """
    (tmp_path / "s.yaml").write_text(STATE)
    profile = cm.HardwareProfile.model_validate(MACHINE)
    table = cm.scan(
        tmp_path / "s.yaml", profile, sample="random", n=20,
        axes={"batch": BATCHES, "arch.context": CONTEXTS},
    )  # fmt: skip
    assert 0 in set(table["arch.context"])
    for told in table.to_dict("records"):
        batch, context = told["batch"], told["arch.context"]
        assert told["matrix_time"] == pytest.approx(batch * (128 + 64 * context) / 20e6, rel=1e-12)
        assert told["host_time"] == pytest.approx(batch * 4 * context / 500e3, rel=1e-12)


COMPARISON = "name: O\nsource: s\ninput: [1]\nlayers:\n  - r: {kind: relu}\n"


def test_a_single_operation_is_work(tmp_path: Path) -> None:
    """One comparison a sample, at half of the rate, whatever the batch."""
    (tmp_path / "o.yaml").write_text(COMPARISON)
    profile = cm.HardwareProfile.model_validate(MACHINE | {"efficiency": {"relu": 0.5}})
    table = cm.scan(
        tmp_path / "o.yaml", profile, sample="random", n=4, axes={"batch": BATCHES},
        derive={"samples": "throughput * total_time"},
    )  # fmt: skip
    assert table["samples"].tolist() == pytest.approx(table["batch"].tolist(), rel=1e-12)
    assert table["host_time"].tolist() == pytest.approx(
        [n / 250e3 for n in table["batch"]], rel=1e-12
    )


def test_whatever_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One comparison and 8 B a sample, and a term that takes a second on chip for each of them.

    A run takes 1 ms, its row 20 us to launch; without energies there are none.
    """
    monkeypatch.setattr(terms, "TERMS", [*terms.TERMS, Term("on_chip", "external_bytes")])
    (tmp_path / "o.yaml").write_text(COMPARISON)
    profile = cm.HardwareProfile.model_validate(MACHINE)
    asked = ScanRequest(
        [str(tmp_path / "o.yaml")], ["M"], {"batch": "linear(1, 9)"}, sample="random", n=2,
        objects={"hw": {"M": profile}},
    )  # fmt: skip
    (variant,) = planned(asked).space.variants
    batch = np.array([2, 7])
    everything = variant.form.columns(variant.machine, 2, counts={"batch": batch})
    assert "energy" not in everything
    total = 8 * batch + 8 * batch / 1e6 + batch / 500e3 + 20e-6 + 1e-3
    for columns in (everything, variant.form.columns(variant.machine, 2, (), {"batch": batch})):
        assert columns["total_time"] == pytest.approx(total, rel=1e-12)


def test_a_batch_that_no_axis_has(tmp_path: Path) -> None:
    """Three samples a run, over random contexts."""
    (tmp_path / "d.yaml").write_text(DECODER)
    table = cm.scan(
        tmp_path / "d.yaml", cm.HardwareProfile.model_validate(MACHINE), batch=3, sample="random", n=4,
        axes={"arch.context": "linear(3, 50)"}, derive={"samples": "throughput * total_time"},
    )  # fmt: skip
    assert table["samples"].tolist() == pytest.approx([3, 3, 3, 3], rel=1e-12)


def test_random_samples_of_counts(tmp_path: Path) -> None:
    """Axes without a number of values: batch and context as they are drawn."""
    (tmp_path / "d.yaml").write_text(DECODER)
    profile = cm.HardwareProfile.model_validate(MACHINE)
    table = cm.scan(
        tmp_path / "d.yaml", profile, sample="random", n=5,
        axes={"batch": "linear(1, 9)", "arch.context": "linear(3, 50)", "arch.tokens": "linear(2, 9)"},
    )  # fmt: skip
    for _, told in table.iterrows():
        own = {word: int(told[f"arch.{word}"]) for word in ("context", "tokens")}
        run = cm.simulate(tmp_path / "d.yaml", profile, batch=int(told["batch"]), settings=own)
        assert told["total_time"] == pytest.approx(run.total_time, rel=1e-12)
