"""Keras' parameter count: batch norm holds four values per channel."""

from __future__ import annotations

from typing import Any

from costmodel.core.tally import Tally
from costmodel.models.conventions.flops import Flops


class Keras(Flops):
    """Keras' total parameters: batch norm counts 4 per channel; a report, never a time.

    Operations are those of ``flops``.
    """

    source = "Keras Model.summary(): BatchNormalization holds gamma, beta, mean, var"
    report_only = True

    def params(self, tally: Tally) -> Any:
        """Trainable parameters plus BN's running mean and variance [count]."""
        return tally.moved_params + tally.bn_mean + tally.bn_variance
