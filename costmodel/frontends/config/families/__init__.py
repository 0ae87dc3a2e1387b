"""Families of models as tables: which keys of a config.json give which variables of the decoder.

`NAME.yaml` here is the family whose configs say `model_type: NAME`; every section is optional:

    source       where the keys are defined
    like         another table, `_common` for most decoders, whose entries stand where this has none
    sizes        VARIABLE: KEY for whole numbers from 1, each needed unless it has a default
    flags        the same for true or false, false unless there is a default
    always       VARIABLE: value, whatever the config says
    modules      ROW: paths of the modules behind a row of the decoder in a checkpoint (N: the
                 layer, E: the expert); `class`: the class that holds the matrices of its blocks
    only         KEY: the values that are modelled beside none; others are refused by name
    divides      KEY: another key, whose number has to divide this one's

In the place of a KEY stands {key: KEY, default: VALUE}, or {key: KEY, where: FLAG} for a variable
that is set only where the key is there and the config's FLAG is not false. Values may be
expressions over the variables above them. `only: {KEY: {cycle: [a, b]}}` is a list of one word for
each layer, again and again in this order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from costmodel.core.registry import Family, entry_points
from costmodel.errors import BadValue
from costmodel.frontends.config.keys import Keys
from costmodel.language import documents
from costmodel.language.expressions import fill

HERE = Path(__file__).parent
Section = Mapping[str, Any]


class Rules(ABC):
    """What the configs of one family say of the decoder; other packages may add a family."""

    @abstractmethod
    def variables(self, keys: Keys) -> dict[str, Any]:
        """Variables of archs/decoder.yaml. Raises BadValue for what is not modelled."""

    def paths(self) -> Section:
        """The modules behind each row, for configs that say how they are quantised."""
        return {}


RULES = Family("family of models", __name__, "costmodel.configs", Rules)


@dataclass(frozen=True)
class FamilyTable(Rules):
    """The rules of a file in this folder, a field for each of its sections."""

    source: str
    sizes: Section = field(default_factory=dict)
    flags: Section = field(default_factory=dict)
    always: Section = field(default_factory=dict)
    modules: Section = field(default_factory=dict)
    only: Section = field(default_factory=dict)
    divides: Section = field(default_factory=dict)

    def variables(self, keys: Keys) -> dict[str, Any]:
        """Refuse what is not modelled, then read the keys in the order of the table."""
        self._refuse(keys)
        known: dict[str, Any] = {}
        for section, read in ((self.sizes, keys.size), (self.flags, keys.flag)):
            for variable, entry in section.items():
                value = _stated(keys, read, entry, known)
                known |= {} if value is None else {variable: value}
        return known | {variable: fill(value, known) for variable, value in self.always.items()}

    def paths(self) -> Section:
        """As the table has them."""
        return self.modules

    def _refuse(self, keys: Keys) -> None:
        """Raise BadValue for what is not modelled, and for numbers that do not divide."""
        for key, values in self.only.items():
            if isinstance(values, dict):
                layers = keys.size(self.sizes["layers"])
                values = [list(islice(cycle(values["cycle"]), layers))]
            keys.refuse(key, (None, *values))
        for key, by in self.divides.items():
            whole, part = keys.size(key), keys.size(by)
            if whole % part:
                raise BadValue(f"'{key}' {whole} does not divide by '{by}' {part}", "change one")


def _stated(keys: Keys, read: Callable[..., Any], entry: Any, known: Section) -> Any:
    """The value of one variable; None where it is left to the decoder. Raises BadValue."""
    entry = entry if isinstance(entry, dict) else {"key": entry}
    key = entry["key"]
    if "where" in entry and (
        keys.optional(key) is None or not keys.flag(entry["where"], default=True)
    ):
        return None
    default = fill(entry.get("default"), known)
    if isinstance(default, float):
        # heads that do not divide: the config has to state the size of one
        default = int(default) if default.is_integer() else None
    return read(key) if default is None else read(key, default=default)


def rules_for(family: str) -> Rules:
    """The rules of the family that a config names. Raises BadValue for one without any."""
    if (HERE / f"{family}.yaml") in HERE.glob("[!_]*.yaml"):
        return _table(family)
    if family in entry_points(RULES.group):
        return RULES.load(family)
    raise BadValue(
        f"there are no rules for the family '{family}'",
        "write its network as YAML; docs/language_models.md names the families that have rules",
    )


@cache
def _table(name: str) -> FamilyTable:
    """A table with what it takes from others, whose entries its own replace one by one."""
    own = documents.load(HERE / f"{name}.yaml").plain()
    base: Section = vars(_table(own.pop("like"))) if "like" in own else {}
    sections = {word: section for word, section in own.items() if isinstance(section, dict)}
    merged = {word: {**base.get(word, {}), **section} for word, section in sections.items()}
    return FamilyTable(**{**base, **own, **merged})
