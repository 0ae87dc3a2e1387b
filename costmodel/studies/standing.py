"""What stands behind a run's times: measurements, a datasheet, or a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from costmodel.core.quantities import MACHINE

if TYPE_CHECKING:
    from costmodel.studies.run import Run

OFF_BY = {
    "AMD DPUCZDX8G B4096": 0.069,
    "Google Coral Edge TPU": 0.089,
    "Google TPU v4": 0.12,
    "Intel i9-10940X": 0.785,
    "NVIDIA A100": 0.150,
    "NVIDIA GeForce RTX 3090": 0.175,
    "NVIDIA V100": 0.075,
}
"""Mean error of the shipped datasheet profiles on machines that were measured: docs/calibration.md
says on how many networks, and where the times come from.
"""


class Standing(NamedTuple):
    """How far a time can be trusted."""

    grade: str
    """`calibrated`, `datasheet` or `assumed`."""
    reasons: tuple[str, ...]

    @property
    def line(self) -> str:
        """Both in one line; why something is assumed stands with the assumption."""
        words = [one.partition(" (")[0] for one in self.reasons]
        shown = ", ".join(words) if self.grade == "assumed" else "; ".join(self.reasons)
        return f"{self.grade}: {shown}"

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {"grade": self.grade, "reasons": list(self.reasons)}


def standing(run: Run) -> Standing:
    """What is behind the times of a run.

    A guessed bandwidth or rate that the run uses makes it `assumed`, also where the rest is
    calibrated; a guessed launch or overhead alone does not.
    """
    profile, known = run.profile, run.profile.calibration
    guessed = _guessed(run)
    if guessed:
        return Standing("assumed", tuple(f"{word} ({why})" for word, why in guessed.items()))
    if known is not None:
        low, high = known.interval_90
        return Standing(
            "calibrated",
            (
                f"{known.count} measurements, 90 % of unseen families between {low:g} and "
                f"{high:g} of the time",
                *run.doubts,
            ),
        )
    if profile.measured:
        return Standing("calibrated", (profile.measured,))
    least, most = min(OFF_BY.values()), max(OFF_BY.values())
    return Standing(
        "datasheet",
        (
            f"nobody measured it; such figures were {100 * least:.0f} to {100 * most:.0f} % off in "
            f"the mean on {len(OFF_BY)} machines that were",
        ),
    )


def _guessed(run: Run) -> dict[str, str]:
    """The bandwidths, rates and shapes in use that are assumed, and why."""
    work = run.workload
    used = {
        "bandwidth": True,
        "matrix": bool(work.matrix_ops.any()),
        "host": bool(work.host_ops.any()),
        "engine": bool(work.matrix_ops.any()),
        "efficiency": True,
    }
    assumed = run.profile.assumptions(run.policies.dtype)
    words = [word for word in assumed if used.get(word, word.endswith("bandwidth"))]
    assert set(assumed) <= {*used, *MACHINE}
    return {word: assumed[word] for word in words}
