"""What a calibrated profile says of its measurements and of its errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from costmodel.errors import BadValue

Range = tuple[float, float]
"""Least and greatest."""


class Errors(BaseModel):
    """Absolute relative errors of predicted times (fractions of the measured ones)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    median: float
    p90: float
    """90th percentile."""


class Calibration(BaseModel):
    """Where the fitted figures of a profile come from, and how wrong its predictions may be.

    `held_out` are the errors for networks whose whole family the fit had not seen; `interval_90`
    are the multiples of a predicted total between which 90 % of such networks lie. The rest is what
    was measured: predictions outside it are extrapolations, and say so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    """The profile that the fit started from."""
    measurements: str
    count: int
    families: dict[str, int]
    """Measurements of each."""
    held_out: Errors
    uncalibrated: Errors
    """Of the base profile on the same measurements."""
    interval_90: Range
    dtypes: tuple[str, ...]
    batch: tuple[int, int]
    """Least and greatest."""
    intensity: Range
    """Operations per byte that the rows of a network read and write [op/B]."""
    kinds: tuple[str, ...]
    """Layer kinds."""
    networks: tuple[str, ...]

    @field_validator("interval_90")
    @classmethod
    def _around_one(cls, value: Range) -> Range:
        if not 0 < value[0] <= value[1]:
            raise BadValue(
                f"{list(value)} is no interval", "write two multiples of the total, e.g. [0.9, 1.2]"
            )
        return value
