"""Any number of a profile by its path, such as `engine.rows` or `efficiency.dense.compute`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from costmodel.core.engine import EngineModel
from costmodel.core.quantities import MACHINE
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware.figures import check_share, shares_of
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import units

ENGINE = "engine."
CLOSED = ("assumed", "calibration", "levels")
"""What is no number of the machine itself, or has axes of its own."""
Owner = TypeVar("Owner", bound=BaseModel)


class ProfileNumber(NamedTuple):
    """Where a number stands in a profile, and of what its unit is."""

    top: str
    key: str
    """Which entry of a mapping; empty where the top is none."""
    name: str
    """The field of the entry; empty: the number stands at the top of the profile."""
    dimension: str | None
    """None: a plain number."""


def profile_number(word: str) -> ProfileNumber:
    """Find a number of profiles that is no figure of `MACHINE`.

    Parameters
    ----------
    word : str
        Its path: `engine.NAME`, `efficiency.KIND.NAME`, `usable` or `per_sequence`.

    Returns
    -------
    ProfileNumber
        Where it stands. Whether a machine states it, and an engine has it, is said by
        `with_number`.

    Raises
    ------
    BadValue
        For a word that is none, with the nearest one.

    Examples
    --------
    >>> profile_number("efficiency.dense.launch")
    ProfileNumber(top='efficiency', key='dense', name='launch', dimension='time')

    """
    if word.startswith(ENGINE) and word != ENGINE:
        return ProfileNumber("engine", "", word.removeprefix(ENGINE), None)
    top, _, rest = word.partition(".")
    kind = _entry(top)
    if top in _numbers(HardwareProfile) and not rest:
        return ProfileNumber(top, "", "", _numbers(HardwareProfile)[top])
    names = {} if kind is None else _numbers(kind)
    key, _, name = rest.rpartition(".") if _is_mapping(top) else ("", "", rest)
    if name not in names and names and (rest or not _is_mapping(top)):
        key, name = (
            (rest, next(iter(names))) if _is_mapping(top) else ("", rest or next(iter(names)))
        )
    if name not in names:
        raise BadValue(f"unknown number '{word}' of a profile", did_you_mean(word, known()))
    if top == "efficiency":
        check_share(key)
    return ProfileNumber(top, key, name, names[name])


def known() -> list[str]:
    """Words of numbers, for messages; NAME and KIND stand for those that a profile has."""
    own = [*_numbers(HardwareProfile)]
    for top in HardwareProfile.model_fields:
        if (kind := _entry(top)) is not None:
            between = ".KIND." if _is_mapping(top) else "."
            own += [f"{top}{between}{name}" for name in _numbers(kind)]
    return ["engine.NAME", *own]


def with_number(profile: HardwareProfile, word: str, value: Any) -> HardwareProfile:
    """Give a profile with another value of one number, checked as a profile's own are.

    Parameters
    ----------
    profile : HardwareProfile
        A machine that states the number, whatever it is.
    word : str
        Its path, as `profile_number` takes it.
    value : float, int or str
        In SI units.

    Returns
    -------
    HardwareProfile
        With another size of an engine its peak rate is another too, where that is what the engine's
        multipliers make in every cycle.

    Raises
    ------
    BadValue
        For a number that the profile does not state, or a value that its validators refuse.

    """
    number = profile_number(word)
    if number.dimension is not None:
        value = f"{value!r} {units.SI_UNITS[number.dimension]}"
    if number.top == "engine":
        return with_engine(profile, {number.name: value})
    if not number.name:
        return _with(profile, number.top, value)
    entry = getattr(profile, number.top)
    if number.top == "efficiency":
        assumed = profile.assumed.get("efficiency")
        entry = (shares_of(assumed.value) if assumed else {}) | entry
    stated = entry.get(number.key) if isinstance(entry, dict) else entry
    if stated is None:
        of = f" of '{number.key}'" if number.key else ""
        has = f"it has {', '.join(entry)}" if isinstance(entry, dict) and entry else "add it"
        raise BadValue(f"'{profile.name}' states no '{number.top}'{of}", has)
    changed = _with(stated, number.name, value)
    whole = {**profile.efficiency, number.key: changed} if number.key else changed
    return _with(profile, number.top, whole)


def peak_factor(before: EngineModel | None, after: EngineModel | None) -> float:
    """How many times as fast an engine is at its peak with the array that it has `after`wards [1].

    In proportion to the multipliers, unless the sizes of either are those of kernels.
    """
    if before is None or after is None or not (before.sets_peak and after.sets_peak):
        return 1.0
    return after.multipliers / before.multipliers


def rate_told(profile: HardwareProfile) -> str:
    """What is said where sizes of a profile's engine are varied; empty where its rate stays."""
    array = profile.array
    if array is None or not array.sets_peak:
        return ""
    return f"{profile.name}: the matrix rate follows the number of the engine's multipliers"


