"""Figures of a machine as a file states them: checked, and in SI units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from costmodel.core import kinds
from costmodel.core.quantities import MACHINE, MachineQuantity
from costmodel.errors import BadValue
from costmodel.hardware.entries import Efficiency
from costmodel.language import dtypes, units

if TYPE_CHECKING:
    from costmodel.core.engine import EngineModel

NEEDED = tuple(word for word, quantity in MACHINE.items() if quantity.needed)
"""What the formula cannot do without."""
ASSUMABLE = (*NEEDED, "launch", "overhead", "engine", "efficiency")
"""What may stand under `assumed`."""


def shares_of(stated: Any) -> dict[str, Efficiency]:
    """Shares of the peaks by kind or routine. Raises BadValue."""
    if not isinstance(stated, dict):
        raise BadValue(f"{stated!r} is no mapping of kinds and routines", "write 'value: {...}'")
    for word in stated:
        if word != "default":
            kinds.check(word)
    try:
        return {word: Efficiency.model_validate(share) for word, share in stated.items()}
    except ValidationError as error:
        raise BadValue(str(error.errors()[0]["msg"]), "correct it") from None


def parsed(quantity: MachineQuantity, value: Any) -> Any:
    """A figure as a file states it, in SI units. Raises BadValue."""

    def number(text: Any) -> float:
        return float(units.parse(text, quantity.dimension, zero=quantity.zero))

    if isinstance(value, dict) and (quantity.by_dtype or quantity.by_engine):
        for word in value if quantity.by_dtype else ():
            dtypes.bits(word)
        return {word: number(text) for word, text in value.items()}
    return number(value)


def engine_of(stated: dict[str, Any]) -> EngineModel | None:
    """The shape of an engine as a file states it. Raises BadValue."""
    from costmodel.core.engine import read

    return read(stated)


def assumed_value(word: str, value: Any) -> Any:
    """A figure, or the shape of an engine, that is assumed. Raises BadValue."""
    if word == "efficiency":
        shares_of(value)
        return value
    if word != "engine":
        return parsed(MACHINE[word], value)
    if not isinstance(value, dict):
        raise BadValue(f"{value!r} is no engine", "write 'value: {model: ..., ...}'")
    engine_of(value)
    return value
