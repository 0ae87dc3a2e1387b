"""Structural choices to a `Model`: a network on a profile, ready for any machine numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from costmodel import hardware, networks, placement, shipped, timing
from costmodel.arch.network import Network
from costmodel.errors import Problems
from costmodel.run import Run, run
from costmodel.scan.space import Model
from costmodel.scan.surface import General, surface


def model(done: Run, labels: dict[str, Any] | None = None) -> Model:
    """A run as something to be evaluated on any machine, by the closed form where there is one."""
    policy, clock = placement.load(done.policies.placement), timing.load(done.policies.timing)
    form = surface(done.workload, policy, clock)
    plain = form or General(replace(done.workload, rows=()), policy, clock)
    totals, title = done.totals(), f"{done.network.name} on {done.profile.name}"
    known = done.profile.calibration
    return Model(labels or {}, plain, done.machine, done.policies.batch, int(totals["params"]),
                 int(totals["macs"]), title, known.interval_90 if known else None)  # fmt: skip


@lru_cache(maxsize=64)
def _network(word: str, settings: tuple[tuple[str, Any], ...]) -> Network:
    return networks.load(word, dict(settings))


@lru_cache(maxsize=64)
def _profile(word: str) -> hardware.HardwareProfile:
    return hardware.load_profile(shipped.find(word, "hwprofiles"))


def forget() -> None:
    """Read files again: they may have changed since the last scan of this process."""
    _network.cache_clear()
    _profile.cache_clear()


def simulated(word: str, hw: str, settings: tuple[tuple[str, Any], ...], batch: int,
               choices: tuple[tuple[str, str], ...], uniform: bool, passes: tuple[str, ...] | None = None,
              given: tuple[str, ...] = ()) -> Run:  # fmt: skip
    """A network on a profile, both read once per process. Raises InputError."""
    problems = Problems()
    with problems.collect():
        network = _network(word, tuple((k, _hashable(v)) for k, v in settings))
    with problems.collect():
        profile = _profile(hw)
    problems.raise_if_any()
    return run(network, profile, hw_file=str(shipped.find(hw, "hwprofiles")), batch=batch, choices=dict(choices),
               uniform=uniform, passes=passes, given=given)  # fmt: skip


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
