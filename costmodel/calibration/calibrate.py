"""From measurements and a base profile to a calibrated one, and how well it predicts what it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from costmodel import passes as graph_passes
from costmodel import timing
from costmodel.calibration import folds, runs
from costmodel.calibration.additive import Additive, additive
from costmodel.calibration.crossval import Candidate, HeldOut, final, left_out, nested
from costmodel.calibration.design import Bools, Floats, design
from costmodel.calibration.fit import Fitted
from costmodel.calibration.measurements import Measurement
from costmodel.errors import InputError
from costmodel.hardware import HardwareProfile
from costmodel.run import Run

# What the software of a machine may do to a graph before it runs: the one that predicts best is taken.
STYLES: dict[str, tuple[str, ...]] = {
    "as exported": (),
    "eager": ("fuse_functions", "fuse_attention"),
    "compiled": ("fold_batch_norm", "fuse_functions", "fuse_attention", "fuse_elementwise"),
}


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Everything that a calibration found; arrays are over its N measurements."""

    measurements: tuple[Measurement, ...]
    base: HardwareProfile
    choice: Candidate
    fitted: Fitted
    runs: tuple[Run, ...]  # on the base profile's peaks, under the chosen passes
    groups: tuple[str, ...]  # what is left out together
    held_out: HeldOut
    uncalibrated: Floats  # (N,) [s] by the base profile
    crude: Additive
    crude_held_out: Floats  # (N,) [s] by the additive model, the same groups left out
    notes: tuple[str, ...] = ()  # what whoever reads the errors has to know

    @property
    def measured(self) -> Floats:
        """(N,) [s]."""
        return self.choice.design.measured

    @property
    def whole(self) -> Bools:
        """True for whole networks, False for single layers (N,); with one network, layers are all there is."""
        found = np.array([not one.layer for one in self.measurements])
        return found if found.sum() > 1 else np.ones_like(found)


def calibrate(measurements: Sequence[Measurement], base: HardwareProfile, *, hw_file: str = "",
              passes: Sequence[str] | None = None, choices: Mapping[str, str | None] | None = None) -> Calibrated:  # fmt: skip
    """Fit `base` to `measurements`, under `passes` or whatever of STYLES predicts best.

    Raises InputError naming every network or layer that cannot be used, at its line, and for measurements of a
    single network, which leave nothing to hold out.
    """
    if len({one.network for one in measurements}) < 2 and len(measurements) < folds.RANDOM:
        raise InputError.at(measurements[0].place, "all measurements are of one network: nothing can be held out, so "
                            "no error could be stated", "measure at least two networks, better ten of several families, "
                            "or the layers of one")  # fmt: skip
    loaded = runs.load(measurements)
    styles = list(STYLES.values()) if passes is None else [tuple(passes)]
    used = _usable(measurements, loaded, styles)
    peaks = base.model_copy(update={"timing": "partial", "efficiency": {}, "launch": 0.0, "on_chip_bandwidth": None, "passes": (),
                                    "calibration": None})  # fmt: skip
    on_peaks = partial(runs.on, peaks, used, loaded, hw_file=hw_file, choices=choices)
    by_style = {style: on_peaks(passes=style) for style in styles}
    clock = timing.load(by_style[styles[0]][0].policies.timing)
    candidates = [Candidate(style, design(used, found, clock)) for style, found in by_style.items()]
    groups = folds.groups([one.family for one in used], [one.network for one in used])
    choice, fitted = final(candidates, groups)
    plain = runs.on(base, used, loaded, hw_file=hw_file, passes=passes, choices=choices)
    crude = additive(on_peaks(passes=()), choice.design.measured)
    return Calibrated(
        tuple(used), base, choice, fitted, tuple(by_style[choice.passes]), tuple(groups), nested(candidates, groups),
        np.array([runs.time_of(one, done) for one, done in zip(used, plain, strict=True)]),
        crude, left_out(crude.predict, groups, np.arange(len(used))),
        _notes(used, len(fitted.design.names), groups),
    )  # fmt: skip


def _usable(
    measurements: Sequence[Measurement], loaded: runs.Loaded, styles: Sequence[Sequence[str]]
) -> list[Measurement]:
    """Whole networks, and layers that no style merges into another row."""
    if not any(one.layer for one in measurements):
        return list(measurements)
    rows = {
        name: [graph_passes.apply(network, style).rows for style in styles]
        for name, network in loaded.items()
    }
    return [one for one in measurements
            if not one.layer or all(runs.rows_of(one.layer, found) for found in rows[one.network])]  # fmt: skip


def _notes(used: Sequence[Measurement], parameters: int, groups: Sequence[str]) -> tuple[str, ...]:
    """Where the measurements are few."""
    found = []
    if len(used) < parameters:
        found.append(
            f"{len(used)} measurements for {parameters} parameters: those without evidence stay at the base profile"
        )
    if len({one.network for one in used}) < 2:
        found.append(
            "one network only: the errors and the interval are of its layers, not of other networks"
        )
    elif len({one.family for one in used}) < 2:
        found.append("no families are named: single networks were held out, so like ones may have been seen; "
                     "add a column 'family'")  # fmt: skip
    return tuple(found)