def with_engine(profile: HardwareProfile, sizes: Mapping[str, Any]) -> HardwareProfile:
    """Give a profile with other `sizes` of its engine, and the peak rate that goes with them.

    Raises BadValue for a profile without an engine, and for sizes that its engine has not.
    """
    assumed = profile.assumed.get("engine")
    stated = profile.engine or (assumed.value if assumed else None)
    before = profile.array
    if stated is None or before is None:
        raise BadValue(
            f"'{profile.name}' states no engine with sizes",
            "add e.g. 'engine: {model: systolic, rows: 128, columns: 128}' to it",
        )
    if "model" in sizes:
        known = ", ".join(word for word in stated if word != "model")
        raise BadValue("'model' is no size of an engine", f"it has {known}")
    # sizes that were worked out come as 5.0
    whole = {
        word: int(v) if isinstance(v, float) and v.is_integer() else v for word, v in sizes.items()
    }
    changed = _with(profile, "engine", {**stated, **whole})
    factor = peak_factor(before, changed.array)
    rates = dict(changed.assumed)
    if "matrix" in rates:
        rate = _scaled(rates["matrix"].value, factor)
        rates["matrix"] = rates["matrix"].model_copy(update={"value": rate})
    return changed.model_copy(update={"matrix": _scaled(changed.matrix, factor), "assumed": rates})


def _scaled(rate: Any, factor: float) -> Any:
    """A rate, or one for each element type, times a factor."""
    if isinstance(rate, Mapping):
        return {word: one * factor for word, one in rate.items()}
    return None if rate is None else rate * factor


def _with(owner: Owner, name: str, value: Any) -> Owner:
    """A frozen model with another value of a field, which its own validators have passed."""
    changed = _open(type(owner)).model_construct(**vars(owner))
    try:
        setattr(changed, name, value)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BadValue):
            raise cause from None
        raise BadValue(
            f"'{name}': {str(first['msg']).lower()}, got {value!r}", "correct it"
        ) from None
    return owner.model_copy(update={name: getattr(changed, name)})


@cache
def _open(kind: type[BaseModel]) -> type[BaseModel]:
    """The same model, but for values that are set one by one: each is validated as it is."""
    config = ConfigDict(frozen=False, validate_assignment=True)
    return type(kind.__name__, (kind,), {"model_config": config, "__module__": kind.__module__})


@cache
def _numbers(kind: type[BaseModel]) -> dict[str, str | None]:
    """The numbers of a model by the dimension of their units; figures of machines are none here."""
    figures = MACHINE if kind is HardwareProfile else ()
    return {
        name: _dimension(kind, name)
        for name, item in kind.model_fields.items()
        if get_origin(item.annotation) not in (dict, tuple)
        and {float, int} & {item.annotation, *get_args(item.annotation)}
        and name not in figures
    }


def _dimension(kind: type[BaseModel], name: str) -> str | None:
    """The dimension whose units a field takes; None: it is a plain number."""
    for dimension, unit in units.SI_UNITS.items():
        try:
            setattr(_open(kind).model_construct(), name, f"1 {unit}")
        except ValidationError:
            continue
        return dimension
    return None


def _entry(top: str) -> type[BaseModel] | None:
    """The model of what stands under a key of a profile; None where none of numbers does.

    A word alone, such as `usable`, or of a kind, stands for the model's first number.
    """
    item = HardwareProfile.model_fields.get(top)
    if item is None or top in CLOSED or f"{top}." in _figures():
        return None
    inner = (item.annotation, *get_args(item.annotation))
    models = (one for one in inner if isinstance(one, type) and issubclass(one, BaseModel))
    return next(models, None)


@cache
def _figures() -> frozenset[str]:
    """The keys of profiles under which figures of machines stand, with their dots."""
    return frozenset(f"{word.partition('.')[0]}." for word in MACHINE if "." in word)


def _is_mapping(top: str) -> bool:
    """True where a key of a profile holds entries by words."""
    item = HardwareProfile.model_fields.get(top)
    return item is not None and get_origin(item.annotation) is dict
