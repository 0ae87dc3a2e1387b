"""A mixture of experts: each token is sent to a few of many small networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, prod
from typing import Any

from costmodel.core.attributes import flag, weight_bits, weight_type, whole
from costmodel.core.layer import Example, MatrixLayer, Share
from costmodel.core.sharing import EXPERT, Devices, Use
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import Contraction, Nest, Sweep
from costmodel.errors import BadValue


@dataclass(frozen=True)
class Moe(MatrixLayer):
    """`top_k` of `experts` gated networks of `hidden` features for each token, and a `shared` one.

    The router is a linear layer over all experts. Of the experts' weights a run reads those that
    some token is sent to: E (1 - (1 - k / E)^n) of them are expected for n tokens that choose at
    random. `devices` share the experts; each works on the tokens sent to its own.
    """

    kind = "moe"
    routine = "experts"
    source = (
        "Shazeer et al. 2017 (arXiv 1701.06538); gated experts: Jiang et al. 2024, Mixtral "
        "(arXiv 2401.04088); shared experts: Dai et al. 2024, DeepSeekMoE (arXiv 2401.06066)"
    )
    examples = (
        Example({"experts": 4, "top_k": 2, "hidden": 6}, ((5, 8),)),
        Example({"experts": 4, "top_k": 1, "hidden": 6, "shared": 3, "bias": True}, ((5, 8),)),
    )

    experts: int = whole()
    top_k: int = whole()
    hidden: int = whole()
    shared: int = whole(0, least=0)
    bias: bool = flag(False)
    devices: int = whole(1)
    weight_bits: float | None = weight_bits()
    """Of the experts and the shared network, not of the router: 4.25 in MXFP4."""
    weight_type: str = weight_type()

    def out_shape(self, *inputs: Shape) -> Shape:
        """The input's; BadValue for more chosen experts than there are."""
        if len(inputs[0]) != 2:
            raise BadValue(f"moe needs [tokens, features], got {list(inputs[0])}", "reshape it")
        if self.top_k > self.experts:
            raise BadValue(f"{self.top_k} of {self.experts} experts", "choose fewer of them")
        if self.experts % self.devices:
            raise BadValue(
                f"{self.experts} experts do not divide over {self.devices} devices",
                "choose a divisor of the experts",
            )
        return inputs[0]

    def _expert(self, features: int) -> tuple[int, int]:
        """Weights and biases of one expert: gate, up and down."""
        weights = 3 * features * self.hidden
        return weights, (2 * self.hidden + features) * self.bias

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Each token meets the router, its experts and the shared network; SiLU and a product."""
        tokens, features = inputs[0]
        weights, biases = self._expert(features)
        here = self.experts // self.devices
        router = features * self.experts
        shared = 3 * features * self.shared
        # tokens are spread evenly over the devices
        sent = tokens * self.top_k / self.devices
        gated = ceil(sent * self.hidden) + tokens * self.shared
        return Tally.of(
            inputs,
            outputs,
            macs=tokens * (router + shared) + self._routed(tokens, features),
            exps=gated,
            divs=gated,
            muls=gated,
            adds=gated + tokens * features * self.top_k,
            weights=here * weights + router + shared,
            biases=here * biases + self.experts * self.bias,
        )

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """The router; gate and up of the experts as one product, and down; the shared one's.

        As many experts as are expected to be awake share the tokens evenly: 7 tokens are 3, 2 and 2
        for three experts. Their results lie outside between kernels.
        """
        tokens, features = inputs[0][0] * samples, inputs[0][1]
        made = [Contraction(Nest(self.experts, features, (Sweep(tokens),)), output="chip")]
        left = samples * self._routed(inputs[0][0], features)
        assigned = ceil(tokens * self.top_k / self.devices)
        awake = max(1, round(self._awake(tokens)))
        each, more = divmod(assigned, awake)
        for experts, own in ((awake - more, each), (more, each + 1)):
            macs = left if own > each else left * experts * each // assigned
            left -= macs
            up = Nest(2 * self.hidden, features, (Sweep(own),), 1, experts)
            down = Nest(features, self.hidden, (Sweep(own),), 1, experts)
            if experts:
                first = 2 * macs // 3
                made.append(Contraction(up, output="scratch", counted=first))
                made.append(Contraction(down, "scratch", output="scratch", counted=macs - first))
        if self.shared:
            up = Nest(2 * self.shared, features, (Sweep(tokens),))
            down = Nest(features, self.shared, (Sweep(tokens),))
            made += [Contraction(up, output="chip"), Contraction(down, "chip")]
        return tuple(made)

    def divided(self, devices: Devices, use: Use) -> Share:
        """Some devices hold some of the experts, the others a part of each, and all the router."""
        if self.experts % devices.experts:
            raise BadValue(
                f"{self.experts} experts do not divide over {devices.experts} devices",
                "choose a divisor of the experts",
            ).at(EXPERT)
        slices = devices.number // devices.experts
        part = replace(
            self,
            devices=devices.experts,
            hidden=-(-self.hidden // slices),
            shared=-(-self.shared // devices.number),
        )
        return Share(part, False, summed=True)

    def scratch(self, inputs: Shapes) -> int:
        """For each token and expert gate, up, their product and the result, between kernels."""
        tokens, features = inputs[0]
        return ceil(tokens * self.top_k / self.devices * (3 * self.hidden + features))

    def params_read(self, held: int, inputs: Shapes, samples: int) -> int:
        """Router and shared network whole, and the experts that some token is sent to."""
        tokens, features = prod(inputs[0][:-1]) * samples, inputs[0][-1]
        each = sum(self._expert(features))
        return held - self.experts // self.devices * each + ceil(self._awake(tokens) * each)

    def fixed_weights(self, tally: Tally, inputs: Shapes) -> int:
        """All weights but the router's."""
        return int(tally.weights) - inputs[0][-1] * self.experts

    def fixed_weights_read(self, held: int, inputs: Shapes, samples: int) -> int:
        """Those of the shared network, and of the experts that some token is sent to."""
        tokens, features = prod(inputs[0][:-1]) * samples, inputs[0][-1]
        each = self._expert(features)[0]
        return held - self.experts // self.devices * each + ceil(self._awake(tokens) * each)

    def _awake(self, tokens: int) -> float:
        """Experts here that one of so many tokens is expected to be sent to."""
        return self.experts // self.devices * (1 - (1 - self.top_k / self.experts) ** tokens)

    def _routed(self, tokens: int, features: int) -> int:
        """Multiply-adds of the experts here, over which the tokens are spread evenly."""
        return ceil(tokens * self.top_k / self.devices * 3 * features * self.hidden)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """Every expert as a module of its own; the forward pass runs through the first of them."""
        nn = torch.nn
        features = inputs[0][-1]

        def network(hidden: int, *, bias: bool) -> Any:
            gate, up = (nn.Linear(features, hidden, bias=bias) for _ in range(2))
            return nn.ModuleList([gate, up, nn.Linear(hidden, features, bias=bias)])

        made: Any = nn.Module()
        made.router = nn.Linear(features, self.experts, bias=self.bias)
        here = self.experts // self.devices
        made.experts = nn.ModuleList(network(self.hidden, bias=self.bias) for _ in range(here))
        if self.shared:
            made.shared = network(self.shared, bias=False)

        def forward(x: Any) -> Any:
            gate, up, down = list(made.experts[0])
            scores = made.router(x).amax(-1, keepdim=True)
            return down(nn.functional.silu(gate(x)) * up(x)) * scores

        made.forward = forward
        return made
