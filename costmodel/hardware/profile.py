"""What a hardware profile may say, and in which units."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, create_model, field_validator, model_validator

from costmodel.core import policies
from costmodel.core.layer import Engine
from costmodel.core.machine import Machine
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.core.traits import Traits
from costmodel.errors import BadValue, InputError, Place, Problem
from costmodel.hardware.area import Area
from costmodel.hardware.entries import (
    Assumed,
    Efficiency,
    Energy,
    Link,
    Stated,
    Technology,
    Usable,
    in_units,
)
from costmodel.hardware.evidence import Calibration
from costmodel.hardware.figures import (
    ASSUMABLE,
    CHECKS,
    NEEDED,
    absent,
    assumed_value,
    engine_of,
    machine_fields,
    parsed,
    shares_of,
)
from costmodel.hardware.levels import Level, check_levels, level_figures, short_form
from costmodel.hardware.technology.fills import filled_levels, fills_of
from costmodel.language import dtypes, units

OWN = tuple(word for word in MACHINE if "." not in word)
"""The figures that stand at the top of a profile."""


def _type(quantity: MachineQuantity) -> Any:
    """Give the type of a figure in a profile, which may say nothing of it."""
    if quantity.by_dtype:
        return float | dict[str, float] | None
    if quantity.by_engine:
        return float | dict[Engine, float] | None
    return float | None


# Validators rather than Annotated types: those make pydantic import 9 ms of annotated_types.
if TYPE_CHECKING:
    from costmodel.core.engine import EngineModel
    from costmodel.core.tiling.rows import Tiling

    class Figures(Stated):
        """Every quantity of a machine, by its word."""

        def __getattr__(self, word: str) -> Any: ...
else:
    fields = {word: (_type(MACHINE[word]), None) for word in OWN}
    Figures = create_model("Figures", __base__=Stated, **fields)


class HardwareProfile(Figures):
    """One machine: a memory bus, an on-chip memory, a matrix engine and a host.

    The figures of `costmodel.core.quantities` are written with their units and held in SI units;
    one multiply-add is two operations, and rates are for every dtype or for each published one.
    Writes take the bandwidth, and maps on chip no time, unless one of their own is stated.
    `efficiency` is by layer kind or routine, `launch` once per row, or for each engine that runs
    it, `overhead` once per run; `energy` in joules, else by `technology` from shipped tables.
    `engines` moves layer kinds to the other engine; policies are defaults for this machine,
    `passes` its software's rewrites. A network gets the `usable` part of the on-chip memory.
    Partial sums are held in the type of the `accumulator`; with double `buffering` tiles are filled
    while others are in use. `capacity` is that of the external memory, `link` leads to further
    devices of the kind. `per_sequence` is a server's time for each sequence. `calibration` says
    what fitted figures rest on, `measured` where kernels were. `levels` stand for bandwidth and
    memory. `area` is the chip's. What is not published is left out, or under `assumed`.
    """

    name: str
    source: str
    description: str = ""
    assumed: dict[str, Assumed] = Field(default_factory=dict)
    efficiency: dict[str, Efficiency] = Field(default_factory=dict)
    energy: Energy | None = None
    technology: Technology | None = None
    engines: dict[str, Engine] = Field(default_factory=dict)
    convention: str | None = None
    placement: str | None = None
    traffic: str | None = None
    timing: str | None = None
    dtype: str | None = None
    passes: tuple[str, ...] = ()
    usable: Usable | None = None
    engine: dict[str, Any] | None = None
    accumulator: str | None = None
    buffering: Literal["single", "double"] = "single"
    calibration: Calibration | None = None
    measured: str = ""
    link: Link | None = None
    further: dict[str, float] = Field(default_factory=dict)
    per_sequence: float = 0.0
    area: Area | None = None
    levels: tuple[Level, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _further(cls, stated: Any) -> Any:
        """Figures that other packages declare go beside this project's own."""
        if not isinstance(stated, dict):
            return stated
        unknown = [w for w in stated if w not in cls.model_fields and w in MACHINE and "." not in w]
        further = {word: parsed(MACHINE[word], stated[word]) for word in unknown}
        kept = {word: value for word, value in stated.items() if word not in further}
        return kept | ({"further": further} if further else {})

    @field_validator(*OWN, mode="before", check_fields=False)
    @classmethod
    def _figure(cls, value: Any, info: ValidationInfo) -> Any:
        return None if value is None else parsed(MACHINE[str(info.field_name)], value)

    @field_validator("assumed", mode="after")
    @classmethod
    def _assumption(cls, value: dict[str, Assumed]) -> dict[str, Assumed]:
        for word in value:
            if word not in ASSUMABLE:
                known = ", ".join(ASSUMABLE)
                raise BadValue(f"'{word}' cannot be assumed", f"one of {known}")
        return {
            word: Assumed(value=assumed_value(word, item.value), reason=item.reason)
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

    @field_validator(*CHECKS)
    @classmethod
    def _known(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:
            CHECKS[str(info.field_name)](value)
        return value

    @field_validator("levels")
    @classmethod
    def _ordered(cls, value: tuple[Level, ...], info: ValidationInfo) -> tuple[Level, ...]:
        check_levels(value, info.data)
        return value

    @field_validator("usable")
    @classmethod
    def _within(cls, value: Usable | None, info: ValidationInfo) -> Usable | None:
        nominal = info.data.get("on_chip_memory")
        if value is not None and nominal is not None and value.value > nominal:
            raise BadValue(
                f"{units.show(value.value, 'memory')} of {units.show(nominal, 'memory')} on chip",
                "state at most the memory that is there",
            )
        return value

    _scheduling = in_units("time", "per_sequence", zero=True)

    @property
    def choices(self) -> dict[str, str]:
        """The conventions and models this profile asks for."""
        words = {key: getattr(self, key) for key in policies.DEFAULTS}
        return {key: word for key, word in words.items() if word is not None}

    @property
    def traits(self) -> Traits:
        """What it says of layer kinds, as plain numbers."""
        return self.traits_for("")

    def traits_for(self, weights: str) -> Traits:
        """The traits for parameters of type `weights`, for which routines may have shares apart."""
        assumed = self.assumed.get("efficiency")
        stated = self.efficiency if assumed is None else shares_of(assumed.value) | self.efficiency
        mine = {
            w.partition(".")[0]: share for w, share in stated.items() if w.endswith(f".{weights}")
        }
        shares = {word: share.shares for word, share in (stated | mine).items()}
        return Traits(self.engines, shares, self.array)

    @property
    def array(self) -> EngineModel | None:
        """The shape of its matrix engine, where it states one."""
        assumed = self.assumed.get("engine")
        stated = self.engine if self.engine or assumed is None else assumed.value
        return None if stated is None else engine_of(stated)

    def interval(self, total: Any) -> tuple[Any, Any] | None:
        """The 90 % interval [s] around a `total` [s]; None for a profile that is not calibrated."""
        if self.calibration is None:
            return None
        low, high = self.calibration.interval_90
        return low * total, high * total

    def tiling(self, dtype: str) -> Tiling:
        """How it holds tiles of `dtype`: partial sums in 32 bits unless it says otherwise."""
        from costmodel.core.tiling.rows import Tiling

        word = self.accumulator or ("int32" if dtypes.whole(dtype) else "fp32")
        return Tiling(dtypes.bits(word), self.buffering == "double")

    def figure(self, word: str, dtype: str) -> Any:
        """A figure for elements of `dtype` [SI]: as published, else as assumed, else None.

        Launch costs may come as one for each engine.
        """
        values = self._values(word)
        if MACHINE[word].by_dtype:
            own = dtypes.types(dtype).maps
            values = [value.get(own) if isinstance(value, dict) else value for value in values]
        return next((value for value in values if value is not None), None)

    def computed_in(self, word: str, dtype: str) -> str | None:
        """The type in which elements of `dtype` are computed at the rate `word`.

        Where there is no rate for them it is the next wider type that has one; None: none has.
        """
        rates = self._values(word)
        if not MACHINE[word].by_dtype or any(not isinstance(rate, dict) for rate in rates):
            return dtypes.types(dtype).maps
        return dtypes.computed_in(dtype, [kind for rate in rates for kind in rate])

    def widened(self, dtype: str) -> dict[str, str]:
        """The rates of a wider type that stand in for those of `dtype`, and what reports say."""
        own = dtypes.types(dtype).maps
        kinds = {
            word: self.computed_in(word, dtype) for word, one in MACHINE.items() if one.by_dtype
        }
        return {
            word: f"{word} computes {own} in {kind}: the profile states no {own} rate"
            for word, kind in kinds.items()
            if kind not in (None, own)
        }

    def _values(self, word: str) -> list[Any]:
        """A figure as published and as assumed [SI], as far as it is."""
        assumed = self.assumed[word].value if word in self.assumed else None
        return [value for value in (self._stated(word), assumed) if value is not None]

    def _stated(self, word: str) -> Any:
        """A figure as it is published [SI]; None where it is not."""
        if word in (short := short_form(self.levels)):
            return short[word]
        group, _, name = word.rpartition(".")
        owner = getattr(self, group) if group else self
        return getattr(owner, name, None) if group or word in OWN else self.further.get(word)

    def assumptions(self, dtype: str) -> dict[str, str]:
        """The figures in use that are assumed, and why."""
        published = self.model_copy(update={"assumed": {}})
        whole = ("engine", "efficiency")
        parts = {w: self.assumed[w].reason for w in whole if w in self.assumed}
        if self.engine is not None:
            parts.pop("engine", None)
        kinds = {w: self.computed_in(w, dtype) for w in self.assumed if w not in whole}
        parts |= fills_of(self, dtype).reasons
        return parts | {
            word: self.assumed[word].reason
            for word, kind in kinds.items()
            if kind is not None
            and self.figure(word, kind) is not None
            and published.figure(word, kind) is None
        }

    def machine(self, dtype: str, needed: Collection[str] = NEEDED, file: str = "") -> Machine:
        """The machine for elements of `dtype`; what is not `needed` and not stated is infinite.

        An engine without a rate for them has that of the next wider type (`computed_in`). Raises
        InputError, at `file`, naming every figure that is needed and neither published nor assumed.
        """
        figures = {w: self.figure(w, self.computed_in(w, dtype) or dtype) for w in MACHINE}
        filled = fills_of(self, dtype, file).figures
        figures |= {word: one.value for word, one in filled.items() if word in figures}
        missing = [word for word in needed if figures[word] is None]
        if missing:
            place = Place(file or self.name)
            raise InputError([Problem(place, *absent(w, dtype, self._values(w))) for w in missing])
        if self.usable is not None:
            figures["on_chip_memory"] = self.usable.value
        attributes = level_figures(filled_levels(self, dtype))
        for word, value in figures.items():
            attributes |= machine_fields(MACHINE[word], value)
        return Machine(**attributes)
