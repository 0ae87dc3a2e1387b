"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any


def add_policies(parser: argparse.ArgumentParser, batch: int | None = 1) -> None:
    """--convention, --placement, --traffic, --timing, --dtype, --pass, --batch."""
    parser.add_argument("--convention", metavar="C", help="how ops and params are counted")
    parser.add_argument("--placement", metavar="P", help="which tensors live on chip")
    parser.add_argument("--traffic", metavar="R", help="what moves again: once, tiled")
    parser.add_argument("--timing", metavar="T", help="how transfer and compute add up")
    parser.add_argument("--dtype", metavar="TYPE", help="element type: fp32, fp16, int8, ...")
    add_passes(parser)
    add_batch(parser, batch)


def add_batch(parser: argparse.ArgumentParser, default: int | None = 1) -> None:
    """--batch."""
    parser.add_argument("--batch", type=int, default=default, metavar="N", help="samples per run")


def add_passes(parser: argparse.ArgumentParser) -> None:
    """--pass."""
    parser.add_argument(
        "--pass",
        action="append",
        default=[],
        dest="passes",
        metavar="NAME",
        help="rewrite the graph first, e.g. fold_batch_norm (repeatable, in this order); "
        "'none' for no rewrite where the profile asks for some",
    )


def passes(args: argparse.Namespace) -> list[str] | None:
    """The passes given on the command line; None where none is: those of the profile."""
    return [word for word in args.passes if word != "none"] if args.passes else None


def policies(args: argparse.Namespace) -> dict[str, Any]:
    """The policies given on the command line."""
    from costmodel.core.policies import DEFAULTS

    return {key: getattr(args, key) for key in DEFAULTS}


def once(option: str, words: Sequence[str]) -> str:
    """The only word of an option that collects its words. Raises InputError for more than one."""
    from costmodel.errors import InputError, Place

    if len(words) > 1:
        raise InputError.at(Place(option), f"is given {len(words)} times", "give it once")
    return words[0]


def joined(words: Sequence[str], names: Sequence[str]) -> list[str]:
    """`words` with ``--by -throughput`` as ``--by=-throughput``, for the options `names`.

    argparse takes a word led by '-' for an option of its own.
    """
    found: list[str] = []
    for word in words:
        if found and found[-1] in names and re.match(r"-[A-Za-z]", word):
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def add_settings(parser: argparse.ArgumentParser, *, onnx: bool = True) -> None:
    """--set NAME=VALUE, and --dim NAME=SIZE where the command takes ONNX files."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a variable of the architecture (repeatable)",
    )
    if not onnx:
        return
    parser.add_argument(
        "--dim",
        action="append",
        dest="settings",
        metavar="NAME=SIZE",
        help="an open dimension of an ONNX file's inputs (repeatable)",
    )


def add_html(parser: argparse.ArgumentParser) -> None:
    """--html FILE."""
    parser.add_argument("--html", metavar="FILE", help="write one page with charts and the table")


def add_strict(parser: argparse.ArgumentParser) -> None:
    """--strict."""
    parser.add_argument(
        "--strict", action="store_true", help="refuse operators of an ONNX file that are not known"
    )


def with_settings(word: str) -> tuple[str, dict[str, Any]]:
    """``name:a=1,b=2`` as a name and its settings. Raises InputError."""
    from pathlib import Path

    name, colon, rest = word.partition(":")
    if not colon or Path(word).exists():
        return word, {}
    return name, settings(rest.split(","))


def settings(words: Sequence[str]) -> dict[str, Any]:
    """``NAME=VALUE`` words as a dictionary, values read like YAML. Raises InputError."""
    from costmodel.errors import InputError, Place
    from costmodel.language import documents

    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        place = Place(f"--set {word}")
        if not equals or not name or not value:
            raise InputError.at(place, f"'{word}' is not NAME=VALUE", "write e.g. --set alpha=0.5")
        found[name.strip()] = documents.parse(value, str(place)).plain()
    return found
