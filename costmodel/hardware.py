"""Hardware profiles: a YAML file of named quantities, checked by pydantic, to plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from costmodel import layers, policies, units
from costmodel.documents import Node, load
from costmodel.errors import BadValue, InputError, Problem, did_you_mean
from costmodel.layers.base import Engine

DIMENSIONS = {
    "bandwidth": "bandwidth",
    "on_chip_memory": "memory",
    "matrix": "rate",
    "host": "rate",
}


class HardwareProfile(BaseModel):
    """One machine: a memory bus, an on-chip memory, a matrix engine and a host.

    Quantities are written with their unit and held in SI units: bandwidth [B/s] of the external
    memory, on_chip_memory [B], matrix and host rates [FLOP/s] (one multiply-add is two).
    `engines` moves layer kinds to the other engine; policies are defaults for this machine.
    Model: H. Jansma, HairNet, 2020, section 5.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    description: str = ""
    bandwidth: float
    on_chip_memory: float
    matrix: float
    host: float
    engines: dict[str, Engine] = {}
    convention: str | None = None
    placement: str | None = None
    timing: str | None = None
    dtype: str | None = None

    # Validators rather than Annotated types: those make pydantic import 9 ms of annotated_types.
    @field_validator(*DIMENSIONS, mode="before")
    @classmethod
    def _quantity(cls, value: Any, info: ValidationInfo) -> float:
        return float(units.parse(value, DIMENSIONS[str(info.field_name)]))

    @field_validator("engines", mode="before")
    @classmethod
    def _known_kinds(cls, value: Any) -> Any:
        for word in value if isinstance(value, dict) else ():
            layers.get(word)
        return value

    @field_validator(*policies.DEFAULTS)
    @classmethod
    def _known_policy(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            policies.check(str(info.field_name), value)
        return value

    @property
    def choices(self) -> dict[str, str]:
        """The conventions and models this profile asks for."""
        words = {key: getattr(self, key) for key in policies.DEFAULTS}
        return {key: word for key, word in words.items() if word is not None}

    def engine(self, kind: str) -> Engine:
        """Where layers of `kind` run on this machine."""
        return self.engines.get(kind) or layers.get(kind).engine

    def machine(self) -> Machine:
        """The plain numbers of this profile."""
        return Machine(self.bandwidth, self.on_chip_memory, self.matrix, self.host)


@dataclass(frozen=True)
class Machine:
    """What the formula needs: numbers, or equally shaped numpy arrays of design points."""

    bandwidth: Any  # external memory [B/s]
    memory: Any  # on chip [B]
    matrix: Any  # matrix engine [FLOP/s]
    host: Any  # host [FLOP/s]


def load_profile(path: str | Path) -> HardwareProfile:
    """The profile in the YAML file `path`. Raises InputError at file, line and column."""
    root = load(path)
    root.mapping("a hardware profile")
    try:
        return HardwareProfile.model_validate(root.plain())
    except ValidationError as error:
        raise InputError(_problem(root, dict(item)) for item in error.errors()) from None


def _problem(root: Node, item: dict[str, Any]) -> Problem:
    """One of pydantic's findings, at its place in the file and in this project's words."""
    path = [str(step) for step in item["loc"]]
    if item["type"] == "missing":
        return Problem(root.place, f"the profile has no '{path[0]}'", f"add '{path[0]}: ...'")
    if item["type"] == "extra_forbidden":
        known = HardwareProfile.model_fields
        return Problem(root.keys[path[0]], f"unknown key '{path[0]}' in the profile",
                       did_you_mean(path[0], known))  # fmt: skip
    node, place = root, root.place
    for step in path:
        if isinstance(node.value, dict) and step in node.value:
            node = node.value[step]
            place = node.place
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, BadValue):
        return Problem(place, f"'{path[0]}': {cause.what}", cause.remedy)
    return Problem(place, f"'{path[0]}': {item['msg'].lower()}, got {node.shown()}", "correct it")
