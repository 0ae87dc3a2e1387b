"""Lists of modules in a config, such as those that a method leaves as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from costmodel.errors import BadValue

EXPRESSION = "re:"
"""What leads a regular expression in a list of modules."""


class Names:
    """Modules that a list names.

    A name stands for every module whose path has it among its whole components, so that `gate` is
    no `gate_proj` and `model.layers.0` all that lies below; `*` stands for anything, and what
    follows `re:` is a regular expression that a path begins with.

    >>> names = Names(["self_attn", "model.layers.0", "re:.*down"])
    >>> [path in names for path in ("h.1.self_attn.q_proj", "model.layers.01.mlp", "h.mlp.down")]
    [True, False, True]
    """

    def __init__(self, listed: Iterable[str]) -> None:
        self.listed = tuple(listed)

    def __contains__(self, path: str) -> bool:
        if not self.listed:
            return False
        return not self._plain.isdisjoint(_parts(path)) or any(
            pattern.match(path) for pattern in self._patterns
        )

    @property
    def tells_experts_apart(self) -> bool:
        """True where one expert may stand in the list and another one not."""
        return any("expert" in name for name in self.listed)

    @cached_property
    def _plain(self) -> frozenset[str]:
        """The names without a wildcard."""
        return frozenset(n for n in self.listed if not n.startswith(EXPRESSION) and "*" not in n)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        """The expressions. Raises BadValue for one that is none."""
        return tuple(expression(name) for name in self.listed if name not in self._plain)


def expression(name: str) -> re.Pattern[str]:
    """What follows `re:`, or a name with wildcards, as a pattern. Raises BadValue."""
    text = name.removeprefix(EXPRESSION)
    if not name.startswith(EXPRESSION):
        text = rf"(?:.*\.)?{'.*'.join(map(re.escape, name.split('*')))}(?:\..*)?$"
    try:
        return re.compile(text)
    except re.error as error:
        raise BadValue(f"'{name}' is no regular expression: {error}", "correct it") from None


def _parts(path: str) -> set[str]:
    """Every run of whole components of a path."""
    words = path.split(".")
    ends = range(1, len(words) + 1)
    return {".".join(words[start:end]) for end in ends for start in range(end)}
