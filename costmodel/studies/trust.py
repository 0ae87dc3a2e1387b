"""What sets a run apart from the measurements behind its profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from costmodel.core.formula import Result
from costmodel.core.policies import DEFAULTS
from costmodel.core.workload import Workload
from costmodel.hardware.evidence import Calibration
from costmodel.language import dtypes
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.weight_types import narrow_words

NOTICED = 0.02
"""A share of the total: kinds that take less of it are not worth a warning."""


def intensity(workload: Workload) -> float:
    """Return the operations per byte that rows read and write, wherever it lives [op/B].

    It is infinite where nothing is touched.
    """
    touched = float(workload.touched_bytes.sum())
    operations = float(workload.matrix_ops.sum() + workload.host_ops.sum())
    return operations / touched if touched else np.inf


def kinds(workload: Workload) -> dict[str, list[int]]:
    """The rows of each kind, by their first part; views take no time and are left out."""
    rows: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(workload.rows):
        if not row.view:
            rows[row.layer.kind].append(number)
    return rows


def doubts(run: Evaluated) -> list[str]:
    """What sets a run apart from the measurements behind a calibrated profile.

    Its interval may not hold.
    """
    known, chosen, profile = run.profile.calibration, run.policies, run.profile
    if known is None:
        return []
    pairs = (
        ("placement", chosen.placement, profile.placement),
        ("traffic", chosen.traffic, profile.traffic or DEFAULTS["traffic"]),
        ("timing", chosen.timing, profile.timing),
        ("convention", chosen.timed_convention, profile.convention),
        ("passes", ", ".join(run.pass_words) or "none", ", ".join(profile.passes) or "none"),
    )
    reasons = [
        f"{word} {used}: the profile was calibrated with {measured}"
        for word, used, measured in pairs
        if measured is not None and used != measured
    ]
    if chosen.dtype not in known.dtypes:
        reasons.append(f"dtype {chosen.dtype}: only {', '.join(known.dtypes)} was measured")
    fixed = narrow_words(run) - {dtypes.types(chosen.dtype).weights, *known.dtypes}
    measured_types = ", ".join(known.dtypes)
    reasons += [f"weights in {word}: only {measured_types} was measured" for word in sorted(fixed)]
    least, most = known.batch
    if not least <= run.samples <= most:
        measured = f"{least}" if least == most else f"{least} to {most}"
        reasons.append(f"batch {run.samples}: batches of {measured} were measured")
    return [*reasons, *_unlike(known, run.workload, run.result)]


def _unlike(known: Calibration, workload: Workload, result: Result) -> Iterator[str]:
    """Layer kinds and an intensity that no measured network had."""
    total = float(result.total_time)
    for word, rows in kinds(workload).items():
        share = float(result.total[rows].sum()) / total if total else 0.0
        if word not in known.kinds and share > NOTICED:
            yield f"{word}: {100 * share:.0f} % of the time is in a kind that was never measured"
    (low, high), here = known.intensity, intensity(workload)
    if not low <= here <= high:
        yield f"{here:.3g} operations per byte: networks of {low:.3g} to {high:.3g} were measured"
