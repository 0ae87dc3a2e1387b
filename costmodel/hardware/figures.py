"""Figures of a machine as a file states them: checked, and in SI units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from costmodel.core import kinds, policies
from costmodel.core.layer import ENGINES
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.errors import BadValue, did_you_mean
from costmodel.hardware.entries import Efficiency
from costmodel.language import dtypes, units

if TYPE_CHECKING:
    from costmodel.core.engine import EngineModel

NEEDED = tuple(word for word, quantity in MACHINE.items() if quantity.needed)
"""The figures that the formula cannot do without."""
ASSUMABLE = (*NEEDED, "launch", "overhead", "engine", "efficiency")
"""The words that may stand under `assumed`."""


def shares_of(stated: Any) -> dict[str, Efficiency]:
    """Read shares of the peaks by kind or routine. Raises BadValue."""
    if not isinstance(stated, dict):
        raise BadValue(f"{stated!r} is no mapping of kinds and routines", "write 'value: {...}'")
    for word in stated:
        check_share(word)
    try:
        return {word: Efficiency.model_validate(share) for word, share in stated.items()}
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BadValue):
            raise cause from None
        raise BadValue(str(first["msg"]).lower(), "correct it") from None


def check_share(word: str) -> None:
    """Raise BadValue unless shares may be stated for `word`: a kind, a routine or the default."""
    if word != "default":
        kinds.check(word)


def parsed(quantity: MachineQuantity, value: Any) -> Any:
    """Read a figure as a file states it, in SI units, or one for each element type or engine.

    Raises BadValue.
    """

    def number(text: Any) -> float:
        return float(units.parse(text, quantity.dimension, zero=quantity.zero))

    if not isinstance(value, dict) or not (quantity.by_dtype or quantity.by_engine):
        return number(value)
    if quantity.by_dtype and not value:
        raise BadValue("{} holds no rate", "write one for each element type")
    for word in value:
        if quantity.by_dtype:
            dtypes.bits(word)
        elif word not in ENGINES:
            raise BadValue(f"unknown engine {word!r}", did_you_mean(str(word), ENGINES))
    return {word: number(text) for word, text in value.items()}


def engine_of(stated: dict[str, Any]) -> EngineModel | None:
    """Read the shape of an engine as a file states it. Raises BadValue."""
    from costmodel.core.engine import read

    return read(stated)


def assumed_value(word: str, value: Any) -> Any:
    """Check a figure, shares, or the shape of an engine that is assumed. Raises BadValue."""
    if word not in ("efficiency", "engine"):
        return parsed(MACHINE[word], value)
    if word == "efficiency":
        shares_of(value)
    elif isinstance(value, dict):
        engine_of(value)
    else:
        raise BadValue(f"{value!r} is no engine", "write 'value: {model: ..., ...}'")
    return value


def absent(word: str, dtype: str, values: Sequence[Any]) -> tuple[str, str]:
    """What is wrong with a figure that is not there, and the remedy; `values`: for other types."""
    known = dict.fromkeys(kind for rates in values for kind in rates)
    assume = f"state it, or assume one: 'assumed: {{{word}: {{value: ..., reason: ...}}}}'"
    if known:
        return (
            f"the profile has no '{word}' rate for {dtypes.types(dtype).maps} or a wider type",
            f"it has {', '.join(known)}: use --dtype, or {assume}",
        )
    return f"the profile has no '{word}'", assume


def machine_fields(quantity: MachineQuantity, value: Any) -> dict[str, Any]:
    """Give a figure as attributes of `Machine`; none where it is left to its default."""
    if value is None:
        return {quantity.field: math.inf} if quantity.needed else {}
    if isinstance(value, dict):
        pairs = zip(quantity.fields, ENGINES, strict=True)
        return {name: value.get(engine, 0.0) for name, engine in pairs}
    return dict.fromkeys(quantity.fields, float(value))


CHECKS: dict[str, Callable[[Any], object]] = {
    **{family: partial(policies.check, family) for family in policies.DEFAULTS},
    "engine": engine_of,
    "accumulator": dtypes.bits,
    "passes": lambda words: list(map(partial(policies.check, "pass"), words)),
}
"""What raises BadValue for a word that is none, by field."""
