"""The fit keeps a `Design` at the base profile unless measurements speak against it.

It finds the coefficients of the design. A coefficient is what one column's time is multiplied by:
one over a share, or a launch in microseconds. Shares are fitted by their logarithms u, each near
its resource's level g of the whole machine, the others (c) as they are:

    sum w rho((log predicted - log measured) / NOISE)
    + sum ((u - u0 - g) / ROUTINE)^2 + sum (g / MACHINE)^2 + sum ((c - c0) / s)^2

with rho(r) = 2 (sqrt(1 + r^2) - 1), so that an outlier pulls with bounded force, and s the
coefficient at which the column alone would explain the measurements, and u0, c0 what the base
profile states. Physics bounds everything: a share is at most 1, nothing is negative. This is the
posterior mode under a two-level normal prior around the base (Gelman et al., Bayesian Data
Analysis, ch. 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costmodel.core.arrays import Floats, Ints
from costmodel.studies.calibration.design import Design
from costmodel.studies.calibration.terms import Name

NOISE = 0.05
"""Relative differences between runs of one program, a standard deviation."""
ROUTINE = 0.2
"""Spread of a routine's log-share around the machine's: kernels of one vendor are alike."""
MACHINE = 1.0
"""Spread of the machine's log-shares around the base profile's."""
STEPS = 60
"""At most; a dozen are usual."""
REACH = 0.7
"""The longest step in a log-share: a factor of two."""
HALVINGS = 8
"""How often a step that would make things worse is halved."""
NEAR = 0.1
"""A part of that reach: from here a quadratic form is what the objective looks like."""
CLOSE = 1e-3
"""A part of that reach: a step that changes no prediction by more than its fourth figure."""
LEAST = 1e-9
"""The least coefficient that slopes are taken at: one at nothing has a slope all the same."""
SHARES = ("compute", "bandwidth", "parameters")
"""Resources whose coefficients are one over a share."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients (K,) of a design's columns."""

    design: Design
    coefficients: Floats
    levels: dict[str, float]
    """What the whole machine's shares are of those of the base profile, by resource."""

    @property
    def named(self) -> dict[Name, float]:
        """The coefficients by their columns' names."""
        return dict(zip(self.design.names, map(float, self.coefficients), strict=True))

    def predict(self, places: Ints) -> Floats:
        """Times [s] of the measurements at `places`."""
        return self.design.predict(self.coefficients)[places]


def fit(design: Design, places: Ints) -> Fitted:
    """The coefficients that the measurements at `places` make most probable.

    Steps of Gauss and Newton, each a least-squares problem in v >= 0, halved where they overshoot:
    first with the weights of rho, which are safe from afar, then with its curvature, which arrives
    in a few steps.
    """
    from scipy.optimize import nnls

    system = _System(design, places)
    v, near = system.start, False
    for _ in range(STEPS):
        residuals, slopes = system.linear(v, near)
        target = slopes @ v - residuals
        factor = np.linalg.cholesky(slopes.T @ slopes)
        wanted = nnls(factor.T, np.linalg.solve(factor, slopes.T @ target))[0]
        change = np.clip(wanted - v, -system.reach, system.reach)
        step = np.max(np.abs(change) / system.reach)
        near = near or step < NEAR
        if step < CLOSE:
            v = v + change
            break
        here, halvings = system.objective(v), 0
        while halvings < HALVINGS and not system.objective(v + change / 2**halvings) <= here:
            halvings += 1
        v = v + change / 2**halvings
    levels = dict(zip(SHARES, map(float, np.exp(-v)), strict=False))
    return Fitted(design, system.coefficients(v), levels)


class _System:
    """The system gives residuals and their slopes in v = (g, one entry per parameter).

    The entries are the log-coefficients of shares, else coefficients.
    """

    def __init__(self, design: Design, places: Ints) -> None:
        self.design, self.places = design, places
        self.weights = np.sqrt(design.weights[places])
        self.log_measured = np.log(design.measured[places])
        resources = [resource for resource, _ in design.names]
        self.shares = np.isin(resources, SHARES)
        alone = design.at_peaks[places] / design.measured[places, np.newaxis]
        self.prior = _prior(resources, alone)
        levels = np.zeros(len(SHARES))
        stated = np.where(self.shares, np.log(np.maximum(design.expected, 1.0)), design.expected)
        self.wanted = self.prior @ np.concatenate([levels, stated])
        # a linear coefficient may go anywhere: up to where its terms explain any measurement ten
        # times
        linear = 10 / np.maximum(alone.max(axis=0), 1e-12)
        self.reach = np.append(levels + REACH, np.where(self.shares, REACH, linear))
        self.start = np.append(levels + 0.1, np.where(self.shares, 0.1, 0.01))

    def coefficients(self, v: Floats) -> Floats:
        """What each parameter's time is multiplied by (K,)."""
        own = v[len(SHARES) :]
        return np.asarray(np.where(self.shares, np.exp(np.where(self.shares, own, 0.0)), own))

    def misfit(self, predicted: Floats) -> Floats:
        """Differences of the logarithms in units of the noise."""
        return np.asarray((np.log(predicted) - self.log_measured) / NOISE)

    def objective(self, v: Floats) -> float:
        """The sum that is minimised: weighted misfits and distances from the prior."""
        misfit = self.misfit(self.design.predict(self.coefficients(v))[self.places])
        rho = 2 * (np.sqrt(1 + misfit**2) - 1)
        return float((self.weights**2 * rho).sum() + ((self.prior @ v - self.wanted) ** 2).sum())

    def linear(self, v: Floats, near: bool) -> tuple[Floats, Floats]:
        """Return the residuals and their slopes at v.

        Those of the measurements are weighted so that the sum of their squares has the gradient of
        rho, and where the optimum is `near` its curvature as well.
        """
        coefficients = np.maximum(self.coefficients(v), LEAST)
        predicted, terms = (each[self.places] for each in self.design.slopes(coefficients))
        misfit = self.misfit(predicted)
        bend, power = 1 + misfit**2, 0.5 if near else 0.0
        residuals = self.weights * misfit * bend ** (power - 0.25)
        # d/dv: of a log-coefficient as it is, of a linear one divided by it
        scale = np.where(self.shares, 1.0, 1 / coefficients)
        slopes = np.zeros((len(predicted), len(v)))
        slopes[:, len(SHARES) :] = terms * scale
        root = self.weights * bend ** (-0.25 - power)
        slopes *= (root / NOISE / predicted)[:, np.newaxis]
        return np.concatenate([residuals, self.prior @ v - self.wanted]), np.vstack(
            [slopes, self.prior]
        )


def _prior(resources: list[str], alone: Floats) -> Floats:
    """The prior's residuals as a matrix on v: one line per level and per parameter."""
    # a coefficient that no measurement has stays at nothing
    mean = np.array([column.mean() for column in alone.T])
    own = np.where(np.isin(resources, SHARES), 1 / ROUTINE, np.where(mean, mean, 1.0))
    matrix = np.diag(np.append(np.full(len(SHARES), 1 / MACHINE), own))
    for number, resource in enumerate(resources, start=len(SHARES)):
        if resource in SHARES:
            matrix[number, SHARES.index(resource)] = -1 / ROUTINE
    return np.asarray(matrix)
