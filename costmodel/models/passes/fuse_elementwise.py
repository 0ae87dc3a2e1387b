"""Elementwise rows of any number of maps run in a row that writes one of them."""

from __future__ import annotations

from costmodel.models.passes.fuse_activations import FuseActivations


class FuseElementwise(FuseActivations):
    """Functions, sums and products of maps join a row that writes one of these maps.

    A shortcut is added where a branch is written. A map that the row reads already is not read
    again for it.
    """

    source = "operator fusion: Chen et al. 2018, TVM (arXiv 1802.04799), section 3"

    sweeps = (False, True)
    """Functions of one map are joined before others."""
