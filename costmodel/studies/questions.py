"""The commands' questions asked from Python: compare, solve, sensitivity.

Each takes names, paths or loaded objects, as `simulate` does, and gives a DataFrame or an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.core.policies import DEFAULTS
from costmodel.errors import BadValue, Place, Problems
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import shipped
from costmodel.studies import comparison
from costmodel.studies.labels import once_each
from costmodel.studies.run import Run
from costmodel.studies.scan.inverse.sensitivity import effects
from costmodel.studies.scan.inverse.solve import solve as solve_resource
from costmodel.studies.scan.inverse.solve_count import WORDS, solve_batch, solve_tokens
from costmodel.studies.scan.inverse.target import Answer, Target
from costmodel.studies.simulation import asked_by, machine_of, simulate, simulated

if TYPE_CHECKING:
    import pandas as pd

Architecture = str | Path | Network
Hardware = str | Path | HardwareProfile


def compare(
    architectures: Architecture | Sequence[Architecture],
    hw: Hardware | Sequence[Hardware],
    **options: Any,
) -> pd.DataFrame:
    """Simulate every network on every machine, all counted by one convention.

    Parameters
    ----------
    architectures : str, Path, Network, or a sequence of them
        The networks, as `simulate` takes them.
    hw : str, Path, HardwareProfile, or a sequence of them
        The machines, as `simulate` takes them.
    **options
        Those of `simulate`: batch, convention, placement, traffic, timing, dtype, passes, effort.

    Returns
    -------
    pandas.DataFrame
        One line for each pair, networks outside, under the column names of the command's CSV:
        times in seconds (`total_time_s`), sizes in bytes (`external_bytes`).

    Raises
    ------
    InputError
        With every mistake in the files and options.

    Examples
    --------
    >>> table = compare(["hairnet", "alexnet"], "accel_1tflops")
    >>> table[["architecture", "params"]].values.tolist()
    [['hairnet', 2431192], ['alexnet', 62378344]]

    """
    import pandas as pd

    problems, models, profiles = Problems(), [], []
    for word, things in (("architectures", architectures), ("hw", hw)):
        with problems.collect():
            once_each(_listed(things), Place(word))
    for architecture in _listed(architectures):
        with problems.collect():
            network = architecture
            if not isinstance(network, Network):
                network = load_network(network)
            label = architecture if isinstance(architecture, str | Path) else network.name
            models.append((str(label), network, None))
    for machine in _listed(hw):
        with problems.collect():
            profiles.append(machine_of(machine))
    problems.raise_if_any()
    choices = {key: options.pop(key, None) for key in DEFAULTS}
    pairs = comparison.pairs(models, profiles, choices=choices, **options)
    records = [pair.record for pair in pairs]
    return pd.DataFrame(records, columns=comparison.table_columns(pairs))


def solve(
    architecture: Architecture, hw: Hardware, resource: str, target: str, **options: Any
) -> Answer:
    """Find the smallest figure of a machine, or the largest batch, that meets a target exactly.

    Parameters
    ----------
    architecture : str, Path or Network
        The network, as `simulate` takes it.
    hw : str, Path or HardwareProfile
        The machine, as `simulate` takes it.
    resource : str
        What is asked for: a figure of the profile such as 'bandwidth', 'matrix' or
        'on_chip_memory'; 'batch'; or of a decoder 'context' or 'prompt' [tokens].
    target : str
        A bound with a unit, such as 'total_time <= 10 ms'.
    **options
        Those of `simulate`.

    Returns
    -------
    Answer
        `value` in SI units, its `unit`, and the time there [s]; where no value meets the target
        `possible` is False and `reason` says why.

    Raises
    ------
    InputError
        For what cannot be asked; an impossible target is an answer.

    Examples
    --------
    >>> answer = solve("hairnet", "accel_1tflops", "bandwidth", "total_time <= 100 ms")
    >>> f"{answer.value:.4g} {answer.unit}"
    '2.78e+09 B/s'

    """
    word = resource.removeprefix("hw.")
    try:
        bound = Target.read(target)
        if word in WORDS:
            return tokens_for(architecture, hw, word, bound, **options)
        run = simulate(architecture, hw, **options)
        if word != "batch":
            return solve_resource(run, word, bound)
        if options.get("batch", 1) != 1:
            raise BadValue("'batch' is set, and solved for", "leave one of them out")
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
    if WORDS[word] in given:
        raise BadValue(f"'{WORDS[word]}' is set, and solved for", "leave one of them out")
    phase = {"tokens": 1} if word == "context" else {"context": 0}

    @lru_cache
    def prepare(count: int) -> Run:
        settings = {**phase, **given, WORDS[word]: count}
        return simulate(architecture, hw, settings=settings, **options)

    with asked_by(Place(f"--for {word}"), *({*phase, WORDS[word]} - given.keys())):
        return solve_tokens(prepare, target, word)


def sensitivity(architecture: Architecture, hw: Hardware, **options: Any) -> pd.DataFrame:
    """Tell how much the total time, and the energy, depend on each figure of a machine.

    Parameters
    ----------
    architecture : str, Path or Network
        The network, as `simulate` takes it.
    hw : str, Path or HardwareProfile
        The machine, as `simulate` takes it.
    **options
        Those of `simulate`.

    Returns
    -------
    pandas.DataFrame
        One line for each figure, the strongest first: its value in SI units, its share of the time
        [1], its elasticity (per cent of time for one per cent of it), and the total time with it
        halved and doubled [s]; where the machine states energies also the elasticity of the energy,
        and the energy with it halved and doubled [J].

    Raises
    ------
    InputError
        With every mistake in the files and options.

    Examples
    --------
    >>> table = sensitivity("hairnet", "accel_1tflops")
    >>> print(table[["resource", "elasticity"]].head(1).round(2).to_string(index=False))
     resource  elasticity
    bandwidth       -0.68

    """
    import pandas as pd

    run = simulate(architecture, hw, **options)
    return pd.DataFrame([effect.record() for effect in effects(run)])


def list_models() -> dict[str, tuple[str, ...]]:
    """List the words of every family of models, those of other packages included.

    Returns
    -------
    dict
        For each family ('archs', 'hw', 'layers', 'convention', ...) its words, sorted.

    Examples
    --------
    >>> list_models()["traffic"]
    ('fused', 'once', 'tiled')

    """
    from costmodel.core import kinds
    from costmodel.core.engine import ENGINE_MODELS
    from costmodel.core.policies import FAMILIES

    shelves = {"archs": "archs", "hw": "hwprofiles"}
    families: Iterable[Any] = (*FAMILIES.values(), ENGINE_MODELS)
    return {
        **{word: tuple(shipped.names(folder)) for word, folder in shelves.items()},
        "layers": tuple(sorted(kinds.kinds())),
        **{family.group.removeprefix("costmodel."): family.names() for family in families},
    }


def _listed(value: Any) -> list[Any]:
    """A list of what may be one thing or several."""
    several = isinstance(value, Sequence) and not isinstance(value, str)
    return list(value) if several else [value]
