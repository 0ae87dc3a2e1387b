"""A YAML file to a `HardwareProfile`, every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from costmodel.core import kinds
from costmodel.core.content_cache import FileCache
from costmodel.errors import BadValue, InputError, Problem, Problems, did_you_mean
from costmodel.hardware.figures import check_share
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import shipped
from costmodel.language.documents import Node, load

CHECKS: dict[str, Callable[[str], object]] = {"engines": kinds.get, "efficiency": check_share}
"""What raises BadValue for a key of a mapping that is none, by the mapping's word."""
LOADED: FileCache[HardwareProfile] = FileCache(128)


def load_profile(hw: str | Path) -> HardwareProfile:
    """The profile in a YAML file, or a shipped one by its short name.

    Files are read once: again only when one has another time or size; profiles are frozen. Raises
    InputError at file, line and column.

    >>> load_profile("accel_1tflops").bandwidth
    1000000000.0
    """
    path = shipped.find(str(hw), "hwprofiles")
    return LOADED.get(path, (), lambda: (_read(path), [path]))


def _read(path: Path) -> HardwareProfile:
    problems = Problems()
    root = load(path, problems)
    top = root.mapping("a hardware profile")
    for name in filter(top.__contains__, CHECKS):
        # pydantic would place what is wrong with a key at the mapping
        for word, place in top[name].keys.items():
            try:
                CHECKS[name](word)
            except BadValue as error:
                problems.found.extend(error.at(place).problems)
    try:
        profile = HardwareProfile.model_validate(root.plain())
    except ValidationError as error:
        problems.found.extend(_problem(root, dict(item)) for item in error.errors())
        raise InputError(sorted(set(problems.found))) from None
    problems.raise_if_any()
    return profile


def _problem(root: Node, item: dict[str, Any]) -> Problem:
    """One of pydantic's findings, at its place in the file and in this project's words."""
    path = [str(step) for step in item["loc"]]
    node, place = root, root.place
    seen: list[str] = []
    for step in path:
        if isinstance(node.value, dict) and step in node.value:
            keys, node = node.keys, node.value[step]
            place, seen = node.place, [*seen, step]
    name = ".".join(seen) or path[0]
    if item["type"] == "missing":
        return Problem(place, f"the profile has no '{path[-1]}'", f"add '{path[-1]}: ...'")
    if item["type"] == "extra_forbidden":
        return Problem(
            keys[path[-1]],
            f"unknown key '{path[-1]}' in the profile",
            did_you_mean(path[-1], HardwareProfile.model_fields),
        )
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, BadValue):
        return Problem(place, f"'{name}': {cause.what}", cause.remedy)
    return Problem(place, f"'{name}': {item['msg'].lower()}, got {node.shown()}", "correct it")
