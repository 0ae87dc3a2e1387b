"""From measurements and a base profile to a calibrated one, and how well it predicts what it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from costmodel import passes as graph_passes
from costmodel import timing
from costmodel.calibration import folds, runs
from costmodel.calibration.additive import Additive, additive
from costmodel.calibration.crossval import Choice, HeldOut, Options, choose, left_out, nested
from costmodel.calibration.design import Bools, Design, Floats, design
from costmodel.calibration.fit import Fitted, fit
from costmodel.calibration.measurements import Measurement
from costmodel.errors import InputError, Place
from costmodel.hardware import HardwareProfile
from costmodel.run import Run

# What the software of a machine may do to a graph before it runs; the one that predicts best is taken.
STYLES: dict[str, tuple[str, ...]] = {
    "eager": (
        "fuse_functions",
        "fuse_sdpa",
        "strided_views",
        "bias_rows",
        "autocast",
        "pad_channels",
    ),
    "compiled": ("fuse_functions", "fuse_attention", "strided_views", "fuse_elementwise"),
    "as exported": (),
}
TIMING = "partial"  # unless the base profile or the command says otherwise
PLACEMENTS = ("per_tensor", "all_external")


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Everything that a calibration found; arrays are over its N measurements."""

    measurements: tuple[Measurement, ...]
    base: HardwareProfile
    choice: Choice  # passes, timing, placement
    fitted: Fitted
    runs: tuple[Run, ...]  # on the base profile's peaks, under what was chosen
    groups: tuple[str, ...]  # what is left out together
    held_out: HeldOut
    uncalibrated: Floats  # (N,) [s] by the base profile
    crude: Additive
    crude_held_out: Floats  # (N,) [s] by the additive model, the same groups left out
    notes: tuple[str, ...] = ()  # what whoever reads the errors has to know

    @property
    def measured(self) -> Floats:
        """(N,) [s]."""
        return self.fitted.design.measured

    @property
    def whole(self) -> Bools:
        """True for whole networks, False for single layers (N,); with one network, layers are all there is."""
        found = np.array([not one.layer for one in self.measurements])
        return found if found.sum() > 1 else np.ones_like(found)


@dataclass(frozen=True, eq=False)
class Bench:
    """Measured networks on the peaks of a base profile, in every way that may be chosen."""

    measurements: tuple[Measurement, ...]
    loaded: runs.Loaded
    base: HardwareProfile
    hw_file: str
    convention: str | None
    options: Options

    @property
    def groups(self) -> list[str]:
        """What is left out together."""
        return folds.groups(
            [one.family for one in self.measurements], [one.network for one in self.measurements]
        )

    def on(
        self, profile: HardwareProfile, passes: Sequence[str] | None, placement: str | None = None
    ) -> list[Run]:
        """The measured networks on `profile`."""
        choices = {"convention": self.convention, "placement": placement}
        return runs.on(
            profile,
            self.measurements,
            self.loaded,
            hw_file=self.hw_file,
            passes=passes,
            choices=choices,
        )


def bench(measurements: Sequence[Measurement], base: HardwareProfile, *, hw_file: str = "",
          passes: Sequence[str] | None = None, choices: Mapping[str, str | None] | None = None) -> Bench:  # fmt: skip
    """The measurements made ready; what `passes` and `choices` (placement, timing) name is not chosen any more.

    Raises InputError naming every network or layer that cannot be used, at its line, and for a timing model that
    looks ahead, which gives rows no time of their own.
    """
    given = {key: (choices or {}).get(key) or getattr(base, key) for key in ("timing", "placement")}
    if given["timing"] == "pipelined":
        raise InputError.at(Place("--timing"), "'pipelined' cannot be fitted: what a row takes depends on the rows around it",
                            f"fit with one of {', '.join((TIMING, 'serial', 'overlap'))}")  # fmt: skip
    wanted = passes if passes is not None else (base.passes or None)
    styles = list(STYLES.values()) if wanted is None else [tuple(wanted)]
    loaded = runs.load(measurements)
    peaks = base.model_copy(
        update={"efficiency": {}, "launch": 0.0, "on_chip_bandwidth": None, "calibration": None}
    )

    @cache
    def made(style: tuple[str, ...], clock: str, placement: str) -> Design:
        return design(found.measurements, found.on(peaks, style, placement), timing.load(clock))

    values: dict[str, Sequence[Any]] = {"passes": styles, "timing": [given["timing"] or TIMING],
              "placement": [given["placement"]] if given["placement"] else PLACEMENTS}  # fmt: skip
    found = Bench(tuple(_usable(measurements, loaded, styles)), loaded, peaks, hw_file, (choices or {}).get("convention"),
                  Options(values, lambda choice: made(*choice)))  # fmt: skip
    return found


def calibrate(measurements: Sequence[Measurement], base: HardwareProfile, *, hw_file: str = "",
              passes: Sequence[str] | None = None, choices: Mapping[str, str | None] | None = None) -> Calibrated:  # fmt: skip
    """Fit `base` to `measurements`, choosing between STYLES and PLACEMENTS where nothing is given.

    Raises InputError as `bench` does, and for few measurements of a single network, which leave nothing to hold out.
    """
    if len({one.network for one in measurements}) < 2 and len(measurements) < folds.RANDOM:
        raise InputError.at(measurements[0].place, "all measurements are of one network: nothing can be held out, so "
                            "no error could be stated", "measure at least two networks, better ten of several families, "
                            "or the layers of one")  # fmt: skip
    ready = bench(measurements, base, hw_file=hw_file, passes=passes, choices=choices)
    used, groups, every = ready.measurements, ready.groups, np.arange(len(ready.measurements))
    measured = np.array([one.seconds for one in used])
    choice, _ = choose(ready.options, measured, groups, every)
    fitted = fit(ready.options.design(choice), every)
    plain = ready.on(base, passes)
    crude = additive(ready.on(ready.base, ()), measured)
    return Calibrated(
        used, base, choice, fitted, tuple(ready.on(ready.base, choice[0], choice[2])), tuple(groups),
        nested(ready.options, measured, groups),
        np.array([runs.time_of(one, done) for one, done in zip(used, plain, strict=True)]),
        crude, left_out(crude.predict, groups, every), _notes(used, len(fitted.design.names)),
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


def _notes(used: Sequence[Measurement], parameters: int) -> tuple[str, ...]:
    """Where the measurements are few."""
    found = []
    if len(used) < parameters:
        found.append(
            f"{len(used)} measurements for {parameters} parameters: those without evidence stay near the base profile"
        )
    if len({one.network for one in used}) < 2:
        found.append(
            "one network only: the errors and the interval are of its layers, not of other networks"
        )
    elif len({one.family for one in used}) < 2:
        found.append("no families are named: single networks were held out, so like ones may have been seen; "
                     "add a column 'family'")  # fmt: skip
    return tuple(found)
