"""The longest prompt or context that meets a target, by halving whole numbers."""

from __future__ import annotations

from collections.abc import Callable

from costmodel.errors import BadValue
from costmodel.studies.run import Run
from costmodel.studies.scan.solve_batch import last_of
from costmodel.studies.scan.target import Answer, Target

WORDS = {"context": "context", "prompt": "tokens"}
"""What may be asked for, and the network's variable."""
MOST = 1_000_000
"""[tokens] where the network has no limit of its own (`max_positions`)."""
Prepare = Callable[[int], Run]


def solve_tokens(prepare: Prepare, target: Target, word: str) -> Answer:
    """The largest `word` (a key of WORDS) that meets a target that favours little work.

    `prepare` simulates so many tokens; times do not fall with them. Raises BadValue for a network
    without such a variable, and for a target that favours much work.
    """
    if not target.favours_little:
        raise BadValue(f"'{target.text}' is met by any long {word}", "bound the time from above")
    least = 0 if word == "context" else 1
    first = prepare(least)
    found = first.network.facts.variables
    other = found.get("context" if word == "prompt" else "tokens", 0)
    most = int(found.get("max_positions") or MOST) - int(other)
    best = last_of(prepare, target, least, most)
    if best is None:
        why = f"impossible, because even {least} tokens take {first.total_time:.6g} s"
        return Answer(word, None, "tokens", first.total_time, False, why)
    limit = ", the most that there are positions for" if best == most else ""
    why = f"the longest {word} that meets the target{limit}"
    return Answer(word, float(best), "tokens", prepare(best).total_time, True, why)
