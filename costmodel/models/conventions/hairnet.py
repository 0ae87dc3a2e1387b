"""What the HairNet Appendix counts, its slip on depthwise convolutions included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel.core.tally import Tally
from costmodel.models.conventions.flops import Flops

# Read off the Appendix's ops column. Section 3.1 of the paper gives K^2 M D_h D_w for a depthwise
# convolution; the Appendix multiplies it by the channel count once more. BN is spelt out as
# subtract, divide, scale, shift (section 3.2, Algorithm 1). Pools count their *input* elements.
RULES: dict[str, Callable[[Tally], Any]] = {
    "depthwise_conv2d": lambda t: 2 * t.macs * t.in_channels,
    "batch_norm": lambda t: 4 * t.out_elements,
    "max_pool": lambda t: t.in_elements,
    "avg_pool": lambda t: t.in_elements,
    "global_avg_pool": lambda t: t.in_elements,
}


class HairNetAppendix(Flops):
    """The HairNet Appendix: BN+ReLU 5 per element, pools 1 per input, depthwise times C again.

    Kinds that the Appendix does not list count as in ``flops``.
    """

    source = "H. Jansma, HairNet: The Thinned Convolutional Network, 2020, Appendix (ops column)"

    def ops(self, kind: str, tally: Tally) -> Any:
        """The Appendix's operations of one layer [count]."""
        rule = RULES.get(kind)
        return rule(tally) if rule else super().ops(kind, tally)
