"""Mixed precision as a framework runs it: what is not safe in 16 bits is done in 32."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.core.builder import apply
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Key, Network, Row, Tap, Taps, changed
from costmodel.models.layers.activation import Softmax
from costmodel.models.layers.move import Cast
from costmodel.models.passes._draft import Draft
from costmodel.models.passes.fuse_sdpa import call

WIDE = 32
"""[bit] of the network's input, its parameters, and what is kept at full precision."""


class Autocast(Pass):
    """Convolutions, dense layers and products run in the run's own type, norms and more in 32 bits.

    Everything else takes the widest type it reads: a parameter that is no mere number (a layer
    scale, a position embedding) is 32 bits wide and carries the maps behind it along. A fused row
    is one kernel: its first layer decides for all that it reads. Conversions are rows. Parameters
    are converted too, once a run; that is left out, for it matters at small batches alone. Only for
    dtypes of 16 bits.
    """

    source = (
        "PyTorch documentation, torch.amp, 'Autocast Op Reference': CUDA ops that autocast to "
        "float16 and to float32"
    )
    bits = 16

    def apply(self, network: Network) -> Network:
        """One sweep in execution order; every map's width follows from its row's inputs."""
        draft, narrow = Draft(network), set[str]()
        # a call that no fused kernel takes runs in 16 bits all the same, its softmax too
        for row in network.rows:
            called = call(draft, row)
            narrow |= {inner.id for inner in called if isinstance(inner.layer, Softmax)}
        width: dict[Key, int | None]
        width = {tap.key: WIDE if tap.bits is None else tap.bits for tap in network.inputs}
        rows: list[Row] = []
        for row in network.rows:
            for done in _typed(row, width, row.id in narrow):
                rows.append(done)
                width |= {tap.key: tap.bits for tap in done.taps}
        ends = _widened(network.inputs, width), _widened(network.outputs, width)
        return network.with_rows(rows, *ends)


def _widened(taps: Taps, width: dict[Key, int | None]) -> Taps:
    """The same maps, each of its `width` [bit]; None: as wide as the run's own type."""
    return tuple(changed(tap, bits=width[tap.key]) for tap in taps)


def _typed(row: Row, width: dict[Key, int | None], narrow: bool) -> Iterator[Row]:
    """`row` with the widths of its maps, behind the conversions that it needs."""
    taps = _widened(row.inputs, width)
    floats = [tap for tap in taps if tap.bits in (None, WIDE)]
    # a conversion gives what it is there for
    if not floats or isinstance(row.layer, Cast):
        yield changed(row, inputs=taps)
        return
    precision = "narrow" if narrow else row.layer.precision
    converted = list(taps)
    wanted = {"narrow": None, "wide": WIDE}
    for place, tap in enumerate(taps):
        if precision in wanted and tap in floats and tap.bits != wanted[precision]:
            made = _conversion(row, place, tap, wanted[precision])
            yield made
            converted[place] = made.taps[0]
    wide = precision in ("wide", "widens") or (precision == "follows" and _widens(row, floats))
    bits = tuple(
        given if given not in (None, WIDE) else (WIDE if wide else None)
        for given in row.out_bits or (None,) * len(row.outputs)
    )
    yield changed(row, inputs=tuple(converted), out_bits=bits)


def _widens(row: Row, floats: list[Tap]) -> bool:
    """True where a row reads 32 bits, or a parameter with axes of its own meets the maps."""
    if any(tap.bits == WIDE for tap in floats):
        return True
    if row.view or not row.layer.parameters_widen:
        return False
    if row.constants is not None:
        return row.constants.tensors
    return any(part.tally.moved_params for part in row.parts)


def _conversion(row: Row, place: int, tap: Tap, bits: int | None) -> Row:
    """A row that converts one input of `row`."""
    part = apply(Cast(), (tap.shape,))
    stated = (f"{row.id}:cast{place}", "cast", row.block, row.place)
    return Row(*stated, (part,), (tap,), (bits,), pieces=tap.pieces)
