"""A calibration as a profile that a person can read and correct."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.layer import ENGINES, ROUTINES
from costmodel.hardware.evidence import Calibration
from costmodel.hardware.profile import HardwareProfile
from costmodel.language.documents import read_text
from costmodel.models.engines.tiles import Tiles
from costmodel.studies import trust
from costmodel.studies.calibration import relative_errors as errors
from costmodel.studies.calibration.calibrate import Calibrated
from costmodel.studies.calibration.candidates import at_base
from costmodel.studies.calibration.interval import spread
from costmodel.studies.calibration.kernels import Fit
from costmodel.studies.calibration.terms import AS_DENSE, OVERHEAD

COMMENTS = {
    "efficiency": (
        "Fitted: shares of the peaks that kernels reach, by routine "
        "('costmodel list layers' names each kind's)."
    ),
    "engine": "Chosen by cross-validation: what the library's kernels compute at once.",
    "launch": "Fitted: what each row takes besides.",
    "overhead": "Fitted: what a run takes besides, whatever its rows.",
    "passes": "Chosen by cross-validation: what the software does to a graph before it runs.",
    "calibration": "What the fitted figures rest on, and how wrong they may be.",
}
MEASURED, FITTED = ", measured", "; efficiency and launch fitted to "
TIMES = ("launch", "per_head", "per_input", "latency")
"""Figures of a routine that are times."""
FOUND = ("launch", "overhead")
"""Measured times hold them, wherever the fit puts them."""
DIGITS = 3
"""Significant digits of a fitted figure: the fourth is noise."""


def provenance(calibrated: Calibrated, source: str) -> Calibration:
    """What the profile says of its measurements and errors."""
    seen, whole, measured = calibrated.measurements, calibrated.whole, calibrated.measured
    intensities = [trust.intensity(run.workload) for run in calibrated.runs]
    batches = [one.batch for one in seen]
    held = calibrated.held_out.predicted
    low, high = spread(np.log(measured / held)[whole])
    return Calibration(
        base=calibrated.base.name,
        measurements=source,
        count=len(seen),
        families=Counter(one.family or "-" for one in seen),
        held_out=errors.of(held[whole], measured[whole]),
        uncalibrated=errors.of(calibrated.uncalibrated[whole], measured[whole]),
        interval_90=(_round(low), _round(high)),
        dtypes=tuple(sorted({one.dtype for one in seen})),
        batch=(min(batches), max(batches)),
        intensity=_outwards(min(intensities), max(intensities)),
        kinds=tuple(sorted(set().union(*(trust.kinds(run.workload) for run in calibrated.runs)))),
        networks=tuple(sorted({one.name for one in seen})),
    )


def shares(calibrated: Calibrated) -> dict[str, dict[str, float]]:
    """The shares of the peaks that every routine reaches, and the default.

    One that was measured has its own; for any other resource the base's share times what the
    machine's level became.
    """
    named, levels = calibrated.fitted.named, calibrated.fitted.levels
    measured = {word for resource, word in named if resource in levels}
    written: dict[str, dict[str, float]] = {}
    for word in ("default", *ROUTINES):
        if word == "default" or word in measured or word in AS_DENSE:
            like = {"compute": AS_DENSE.get(word, word)}
            written[word] = {
                resource: 1
                / named.get(
                    (resource, like.get(resource, word)),
                    at_base(calibrated.base, (resource, word)) / level,
                )
                for resource, level in levels.items()
            }
    return written


def on_chip_bandwidth(calibrated: Calibrated) -> float | None:
    """Return the bandwidth of the memory on chip [B/s].

    It is None where bytes on chip take no time, and the base's where nothing was measured of them.
    """
    on_chip = calibrated.fitted.named.get(("on_chip", ""))
    if on_chip is None:
        stated: float | None = calibrated.base.on_chip_bandwidth
        return stated
    return float(calibrated.runs[0].machine.bandwidth / on_chip) if on_chip > 0 else None


def fields(
    calibrated: Calibrated, source: str, shown: Callable[[float], float] | None = None
) -> dict[str, Any]:
    """Return what the calibration adds to the base profile, as it is written in YAML.

    None stands for what has to go. Figures are `shown` to three digits, or as is said.
    """
    named, base, way = calibrated.fitted.named, calibrated.base, calibrated.way
    shown = shown or _round
    efficiency: dict[str, dict[str, Any]] = {
        word: {resource: shown(min(share, 1.0)) for resource, share in each.items()}
        for word, each in shares(calibrated).items()
    }
    for (resource, word), time in named.items():
        if resource == "per_vector" and time:
            efficiency[word][resource] = f"{shown(time)} ns"
    # the base's where none was measured
    launches = {e: named.get(("launch", e), at_base(base, ("launch", e))) for e in ENGINES}
    written: dict[str, Any] = {
        "efficiency": efficiency,
        "launch": {engine: f"{shown(time)} us" for engine, time in launches.items()},
        "convention": calibrated.runs[0].policies.timed_convention,
        "placement": way.placement,
        "timing": way.timing,
        "passes": list(way.passes),
        "calibration": provenance(calibrated, source).model_dump(mode="json"),
    }
    if OVERHEAD in named:
        written["overhead"] = f"{shown(named[OVERHEAD])} us"
    if isinstance(way.engine, Tiles):
        written["engine"] = {"model": "tiles", **asdict(way.engine)}
    kinds = {one.dtype for one in calibrated.measurements}
    if len(kinds) == 1:
        written["dtype"] = kinds.pop()
    if ("on_chip", "") in named:
        bandwidth = on_chip_bandwidth(calibrated)
        stated = None if bandwidth is None else f"{shown(bandwidth / 1e9)} GB/s"
        written["on_chip_bandwidth"] = stated
    return written


def model(calibrated: Calibrated) -> HardwareProfile:
    """The calibrated profile: what is written, its figures in full, and models as they are."""
    base, written = calibrated.base, fields(calibrated, "", float)
    models = {"placement": calibrated.way.placement, "timing": calibrated.way.timing}
    models |= {"passes": calibrated.way.passes, "convention": written["convention"]}
    stated = {key: value for key, value in written.items() if value is not None}
    words = {key: value for key, value in stated.items() if key not in models}
    read = HardwareProfile.model_validate({"name": base.name, "source": base.source, **words})
    assumed = {w: a for w, a in base.assumed.items() if w not in {*written, *FOUND}}
    own = {key: getattr(read, key) for key in written}
    return base.model_copy(update={**own, **models, "assumed": assumed})


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _outwards(least: float, most: float) -> tuple[float, float]:
    """A range to three digits that still holds its ends."""
    half = 0.5 * 10.0 ** (1 - DIGITS)
    return _round(least * (1 - half)), _round(most * (1 + half))


def kernel_text(base_file: str | Path, fitted: Sequence[Fit], source: str) -> str:
    """The base profile's file, its comments kept, with routines fitted to kernel times in it."""
    routines: dict[str, Any] = {}
    for fit in fitted:
        # shares first, then times
        figures = sorted(fit.figures.items(), key=lambda figure: figure[0] in TIMES)
        routines[fit.routine] = {
            word: f"{_round(value * 1e6)} us" if word in TIMES else _round(value)
            for word, value in figures
        }
    link = routines.pop("link", None)
    if link:
        link["bandwidth"] = f"{_round(link['bandwidth'] / 1e9)} GB/s"
    said = ", ".join(f"{fit.routine} {100 * fit.mean:.1f} % on {fit.count}" for fit in fitted)
    values = {
        "efficiency": routines,
        "timing": "overlap",
        "measured": f"mean errors on kernels: {said}",
        **({"link": link} if link else {}),
    }
    comment = f"Fitted to kernel times; mean errors: {said}."
    return _written(base_file, values, {"efficiency": comment}, source)


