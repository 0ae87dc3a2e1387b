"""What stands under the keys of a hardware profile that hold more than a figure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from costmodel.core.shares import Shares
from costmodel.errors import BadValue
from costmodel.language import units

LEAST = 1e-9
"""Of a share: with less a time leaves the range of numbers."""


class Assumed(BaseModel):
    """A figure that nobody publishes: a value, and the reason for it, which reports print."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Any
    reason: str


class Usable(BaseModel):
    """How much of the on-chip memory that is published a network gets [B], and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    reason: str

    @field_validator("value", mode="before")
    @classmethod
    def _bytes(cls, value: Any) -> float:
        return float(units.parse(value, "memory"))


class Efficiency(BaseModel):
    """The shares of the peak arithmetic rate and of the peak bandwidth that a layer kind reaches.

    The bandwidth is that of maps, and of parameters too where nothing else is said: a library may
    reorder weights each time before it uses them. A routine may take a `launch` of its own for each
    row [s], `per_head` for each sample and head of keys and values that it reads [s], and
    `per_vector` for each vector that it takes a statistic of [s], and `per_input` for each element
    of its maps that it converts before it computes [s]. Where a timing model hides the shorter of
    a row's transfer and compute behind the longer, the share `exposed` of it is not hidden: a
    kernel fills and drains its pipeline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    compute: float = 1.0
    bandwidth: float = 1.0
    parameters: float | None = None
    launch: float = 0.0
    per_head: float = 0.0
    per_vector: float = 0.0
    per_input: float = 0.0
    exposed: float = 0.0

    @field_validator("compute", "bandwidth", "parameters")
    @classmethod
    def _share(cls, value: float | None) -> float | None:
        if value is not None and not LEAST <= value <= 1:
            raise BadValue(
                f"{value:g} is no share of a peak", f"write a number from {LEAST:g} up to 1"
            )
        return value

    @field_validator("exposed")
    @classmethod
    def _part(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise BadValue(f"{value:g} is no part of a time", "write a number from 0 to 1")
        return value

    @field_validator("launch", "per_head", "per_vector", "per_input", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> float:
        return float(units.parse(value, "time", zero=True))

    @property
    def shares(self) -> Shares:
        """The same as plain numbers."""
        held = self.bandwidth if self.parameters is None else self.parameters
        return Shares(
            self.compute,
            self.bandwidth,
            held,
            self.launch,
            self.per_head,
            self.per_vector,
            self.per_input,
            self.exposed,
        )


class Link(BaseModel):
    """What each device can send to the others [B/s], and how long a message takes at least [s]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bandwidth: float
    latency: float = 0.0

    @field_validator("bandwidth", mode="before")
    @classmethod
    def _rate(cls, value: Any) -> float:
        return float(units.parse(value, "bandwidth"))

    @field_validator("latency", mode="before")
    @classmethod
    def _time(cls, value: Any) -> float:
        return float(units.parse(value, "time", zero=True))


class Energy(BaseModel):
    """Energy [J] of a byte over the bus, of a byte on chip, and of an operation; static power [W].

    What is `static` is drawn all the time that a run takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_byte: float = 0.0
    on_chip_byte: float = 0.0
    operation: float = 0.0
    static: float = 0.0

    @field_validator("static", mode="before")
    @classmethod
    def _watts(cls, value: Any) -> float:
        return float(units.parse(value, "power", zero=True))

    @field_validator("external_byte", "on_chip_byte", "operation", mode="before")
    @classmethod
    def _joules(cls, value: Any) -> float:
        return float(units.parse(value, "energy", zero=True))
