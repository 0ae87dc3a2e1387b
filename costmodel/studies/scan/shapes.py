"""Variants whose engines differ in size alone: a network is built and counted once for them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from costmodel.core.counting import Counting
from costmodel.core.quantities import MACHINE
from costmodel.core.reshaping import Reshaping
from costmodel.errors import BadValue
from costmodel.hardware.area import area_told, chip_area
from costmodel.hardware.numbers import ENGINE, peak_factor, rate_told, with_engine, with_number
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.run import Run
from costmodel.studies.scan.request import ScanRequest
from costmodel.studies.scan.space.axes import of_engine
from costmodel.studies.scan.space.variant import Variant, form_of
from costmodel.studies.simulation import counting_for

MATRIX = MACHINE["matrix"]
PREFIX = f"hw.{ENGINE}"
UNREAD = {"hw.per_sequence"}
"""Numbers of profiles that no figure of a scan depends on."""


def resized(
    request: ScanRequest, profile: HardwareProfile, sizes: Mapping[str, Any]
) -> HardwareProfile:
    """A profile with sizes of its engine, by the words of their axes.

    Raises InputError, at the axis whose value is wrong.
    """
    try:
        return with_engine(profile, {word.removeprefix(PREFIX): v for word, v in sizes.items()})
    except BadValue as error:
        for word, value in sizes.items():
            with request.placed(f"axes {word}"):
                with_number(profile, word[3:], value)
        # each alone is right
        raise error.at(request.place(f"axes {next(iter(sizes))}")) from None


class Shapes:
    """A run, and what it is on engines of other sizes."""

    def __init__(self, request: ScanRequest, labels: Mapping[str, Any]) -> None:
        self.request, self.run = request, request.run(labels)
        self.variant = Variant.of(self.run)
        counting = self._counting(self.run.profile)
        self.array = counting.traits.array
        self.reshaping = Reshaping(self.run.workload, counting, self.run.samples)

    def variant_of(self, labels: dict[str, Any]) -> Variant:
        """The variant of a design point whose structural axes have these values.

        Those of the engine alone differ from the run's. Raises InputError where one of them is none
        of the engine's sizes.
        """
        sizes = {word: value for word, value in labels.items() if of_engine(word)}
        profile = resized(self.request, self.run.profile, sizes)
        counting = self._counting(profile)
        factor = peak_factor(self.array, counting.traits.array)
        return replace(
            self.variant,
            labels=labels,
            form=form_of(self.reshaping.workload_on(counting), self.run.policies),
            machine=self.run.machine.scaled(MATRIX, factor),
            area=chip_area(profile),
        )

    def _counting(self, profile: HardwareProfile) -> Counting:
        """How the run is counted on a machine."""
        given, bounded = self.request.given, self.request.bounded
        return counting_for(profile, self.run.policies, given=given, bounded=bounded)


def said(variant: Variant, run: Run) -> Variant:
    """A variant with what is to be said of numbers of the profile that are axes."""
    told = dict[str, str]()
    if any(map(of_engine, variant.labels)) and (follows := rate_told(run.profile)):
        # marks of an engine's rate are not told where it is an axis itself
        told["matrix"] = "\n".join(filter(None, [variant.marks.get("matrix"), follows]))
    for word in UNREAD & variant.labels.keys():
        told[word] = f"no figure of a scan depends on {word}: costmodel generate reads it"
    if variant.area is not None:
        told["area"] = area_told(run.profile)
    return replace(variant, marks={**variant.marks, **told})
