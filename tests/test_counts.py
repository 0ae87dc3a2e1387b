"""Batch, tokens and context as arrays: the structural path, point by point."""

from __future__ import annotations

from typing import Any

import pytest

import costmodel as cm
from costmodel.hardware.read import load_profile
from costmodel.studies.scan.planning import planned
from costmodel.studies.scan.request import ScanRequest

AXES: dict[str, Any] = {
    "batch": "linear(1, 40)",
    "arch.context": "linear(8, 5000)",
    "hw.bandwidth": "log(100 GB/s, 8 TB/s)",
    "hw.matrix": "log(10 TFLOPS, 2 PFLOPS)",
}
PROMPT: dict[str, Any] = {
    "batch": "linear(1, 40)",
    "arch.tokens": "linear(2, 3000)",
    "hw.host": "log(1 TFLOPS, 9 TFLOPS)",
}


def _path(axes: dict[str, Any], arch: str, settings: dict[str, Any], **choices: str) -> str:
    request = ScanRequest(
        [arch], ["h100_measured"], axes, settings, "random", 64, choices=dict(choices)
    )
    return planned(request).space.variants[0].form.path


@pytest.mark.parametrize("timing", ["serial", "overlap", "partial"])
@pytest.mark.parametrize(
    ("axes", "settings"), [(AXES, {"tokens": 1}), (PROMPT, {"context": 0})], ids=["step", "prompt"]
)
def test_points_are_those_of_simulate(
    timing: str, axes: dict[str, Any], settings: dict[str, Any]
) -> None:
    """30 random points, each built and counted by itself; rtol 1e-12."""
    common: dict[str, Any] = {"placement": "all_external", "timing": timing, "dtype": "bf16"}
    found = cm.scan(
        "qwen3-0.6b",
        "h100_measured",
        axes=axes,
        sample="random",
        n=30,
        seed=3,
        settings=settings,
        **common,
    )
    profile = load_profile("h100_measured")
    for _, point in found.iterrows():
        figures = {name[3:]: point[name] for name in axes if name.startswith("hw.")}
        own = {name[5:]: int(point[name]) for name in axes if name.startswith("arch.")}
        run = cm.simulate(
            "qwen3-0.6b",
            profile.model_copy(update=figures),
            settings={**settings, **own},
            batch=int(point["batch"]),
            **common,
        )
        assert point["total_time"] == pytest.approx(run.total_time, rel=1e-12)
        assert point["external_bytes"] == run.totals["external_bytes"]
        assert point["transfer_time"] == pytest.approx(run.totals["transfer_time_s"], rel=1e-12)


def test_where_counts_are_no_polynomials_networks_are_built() -> None:
    """Experts wake with the batch, a window ends what is read, a memory decides who stays."""
    step = {"tokens": 1}
    outside = {"placement": "all_external", "timing": "overlap"}
    batches = {"batch": "linear(1, 80, 80)"}
    contexts = {"arch.context": "linear(1, 9000, 70)"}
    assert _path(AXES, "llama-3.1-8b", step, **outside) == "polynomials of counts"
    for axes, arch, choices in (
        (batches, "mixtral-8x7b", outside),
        (contexts, "mistral-7b", outside),
        (batches, "qwen3-0.6b", {"placement": "per_tensor", "timing": "overlap"}),
    ):
        assert _path(axes, arch, step, **choices) != "polynomials of counts"


def test_few_values_are_networks_as_before() -> None:
    """The same index, columns and figures as ever, where an axis has a handful of values."""
    found = cm.scan("hairnet", "accel_1tflops", axes={"batch": [1, 2]})
    assert found["batch"].tolist() == [1, 2]
    one = cm.simulate("hairnet", "accel_1tflops", batch=2)
    assert found["total_time"][1] == pytest.approx(one.total_time, rel=1e-12)


def test_convolutions_count_too() -> None:
    """Any network's batch: HairNet on 1 to 200 samples, everything outside."""
    found = cm.scan(
        "hairnet", "accel_1tflops", axes={"batch": "linear(1, 200, 200)"}, placement="all_external"
    )
    for batch in (1, 57, 200):
        run = cm.simulate("hairnet", "accel_1tflops", batch=batch, placement="all_external")
        point = found[found["batch"] == batch].iloc[0]
        assert point["total_time"] == pytest.approx(run.total_time, rel=1e-12)
        assert point["external_bytes"] == run.totals["external_bytes"]
