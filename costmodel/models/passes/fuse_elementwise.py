"""Elementwise rows of any number of maps run in a row that writes one of them."""

from __future__ import annotations

from typing import ClassVar

from costmodel.core.graph_pass import Pass
from costmodel.core.network import Network, Row
from costmodel.models.passes._draft import Draft
from costmodel.models.passes.fuse_activations import fuse_one


class FuseElementwise(Pass):
    """As `fuse_activations`, and sums and products join too.

    A shortcut is added where a branch is written.
    """

    source: ClassVar[str] = "operator fusion: Chen et al. 2018, TVM (arXiv 1802.04799), section 3"

    def apply(self, network: Network) -> Network:
        """One sweep in execution order; functions of one map are joined before others."""
        draft = Draft(network)
        for more in (False, True):
            for name in list(draft.rows):
                current: Row | None = draft.rows.get(name)
                while current is not None and current.elementwise:
                    current = fuse_one(draft, current, more_inputs=more)
        return draft.network()
