"""What a calibrated profile says of its measurements and errors."""

from __future__ import annotations

from pydantic import field_validator

from costmodel.errors import BadValue
from costmodel.hardware.entries import Stated

Range = tuple[float, float]
"""The least and the greatest."""


class Errors(Stated):
    """Absolute relative errors of predicted times (fractions of the measured ones)."""

    mean: float
    median: float
    p90: float
    """The 90th percentile."""


class Calibration(Stated):
    """Where the fitted figures of a profile come from, and how wrong its predictions may be.

    `held_out` are the errors for networks whose whole family the fit had not seen; `interval_90`
    are the multiples of a predicted total between which 90 % of such networks lie. The rest is what
    was measured: predictions outside it are extrapolations, and say so.
    """

    base: str
    """The profile that the fit started from."""
    measurements: str
    count: int
    families: dict[str, int]
    """How many measurements each family has."""
    held_out: Errors
    uncalibrated: Errors
    """Errors of the base profile on the same measurements."""
    interval_90: Range
    dtypes: tuple[str, ...]
    batch: tuple[int, int]
    """The least and the greatest."""
    intensity: Range
    """The least and the greatest of operations per byte that rows read and write [op/B]."""
    kinds: tuple[str, ...]
    """The layer kinds among their rows."""
    networks: tuple[str, ...]

    @field_validator("interval_90")
    @classmethod
    def _around_one(cls, value: Range) -> Range:
        if not 0 < value[0] <= value[1]:
            raise BadValue(
                f"{list(value)} is no interval", "write two multiples of the total, e.g. [0.9, 1.2]"
            )
        return value
