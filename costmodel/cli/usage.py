"""What `--help` and the shell's completion show: options by what they are about, and examples."""

from __future__ import annotations

import argparse
import os
import re
from typing import Any, NoReturn

GROUPS = {
    "the network": ("--set", "--dim", "--strict", "--network"),
    "the model": (
        *("--convention", "--placement", "--traffic", "--timing", "--dtype", "--pass", "--batch"),
        *("--effort", "--tensor-parallel", "--expert-parallel"),
    ),
    "what is written": (
        *("--csv", "--json", "--html", "--save", "--plot", "--trace", "--out", "--study"),
        *("--points", "--quiet"),
    ),
}
"""Options that many commands have, under what they are about; a command's own stay in front."""
WORDS = {
    **{word: f"{word}s" for word in ("arch", "convention", "placement", "timing")},
    **{word: word for word in ("archs", "hw", "traffic", "passes")},
}
"""Arguments whose words `costmodel list` knows, and under which name."""


class Grouped(argparse.ArgumentParser):
    """Puts the options that commands share into groups; completes short names."""

    def add_argument(self, *names: Any, **more: Any) -> argparse.Action:
        """Add the argument to the group that its name belongs to."""
        title = next((t for t, words in GROUPS.items() if names[0] in words), None)
        if title is None:
            action = super().add_argument(*names, **more)
        else:
            known = {group.title: group for group in self._action_groups}
            group = known.get(title) or self.add_argument_group(title)
            action = group.add_argument(*names, **more)
        if action.dest in WORDS:
            action.completer = _short_names(WORDS[action.dest])  # type: ignore[attr-defined]
        return action


class Commands(argparse.ArgumentParser):
    """The parser of the first word."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2; of a misspelt command, say which one was meant."""
        wrong = re.match(
            r"argument COMMAND: invalid choice: '([^']*)' \(choose from (.*)\)", message
        )
        if wrong:
            from costmodel.errors import did_you_mean

            known = [word.strip(" '") for word in wrong[2].split(",")]
            message = f"unknown command '{wrong[1]}'; {did_you_mean(wrong[1], known)}"
        super().error(message)


def _short_names(family: str) -> Any:
    """What argcomplete asks: shipped names of a family, and files."""

    def candidates(prefix: str, **_: Any) -> list[str]:
        from argcomplete.completers import FilesCompleter

        from costmodel.cli.list_command import entries

        names = [word for word, *_ in entries(family) if word.startswith(prefix)]
        return names + list(FilesCompleter()(prefix) if family in ("archs", "hw") else [])

    return candidates


def epilog(examples: tuple[str, ...]) -> str:
    """Examples under a command's options."""
    return "\n".join(["examples:", *(f"  costmodel {example}" for example in examples)])


def complete(parser: Any) -> None:
    """Answer the shell and end, where it asks (_ARGCOMPLETE is set) and argcomplete is there."""
    try:
        import argcomplete
    except ImportError:
        return
    words = os.environ.get("COMP_LINE", "").split()
    argcomplete.autocomplete(parser(words))
