"""Families of models as tables: which keys of a config.json give which variables of the decoder.

`NAME.yaml` here is the family whose configs say `model_type: NAME`; every section is optional:

    source       where the keys are defined
    like         another table, `_common` for most decoders, whose entries stand where this has none
    sizes        VARIABLE: KEY for whole numbers from 1, each needed unless it has a default
    flags        the same for true or false, false unless there is a default
    always       VARIABLE: value, whatever the config says
    quantized    METHOD: variables, where the weights are quantised by that method
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
from dataclasses import dataclass
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


RULES = Family("family of models", __name__, "costmodel.configs", Rules)


@dataclass(frozen=True)
class Table(Rules):
    """The rules of a file in this folder, by section."""

    sections: Mapping[str, Any]

    def section(self, name: str) -> Section:
        """The entries of a section; none where it is left out."""
        entries: Section = self.sections.get(name, {})
        return entries

    def variables(self, keys: Keys) -> dict[str, Any]:
        """Refuse what is not modelled, then read the keys in the order of the table."""
        self._refuse(keys)
        known: dict[str, Any] = {}
        readers = {"sizes": keys.size, "flags": keys.flag}
        for name, read in readers.items():
            for variable, entry in self.section(name).items():
                value = _stated(keys, read, entry, known)
                known |= {} if value is None else {variable: value}
        always = {**self.section("always"), **self.section("quantized").get(keys.method, {})}
        return known | {variable: fill(value, known) for variable, value in always.items()}

    def _refuse(self, keys: Keys) -> None:
        for key, values in self.section("only").items():
            if isinstance(values, dict):
                layers = keys.size(self.section("sizes")["layers"])
                values = [list(islice(cycle(values["cycle"]), layers))]
            keys.refuse(key, unless=(None, *values))
        for key, by in self.section("divides").items():
            if keys.size(key) % keys.size(by):
                raise BadValue(
                    f"'{key}' {keys.size(key)} does not divide by '{by}' {keys.size(by)}",
                    "change one",
                )


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
def _table(name: str) -> Table:
    """A table with what it takes from others."""
    own = documents.load(HERE / f"{name}.yaml").plain()
    base: Section = _table(own.pop("like")).sections if "like" in own else {}
    mappings = {word for word, section in own.items() if isinstance(section, dict)}
    return Table(
        {**base, **own, **{word: {**base.get(word, {}), **own[word]} for word in mappings}}
    )
