"""Scaled dot-product attention as one layer, whose scores never leave the chip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

from costmodel.core.attributes import flag, optional_whole, whole
from costmodel.core.layer import Example, MatrixLayer, Share, State, Task
from costmodel.core.sharing import Devices, Heads, Use
from costmodel.core.tally import Shape, Shapes, Tally
from costmodel.core.tiling.nest import AttentionNest, Contraction, Operand
from costmodel.errors import BadValue


@dataclass(frozen=True)
class Attention(MatrixLayer):
    """softmax(Q K^T / sqrt d) V on [heads, tokens, size]: two products and a softmax of the scores.

    K and V may have fewer heads, each read by as many of Q's. `past` tokens of K and V stand in
    maps of their own; these and a mask are further inputs. With `heads` (and `kv_heads`, where they
    are fewer) Q, K and V are [tokens, heads * size], or one map that holds all three side by side.
    `causal` tokens see those before them and themselves, of a `window` the last ones alone; with a
    cache (`past`, `context` or `cache`) the last query is the newest token, without one the first
    query is the oldest. `context` tokens of K and V are a state: they outlive the run, are read
    from the external memory, and what is new is appended to them (`cache: true` appends without any
    read). With `qk_norm` each head's Q and K go through an RMS norm of one scale each, with `sinks`
    each head's softmax has one more, learned score. `offset` says how many keys stand before the
    first causal query's own, and `ahead` how many behind a query's own it sees besides; with
    `softcap` each score goes through a hyperbolic tangent.
    """

    kind = "attention"
    routine = "dense"
    source = "Vaswani et al. 2017, eq. (1); fused as in Dao et al. 2022 (FlashAttention)"
    arity = (1, 6)
    examples = (
        Example({}, ((4, 5, 8), (4, 6, 8), (4, 6, 8))),
        Example({}, ((2, 3, 4), (2, 7, 4), (2, 7, 6))),
        Example({"heads": 4}, ((5, 32), (5, 32), (5, 32))),
        Example({"heads": 4, "kv_heads": 2, "causal": True}, ((5, 64),)),
    )
    writes = "row_major"

    past: int = whole(0, least=0)
    heads: int | None = optional_whole(1)
    kv_heads: int | None = optional_whole(1)
    causal: bool = flag(False)
    window: int | None = optional_whole(1)
    context: int = whole(0, least=0)
    cache: bool = flag(False)
    qk_norm: bool = flag(False)
    sinks: bool = flag(False)
    offset: int | None = optional_whole()
    ahead: int = whole(0, least=0)
    softcap: bool = flag(False)

    @property
    def runs_as(self) -> str:
        """With a cache it is the first pass over a prompt, or queries that stream what is kept."""
        if self.context:
            return "attend"
        return "prefill" if self.cache else self.routine

    def split(self, inputs: Shapes) -> Shapes:
        """Q, K and V as [heads, tokens, size]. Raises BadValue where they do not divide."""
        if self.heads is None:
            if len(inputs) < 3:
                raise BadValue("attention takes Q, K and V", "or name its 'heads'")
            return inputs[:3]
        fewer = self.kv_heads or self.heads
        if self.heads % fewer:
            raise BadValue(
                f"{self.heads} heads cannot share {fewer} of K and V", "choose a divisor of heads"
            )
        counts = (self.heads, fewer, fewer)
        if len(inputs) == 1:
            tokens, features = _matrix(inputs[0])
            size = _divided(features, self.heads + 2 * fewer)
            return tuple((count, tokens, size) for count in counts)
        if len(inputs) < 3:
            raise BadValue("attention takes Q, K and V", "one map of all three, or three maps")
        maps = [(count, *_matrix(shape)) for count, shape in zip(counts, inputs, strict=False)]
        return tuple((count, tokens, _divided(size, count)) for count, tokens, size in maps)

    def out_shape(self, *inputs: Shape) -> Shape:
        """[heads, tokens of Q, size of V], or [tokens, heads * size]; BadValue on a misfit."""
        q, k, v = self.split(inputs)
        fits = (
            len(q) == len(k) == len(v) >= 2
            and q[-1] == k[-1]
            and k[:-1] == v[:-1]
            and all(a % b == 0 for a, b in zip(q[:-2], k[:-2], strict=True))
        )
        if not fits:
            raise BadValue(
                f"attention of {list(q)}, {list(k)}, {list(v)} does not fit",
                "give [heads, tokens, size] each",
            )
        return (*q[:-1], v[-1]) if self.heads is None else (q[-2], q[0] * v[-1])

    def seen(self, queries: int, keys: int) -> int:
        """Keys that all queries of a head meet together [count].

        A causal query sees the keys up to its own place, less those before its window. Its place is
        that among the queries, as of torch's `is_causal`; with a cache the last query is the newest
        token, as of torch's `causal_lower_right`. Two queries see 1 + 2 of five keys, with a cache
        4 + 5 of them, and with an `offset` of 1 they see 2 + 3.
        """
        total = self.past + self.context + keys
        if not self.causal:
            return queries * min(total, self.window or total)
        cached = self.cache or self.past or self.context
        first = total - queries + 1 if cached else 1
        if self.offset is not None:
            first = self.offset + 1
        seen = _ramp(first + self.ahead, queries, total)
        return seen - _ramp(first - self.window, queries, total) if self.window else seen

    def state(self, inputs: Shapes) -> State | None:
        """Keys and values of the context, as far as a window reaches, and the new ones."""
        if not self.context and not self.cache:
            return None
        _, k, v = self.split(inputs)
        heads = prod(k[:-2])
        size = k[-1] + v[-1]
        kept = min(self.context, self.window or self.context)
        return State(heads * kept * size, heads * k[-2] * size, heads)

    def tally(self, inputs: Shapes, outputs: Shapes) -> Tally:
        """Scores: tokens of Q times tokens of K for each head, each of d and then v multiply-adds.

        The softmax and the scaling take an exponential, a product, an addition and a division each,
        a cap two products, an exponential, two additions and a division more.
        """
        q, k, v = self.split(inputs)
        scores = prod(q[:-2]) * self.seen(q[-2], k[-2])
        normed = (prod(q) + prod(k)) * self.qk_norm
        capped = scores * self.softcap
        return Tally.of(
            inputs,
            outputs,
            macs=scores * (q[-1] + v[-1]),
            muls=scores + 2 * normed + 2 * capped,
            exps=scores + capped,
            adds=scores + normed + 2 * capped,
            divs=scores + capped,
            weights=(q[-1] + k[-1]) * self.qk_norm,
            biases=q[0] * self.sinks,
        )

    def tasks(self, tally: Tally) -> tuple[Task, ...]:
        """The products on the matrix engine, the softmax where a softmax runs."""
        rest = {name: getattr(tally, name) for name in ("muls", "exps", "adds", "divs")}
        matrix = Tally(macs=tally.macs, weights=tally.weights, biases=tally.biases)
        return (Task(self.engine, self.runs_as, matrix), Task("host", "norm", Tally(**rest)))

    def contractions(self, inputs: Shapes, samples: int) -> tuple[Contraction, ...]:
        """One nest for each head of K and V; all queries that read them stand in one row.

        Of a window it has the keys that a query sees at most. Operands may be parts of one map.
        """
        q, k, v = self.split(inputs)
        heads = prod(k[:-2])
        keys = self.past + self.context + k[-2]
        met = min(keys, (self.window or keys) + self.ahead)
        nest = AttentionNest(prod(q[:-1]) // heads, met, q[-1], v[-1], heads * samples)
        places = (1, 2, 3, 4)[: len(inputs) - 1 if self.past else 2]
        held: Operand = (0,) if len(inputs) < 3 else places
        macs = samples * prod(q[:-2]) * self.seen(q[-2], k[-2]) * (q[-1] + v[-1])
        return (Contraction(nest, (0,), "state" if self.context else held, counted=macs),)

    def heads_read(
        self, inputs: Shapes, written: Heads | None, devices: Devices
    ) -> tuple[Heads | None, ...]:
        """Whole heads; fewer heads of keys and values than devices are held by several."""
        if self.heads is None:
            return ()
        queries, keys, values = self.split(inputs)
        mine, kept = devices.share(self.heads), self._kept(devices)
        if len(inputs) == 1:
            both = self.heads + keys[0]
            return (Heads((mine + 2 * kept) * queries[-1], mine + kept, both),)
        return (
            Heads(mine * queries[-1], mine, self.heads),
            Heads(kept * keys[-1], kept, keys[0]),
            Heads(kept * values[-1], kept, keys[0]),
        )

    def _kept(self, devices: Devices) -> int:
        """Heads of keys and values on each device."""
        heads = self.kv_heads or self.heads or 1
        if heads % devices.number and devices.number % heads:
            raise BadValue(
                f"{heads} heads of keys and values and {devices.number} devices",
                "choose devices of which one number divides the other",
            )
        return max(1, heads // devices.number)

    def divided(self, devices: Devices, use: Use) -> Share:
        """A device attends with its part of the heads."""
        if self.heads is None:
            return Share(self, use.apart)
        heads = devices.share(self.heads)
        return Share(replace(self, heads=heads, kv_heads=self._kept(devices)), True)

    def twin(self, torch: Any, inputs: Shapes) -> Any:
        """scaled_dot_product_attention, heads moved out and back where they stand side by side."""
        attend = torch.nn.functional.scaled_dot_product_attention
        if self.heads is None:
            return attend
        counts = [shape[0] for shape in self.split(inputs)]

        def side_by_side(*maps: Any) -> Any:
            parts = maps[:3]
            if len(maps) == 1:
                size = maps[0].shape[-1] // sum(counts)
                parts = maps[0].split([count * size for count in counts], dim=-1)
            q, k, v = (
                part.unflatten(-1, (count, -1)).transpose(1, 2)
                for count, part in zip(counts, parts, strict=True)
            )
            if self.qk_norm:
                q, k = module.q_norm(q), module.k_norm(k)
            seen = attend(q, k, v, is_causal=self.causal, enable_gqa=True)
            return seen.transpose(1, 2).flatten(2)

        module: Any = torch.nn.Module()
        if self.qk_norm:
            size = self.split(inputs)[0][-1]
            module.q_norm, module.k_norm = (torch.nn.RMSNorm(size) for _ in range(2))
        if self.sinks:
            module.sinks = torch.nn.Parameter(torch.empty(counts[0]))
        module.forward = side_by_side
        return module


def _ramp(first: int, count: int, most: int) -> int:
    """The sum of first, first + 1, ..., each cut to 0..most, of so many numbers.

    From -1 five numbers up to 2: 0 + 0 + 1 + 2 + 2 = 5, the sum to 3 (5) less that to -2 (0).
    """

    def up_to(last: int) -> int:
        short = min(max(last, 0), most)
        return short * (short + 1) // 2 + max(last - most, 0) * most

    return up_to(first + count - 1) - up_to(first - 1)


def _matrix(shape: Shape) -> tuple[int, int]:
    """Tokens and features of a map. Raises BadValue for a map of another rank."""
    if len(shape) != 2:
        raise BadValue(f"attention with heads needs [tokens, features], got {list(shape)}", "")
    return shape[0], shape[1]


def _divided(features: int, heads: int) -> int:
    """Features of each head. Raises BadValue where they do not divide."""
    if features % heads:
        raise BadValue(
            f"{features} features do not divide into {heads} heads", "change heads or features"
        )
    return features // heads
