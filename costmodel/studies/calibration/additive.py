"""The crude model to beat: seconds per operation, per byte and per node of each kind of layer.

It knows nothing of the machine; its coefficients are fitted by non-negative least squares on
relative errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.studies.calibration.measured_runs import rows_of
from costmodel.studies.calibration.measurements import Measurement
from costmodel.studies.run import Run


@dataclass(frozen=True, eq=False)
class Additive:
    """Sums over the rows of N networks, and their measured times."""

    sums: Floats
    """(N, 3 kinds): operations, bytes and rows of each kind."""
    measured: Floats
    """The measured times (N,) [s]."""

    def predict(self, train: Ints, test: Ints) -> Floats:
        """Return times [s] of the networks `test` by coefficients that are fitted on `train`.

        The fit is min ||A x / t - 1||, x >= 0.
        """
        from scipy.optimize import nnls

        # columns of like size
        scale = np.maximum(self.sums[train].max(axis=0), 1.0)
        relative = self.sums[train] / scale / self.measured[train, np.newaxis]
        return np.asarray(self.sums[test] / scale @ nnls(relative, np.ones(len(train)))[0])


def additive(measurements: Sequence[Measurement], runs: Sequence[Run]) -> Additive:
    """The model of `measurements`, each with its run, which no pass has rewritten."""
    kinds = sorted({row.layer.kind for run in runs for row in run.workload.rows})
    sums = np.zeros((len(runs), 3, len(kinds)))
    for own, measurement, run in zip(sums, measurements, runs, strict=True):
        work = run.workload
        seen = np.array([not row.view for row in work.rows])
        if measurement.layer:
            seen &= np.isin(np.arange(len(seen)), rows_of(measurement.layer, work.rows))
        kind = np.searchsorted(kinds, [row.layer.kind for row in work.rows])
        for column, values in zip(own, (work.ops, work.touched_bytes, seen), strict=True):
            np.add.at(column, kind, np.where(seen, values, 0))
    return Additive(sums.reshape(len(runs), -1), np.array([one.seconds for one in measurements]))
