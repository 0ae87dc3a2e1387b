"""The fit: coefficients of a `Design` that stay at the base profile unless measurements speak against it.

Minimised over log-coefficients u of the shares, their machine-wide levels g, and the linear coefficients c:

    sum w rho((log prediction - log measured) / NOISE) + sum ((u - g) / KIND)^2 + sum (g / MACHINE)^2 + sum (c / s)^2

with rho(r) = 2 (sqrt(1 + r^2) - 1), so that an outlier pulls with bounded force. Physics bounds everything: a share
is at most 1 (u >= 0), nothing is negative. These are the posterior mode of a two-level normal prior around the base.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costmodel.calibration.design import Design, Floats, Ints

NOISE = 0.05  # of a measured time, relative: what runs of one program differ by
KIND = 0.3  # spread of a kind's log-share around the machine's
MACHINE = 1.0  # spread of the machine's log-shares around the base profile's
ROUNDS = 8  # reweightings; later ones change the fourth digit
SHARES = ("compute", "bandwidth", "parameters")  # coefficients that are one over a share
LEVELS = ("compute", "bandwidth")  # those whose kinds have a level of the machine in common


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients (K,) of a design's columns."""

    design: Design
    coefficients: Floats

    def predict(self, places: Ints) -> Floats:
        """Times [s] of the measurements at `places`."""
        return np.asarray(self.design.columns[places] @ self.coefficients)
