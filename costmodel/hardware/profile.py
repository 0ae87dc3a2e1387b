"""What a hardware profile may say, and in which units."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from costmodel import dtypes, policies, units
from costmodel.errors import BadValue
from costmodel.hardware.calibration import Calibration
from costmodel.layers.base import Engine

# Validators rather than Annotated types: those make pydantic import 9 ms of annotated_types.
QUANTITIES = {"bandwidth": "bandwidth", "write_bandwidth": "bandwidth", "on_chip_bandwidth": "bandwidth",
              "on_chip_memory": "memory"}  # fmt: skip
RATES = ("matrix", "host")
NEEDED = ("bandwidth", "on_chip_memory", *RATES)  # what the formula cannot do without
Rates = float | dict[str, float]  # one for every dtype, or one for each [op/s]


class Assumed(BaseModel):
    """A figure that nobody publishes: a value, and the reason for it, which reports print."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Any
    reason: str


class Efficiency(BaseModel):
    """The shares of the peak arithmetic rate and of the peak bandwidth that a layer kind reaches.

    `parameters` is the share for them alone: a library may reorder weights each time before it uses them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    compute: float = 1.0
    bandwidth: float = 1.0  # for maps, and for parameters too where nothing else is said
    parameters: float | None = None

    @field_validator("compute", "bandwidth", "parameters")
    @classmethod
    def _share(cls, value: float | None) -> float | None:
        if value is not None and not 0 < value <= 1:
            raise BadValue(f"{value:g} is no share of a peak", "write a number above 0, up to 1")
        return value


class Energy(BaseModel):
    """Energy [J] of a byte over the bus, of a byte on chip, and of an operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_byte: float = 0.0
    on_chip_byte: float = 0.0
    operation: float = 0.0

    @field_validator("external_byte", "on_chip_byte", "operation", mode="before")
    @classmethod
    def _joules(cls, value: Any) -> float:
        return float(units.parse(value, "energy", zero=True))


class HardwareProfile(BaseModel):
    """One machine: a memory bus, an on-chip memory, a matrix engine and a host.

    Quantities are written with their unit and held in SI units: bandwidth [B/s] of the external memory
    (reads, and writes too unless write_bandwidth says otherwise), on_chip_memory [B], on_chip_bandwidth [B/s]
    (none: on-chip maps cost no time), matrix and host rates [op/s] (one multiply-add is two), for every dtype
    or for each that is published. `efficiency` by layer kind or routine ('default' for the others), `launch` [s] once per
    row, or once for each engine that runs it; `energy` [J]. `engines` moves layer kinds to the other engine; policies are defaults for this machine,
    `passes` the rewrites that its software makes. `calibration` says what fitted figures rest on.
    What is not published is left out, or stands under `assumed`. Model: H. Jansma, HairNet, 2020, section 5.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    description: str = ""
    bandwidth: float | None = None
    write_bandwidth: float | None = None
    on_chip_memory: float | None = None
    on_chip_bandwidth: float | None = None
    matrix: Rates | None = None
    host: Rates | None = None
    assumed: dict[str, Assumed] = {}
    efficiency: dict[str, Efficiency] = {}
    launch: float | dict[Engine, float] = 0.0
    energy: Energy | None = None
    engines: dict[str, Engine] = {}
    convention: str | None = None
    placement: str | None = None
    timing: str | None = None
    dtype: str | None = None
    passes: tuple[str, ...] = ()
    calibration: Calibration | None = None

    @field_validator(*QUANTITIES, mode="before")
    @classmethod
    def _quantity(cls, value: Any, info: ValidationInfo) -> float:
        return float(units.parse(value, QUANTITIES[str(info.field_name)]))

    @field_validator("launch", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                engine: float(units.parse(time, "time", zero=True))
                for engine, time in value.items()
            }
        return float(units.parse(value, "time", zero=True))

    @field_validator(*RATES, mode="before")
    @classmethod
    def _rate(cls, value: Any) -> Rates:
        if not isinstance(value, dict):
            return float(units.parse(value, "rate"))
        for word in value:
            dtypes.bits(word)
        return {word: float(units.parse(rate, "rate")) for word, rate in value.items()}

    @field_validator("assumed", mode="after")
    @classmethod
    def _assumption(cls, value: dict[str, Assumed]) -> dict[str, Assumed]:
        for word in value:
            if word not in NEEDED:
                raise BadValue(f"'{word}' cannot be assumed", f"one of {', '.join(NEEDED)}")
        return {
            word: Assumed(value=_parsed(word, item.value), reason=item.reason)
            for word, item in value.items()
        }

    @field_validator("efficiency", mode="before")
    @classmethod
    def _efficiency(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            kind: share if isinstance(share, dict | Efficiency) else {"compute": share}
            for kind, share in value.items()
        }

    @field_validator(*policies.DEFAULTS)
    @classmethod
    def _known_policy(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            policies.check(str(info.field_name), value)
        return value

    @field_validator("passes")
    @classmethod
    def _known_passes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            policies.check("pass", word)
        return value

    @property
    def choices(self) -> dict[str, str]:
        """The conventions and models this profile asks for."""
        words = {key: getattr(self, key) for key in policies.DEFAULTS}
        return {key: word for key, word in words.items() if word is not None}

    def figure(self, word: str, dtype: str) -> float | None:
        """One of NEEDED for elements of `dtype` in SI units: as published, else as assumed, else None."""
        for value in (
            getattr(self, word),
            self.assumed[word].value if word in self.assumed else None,
        ):
            found = value.get(dtype) if isinstance(value, dict) else value
            if found is not None:
                return float(found)
        return None

    def assumptions(self, dtype: str) -> dict[str, str]:
        """The figures in use that are assumed, and why."""
        return {word: item.reason for word, item in self.assumed.items()
                if (item.value.get(dtype) if isinstance(item.value, dict) else item.value) is not None
                and self.model_copy(update={"assumed": {}}).figure(word, dtype) is None}  # fmt: skip


def _parsed(word: str, value: Any) -> Any:
    """An assumed value in SI units, by the rules of the figure it stands for."""
    for dtype in value if isinstance(value, dict) else ():
        dtypes.bits(dtype)
    if word in QUANTITIES:
        return float(units.parse(value, QUANTITIES[word]))
    return {w: float(units.parse(v, "rate")) for w, v in value.items()} if isinstance(value, dict) else float(units.parse(value, "rate"))  # fmt: skip
