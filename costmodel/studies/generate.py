"""A prompt in, tokens out: time to the first token, time per token, and the memory it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.core.network import Network
from costmodel.errors import BadValue, InputError, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.language import dtypes
from costmodel.models.passes.tensor_parallel import TensorParallel
from costmodel.studies.device_memory import (
    Memory,
    named_state_elements,
    state_elements,
    weight_bytes,
)
from costmodel.studies.energy import drawn_power
from costmodel.studies.generation_request import GenerationRequest
from costmodel.studies.mean_step import step_weights
from costmodel.studies.run import Run
from costmodel.studies.simulation import asked_by, machine_of, simulate

ONE_PREFILL = 0.95
"""The least time to a first token that a request is served in, as a part of a prefill."""
QUEUE = 0.030
"""[s] that a server may take besides the prefills ahead of a request."""


@dataclass(frozen=True, eq=False)
class Generation:
    """The two phases of one request, and what follows from them."""

    request: GenerationRequest
    prefill: Run
    """The prompt, one sequence at a time under a concurrency."""
    decode: tuple[Run, ...]
    """The steps of `step_weights` in their order; none where one token is asked for."""
    named_state: int = 0
    """Elements per sequence of the states that the file declares by name, at their length."""

    @property
    def prefill_time(self) -> float:
        """Time of one pass over a prompt, or over all of a batch [s]."""
        return self.prefill.total_time

    @property
    def step(self) -> float | None:
        """Mean time of a step of generation [s]; None where none is asked for."""
        if not self.decode:
            return None
        times = [run.total_time for run in self.decode]
        return sum(weight * time for weight, time in zip(self.weights, times, strict=True))

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each run of `decode` in the mean over all steps."""
        return tuple(step_weights(self.request.generate - 1).values()) if self.decode else ()

    @property
    def middle(self) -> Run | None:
        """The step in the middle, or just before it; None where none is asked for."""
        return self.decode[(len(self.decode) - 1) // 2] if self.decode else None

    @property
    def served_step(self) -> float | None:
        """The same with what a server's scheduler takes for each sequence [s]."""
        if self.step is None or not self.request.concurrency:
            return self.step
        return self.step + self.request.concurrency * self.prefill.profile.per_sequence

    @property
    def ttft(self) -> float:
        """Time to the first token [s]; of a server that of the middle of its interval."""
        low, high = self.ttft_interval
        return (low * high) ** 0.5 if self.request.concurrency else self.prefill_time

    @property
    def ttft_interval(self) -> tuple[float, float]:
        """The times between one prefill and those of all that are served, once a place is free [s].

        Of c sequences one ends every 1 / c of the time that its tokens take.
        """
        if not self.request.concurrency:
            return self.prefill_time, self.prefill_time
        waits = self.request.generate * (self.served_step or 0.0) / self.request.concurrency
        most = self.request.concurrency * self.prefill_time + waits + QUEUE
        return ONE_PREFILL * self.prefill_time, most

    @property
    def tpot(self) -> float | None:
        """Time per token after the first [s]: other requests' prompts stall a server's steps."""
        if self.served_step is None or not self.request.concurrency:
            return self.step
        others = self.request.concurrency - 1
        return self.served_step + others / self.request.generate * self.prefill_time

    @property
    def tokens_per_s(self) -> float:
        """Generated tokens of all sequences over the total time [1/s]."""
        steps = self.request.generate - 1
        if self.request.concurrency and self.tpot:
            return self.request.concurrency / self.tpot
        total = self.prefill_time + steps * (self.step or 0.0)
        return self.request.batch * self.request.generate / total

    @property
    def joules_per_token(self) -> float | None:
        """Energy of a whole request over its generated tokens, all devices together [J].

        None where the machine states no energy.
        """
        prompt, steps = self.prefill.energy, [run.energy or 0.0 for run in self.decode]
        if prompt is None:
            return None
        waits = (self.served_step or 0.0) - (self.step or 0.0)
        idle = drawn_power(self.prefill) * waits
        return self.request.per_token(prompt, idle + float(np.dot(self.weights, steps)))

    @cached_property
    def memory(self) -> Memory:
        """What one device holds [B]."""
        prefill, request = self.prefill, self.request
        kept = state_elements(prefill, request.prompt, request.length) + self.named_state
        bits = dtypes.BITS[dtypes.types(prefill.policies.dtype).state]
        state = request.sequences * dtypes.size_of(kept, bits)
        return Memory(weight_bytes(prefill), state, prefill.whole_bytes, prefill.profile.capacity)

    @property
    def largest_batch(self) -> int | None:
        """The most sequences that fit; None without a capacity. 0: not even one."""
        memory, request = self.memory, self.request
        if memory.capacity is None:
            return None
        each, room = memory.state / request.sequences, memory.capacity - memory.weights
        # prompts are read one at a time by a server, else all together
        if request.concurrency:
            room -= memory.activation
        else:
            each += memory.activation / request.batch
        return max(0, int(room // each)) if each else None

    @property
    def largest_context(self) -> int | None:
        """The longest prompt and answer together that fit; None without a capacity."""
        memory = self.memory
        if memory.capacity is None or not memory.state:
            return None
        length = self.request.prompt + self.request.generate
        each = (memory.state + memory.activation) / length
        return max(0, int((memory.capacity - memory.weights) // each))

    def record(self) -> dict[str, Any]:
        """The figures under the names of the JSON report."""
        low, high = self.ttft_interval
        served = {"ttft_low_s": low, "ttft_high_s": high} if self.request.concurrency else {}
        return {
            "ttft_s": self.ttft,
            "tpot_s": self.tpot,
            "tokens_per_s": self.tokens_per_s,
            **served,
            **({} if (each := self.joules_per_token) is None else {"joules_per_token": each}),
            "prefill": _phase(self.prefill),
            "decode": _phase(self.middle) if self.middle else None,
            "memory": self.memory.record(),
            "largest_batch": self.largest_batch,
            "largest_context": self.largest_context,
            "request": vars(self.request),
            "provenance": self.prefill.provenance,
        }


def _phase(run: Run) -> dict[str, Any]:
    """Totals of one run, and what it spends most time on."""
    return {**run.totals, "bottleneck": run.bottleneck}


def generate(
    arch: str | Path | Network,
    hw: str | Path | HardwareProfile,
    prompt: int,
    generate: int = 1,
    *,
    batch: int = 1,
    concurrency: int | None = None,
    tensor_parallel: int = 1,
    expert_parallel: int = 1,
    dtype: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **choices: Any,
) -> Generation:
    """Time a language model that reads prompts and generates tokens, on one or several devices.

    The time of a step is the mean over the contexts from the prompt on: exact where it is at most
    cubic in the context (`costmodel.studies.mean_step`).

    Parameters
    ----------
    arch : str or Path
        A decoder with the variables `tokens` and `context`: a short name, a YAML file or a
        `config.json`.
    hw : str, Path or HardwareProfile
        The machine, as `simulate` takes it; all devices are alike.
    prompt : int
        Length of each prompt [tokens].
    generate : int
        Tokens to generate for each prompt [count].
    batch : int
        Sequences that are computed at once [count].
    concurrency : int, optional
        Sequences that a server decodes at once, while it reads one prompt at a time [count].
    tensor_parallel : int
        Devices that share the model; more than one need a `link` in the profile [count].
    expert_parallel : int
        Of these devices, those that share the experts [count].
    dtype : str, optional
        The element type, or one for each class: '{weights: int4, maps: fp16, state: fp8}'.
    settings : mapping, optional
        Further variables of the architecture, and their values.
    **choices
        Of `simulate`: convention, placement, traffic, timing, passes.

    Returns
    -------
    Generation
        `ttft` and `tpot`, the times to the first token and for each further one [s],
        `tokens_per_s` [1/s], `joules_per_token` where the machine states energies [J], the `memory`
        of one device [B], and the runs behind them.

    Raises
    ------
    InputError
        With every mistake in the files and options.

    Examples
    --------
    GPT-2's weights, 124 439 808 in 16 bits, are read once a step.

    >>> chat = generate("gpt2", "h100", 128, 32, dtype="fp16")
    >>> chat.memory.weights
    248879616

    """
    if isinstance(arch, Network):
        raise BadValue("a loaded network has no variables left", "give its file").at(Place("arch"))
    request = GenerationRequest(
        prompt, generate, batch, concurrency, tensor_parallel, expert_parallel
    )
    profile, _ = machine_of(hw)
    if tensor_parallel > 1 and profile.link is None:
        what = f"{profile.name} has no 'link' to other devices"
        raise BadValue(what, "add 'link: {bandwidth: ...}'").at(Place("--tensor-parallel"))
    passes = choices.pop("passes", None)
    passes = profile.passes if passes is None else passes
    passes = [TensorParallel(tensor_parallel, expert_parallel), *passes]
    settings = settings or {}
    for word in ("tokens", "context"):
        if word in settings:
            what = "is overruled by --prompt and --generate"
            raise InputError.at(Place(f"--set {word}"), what, "leave it out")

    def phase(tokens: int, context: int, sequences: int) -> Run:
        given = {**settings, "tokens": tokens, "context": context}
        return simulate(
            arch, hw, settings=given, batch=sequences, dtype=dtype, passes=passes, **choices
        )

    with asked_by(Place("--prompt"), "tokens", "context"):
        first = phase(prompt, 0, 1 if concurrency else batch)
    steps = step_weights(generate - 1) if generate > 1 else {}
    decode = tuple(phase(1, prompt + step, request.sequences) for step in steps)
    kept = named_state_elements(arch, settings, first, request.length)
    return Generation(request, first, decode, kept)
