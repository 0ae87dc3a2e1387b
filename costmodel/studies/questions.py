"""The commands' questions asked from Python: compare, solve, sensitivity, calibrate, evaluate.

Each takes names, paths or loaded objects, as `simulate` does, and gives a DataFrame or an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.core.policies import DEFAULTS, Choice
from costmodel.errors import BadValue, Place, Problems
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.language import shipped
from costmodel.studies import comparison
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.sensitivity import effects
from costmodel.studies.scan.inverse.solve import solve as solve_resource
from costmodel.studies.scan.inverse.solve_count import WORDS, solve_batch, solve_tokens
from costmodel.studies.scan.inverse.target import Answer, Target
from costmodel.studies.simulation import simulate, simulated

if TYPE_CHECKING:
    import pandas as pd

Architecture = str | Path | Network
Hardware = str | Path | HardwareProfile


def compare(
    architectures: Architecture | Sequence[Architecture],
    hw: Hardware | Sequence[Hardware],
    **options: Any,
) -> pd.DataFrame:
    """Every architecture on every machine, one line per pair, counted by one convention.

    `options` are those of `simulate`: batch, convention, placement, traffic, timing, dtype,
    passes. Columns as in the command's CSV. Raises InputError with every mistake.
    """
    import pandas as pd

    problems, models, profiles = Problems(), [], []
    for architecture in _listed(architectures):
        with problems.collect():
            network = architecture
            if not isinstance(network, Network):
                network = load_network(network)
            label = architecture if isinstance(architecture, str | Path) else network.name
            models.append((str(label), network, None))
    for machine in _listed(hw):
        with problems.collect():
            profiles.append(_profile(machine))
    problems.raise_if_any()
    choices = {key: options.pop(key, None) for key in DEFAULTS}
    entries = comparison.pairs(models, profiles, choices=choices, **options)
    records = [entry.record for entry in entries]
    return pd.DataFrame(records, columns=comparison.table_columns(entries))


def solve(
    architecture: Architecture, hw: Hardware, resource: str, target: str, **options: Any
) -> Answer:
    """The smallest figure of the machine, or the largest batch, that meets a target exactly.

    `resource` is a figure of the profile, 'batch', or of a decoder 'context' or 'prompt'; `target`
    a bound such as ``total_time <= 10 ms``; `options` are those of `simulate`. Raises InputError
    for what cannot be asked; an impossible target is an answer.
    """
    word = resource.removeprefix("hw.")
    try:
        bound = Target.read(target)
        if word in WORDS:
            return tokens_for(architecture, hw, word, bound, **options)
        run = simulate(architecture, hw, **options)
        if word != "batch":
            return solve_resource(run, word, bound)
        kept = {key: options.get(key) for key in DEFAULTS}
        return batch_for(run, bound, passes=options.get("passes"), choices=kept)
    except BadValue as error:
        raise error.at(Place("solve")) from None


def batch_for(run: Run, target: Target, **options: Any) -> Answer:
    """The batch of a run's network and profile that meets a target. Raises BadValue.

    `options` are those of `simulated`.
    """
    again = partial(simulated, run.network, run.profile, hw_file=run.hw_file, **options)
    return solve_batch(lru_cache(lambda batch: again(batch=batch)), target)


def tokens_for(
    architecture: Architecture, hw: Hardware, word: str, target: Target, **options: Any
) -> Answer:
    """The longest context of a step (one token), or the longest prompt. Raises BadValue.

    `options` are those of `simulate`.
    """
    given = dict(options.pop("settings", None) or {})
    phase = {"tokens": 1} if word == "context" else {"context": 0}

    @lru_cache
    def prepare(count: int) -> Run:
        settings = {**phase, **given, WORDS[word]: count}
        return simulate(architecture, hw, settings=settings, **options)

    return solve_tokens(prepare, target, word)


def sensitivity(architecture: Architecture, hw: Hardware, **options: Any) -> pd.DataFrame:
    """How much the total depends on each figure of the machine, the strongest first.

    One line per figure: its share of the time, its elasticity (per cent of time for one per cent of
    it), and the total with it halved and doubled [s]. `options` are those of `simulate`. Raises
    InputError.
    """
    import pandas as pd

    run = simulate(architecture, hw, **options)
    return pd.DataFrame([vars(effect) for effect in effects(run)])


def calibrate(
    measurements: str | Path,
    hw: Hardware,
    *,
    passes: Sequence[str] | None = None,
    convention: Choice | None = None,
    placement: Choice | None = None,
    timing: Choice | None = None,
) -> HardwareProfile:
    """A machine's profile fitted to a CSV table of measured times; docs/calibration.md has both.

    Its `calibration` says what it rests on, and how wrong it may be. Raises InputError for a table
    that cannot be used, MissingExtra without scipy.
    """
    from costmodel.studies.calibration import calibrate as fitting
    from costmodel.studies.calibration import measurements as table
    from costmodel.studies.calibration import profile

    base, file = _profile(hw)
    choices = {"convention": convention, "placement": placement, "timing": timing}
    found = fitting.calibrate(
        table.read(str(measurements)), base, hw_file=file, passes=passes, choices=choices
    )
    return profile.model(found)


def evaluate(measurements: str | Path, hw: Hardware, **choices: Any) -> pd.DataFrame:
    """Every measured time of a CSV table beside the predicted one [s], and the relative error.

    `choices` are convention, placement, timing and passes. Raises InputError naming every line that
    cannot be used.
    """
    import pandas as pd

    from costmodel.studies.calibration import evaluation
    from costmodel.studies.calibration import measurements as table

    profile, file = _profile(hw)
    passes = choices.pop("passes", None)
    found = evaluation.evaluate(
        table.read(str(measurements)), profile, hw_file=file, passes=passes, choices=choices
    )
    return pd.DataFrame([one.record for one in found])


def list_models() -> dict[str, tuple[str, ...]]:
    """The words of every family of models, those of other packages included."""
    from costmodel.core import kinds
    from costmodel.core.engine import ENGINE_MODELS
    from costmodel.core.policies import FAMILIES

    found: Mapping[str, Any] = {
        family.group: family.names() for family in (*FAMILIES.values(), ENGINE_MODELS)
    }
    words = {group.removeprefix("costmodel."): names for group, names in found.items()}
    shelves = {"archs": "archs", "hw": "hwprofiles"}
    files = {word: tuple(shipped.names(folder)) for word, folder in shelves.items()}
    return {**files, "layers": tuple(sorted(kinds.kinds())), **words}


def _listed(value: Any) -> list[Any]:
    """A list of what may be one thing or several."""
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return list(value) if several else [value]


def _profile(hw: Hardware) -> tuple[HardwareProfile, str]:
    """A profile and its file, empty for a loaded one. Raises InputError."""
    if isinstance(hw, HardwareProfile):
        return hw, ""
    return load_profile(hw), str(shipped.find(str(hw), "hwprofiles"))
