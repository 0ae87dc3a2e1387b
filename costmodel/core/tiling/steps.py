"""The step function of any nest, worked out once, and its schedules in words."""

from __future__ import annotations

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.attention import attention_front, attention_words
from costmodel.core.tiling.front import Front, front
from costmodel.core.tiling.nest import AttentionNest, Nest, Widths
from costmodel.core.tiling.schedule import schedule

FRONTS: ContentCache[Front] = ContentCache(4096)


def steps(nest: Nest | AttentionNest, widths: Widths, *, double: bool = False) -> Front:
    """The least traffic of a nest over the memory, in the unit of `widths`; kept by content."""
    key = (nest, widths, double)
    return FRONTS.get(key, lambda: _steps(nest, widths, double=double))


def _steps(nest: Nest | AttentionNest, widths: Widths, *, double: bool) -> Front:
    if isinstance(nest, AttentionNest):
        return attention_front(nest, widths, double=double)
    return front(nest, widths, double=double)


def words(nest: Nest | AttentionNest, front: Front, step: int) -> str:
    """What stays at a step, in tiles of which sizes, and along which axis the input slides."""
    if isinstance(nest, AttentionNest):
        return attention_words(front, step)
    return schedule(nest, front, step).words
