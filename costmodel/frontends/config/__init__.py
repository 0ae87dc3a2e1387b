"""The config.json of a Hugging Face model: its family's rules give a base its variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.frontend import FrontEnd
from costmodel.core.network import Network
from costmodel.errors import BadValue, InputError, Place
from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.rules import RULES
from costmodel.frontends.yaml.preset import from_base
from costmodel.language import shipped
from costmodel.language.documents import read_text


class Config(FrontEnd):
    """Files with a `model_type` whose family has rules."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """The network in the shipped decoder with the variables that the config's rules give.

        Raises InputError for a family without rules, and for what a family's rules do not model.
        """
        place = Place(str(path))
        try:
            stated = json.loads(read_text(path, wanted="a model's config.json"))
        except (ValueError, RecursionError) as error:
            raise InputError.at(place, f"is no JSON: {error}", "export the config again") from None
        try:
            keys = Keys.of(stated)
            family = keys.text("model_type")
            found = RULES.load(family).variables(keys)
            limit = {"max_positions": keys.size("max_position_embeddings", 2**30)}
        except BadValue as error:
            raise error.at(place) from None
        name = str(stated.get("_name_or_path") or path.stem)
        base = shipped.find("decoder", "archs")
        named = name, f"config.json, model_type {family}", str(path)
        network, files = from_base(base, {**found, **limit}, settings, named, [path])
        choices = {**network.facts.choices, "dtype": keys.dtype}
        network.graph["facts"] = replace(network.facts, choices=choices)
        return network, files
