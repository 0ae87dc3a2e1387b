"""The config.json of a Hugging Face model: its family's table gives a base its variables.

    families/NAME.yaml   what the configs with `model_type: NAME` say of archs/decoder.yaml
    families/__init__    the sections of such a table, and who reads them
    quantization/        what a `quantization_config` says of element types
    keys.py              how a key is read, and what is said of a bad one

A family that no table can describe is a class instead: a subclass of `families.Rules` behind an
entry point in the group `costmodel.configs`, whose name is the family's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from costmodel.core.frontend import FrontEnd
from costmodel.core.network import Network
from costmodel.errors import Place
from costmodel.frontends.config.families import rules_for
from costmodel.frontends.config.keys import Keys
from costmodel.frontends.config.quantization import own_type, quantisation_of
from costmodel.frontends.config.quantization.modules import quantised
from costmodel.frontends.yaml.preset import from_base
from costmodel.language import json_text, shipped
from costmodel.language.documents import placing, read_text


class Config(FrontEnd):
    """Files with a `model_type` whose family has rules."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def load(
        self, path: Path, settings: Mapping[str, Any], *, strict: bool = False
    ) -> tuple[Network, list[Path]]:
        """The network in the shipped decoder with the variables that the config's rules give.

        Raises InputError for a family without rules, and for what a family's rules do not model.
        """
        text = read_text(path, wanted="a model's config.json")
        stated = json_text.parse(text, str(path), "export the config again")
        with placing(Place(str(path))):
            keys = Keys.of(stated)
            family = keys.text("model_type")
            rules = rules_for(family)
            variables = rules.variables(keys)
            said, own = quantisation_of(keys), own_type(keys)
            limit = {"max_positions": keys.size("max_position_embeddings", 2**30)}
        name = str(stated.get("_name_or_path") or path.stem)
        base = shipped.find("decoder", "archs")
        named = name, f"config.json, model_type {family}", str(path)
        network, files = from_base(base, {**variables, **limit}, settings, named, [path])
        choices = {**network.facts.choices, "dtype": own}
        network.graph["facts"] = replace(network.facts, choices=choices)
        if said is not None:
            with placing(Place(str(path))):
                network = quantised(network, said, rules.paths(), own)
        return network, files
