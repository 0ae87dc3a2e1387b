"""The text report of a generation."""

from __future__ import annotations

from costmodel.language import units
from costmodel.report.exposed import shares
from costmodel.report.numbers import seconds, short
from costmodel.studies import weight_types
from costmodel.studies.generate import Generation

GB = 1e9
"""A gigabyte, in bytes [B]."""


def text(generation: Generation) -> str:
    """Times, what binds each phase, and the memory of one device."""
    request, memory, run = generation.request, generation.memory, generation.prefill
    step, served_step = generation.step or 0.0, generation.served_step or 0.0
    each = generation.joules_per_token
    least, most = map(seconds, generation.ttft_interval)
    shared = f" on each of {request.devices} devices" if request.devices > 1 else ""
    served = f"{request.concurrency} requests served at once"
    held = {"weights": memory.weights, "keys and values": memory.state, "maps": memory.activation}
    lines = {
        "Standing": run.standing.line,
        "Weights": weight_types.line(run.network, run.policies.dtype),
        "": "",
        "Time to first token": f"{least} to {most}, by how many prompts are ahead"
        if request.concurrency
        else seconds(generation.ttft),
        "Time per token": "-" if generation.tpot is None else seconds(generation.tpot),
        "Tokens": f"{generation.tokens_per_s:.4g} /s, all sequences and devices together",
        "Energy": each is not None
        and f"{units.show(each, 'energy')} per generated token, the "
        "prompt's among it, all devices together",
        "Energy is": run.energy_standing and run.energy_standing.line,
        "Prefill": f"{seconds(generation.prefill_time)}: {shares(run)}",
        "Step of generation": generation.middle and f"{seconds(step)}: {shares(generation.middle)}",
        "Scheduling": served_step - step
        and f"{seconds(served_step - step)} a step, all sequences together",
        "Memory": ", ".join(f"{short(size / GB)} GB {word}" for word, size in held.items())
        + ("" if memory.capacity is None else f", of {short(memory.capacity / GB)} GB"),
        "Fits": generation.largest_batch is not None
        and f"up to {generation.largest_batch} sequences of this length, or "
        f"{generation.largest_context} tokens at this batch",
    }
    return "\n".join(
        [
            f"{run.network.name} on {run.profile.name}{shared}: {request.prompt} tokens in, "
            f"{request.generate} out, "
            f"{served if request.concurrency else f'batch {request.batch}'}, {run.policies.dtype}",
            *(f"{head:21} {line}".rstrip() for head, line in lines.items() if line or not head),
        ]
    )


def shortage(generation: Generation) -> str:
    """What does not fit, and what would."""
    memory = generation.memory
    return (
        f"{short(memory.total / GB)} GB do not fit the {short((memory.capacity or 0) / GB)} GB of "
        f"one device; at most {generation.largest_batch} sequences of this length do, or "
        f"{generation.largest_context} tokens at this batch"
    )
