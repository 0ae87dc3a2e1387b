"""What stands under the keys of a hardware profile that hold more than a figure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from costmodel.core.shares import Shares
from costmodel.errors import BadValue
from costmodel.language import units

LEAST = 1e-9
"""The least share of a peak: with less a time leaves the range of numbers."""


class Stated(BaseModel):
    """What a profile states: no other keys, and nothing that changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def in_units(dimension: str, *fields: str, zero: bool = False) -> Any:
    """Make the validator of fields that are written with a unit and held in SI units.

    Parameters
    ----------
    dimension : str
        What the unit must be of, e.g. "time".
    *fields : str
        The names of the fields.
    zero : bool
        True: nothing at all is a figure too.

    """

    def parsed(value: Any) -> float:
        return float(units.parse(value, dimension, zero=zero))

    return field_validator(*fields, mode="before")(parsed)


class Assumed(Stated):
    """A figure that nobody publishes: a value, and the reason for it, which reports print."""

    value: Any
    reason: str


class Usable(Stated):
    """How much of the on-chip memory that is published a network gets [B], and why."""

    value: float
    reason: str

    _bytes = in_units("memory", "value")


class Efficiency(Stated):
    """The shares of the peak arithmetic rate and of the peak bandwidth that a layer kind reaches.

    The bandwidth is that of maps, and of parameters too where nothing else is said: a library may
    reorder weights each time before it uses them. A routine may take a `launch` of its own for each
    row [s], `per_head` for each sample and head of keys and values that it reads [s], and
    `per_vector` for each vector that it takes a statistic of [s], and `per_input` for each element
    of its maps that it converts before it computes [s]. Where a timing model hides the shorter of
    a row's transfer and compute behind the longer, the share `exposed` of it is not hidden: a
    kernel fills and drains its pipeline.
    """

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

    _seconds = in_units("time", "launch", "per_head", "per_vector", "per_input", zero=True)

    @property
    def shares(self) -> Shares:
        """Its figures as plain numbers; parameters have the share of maps if none is stated."""
        return Shares(**{"parameters": self.bandwidth} | self.model_dump(exclude_none=True))


class Link(Stated):
    """What each device can send to the others [B/s], and how long a message takes at least [s]."""

    bandwidth: float
    latency: float = 0.0

    _rate = in_units("bandwidth", "bandwidth")
    _time = in_units("time", "latency", zero=True)


class Technology(Stated):
    """By which shipped tables energies that are not stated are looked up.

    `node` is a technology such as '22 nm', `dram` a kind of external memory such as 'LPDDR4'.
    """

    node: str = ""
    dram: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, stated: Any) -> Any:
        if not isinstance(stated, str | dict | Technology):
            remedy = "write 'technology: 22 nm' or '{node: 22 nm, dram: LPDDR4}'"
            raise BadValue(f"{stated!r} is no technology", remedy)
        return {"node": stated} if isinstance(stated, str) else stated

    @field_validator("node", "dram")
    @classmethod
    def _listed(cls, value: str, info: ValidationInfo) -> str:
        from costmodel.hardware.technology import check_dram, check_technology

        if value:
            {"node": check_technology, "dram": check_dram}[str(info.field_name)](value)
        return value


class Energy(Stated):
    """Energy [J] of a byte over the bus, of one on chip, of a multiply-add, and of an operation.

    Where a `mac` is stated, an `operation` is one that is no part of a multiply-add. What is
    `static` is a power [W] that is drawn all the time that a run takes. What is not stated costs
    nothing. `gated` multiply-adds, one of whose operands is zero, take no energy.
    """

    external_byte: float | None = None
    on_chip_byte: float | None = None
    mac: float | None = None
    operation: float | None = None
    static: float | None = None
    gated: Literal["zeros"] | None = None
    whole: bool = False
    """True: what is stated stands for all that the machine takes, as a board's power does."""
    basis: str = ""
    """What the figures rest on, in a sentence that reports print beside the energy."""

    _joules = in_units("energy", "external_byte", "on_chip_byte", "mac", "operation", zero=True)
    _watts = in_units("power", "static", zero=True)
