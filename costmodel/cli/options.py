"""Arguments that commands declare in a line, and what several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from costmodel.core.graph_pass import passes_of
from costmodel.core.loading import load_network
from costmodel.core.network import Network
from costmodel.core.policies import DEFAULTS
from costmodel.errors import InputError, Place
from costmodel.hardware.profile import HardwareProfile
from costmodel.hardware.read import load_profile
from costmodel.language import documents, shipped
from costmodel.report import files, plots

POLICIES = ("--convention C", "--placement P", "--traffic R", "--timing T", "--dtype TYPE",
            "--pass NAME", "--batch N")  # fmt: skip
RUN = ("arch ARCH", "--hw HW", "--set NAME=VALUE", "--dim NAME=SIZE", "--from NODE", "--to NODE",
       *POLICIES)  # fmt: skip
"""What a command takes that simulates one network on one machine."""
SHARED: dict[str, tuple[str, dict[str, Any]]] = {
    "arch ARCH": ("architecture file, or a shipped short name", {}),
    "--hw HW": ("hardware profile, or a shipped short name", {"required": True}),
    "--set NAME=VALUE": (
        "a variable of the architecture (repeatable)",
        {"action": "append", "default": [], "dest": "settings"},
    ),
    "--dim NAME=SIZE": (
        "an open dimension of an ONNX file's inputs (repeatable)",
        {"action": "append", "dest": "settings"},
    ),
    "--from NODE": (
        "leave out what stands before this row, or node of an ONNX file (repeatable)",
        {"action": "append", "default": [], "dest": "start"},
    ),
    "--to NODE": (
        "leave out what this row, or node of an ONNX file, does not need (repeatable)",
        {"action": "append", "default": [], "dest": "end"},
    ),
    "--strict": ("refuse operators of an ONNX file that are not known", {"action": "store_true"}),
    "--convention C": ("how ops and params are counted", {}),
    "--placement P": ("which tensors live on chip", {}),
    "--traffic R": ("what moves again: once, tiled, fused", {}),
    "--timing T": ("how transfer and compute add up", {}),
    "--dtype TYPE": ("element type: fp32, fp16, int8, ...", {}),
    "--pass NAME": (
        "rewrite the graph first, e.g. fold_batch_norm (repeatable, in this order); "
        "'none' for no rewrite where the profile asks for some",
        {"action": "append", "default": [], "dest": "passes"},
    ),
    "--batch N": ("samples per run", {"type": int, "default": 1}),
    "--html FILE": ("write one page with charts and the table", {}),
}
"""Arguments that several commands have: what they say of themselves, and how they are read."""


def add(parser: argparse.ArgumentParser, words: str, text: str = "", **how: Any) -> None:
    """Declare one argument of a command.

    Parameters
    ----------
    parser
        The command's parser.
    words
        The argument's name and what stands for its value, like ``"--n N"``; a flag has none.
    text
        What ``--help`` says of it; left out for an argument of `SHARED`.
    how
        Further keywords of ``ArgumentParser.add_argument``.

    """
    name, _, metavar = words.partition(" ")
    shared, settings = SHARED.get(words, ("", {}))
    named = {"metavar": metavar} if metavar else {}
    parser.add_argument(name, help=text or shared, **{**named, **settings, **how})


def add_shared(parser: argparse.ArgumentParser, *several: str) -> None:
    """Declare arguments of `SHARED`."""
    for words in several:
        add(parser, words)


def passes(args: argparse.Namespace) -> list[str] | None:
    """The passes given on the command line; None where none is: those of the profile."""
    return passes_of(args.passes, Place("--pass")) if args.passes else None


def policies(args: argparse.Namespace) -> dict[str, Any]:
    """The policies that the command has options for, as they are given."""
    return {key: getattr(args, key) for key in DEFAULTS if key in args}


def network(args: argparse.Namespace) -> str | Network:
    """The network that a run is of: its word, or the piece that is asked for. Raises InputError."""
    if not _piece(args):
        return str(args.arch)
    strict = getattr(args, "strict", False)
    given = settings(args.settings)
    return load_network(args.arch, given, strict=strict, start=args.start, end=args.end)


def _piece(args: argparse.Namespace) -> bool:
    """True where a piece of a network is asked for."""
    return bool(getattr(args, "start", []) or getattr(args, "end", []))


def asked(args: argparse.Namespace) -> dict[str, Any]:
    """What the command line asks of a run, as keywords of `simulate`. Raises InputError."""
    return {
        "settings": {} if _piece(args) else settings(args.settings),
        "batch": args.batch,
        "passes": passes(args),
        **policies(args),
    }


def profile(word: str) -> tuple[HardwareProfile, Path]:
    """A hardware profile that is named on the command line, and its file. Raises InputError."""
    path = shipped.find(word, "hwprofiles")
    return load_profile(path), path


def write(args: argparse.Namespace, **contents: Callable[[], Any]) -> None:
    """Write the files that the command line asks for.

    Parameters
    ----------
    args
        The arguments; those named like a content hold the place of its file, if it is asked for.
    contents
        What gives the content of each file: `json` any value, `csv` rows and the names of their
        columns, `html` a text, `plot` charts by the names of their pictures in a folder.

    Raises
    ------
    InputError
        Where a place cannot be written.

    """
    writers: dict[str, Callable[[str, Any], object]] = {
        "json": files.write_json,
        "csv": lambda place, table: files.write_csv(place, *table),
        "html": files.write_text,
        "plot": plots.write_charts,
    }
    for word, content in contents.items():
        place = getattr(args, word)
        if place:
            writers[word](place, content())


def once(option: str, words: Sequence[str]) -> str:
    """The only word of an option that collects its words. Raises InputError for more than one."""
    if len(words) > 1:
        raise InputError.at(Place(option), f"is given {len(words)} times", "give it once")
    return words[0]


def with_settings(word: str) -> tuple[str, dict[str, Any]]:
    """``name:a=1,b=2`` as a name and its settings. Raises InputError."""
    name, colon, rest = word.partition(":")
    if not colon or Path(word).exists():
        return word, {}
    return name, settings(rest.split(","))


def settings(words: Sequence[str]) -> dict[str, Any]:
    """``NAME=VALUE`` words as a dictionary, values read like YAML. Raises InputError."""
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        place = Place(f"--set {word}")
        if not equals or not name or not value:
            raise InputError.at(place, f"'{word}' is not NAME=VALUE", "write e.g. --set alpha=0.5")
        if name.strip() in values:
            raise InputError.at(place, f"'{name.strip()}' is given twice", "give it once")
        values[name.strip()] = documents.parse(value, str(place)).plain()
    return values
