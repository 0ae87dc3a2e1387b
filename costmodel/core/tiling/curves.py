"""The traffic curve of any nest, worked out once, and its schedules in words."""

from __future__ import annotations

from costmodel.core.content_cache import ContentCache
from costmodel.core.tiling.attention import attention_curve, attention_words
from costmodel.core.tiling.contraction import contraction_curve
from costmodel.core.tiling.joint import AnyNest, JointCurve, JointNest, joint_curve
from costmodel.core.tiling.nest import AttentionNest, Widths
from costmodel.core.tiling.schedule import schedule
from costmodel.core.tiling.traffic_curve import TrafficCurve

CURVES: ContentCache[TrafficCurve] = ContentCache(4096)


def traffic_curve(nest: AnyNest, widths: Widths, *, double: bool = False) -> TrafficCurve:
    """The least traffic of a nest as a step function of the room it may use; kept by content.

    Parameters
    ----------
    nest
        The contraction, or several one after the other.
    widths
        Width of each operand's elements and of a partial sum, in the unit that rooms and traffic
        shall have [B or bit].
    double
        True: every tile but that of the tensor that stays has a second buffer.

    Returns
    -------
    TrafficCurve
        Rooms, what moves from each on, and the schedules.

    Examples
    --------
    >>> from costmodel.core.tiling.nest import Nest, Sweep, Widths
    >>> curve = traffic_curve(Nest(3, 1, (Sweep(4),)), Widths(1, 1, 1, 1))
    >>> curve.room.tolist(), curve.moved.total.tolist()
    ([3, 4, 5], [27, 22, 19])

    """

    def curve() -> TrafficCurve:
        if isinstance(nest, JointNest):
            pieces = ((piece.nest, piece.widths(widths)) for piece in nest.pieces)
            return joint_curve([traffic_curve(*piece, double=double) for piece in pieces])
        if isinstance(nest, AttentionNest):
            return attention_curve(nest, widths, double=double)
        return contraction_curve(nest, widths, double=double)

    return CURVES.get((nest, widths, double), curve)


def schedule_words(nest: AnyNest, curve: TrafficCurve, step: int) -> str:
    """What stays at a step, in tiles of which sizes, and along which axis the input slides."""
    if isinstance(nest, JointNest):
        assert isinstance(curve, JointCurve)
        own = zip(nest.pieces, curve.curves, curve.schedules[step], strict=True)
        return "; ".join(schedule_words(piece.nest, part, at) for piece, part, at in own)
    if isinstance(nest, AttentionNest):
        return attention_words(curve, step)
    return schedule(nest, curve, step).words
