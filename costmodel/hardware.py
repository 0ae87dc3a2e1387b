"""Hardware profiles: a YAML file of named quantities, checked by pydantic, to plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from costmodel import layers, policies, units
from costmodel.documents import Node, load
from costmodel.errors import BadValue, InputError, Problem, did_you_mean
from costmodel.layers.base import Engine


def _quantity(dimension: str) -> BeforeValidator:
    return BeforeValidator(lambda value: float(units.parse(value, dimension)))


def _engine_names(value: Any) -> Any:
    for word in value if isinstance(value, dict) else ():
        layers.get(word)
    return value


def _policy(family: str) -> BeforeValidator:
    def read(word: Any) -> Any:
        if isinstance(word, str):
            policies.check(family, word)
        return word

    return BeforeValidator(read)


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
    bandwidth: Annotated[float, _quantity("bandwidth")]
    on_chip_memory: Annotated[float, _quantity("memory")]
    matrix: Annotated[float, _quantity("rate")]
    host: Annotated[float, _quantity("rate")]
    engines: Annotated[Mapping[str, Engine], BeforeValidator(_engine_names)] = {}
    convention: Annotated[str | None, _policy("convention")] = None
    placement: Annotated[str | None, _policy("placement")] = None
    timing: Annotated[str | None, _policy("timing")] = None
    dtype: Annotated[str | None, _policy("dtype")] = None

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

