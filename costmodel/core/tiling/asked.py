"""What a traffic model that tiles asks of a network, as fields of its workload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from costmodel.core.tiling.fusion.flow import flow_of
from costmodel.core.tiling.rows import Tiling, row_nests

if TYPE_CHECKING:
    from costmodel.core.maps import Maps


def asked(
    maps: Maps, samples: int, tiling: Tiling, param_bits: int | None, moved: Sequence[int]
) -> dict[str, Any]:
    """The loop nests of the rows, and how lines pass between them where they may be fused.

    `moved` are the bytes of parameters that each row reads, of `param_bits` each where that is not
    the width of the maps.
    """
    nests = row_nests(maps.network.rows, maps, samples, maps.bits, tiling, param_bits)
    tiled = {"nests": nests, "double_buffer": tiling.double}
    if not tiling.fused:
        return tiled
    flow = flow_of(maps, samples, tiling.sum_bits, moved, double=tiling.double)
    return tiled | {"flow": flow}
