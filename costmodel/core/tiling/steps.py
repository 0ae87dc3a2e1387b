"""The step function of any nest, worked out once, and its schedules in words."""

from __future__ import annotations

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.attention import attention_front, attention_words
from costmodel.core.tiling.front import Front, front
from costmodel.core.tiling.joint import AnyNest, JointFront, JointNest, joint_front
from costmodel.core.tiling.nest import AttentionNest, Widths
from costmodel.core.tiling.schedule import schedule

FRONTS: ContentCache[Front] = ContentCache(4096)


def steps(nest: AnyNest, widths: Widths, *, double: bool = False) -> Front:
    """The least traffic of a nest over the memory, in the unit of `widths`; kept by content."""
    key = (nest, widths, double)
    return FRONTS.get(key, lambda: _steps(nest, widths, double=double))


def _steps(nest: AnyNest, widths: Widths, *, double: bool) -> Front:
    if isinstance(nest, JointNest):
        pieces = ((piece.nest, piece.widths(widths)) for piece in nest.pieces)
        return joint_front([steps(*piece, double=double) for piece in pieces])
    if isinstance(nest, AttentionNest):
        return attention_front(nest, widths, double=double)
    return front(nest, widths, double=double)


def words(nest: AnyNest, front: Front, step: int) -> str:
    """What stays at a step, in tiles of which sizes, and along which axis the input slides."""
    if isinstance(nest, JointNest):
        assert isinstance(front, JointFront)
        own = zip(nest.pieces, front.fronts, front.schedules[step], strict=True)
        return "; ".join(words(piece.nest, one, at) for piece, one, at in own)
    if isinstance(nest, AttentionNest):
        return attention_words(front, step)
    return schedule(nest, front, step).words
