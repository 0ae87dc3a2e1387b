"""Multiply-adds of convolutions, dense layers and matrix products, and nothing else."""

from __future__ import annotations

from typing import Any

from costmodel.core.tally import Tally
from costmodel.models.conventions.flops import Flops


class Macs(Flops):
    """Multiply-adds of convolution, linear and matmul only; a report, never a time."""

    source = "Howard et al. 2017, MobileNets (arXiv 1704.04861), 'Mult-Adds'"
    report_only = True

    def ops(self, kind: str, tally: Tally) -> Any:
        """The layer's multiply-adds [MAC]."""
        return tally.macs
