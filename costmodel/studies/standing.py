"""What stands behind a run's times: measurements, a datasheet, or a guess."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from costmodel.core.quantities import MACHINE
from costmodel.studies import trust
from costmodel.studies.evaluated import Evaluated
from costmodel.studies.weight_types import narrow_words

DATASHEETS = Path(__file__).parent / "datasheets.csv"
"""What shipped datasheet profiles were off by, in the mean, on machines that were measured; tests
write it from the measurements, and the same table in docs/calibration.md.
"""


class Standing(NamedTuple):
    """How far a time can be trusted."""

    grade: str
    """`calibrated`, `datasheet` or `assumed`."""
    reasons: tuple[str, ...]
    marks: tuple[str, ...] = ()
    """The engines that compute in a wider type than was asked for."""

    @property
    def line(self) -> str:
        """All in one line."""
        return "; ".join([self.graded, *self.marks])

    @property
    def graded(self) -> str:
        """The grade and its reasons; why something is assumed stands with the assumption."""
        words = [one.partition(" (")[0] for one in self.reasons]
        shown = ", ".join(words) if self.grade == "assumed" else "; ".join(self.reasons)
        return f"{self.grade}: {shown}"

    def record(self) -> dict[str, Any]:
        """All under the names of the JSON report."""
        return {"grade": self.grade, "reasons": [*self.reasons, *self.marks]}


def standing(run: Evaluated) -> Standing:
    """What is behind the times of a run.

    A guessed bandwidth or rate that the run uses makes it `assumed`, unless shares of it were
    fitted to networks; a guessed launch or overhead alone does not. Kernels that were measured say
    nothing of weights in a type that none of them had. An engine that computes in a wider type than
    was asked for is told beside each grade.
    """
    grade, reasons = _graded(run)
    return Standing(grade, reasons, tuple(run.marks.values()))


def _graded(run: Evaluated) -> tuple[str, tuple[str, ...]]:
    """The grade of a run's times, and the reasons for it."""
    profile, known = run.profile, run.profile.calibration
    if known is not None:
        low, high = known.interval_90
        fitted = (
            f"{known.count} measurements, 90 % of unseen families between {low:g} and {high:g} "
            "of the time"
        )
        return "calibrated", (fitted, *trust.doubts(run))
    guessed = _guessed(run) | _unmeasured_weights(run)
    if guessed:
        return "assumed", tuple(f"{word} ({why})" for word, why in guessed.items())
    if profile.measured:
        return "calibrated", (profile.measured,)
    return "datasheet", (_unmeasured(),)


def _unmeasured_weights(run: Evaluated) -> dict[str, str]:
    """Types of weights that no kernel behind a profile had, where others had theirs."""
    if not run.profile.measured:
        return {}
    measured = {word.partition(".")[2] for word in run.profile.efficiency}
    why = "no kernel with such weights was measured; those with wider ones stand for them"
    words = sorted(narrow_words(run) - measured)
    return {f"efficiency of {word} weights": why for word in words}


@cache
def _unmeasured() -> str:
    """What is known of datasheets in general."""
    with DATASHEETS.open(newline="") as stream:
        errors = [float(row["mean_error"]) for row in csv.DictReader(stream)]
    return (
        f"nobody measured it; such figures were {100 * min(errors):.0f} to "
        f"{100 * max(errors):.0f} % off in the mean on {len(errors)} machines that were"
    )


def _guessed(run: Evaluated) -> dict[str, str]:
    """The bandwidths, rates and shapes in use that are assumed, and why."""
    matrix, host = (bool(ops.any()) for ops in (run.workload.matrix_ops, run.workload.host_ops))
    used = {"bandwidth": True, "matrix": matrix, "host": host, "engine": matrix, "efficiency": True}
    assumed = run.profile.assumptions(run.policies.dtype)
    assert all(word in used or word in MACHINE for word in assumed)
    return {
        word: why for word, why in assumed.items() if used.get(word, word.endswith("bandwidth"))
    }
