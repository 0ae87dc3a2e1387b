"""A generation in words."""

from __future__ import annotations

from costmodel.core.terms import RUN_LANES
from costmodel.report.exposed import exposed_totals
from costmodel.report.numbers import percent, seconds, short
from costmodel.studies.generate import Generation
from costmodel.studies.run import Run

GB = 1e9
"""[B]"""


def text(generation: Generation) -> str:
    """Times, what binds each phase, and the memory of one device."""
    request, memory = generation.request, generation.memory
    run = generation.prefill
    shared = f" on each of {request.devices} devices" if request.devices > 1 else ""
    served = (
        f"{request.concurrency} requests served at once"
        if request.concurrency
        else f"batch {request.batch}"
    )
    lines = [
        f"{run.network.name} on {run.profile.name}{shared}: {request.prompt} tokens in, "
        f"{request.generate} out, {served}, {run.policies.dtype}",
        f"Standing              {run.standing.line}",
        "",
        f"Time to first token   {_first(generation)}",
        f"Time per token        {'-' if generation.tpot is None else seconds(generation.tpot)}",
        f"Tokens                {generation.tokens_per_s:.4g} /s, all sequences and devices "
        "together",
        f"Prefill               {seconds(generation.prefill_time)}: {_shares(run)}",
    ]
    if generation.middle:
        step = generation.step or 0.0
        lines.append(f"Step of generation    {seconds(step)}: {_shares(generation.middle)}")
    scheduled = (generation.served_step or 0.0) - (generation.step or 0.0)
    if scheduled:
        lines.append(f"Scheduling            {seconds(scheduled)} a step, all sequences together")
    lines.append(
        f"Memory                {short(memory.weights / GB)} GB weights, "
        f"{short(memory.state / GB)} GB keys and values, {short(memory.activation / GB)} GB maps"
        + ("" if memory.capacity is None else f", of {short(memory.capacity / GB)} GB")
    )
    if generation.largest_batch is not None:
        lines.append(
            f"Fits                  up to {generation.largest_batch} sequences of this length, or "
            f"{generation.largest_context} tokens at this batch"
        )
    return "\n".join(lines)


def shortage(generation: Generation) -> str:
    """What does not fit, and what would."""
    memory = generation.memory
    return (
        f"{short(memory.total / GB)} GB do not fit the {short((memory.capacity or 0) / GB)} GB of "
        f"one device; at most {generation.largest_batch} sequences of this length do, or "
        f"{generation.largest_context} tokens at this batch"
    )


def _first(generation: Generation) -> str:
    if not generation.request.concurrency:
        return seconds(generation.ttft)
    low, high = generation.ttft_interval
    return f"{seconds(low)} to {seconds(high)}, by how many prompts are ahead"


def _shares(run: Run) -> str:
    """Each lane's share of a phase, by exposed time."""
    return ", ".join(
        f"{RUN_LANES[word].label} {percent(time, run.total_time)}"
        for word, time in exposed_totals(run).items()
        if time
    )
