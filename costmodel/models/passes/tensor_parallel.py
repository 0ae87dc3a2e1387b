"""Rows divided over several devices, and what these tell one another."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from costmodel.core.builder import chained, rewired
from costmodel.core.graph_pass import Pass
from costmodel.core.layer import Layer
from costmodel.core.network import Key, Network, Row, Tap
from costmodel.errors import BadValue
from costmodel.models.layers.all_reduce import AllReduce
from costmodel.models.layers.attention import Attention
from costmodel.models.layers.linear import Linear
from costmodel.models.layers.moe import Moe
from costmodel.models.layers.rotary import Rotary


class TensorParallel(Pass):
    """One device's part of a decoder that `devices` share.

    Of each pair of linear layers the first keeps a part of its outputs, the second a part of its
    inputs, and the sum goes to all devices; heads are divided, and what lies between works on its
    part. Of experts each of `experts` devices holds some, the others a part of each. Fewer heads of
    keys and values than devices are held by several. The embedding and the norms are repeated.
    """

    source: ClassVar[str] = "Shoeybi et al. 2019, Megatron-LM (arXiv 1909.08053), section 3"

    def __init__(self, devices: int = 1, experts: int = 1) -> None:
        self.devices, self.experts = devices, experts

    def apply(self, network: Network) -> Network:
        """One sweep in execution order. Raises BadValue where something does not divide."""
        if self.devices == 1:
            return network
        if self.devices % self.experts:
            raise BadValue(
                f"{self.experts} devices for the experts are no part of {self.devices}",
                "choose a divisor of the devices",
            )
        taps: dict[Key, Tap] = {tap.key: tap for tap in network.inputs}
        divided, rows = set[Key](), []
        for row in network.rows:
            inputs = tuple(taps[tap.key] for tap in row.inputs)
            apart = any(tap.key in divided for tap in row.inputs)
            layers = tuple(self._part(part.layer, network, row, apart=apart) for part in row.parts)
            parts = rewired(row.parts, layers, tuple(tap.shape for tap in inputs))
            mine = replace(row, parts=parts, inputs=inputs)
            rows.append(mine)
            summed = isinstance(row.layer, Moe) or (isinstance(row.layer, Linear) and apart)
            if summed:
                told = _told(mine, self.devices)
                rows.append(told)
                taps[row.taps[0].key] = told.taps[0]
                continue
            taps |= {old.key: new for old, new in zip(row.taps, mine.taps, strict=True)}
            if apart or isinstance(row.layer, Linear):
                divided |= {tap.key for tap in row.taps}
        outputs = tuple(taps[tap.key] for tap in network.outputs)
        return network.with_rows(rows, network.inputs, outputs)

    def _part(self, layer: Layer, network: Network, row: Row, *, apart: bool) -> Layer:
        """A device's part of one layer."""
        if isinstance(layer, Linear):
            if apart:
                return layer
            attention = _attention(network, row)
            if attention is not None:
                return replace(layer, features=self._heads(attention, layer.features))
            if any(tap.node == row.id for tap in network.outputs):
                # a vocabulary is padded
                return replace(layer, features=-(-layer.features // self.devices))
            return replace(layer, features=_shared(layer.features, self.devices, row.id))
        if isinstance(layer, Attention) and layer.heads:
            heads = _shared(layer.heads, self.devices, row.id)
            return replace(layer, heads=heads, kv_heads=self._kept(layer))
        if isinstance(layer, Rotary) and layer.turned and apart:
            attention = _attention(network, row)
            if attention is not None and attention.heads:
                size = layer.turned // (attention.heads + (attention.kv_heads or attention.heads))
                mine = attention.heads // self.devices + self._kept(attention)
                return replace(layer, turned=mine * size)
        if isinstance(layer, Moe):
            slices = self.devices // self.experts
            return replace(
                layer,
                devices=self.experts,
                hidden=-(-layer.hidden // slices),
                shared=-(-layer.shared // self.devices),
            )
        return layer

    def _kept(self, attention: Attention) -> int:
        """Heads of keys and values on each device."""
        heads = attention.kv_heads or attention.heads or 1
        if heads % self.devices and self.devices % heads:
            raise BadValue(
                f"{heads} heads of keys and values and {self.devices} devices",
                "choose devices of which one number divides the other",
            )
        return max(1, heads // self.devices)

    def _heads(self, attention: Attention, features: int) -> int:
        """Features of a device's part of Q, K and V."""
        heads, kept = attention.heads or 1, attention.kv_heads or attention.heads or 1
        size = features // (heads + 2 * kept)
        return (_shared(heads, self.devices, "attention") + 2 * self._kept(attention)) * size


def _shared(count: int, devices: int, what: str) -> int:
    if count % devices:
        raise BadValue(f"{what}: {count} do not divide over {devices} devices", "choose a divisor")
    return count // devices


def _attention(network: Network, row: Row) -> Attention | None:
    """The attention that alone reads what a row writes, rotations aside."""
    while True:
        readers = list(network.readers(row.taps[0].key))
        if len(readers) != 1:
            return None
        row = readers[0]
        if isinstance(row.layer, Attention):
            return row.layer if row.layer.heads and len(row.inputs) == 1 else None
        if not isinstance(row.layer, Rotary):
            return None


def _told(row: Row, devices: int) -> Row:
    """A row behind `row` in which the devices add up what they hold of its map."""
    parts = chained((AllReduce(devices),), row.outputs)
    return Row(f"{row.id}:all_reduce", "all_reduce", row.block, row.place, parts, row.taps)
