"""Measured networks made ready: every way to model them, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from costmodel.core import policies
from costmodel.core.arrays import Floats, Ints
from costmodel.core.engine import EngineModel
from costmodel.core.graph_pass import Pass, rewritten
from costmodel.core.layer import ROUTINES
from costmodel.core.network import Row
from costmodel.core.policies import Choice
from costmodel.core.shares import PERFECT
from costmodel.core.timing import TIMINGS
from costmodel.errors import BadValue, InputError, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.models.engines.tiles import Tiles
from costmodel.studies.calibration import folds
from costmodel.studies.calibration import measured_runs as runs
from costmodel.studies.calibration.crossval import Options
from costmodel.studies.calibration.design import Design, design
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.calibration.terms import (
    MICROSECOND,
    NANOSECOND,
    OPTIONAL,
    Name,
    Occupied,
    occupied,
)
from costmodel.studies.run import Run

# What the software of a machine may do to a graph before it runs; the one that predicts best is
# taken. No software runs a graph quite as it was exported, so that is taken only where it is
# clearly better.
STYLES: dict[str, tuple[str | Pass, ...]] = {
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
TIMING = "partial"
"""The timing model, unless the base profile or the command says otherwise."""
PLACEMENTS = ("per_tensor", "all_external")
FEW = 25
"""Networks up to which what it takes many to tell apart is not tried."""
ENGINES_TRIED: tuple[EngineModel | None, ...] = (None, Tiles(32, 32), Tiles(64))
"""What a library's kernels may compute at once, where the base profile states no array."""
FITTED = ("launch", "overhead", "efficiency")
"""What a base profile may assume and the fit finds."""


class Way(NamedTuple):
    """One way to model the measurements: what is chosen rather than fitted."""

    passes: tuple[str | Pass, ...]
    placement: Choice
    engine: EngineModel | None
    """None: as the base profile says."""
    terms: tuple[str, ...]
    """The optional terms that are fitted, some of OPTIONAL."""
    timing: Choice


Rewriting = tuple[tuple[str | Pass, ...], Choice]
"""What changes the runs: passes and a placement."""


@dataclass(frozen=True, eq=False)
class Bench:
    """Measured networks on the peaks of a base profile, in every way that may be chosen."""

    measurements: tuple[Measurement, ...]
    loaded: runs.Loaded
    peaks: HardwareProfile
    """The base profile without shares, launches and on-chip bandwidth."""
    hw_file: str
    convention: Choice | None
    options: Options
    _runs: dict[Rewriting, list[Run]] = field(default_factory=dict, init=False)
    _rows: dict[Rewriting, list[Occupied]] = field(default_factory=dict, init=False)

    @property
    def measured(self) -> Floats:
        """The measured times (N,) [s]."""
        return np.array([one.seconds for one in self.measurements])

    @property
    def groups(self) -> list[str]:
        """The group of each measurement; groups are left out whole."""
        return self.groups_of(np.arange(len(self.measurements)))

    def groups_of(self, places: Ints) -> list[str]:
        """The groups where only the measurements at `places` are known; the others have none.

        If those are of one family, networks are left out.
        """
        known = [self.measurements[place] for place in places]
        families, networks = [one.family for one in known], [one.network for one in known]
        things = [(one.batch, one.dtype, one.layer) for one in known]
        labels = [""] * len(self.measurements)
        for place, label in zip(places, folds.groups(families, networks, things), strict=True):
            labels[place] = label
        return labels

    def on(
        self,
        profile: HardwareProfile,
        passes: Sequence[str | Pass] | None,
        placement: str | None = None,
    ) -> list[Run]:
        """The runs of the measured networks on `profile`."""
        choices = {"convention": self.convention, "placement": placement}
        return runs.on(
            profile,
            self.measurements,
            self.loaded,
            hw_file=self.hw_file,
            passes=passes,
            choices=choices,
        )

    def on_peaks(self, passes: tuple[str | Pass, ...], placement: Choice) -> list[Run]:
        """The runs on the base profile's peaks, worked out once; placements share the counting."""
        if (passes, placement) not in self._runs:
            if placement == PLACEMENTS[0]:
                self._runs[passes, placement] = self.on(self.peaks, passes, placement)
            else:
                known = self.on_peaks(passes, PLACEMENTS[0])
                # the layers of a network share its run
                moved = {run: run.placed(placement) for run in dict.fromkeys(known)}
                self._runs[passes, placement] = [moved[run] for run in known]
        return self._runs[passes, placement]

    def rows(self, passes: tuple[str | Pass, ...], placement: Choice) -> list[Occupied]:
        """What the rows of each measurement occupy there, worked out once."""
        if (passes, placement) not in self._rows:
            placed = self.on_peaks(passes, placement)
            self._rows[passes, placement] = [*map(occupied, self.measurements, placed)]
        return self._rows[passes, placement]


