"""A calibration as a profile that a person can read and correct."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from costmodel import trust
from costmodel.calibration import errors
from costmodel.calibration.bench import at_base
from costmodel.calibration.calibrate import Calibrated
from costmodel.calibration.interval import spread
from costmodel.documents import read_text
from costmodel.hardware.calibration import Calibration

COMMENTS = {
    "efficiency": "Fitted: shares of the peaks that kernels reach, by routine ('costmodel list layers' names each kind's).",
    "launch": "Fitted: what each row takes besides.",
    "passes": "Chosen by cross-validation: what the software does to a graph before it runs.",
    "calibration": "What the fitted figures rest on, and how wrong they may be.",
}
DIGITS = 3  # of a fitted figure: the fourth is noise


def provenance(found: Calibrated, source: str) -> Calibration:
    """What the profile says of its measurements and errors."""
    seen, whole = found.measurements, found.whole
    families: dict[str, int] = {}
    for one in seen:
        families[one.family or "-"] = families.get(one.family or "-", 0) + 1
    intensities = [trust.intensity(run.workload) for run in found.runs]
    held = found.held_out.predicted
    low, high = spread(np.log(found.measured / held)[whole])
    return Calibration(
        base=found.base.name, measurements=source, count=len(seen), families=families,
        held_out=errors.of(held[whole], found.measured[whole]),
        uncalibrated=errors.of(found.uncalibrated[whole], found.measured[whole]),
        interval_90=(_round(low), _round(high)), dtypes=tuple(sorted({one.dtype for one in seen})),
        batch=(min(one.batch for one in seen), max(one.batch for one in seen)),
        intensity=(_round(min(intensities)), _round(max(intensities))),
        kinds=tuple(sorted({kind for run in found.runs for kind in trust.kinds(run.workload)})),
        networks=tuple(sorted({one.name for one in seen})),
    )  # fmt: skip


def fields(found: Calibrated, source: str) -> dict[str, Any]:
    """What the calibration adds to the base profile, as it is written in YAML."""
    fitted = found.fitted
    policies = found.runs[0].policies
    passes, clock, placement = found.choice
    launch = {
        engine: f"{_round(value)} us"
        for (resource, engine), value in fitted.named.items()
        if resource == "launch"
    }
    written: dict[str, Any] = {
        "efficiency": {"default": _rounded({r: level / at_base(found.base, (r, "")) for r, level in fitted.levels.items()}), **{word: _rounded(shares) for word, shares in fitted.shares.items()}},
        "launch": launch, "convention": policies.timed_convention, "placement": placement, "timing": clock,
        "passes": list(passes), "calibration": provenance(found, source).model_dump(mode="json"),
    }  # fmt: skip
    on_chip = fitted.named.get(("on_chip", ""), 0.0)
    if on_chip > 0:
        written["on_chip_bandwidth"] = (
            f"{_round(found.runs[0].machine.bandwidth / on_chip / 1e9)} GB/s"
        )
    return written


def _rounded(shares: Mapping[str, float]) -> dict[str, float]:
    return {resource: _round(share) for resource, share in shares.items()}


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def text(base_file: str | Path, found: Calibrated, source: str) -> str:
    """The base profile's file, its comments kept, with the fitted figures in it."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 120
    document = yaml.load(read_text(base_file))
    document["name"] = f"{found.base.name}, measured"
    document["source"] = f"{found.base.source}; efficiency and launch fitted to {source}"
    for key, value in fields(found, source).items():
        document[key] = _flowing(value, key in ("efficiency", "calibration"))
        if key in COMMENTS:
            document.yaml_set_comment_before_after_key(key, COMMENTS[key])
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _flowing(value: Any, block: bool = False) -> Any:
    """Mappings and lists of a profile on one line each, but for those that are a `block` of lines."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if not isinstance(value, dict | list):
        return value
    found: Any = CommentedSeq(value) if isinstance(value, list) else CommentedMap(
        {key: _flowing(item) for key, item in value.items()})  # fmt: skip
    if not block:
        found.fa.set_flow_style()
    return found
