"""Measured times asked about from Python: calibrate a machine by them, evaluate a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.core.policies import Choice
from costmodel.hardware.profile import HardwareProfile
from costmodel.studies.simulation import machine_of

if TYPE_CHECKING:
    import pandas as pd


def calibrate(
    measurements: str | Path,
    hw: str | Path | HardwareProfile,
    *,
    passes: Sequence[str] | None = None,
    convention: Choice | None = None,
    placement: Choice | None = None,
    timing: Choice | None = None,
) -> HardwareProfile:
    r"""Fit the profile of a machine to measured times; docs/calibration.md describes both.

    Parameters
    ----------
    measurements : str or Path
        A CSV table with the columns network, batch, dtype, seconds, and if wanted family and layer.
    hw : str, Path or HardwareProfile
        The profile to start from, as `simulate` takes it: its peaks are kept.
    passes : sequence of str, optional
        What the machine's software does to a graph; by default what predicts best.
    convention : str or Convention, optional
        How operations are counted; by default 'flops'.
    placement : str or Placement, optional
        Which tensors live on chip; by default what predicts best.
    timing : str or Timing, optional
        How transfer and compute add up; by default the profile's, else 'partial'.

    Returns
    -------
    HardwareProfile
        The profile with fitted shares and launches; its `calibration` says what it rests on, and
        how wrong it may be.

    Raises
    ------
    InputError
        For a table or a profile that cannot be used, naming every line.
    MissingExtra
        Where scipy is not installed.

    Examples
    --------
    Three networks on a machine that takes twice as long as the base profile says.

    >>> import tempfile
    >>> from costmodel import simulate
    >>> names = ("alexnet", "mobilenet_v2", "hairnet")
    >>> lines = [f"{n},1,fp32,{2 * simulate(n, 'accel_1tflops').total_time}" for n in names]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mine.csv"
    ...     written = file.write_text("\n".join(["network,batch,dtype,seconds", *lines]))
    ...     profile = calibrate(file, "accel_1tflops", passes=())
    >>> profile.calibration.count
    3

    """
    from costmodel.studies.calibration import calibrate as fitting
    from costmodel.studies.calibration import measurements as table
    from costmodel.studies.calibration import profile

    base, file = machine_of(hw)
    choices = {"convention": convention, "placement": placement, "timing": timing}
    rows = table.read(str(measurements))
    return profile.model(
        fitting.calibrate(rows, base, hw_file=file, passes=passes, choices=choices)
    )


def evaluate(
    measurements: str | Path, hw: str | Path | HardwareProfile, **choices: Any
) -> pd.DataFrame:
    r"""Set every measured time of a table beside the predicted one.

    Parameters
    ----------
    measurements : str or Path
        A CSV table with the columns network, batch, dtype, seconds, and if wanted family and layer.
    hw : str, Path or HardwareProfile
        The machine, as `simulate` takes it.
    **choices
        Of `simulate`: convention, placement, traffic, timing and passes.

    Returns
    -------
    pandas.DataFrame
        One line for each measurement: `measured_s` and `predicted_s` [s], the relative `error` [1],
        and on a calibrated profile the ends of the 90 % interval, `low_s` and `high_s` [s].

    Raises
    ------
    InputError
        Naming every line that cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mine.csv"
    ...     written = file.write_text("network,batch,dtype,seconds\nhairnet,1,fp32,0.2\n")
    ...     table = evaluate(file, "accel_1tflops", convention="hairnet")
    >>> print(table[["measured_s", "predicted_s", "error"]].round(4).to_string(index=False))
     measured_s  predicted_s   error
            0.2       0.1772 -0.1142

    """
    import pandas as pd

    from costmodel.studies.calibration import evaluation
    from costmodel.studies.calibration import measurements as table

    profile, file = machine_of(hw)
    passes, rows = choices.pop("passes", None), table.read(str(measurements))
    predictions = evaluation.evaluate(rows, profile, hw_file=file, passes=passes, choices=choices)
    return pd.DataFrame([one.record for one in predictions])