def bench(
    measurements: Sequence[Measurement],
    base: HardwareProfile,
    *,
    hw_file: str = "",
    passes: Sequence[str | Pass] | None = None,
    choices: Mapping[str, Choice | None] | None = None,
) -> Bench:
    """The measurements made ready.

    What `passes` and `choices` (placement, timing) name is not chosen any more. Raises InputError
    naming every network or layer that cannot be used, at its line, and for a timing model that
    looks ahead, which gives rows no time of their own.
    """
    choices = choices or {}
    given = _given(base, hw_file, choices)
    wanted = passes if passes is not None else (base.passes or None)
    styles = [*STYLES.values()] if wanted is None else [tuple(wanted)]
    loaded = runs.load(measurements)

    @cache
    def made(way: Way) -> Design:
        rows, timing = ready.rows(way.passes, way.placement), TIMINGS.resolve(way.timing)
        expected = partial(at_base, base)
        return design(ready.measurements, rows, timing, expected, way.engine, way.terms)

    few = len({one.network for one in measurements}) <= FEW
    values: dict[str, Sequence[Any]] = {
        "passes": styles,
        "placement": [given["placement"]] if given["placement"] else PLACEMENTS,
        "engine": (None,) if few or base.array is not None else ENGINES_TRIED,
        "terms": ((),) if few else (OPTIONAL, ()),
        "timing": [given["timing"] or TIMING],
    }
    ready = Bench(
        tuple(_usable(measurements, loaded, styles)),
        loaded,
        _peaks(base),
        hw_file,
        choices.get("convention"),
        Options(values, lambda choice: made(Way(*choice)), [STYLES["as exported"]]),
    )
    return ready


def _peaks(base: HardwareProfile) -> HardwareProfile:
    """A base profile without what is fitted."""
    return base.model_copy(
        update={
            "efficiency": {},
            "launch": 0.0,
            "overhead": None,
            "on_chip_bandwidth": None,
            "calibration": None,
            "assumed": {w: a for w, a in base.assumed.items() if w not in FITTED},
        }
    )


def _given(
    base: HardwareProfile, hw_file: str, choices: Mapping[str, Choice | None]
) -> dict[str, Any]:
    """Return the timing and the placement that are asked for.

    Raises InputError for what cannot be fitted.
    """
    for key, word in choices.items():
        if word is not None:
            try:
                policies.check(key, word)
            except BadValue as error:
                raise error.at(Place(f"--{key}")) from None
    named = sorted(set(base.efficiency) - {"default", *ROUTINES})
    if named:
        raise InputError.at(
            Place(hw_file or base.name),
            f"'efficiency' of the base profile names layer kinds: {', '.join(named)}",
            f"calibration fits routines: state {', '.join(ROUTINES)} or default, or leave it out",
        )
    given = {key: choices.get(key) or getattr(base, key) for key in ("timing", "placement")}
    if given["timing"] and TIMINGS.resolve(given["timing"]).looks_ahead:
        fitting = [word for word in TIMINGS.names() if not TIMINGS.load(word).looks_ahead]
        raise InputError.at(
            Place("--timing"),
            f"'{TIMINGS.word_of(given['timing'])}' cannot be fitted: what a row takes depends on "
            "the rows around it",
            f"fit with one of {', '.join(fitting)}",
        )
    return given


def at_base(base: HardwareProfile, name: Name) -> float:
    """The coefficient of a parameter that the base profile states, or else assumes.

    It is one over a share, a launch [us], or the bus's bandwidth over the on-chip bandwidth.
    """
    resource, word = name
    dtype = base.dtype or "fp32"
    if resource == "launch":
        launch = base.figure("launch", dtype)
        stated = launch.get(word) if isinstance(launch, dict) else launch
        return float(stated or 0.0) / MICROSECOND
    if resource == "overhead":
        return float(base.figure("overhead", dtype) or 0.0) / MICROSECOND
    if resource == "on_chip":
        bandwidth = base.figure("bandwidth", dtype) or 0.0
        return float(bandwidth / base.on_chip_bandwidth) if base.on_chip_bandwidth else 0.0
    shares = base.traits.shares
    share = shares.get(word) or shares.get("default") or PERFECT
    if resource == "per_vector":
        return share.per_vector / NANOSECOND
    return float(1 / getattr(share, resource))


def _usable(
    measurements: Sequence[Measurement], loaded: runs.Loaded, styles: Sequence[Sequence[str | Pass]]
) -> list[Measurement]:
    """Whole networks, and layers that no style merges into another row."""

    @cache
    def rows(name: str) -> list[Sequence[Row]]:
        return [rewritten(loaded[name], style).rows for style in styles]

    return [
        one
        for one in measurements
        if not one.layer or all(runs.rows_of(one.layer, kept) for kept in rows(one.network))
    ]
