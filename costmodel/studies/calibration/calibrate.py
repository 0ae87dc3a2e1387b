"""Measurements and a base profile give a calibrated profile.

How well it predicts what it has not seen is worked out with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from costmodel.core.arrays import Bools, Floats
from costmodel.core.graph_pass import Pass
from costmodel.core.policies import Choice
from costmodel.errors import InputError, MissingExtra
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.calibration import folds
from costmodel.studies.calibration import measured_runs as runs
from costmodel.studies.calibration.additive import Additive, additive
from costmodel.studies.calibration.candidates import PLACEMENTS, Bench, Way, bench
from costmodel.studies.calibration.crossval import HeldOut, Pick, choose, left_out, nested
from costmodel.studies.calibration.fit import SHARES, Fitted, fit
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run

TWICE = 2
"""A kernel may have an algorithm of fewer operations; beyond this factor it is more likely a
mistake.
"""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Everything that a calibration found; arrays are over its N measurements."""

    measurements: tuple[Measurement, ...]
    base: HardwareProfile
    bench: Bench
    choice: Pick
    """What was chosen, a `Way` as a plain tuple."""
    fitted: Fitted
    runs: tuple[Run, ...]
    """On the base profile's peaks, under what was chosen."""
    held_out: HeldOut
    uncalibrated: Floats
    """(N,) [s] by the base profile."""
    crude: Additive
    crude_held_out: Floats
    """(N,) [s] by the additive model, the same groups left out."""
    notes: tuple[str, ...] = ()
    """Remarks for whoever reads the errors."""

    @property
    def way(self) -> Way:
        """What was chosen, by name."""
        return Way(*self.choice)

    @property
    def measured(self) -> Floats:
        """The measured times (N,) [s]."""
        return self.fitted.design.measured

    @property
    def whole(self) -> Bools:
        """True for whole networks, False for single layers (N,).

        With one network, layers are all there is.
        """
        whole = np.array([not one.layer for one in self.measurements])
        return whole if whole.sum() > 1 else np.ones_like(whole)


def calibrate(
    measurements: Sequence[Measurement],
    base: HardwareProfile,
    *,
    hw_file: str = "",
    passes: Sequence[str | Pass] | None = None,
    choices: Mapping[str, Choice | None] | None = None,
) -> Calibrated:
    """Fit `base` to `measurements`, choosing between STYLES and PLACEMENTS where nothing is given.

    Raises InputError as `bench` does, and for few measurements of a single network, which leave
    nothing to hold out.
    """
    if find_spec("scipy") is None:
        raise MissingExtra("scipy", "calibrate", "calibrate")
    ready = bench(measurements, base, hw_file=hw_file, passes=passes, choices=choices)
    used, measured, groups = ready.measurements, ready.measured, ready.groups
    things = {(one.batch, one.dtype, one.layer) for one in used}
    layers = any(one.layer for one in used)
    if len({one.network for one in used}) < 2 and not (layers and len(things) >= folds.RANDOM):
        raise InputError.at(
            measurements[0].place,
            "all measurements that can be used are of one network: nothing can be held "
            "out, so no error could be stated",
            "measure at least two networks, better ten of several families, "
            f"or {folds.RANDOM} layers or more of one",
        )
    every = np.arange(len(used))
    choice, _ = choose(ready.options, measured, groups, every)
    way = Way(*choice)
    fitted = fit(ready.options.design(choice), every)
    crude = additive(used, ready.on_peaks((), PLACEMENTS[-1]))
    return Calibrated(
        used,
        base,
        ready,
        choice,
        fitted,
        tuple(ready.on_peaks(way.passes, way.placement)),
        nested(ready.options, measured, groups, ready.groups_of),
        np.array([*map(runs.time_of, used, ready.on(base, passes))]),
        crude,
        left_out(crude.predict, groups, every),
        tuple(_notes(measurements, ready, fitted)),
    )


def _notes(given: Sequence[Measurement], ready: Bench, fitted: Fitted) -> Iterator[str]:
    """What whoever reads the errors has to know of the measurements."""
    used = ready.measurements
    parameters, families = len(fitted.design.names), {one.family for one in used}
    if len(used) < parameters:
        yield (
            f"{len(used)} measurements for {parameters} parameters: "
            "those without evidence stay near the base profile"
        )
    if len({one.network for one in used}) < 2:
        yield (
            "one network only: the errors and the interval are of its layers, not of other networks"
        )
    elif len(families) < 2:
        alike = (
            "no families are named" if families == {""} else "all measurements are of one family"
        )
        yield (
            f"{alike}: networks were held out one by one, so like ones were seen; "
            "measure other families, and name them in a column 'family'"
        )
    lost = [one.layer for one in given if one.layer and not one.traced and one not in used]
    if lost:
        yield (
            f"{len(lost)} layers were left out, for a pass merges them into other rows: "
            f"{', '.join(lost[:5])}"
        )
    resources = [resource for resource, _ in fitted.design.names]
    peaks = fitted.design.predict(np.isin(resources, SHARES).astype(float))
    fast = [one.name for one, least in zip(used, peaks, strict=True) if one.seconds < least / TWICE]
    if fast:
        yield (
            f"{len(fast)} measurements are faster than half of what the machine's peaks allow: "
            f"{', '.join(fast[:5])}. "
            "Are they seconds of a whole batch, and is the base profile that machine's?"
        )
    unknown = sorted({word for network in ready.loaded.values() for word in network.facts.unknown})
    if unknown:
        yield f"unknown operators count as data movement alone: {', '.join(unknown)}"
