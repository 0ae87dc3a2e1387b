"""Measured networks made ready: every way to model them, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from costmodel import passes as graph_passes
from costmodel import policies, timing
from costmodel.calibration import folds, runs
from costmodel.calibration.crossval import Options
from costmodel.calibration.design import MICROSECOND, Design, Floats, Ints, Name, design
from costmodel.calibration.measurements import Measurement
from costmodel.errors import BadValue, InputError, Place
from costmodel.hardware import HardwareProfile
from costmodel.hardware.profile import Efficiency
from costmodel.layers import ROUTINES
from costmodel.run import ENGINES, Run

# What the software of a machine may do to a graph before it runs; the one that predicts best is taken. No software runs a
# graph quite as it was exported, so that is taken only where it is clearly better.
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
class Bench:
    """Measured networks on the peaks of a base profile, in every way that may be chosen."""

    measurements: tuple[Measurement, ...]
    loaded: runs.Loaded
    peaks: HardwareProfile  # the base profile without shares, launches and on-chip bandwidth
    hw_file: str
    convention: str | None
    options: Options

    @property
    def measured(self) -> Floats:
        """(N,) [s]."""
        return np.array([one.seconds for one in self.measurements])

    @property
    def groups(self) -> list[str]:
        """What is left out together."""
        return self.groups_of(np.arange(len(self.measurements)))

    def groups_of(self, places: Ints) -> list[str]:
        """The same where only the measurements at `places` are known, in a list for all: networks, if they are of one family."""
        known = [self.measurements[place] for place in places]
        inside = folds.groups([one.family for one in known], [one.network for one in known],
                              [(one.batch, one.dtype, one.layer) for one in known])  # fmt: skip
        found = dict(zip(map(int, places), inside, strict=True))
        return [found.get(place, "") for place in range(len(self.measurements))]

    def on(
        self, profile: HardwareProfile, passes: Sequence[str] | None, placement: str | None = None
    ) -> list[Run]:
        """The measured networks on `profile`."""
        return runs.on(profile, self.measurements, self.loaded, hw_file=self.hw_file, passes=passes,
                       choices={"convention": self.convention, "placement": placement})  # fmt: skip

    @cache  # noqa: B019  one bench lives as long as the command
    def on_peaks(self, passes: tuple[str, ...], placement: str) -> list[Run]:
        """The same on the base profile's peaks, worked out once."""
        return self.on(self.peaks, passes, placement)


def bench(measurements: Sequence[Measurement], base: HardwareProfile, *, hw_file: str = "",
          passes: Sequence[str] | None = None, choices: Mapping[str, str | None] | None = None) -> Bench:  # fmt: skip
    """The measurements made ready; what `passes` and `choices` (placement, timing) name is not chosen any more.

    Raises InputError naming every network or layer that cannot be used, at its line, and for a timing model that
    looks ahead, which gives rows no time of their own.
    """
    for key, word in (choices or {}).items():
        if word is not None:
            try:
                policies.check(key, word)
            except BadValue as error:
                raise error.at(Place(f"--{key}")) from None
    named = sorted(set(base.efficiency) - {"default", *ROUTINES})
    if named:
        raise InputError.at(Place(hw_file or base.name), f"'efficiency' of the base profile names layer kinds: {', '.join(named)}",
                            f"calibration fits routines: state {', '.join(ROUTINES)} or default, or leave it out")  # fmt: skip
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

    expected = partial(at_base, base)

    @cache
    def made(style: tuple[str, ...], clock: str, placement: str) -> Design:
        return design(
            found.measurements, found.on_peaks(style, placement), timing.load(clock), expected
        )

    values: dict[str, Sequence[Any]] = {"passes": styles, "timing": [given["timing"] or TIMING],
              "placement": [given["placement"]] if given["placement"] else PLACEMENTS}  # fmt: skip
    found = Bench(tuple(_usable(measurements, loaded, styles)), loaded, peaks, hw_file, (choices or {}).get("convention"),
                  Options(values, lambda choice: made(*choice), [STYLES["as exported"]]))  # fmt: skip
    return found


def at_base(base: HardwareProfile, name: Name) -> float:
    """The coefficient of a parameter that the base profile states: one over a share, a launch [us], bus over on-chip bandwidth."""
    resource, word = name
    if resource == "launch":
        engines = (
            base.launch if isinstance(base.launch, dict) else dict.fromkeys(ENGINES, base.launch)
        )
        launch = {str(engine): time for engine, time in engines.items()}.get(word, 0.0)
        return launch / MICROSECOND
    if resource == "on_chip":
        bandwidth = base.figure("bandwidth", base.dtype or "fp32") or 0.0
        return bandwidth / base.on_chip_bandwidth if base.on_chip_bandwidth else 0.0
    share = base.efficiency.get(word) or base.efficiency.get("default") or Efficiency()
    found = getattr(share, resource)
    return 1 / (share.bandwidth if found is None else found)


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