def text(base_file: str | Path, calibrated: Calibrated, source: str) -> str:
    """The base profile's file, its comments kept, with the fitted figures in it."""
    return _written(base_file, fields(calibrated, source), COMMENTS, source)


def _written(
    base_file: str | Path, values: Mapping[str, Any], comments: Mapping[str, str], source: str
) -> str:
    """The base profile's file with other `values`, each new one behind its comment."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 120
    document = yaml.load(read_text(base_file))
    document["name"] = f"{str(document['name']).removesuffix(MEASURED)}{MEASURED}"
    document["source"] = f"{str(document['source']).partition(FITTED)[0]}{FITTED}{source}"
    _no_longer_assumed(document, {*values, *FOUND})
    for key, value in values.items():
        fresh = key not in document
        if value is None:
            document.pop(key, None)
            continue
        document[key] = _flowing(value, key in ("efficiency", "calibration"))
        if key in comments and fresh:
            document.yaml_set_comment_before_after_key(key, comments[key])
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _no_longer_assumed(document: Any, words: Collection[str]) -> None:
    """Take what was found out of what the base profile assumes."""
    for word in set(document.get("assumed", ())) & set(words):
        document["assumed"].pop(word)
    if "assumed" in document and not document["assumed"]:
        document.pop("assumed")


def _flowing(value: Any, block: bool = False) -> Any:
    """Put mappings and lists of a profile on one line each.

    A value that is a `block` of lines stays one.
    """
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if not isinstance(value, dict | list):
        return value
    flowing: Any = (
        CommentedSeq(value)
        if isinstance(value, list)
        else CommentedMap({key: _flowing(item) for key, item in value.items()})
    )
    if not block:
        flowing.fa.set_flow_style()
    return flowing
