"""A YAML file to a `HardwareProfile`, every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from costmodel.core import kinds
from costmodel.core.content_cache import FileCache
from costmodel.errors import BadValue, InputError, Problem, Problems, did_you_mean
from costmodel.hardware.area import Area
from costmodel.hardware.entries import Assumed, Efficiency, Energy, Link, Stated, Technology, Usable
from costmodel.hardware.evidence import Calibration
from costmodel.hardware.figures import ASSUMABLE, assumed_value, check_share
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import shipped
from costmodel.language.documents import Node, load

CHECKS: dict[str, Callable[[str], object]] = {"engines": kinds.get, "efficiency": check_share}
"""What raises BadValue for a key of a mapping that is none, by the mapping's word."""
ENTRIES: dict[str, type[Stated]] = {
    "assumed": Assumed, "efficiency": Efficiency, "energy": Energy, "link": Link, "usable": Usable,
    "calibration": Calibration, "technology": Technology, "area": Area,
}  # fmt: skip
"""What stands under a profile's keys that hold more than a figure."""
LOADED: FileCache[HardwareProfile] = FileCache(128)


def load_profile(hw: str | Path) -> HardwareProfile:
    """Read the hardware profile in a YAML file, or a shipped one.

    Files are read once: again only when one has another time or size; profiles are frozen.

    Parameters
    ----------
    hw : str or Path
        A YAML file, or the short name of a shipped profile.

    Returns
    -------
    HardwareProfile
        Its figures in SI units.

    Raises
    ------
    InputError
        With every mistake at file, line and column.

    Examples
    --------
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
    assumed = list(_assumptions(top["assumed"])) if "assumed" in top else []
    problems.found.extend(assumed)
    try:
        profile = HardwareProfile.model_validate(root.plain())
    except ValidationError as error:
        # of what is assumed pydantic tells the first mistake alone
        problems.found.extend(
            _problem(root, dict(item))
            for item in error.errors()
            if not (assumed and item["loc"] == ("assumed",))
        )
        raise InputError(sorted(set(problems.found))) from None
    problems.raise_if_any()
    return profile


def _assumptions(node: Node) -> Iterator[Problem]:
    """Everything that is wrong with the figures under `assumed`, each at its place."""
    for word, item in node.value.items() if isinstance(node.value, dict) else ():
        if word not in ASSUMABLE:
            known = ", ".join(ASSUMABLE)
            yield Problem(node.keys[word], f"'assumed.{word}' cannot be assumed", f"one of {known}")
            continue
        stated = item.value.get("value") if isinstance(item.value, dict) else None
        if stated is None:
            continue
        value = stated.plain()
        each = isinstance(value, dict) and word == "efficiency"
        for one in [{key: share} for key, share in value.items()] if each else [value]:
            try:
                assumed_value(word, one)
            except BadValue as error:
                yield Problem(stated.place, f"'assumed.{word}': {error.what}", error.remedy)


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
        group = ".".join(path[:-1])
        add = f"add '{path[-1]}: ...'" + (f" to '{group}'" if group else "")
        return Problem(place, f"the profile has no '{'.'.join(path)}'", add)
    if item["type"] == "extra_forbidden":
        return Problem(
            keys[path[-1]],
            f"unknown key '{'.'.join(path)}' in the profile",
            did_you_mean(path[-1], ENTRIES.get(path[0], HardwareProfile).model_fields),
        )
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, BadValue):
        return Problem(place, f"'{name}': {cause.what}", cause.remedy)
    return Problem(place, f"'{name}': {item['msg'].lower()}, got {node.shown()}", "correct it")
