"""Rows divided over several devices, and what these tell one another."""

from __future__ import annotations

from dataclasses import replace

from costmodel.core.builder import chained, rewired
from costmodel.core.graph_pass import Pass
from costmodel.core.network import Key, Network, Row, Tap
from costmodel.core.sharing import EXPERT, TENSOR, Devices, Heads, Use
from costmodel.errors import BadValue, InputError
from costmodel.models.layers.all_reduce import AllReduce


class TensorParallel(Pass):
    """One device's part of a decoder that `devices` share: that of the first unless another's.

    Each layer says what a device keeps of it. Of each pair of linear layers the first keeps a part
    of its outputs, the second a part of its inputs, and the sum goes to all devices; heads are
    divided, and what lies between works on its part. Of experts each of `experts` devices holds
    some, the others a part of each. Fewer heads of keys and values than devices are held by
    several. The embedding and the norms are repeated. The bias of a sum is added once: by the first
    device, which holds it and so holds most.
    """

    source = "Shoeybi et al. 2019, Megatron-LM (arXiv 1909.08053), section 3"
    named_by = "costmodel generate --tensor-parallel"

    def __init__(self, devices: int = 1, experts: int = 1, device: int = 0) -> None:
        self.devices = Devices(devices, experts, device)

    def apply(self, network: Network) -> Network:
        """One sweep in execution order. Raises InputError where something does not divide."""
        if self.devices.number % self.devices.experts:
            raise BadValue(
                f"{self.devices.experts} devices for the experts are no part of "
                f"{self.devices.number}",
                "choose a divisor of the devices",
            ).at(EXPERT)
        if self.devices.number == 1:
            return network
        wanted = self._heads(network)
        last = {tap.node for tap in network.outputs}
        taps: dict[Key, Tap] = {tap.key: tap for tap in network.inputs}
        divided, rows = set[Key](), []
        for row in network.rows:
            inputs = tuple(taps[tap.key] for tap in row.inputs)
            apart = any(tap.key in divided for tap in row.inputs)
            use = Use(apart, wanted.get(row.taps[0].key), row.id in last)
            mine, apart, summed = self._part(row, inputs, use)
            rows.append(mine)
            if summed:
                mine = _all_reduce(mine, self.devices.number)
                rows.append(mine)
            taps |= {old.key: new for old, new in zip(row.taps, mine.taps, strict=True)}
            if apart:
                divided |= {tap.key for tap in row.taps}
        outputs = tuple(taps[tap.key] for tap in network.outputs)
        return network.with_rows(rows, network.inputs, outputs)

    def _heads(self, network: Network) -> dict[Key, Heads]:
        """What a device keeps of maps whose readers need whole heads, from the last row back."""
        wanted: dict[Key, Heads] = {}
        refused: InputError | None = None
        for row in reversed(network.rows):
            read = wanted.get(row.taps[0].key)
            for part in reversed(row.parts[1:]):
                read = next(iter(part.layer.heads_read(part.inputs, read, self.devices)), None)
            first = row.parts[0]
            try:
                needs = first.layer.heads_read(first.inputs, read, self.devices)
            except BadValue as error:
                refused = error.at(TENSOR, f"{row.id}: ")
                continue
            for tap, heads in zip(row.inputs, needs, strict=False):
                if heads is not None:
                    wanted.setdefault(tap.key, heads)
        # of the first row that does not divide
        if refused is not None:
            raise refused
        return wanted

    def _part(self, row: Row, inputs: tuple[Tap, ...], use: Use) -> tuple[Row, bool, bool]:
        """A device's part of one row; whether it makes other features, and whether summands."""
        layers, summed = [], False
        try:
            for part in row.parts:
                share = part.layer.divided(self.devices, use)
                layers.append(share.layer)
                use, summed = use._replace(apart=share.apart), summed or share.summed
            parts = rewired(row.parts, tuple(layers), tuple(tap.shape for tap in inputs))
        except BadValue as error:
            raise error.at(TENSOR, f"{row.id}: ") from None
        return replace(row, parts=parts, inputs=inputs), use.apart, summed


def _all_reduce(row: Row, devices: int) -> Row:
    """A row behind `row` in which the devices add up what they hold of its map."""
    parts = chained((AllReduce(devices),), row.outputs)
    return Row(f"{row.id}:all_reduce", "all_reduce", row.block, row.place, parts, row.taps)
