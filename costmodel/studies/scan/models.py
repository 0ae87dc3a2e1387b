"""Structural choices to a `Model`: a network on a profile, ready for any machine numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from costmodel.studies.run import Run
from costmodel.studies.scan.closed_form import surface, tabulated
from costmodel.studies.scan.overlapped import Overlapped, overlapped
from costmodel.studies.scan.space import Model
from costmodel.studies.scan.surface import General, Surface


def closed_form(run: Run) -> Surface | None:
    """The closed form of a run, where its placement and timing have one."""
    return surface(run.workload, *run.policies.models)


def overlapped_form(run: Run) -> Overlapped | None:
    """The closed form of rows that take the longer of two times, where they have one."""
    placement, timing, traffic = run.policies.models
    if not timing.overlaps:
        return None
    bare = replace(run.workload, rows=())
    return overlapped(bare, placement, timing, traffic, tabulated(bare, placement, traffic))


def model(run: Run, labels: dict[str, Any] | None = None) -> Model:
    """A run as something to be evaluated on any machine, by the closed form where there is one."""
    chosen, known = run.policies, run.profile.calibration
    bare = replace(run.workload, rows=())
    general = General(bare, *chosen.models)
    return Model(
        labels or {},
        closed_form(run) or overlapped_form(run) or general,
        run.machine,
        run.samples,
        int(run.workload.params.sum()),
        int(run.workload.macs.sum()),
        chosen.batch,
        f"{run.network.name} on {run.profile.name}",
        known.interval_90 if known else None,
    )
