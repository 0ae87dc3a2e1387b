"""How far a prediction may be off: the interval of a calibrated profile, and what it was not calibrated for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from costmodel.hardware.calibration import Calibration
from costmodel.hardware.profile import HardwareProfile
from costmodel.policies import Policies
from costmodel.simulate import Result
from costmodel.workload import Workload

NOTICED = 0.02  # of the total: kinds that take less of it are not worth a warning


def interval(profile: HardwareProfile, total: float) -> tuple[float, float] | None:
    """The 90 % interval [s] around a `total` [s]; None for a profile that is not calibrated."""
    if profile.calibration is None:
        return None
    low, high = profile.calibration.interval_90
    return low * total, high * total


def intensity(workload: Workload) -> float:
    """Operations per byte that rows read and write, wherever it lives [op/B]; infinite where nothing is touched."""
    touched = float(workload.touched_bytes.sum())
    return (
        float(workload.matrix_ops.sum() + workload.host_ops.sum()) / touched if touched else np.inf
    )


def kinds(workload: Workload) -> dict[str, list[int]]:
    """The rows of each kind, by their first part; views take no time and are left out."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(workload.rows):
        if not row.view:
            found.setdefault(row.parts[0].layer.kind, []).append(number)
    return found


def doubts(profile: HardwareProfile, policies: Policies, passes: Sequence[str], workload: Workload,
           result: Result) -> list[str]:  # fmt: skip
    """What sets this run apart from the measurements behind a calibrated profile: its interval may not hold."""
    known = profile.calibration
    if known is None:
        return []
    found = [
        f"{word} {chosen}: the profile was calibrated with {measured}"
        for word, chosen, measured in (
            ("placement", policies.placement, profile.placement),
            ("timing", policies.timing, profile.timing),
            ("convention", policies.timed_convention, profile.convention),
            ("passes", ", ".join(passes) or "none", ", ".join(profile.passes) or "none"),
        )
        if measured is not None and chosen != measured
    ]
    if policies.dtype not in known.dtypes:
        found.append(f"dtype {policies.dtype}: only {', '.join(known.dtypes)} was measured")
    least, most = known.batch
    if not least <= policies.batch <= most:
        measured = f"{least}" if least == most else f"{least} to {most}"
        found.append(f"batch {policies.batch}: batches of {measured} were measured")
    return [*found, *_unlike(known, workload, result)]


def _unlike(known: Calibration, workload: Workload, result: Result) -> list[str]:
    """Layer kinds and an intensity that no measured network had."""
    total, found = float(result.total_time), []
    for word, rows in kinds(workload).items():
        share = float(result.total[rows].sum()) / total if total else 0.0
        if word not in known.kinds and share > NOTICED:
            found.append(f"{word}: {100 * share:.0f} % of the time is in a kind that was never measured")  # fmt: skip
    low, high = known.intensity
    here = intensity(workload)
    if not low <= here <= high:
        found.append(f"{here:.3g} operations per byte: networks of {low:.3g} to {high:.3g} were measured")  # fmt: skip
    return found
