"""The command line. One command is one file here, which is imported when it is asked for.

A command module has a docstring (its help, the first line alone in the list of commands),
``EXAMPLES`` (command lines without `costmodel`), ``arguments(parser)`` and
``run(args) -> exit code``.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from costmodel.cli import stopping, usage
from costmodel.version import VERSION

COMMANDS = (
    "simulate",
    "validate",
    "compare",
    "scan",
    "solve",
    "sensitivity",
    "slope",
    "generate",
    "measure",
    "calibrate",
    "evaluate",
    "reproduce",
    "list",
    "init",
    "schema",
)


PATHS = ("csv", "json", "html", "save", "plot", "trace", "out", "study")
"""Options that name where something is written."""


def entry() -> int:
    """Run `main` as a process of its own: tell the garbage collector that it will be short.

    Measured on the main job: 0.34 s without these two lines, 0.27 s with them.
    """
    # a name that the terminal cannot show is no error
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # [allocations] start-up makes many objects and no garbage
    gc.set_threshold(200_000)
    if "_ARGCOMPLETE" in os.environ:
        usage.complete(parser)
    try:
        with stopping.told_once():
            return main()
    except KeyboardInterrupt:
        stopping.end("interrupted", stopping.INTERRUPTED)
    except stopping.Terminated:
        stopping.end("terminated", stopping.TERMINATED)
    finally:
        # the process ends now: spare it a last walk over every object
        gc.freeze()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 fine, 1 a check failed, 2 the input is wrong."""
    words = _joined(sys.argv[1:] if argv is None else list(argv), ("--by", "--pareto"))
    args = parser(words).parse_args(words)
    if sys.stdout is None:
        # whoever closed it wants to hear nothing
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  until the end
    with _streams(args):
        return _told(args)


def _told(args: argparse.Namespace) -> int:
    """Run the command; every way in which it may end becomes a line and an exit code."""
    from costmodel.errors import CostModelError

    try:
        _check_paths(args)
        code = int(_module(args.command).run(args))
        # a full disk behind stdout shows here
        sys.stdout.flush()
        return code
    except CostModelError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # the reader (head, less) has seen enough
        _abandon_stdout()
        return 0
    except OSError as error:
        # most files are read and written behind InputError; without a name it is stdout
        where = error.filename or "stdout"
        print(f"{where}: {error.strerror or error}; choose another place", file=sys.stderr)
        if not error.filename:
            _abandon_stdout()
        return 2


@contextlib.contextmanager
def _streams(args: argparse.Namespace) -> Iterator[None]:
    """Names are data on the terminal too; a report makes way for the file that goes to stdout."""
    from costmodel.language.harmless import Harmless
    from costmodel.report.files import STANDARD, standard
    from costmodel.report.terminal import paint_for
    from costmodel.studies import progress

    piped = any(STANDARD in _listed(getattr(args, word, None)) for word in PATHS)
    if piped:
        standard.append(sys.stdout)
    said = sys.stderr if piped else sys.stdout
    out = Harmless(said, paint_for(said))
    err = Harmless(sys.stderr, paint_for(sys.stderr))
    asked = progress.asked.set(True)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    finally:
        progress.asked.reset(asked)
        if piped:
            standard.pop()


def _check_paths(args: argparse.Namespace) -> None:
    """Raise InputError for paths that are empty: they would be taken for options left out."""
    from costmodel.errors import InputError, Place, Problem

    empty = [word for word in PATHS if "" in _listed(getattr(args, word, None))]
    if empty:
        raise InputError(
            [Problem(Place(f"--{word}"), "the path is empty", "name a place") for word in empty]
        )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _abandon_stdout() -> None:
    """Let what is still buffered go nowhere, or Python complains about it at its end."""
    # what stands in for stdout may have no descriptor
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser; only the command that `words` name gets its arguments built."""
    top = usage.Commands(
        prog="costmodel",
        description="Where does the time go, what would change it, and can the number be trusted?",
        epilog="'costmodel COMMAND --help' explains a command.",
    )
    top.add_argument("--version", action="version", version=f"costmodel {VERSION}")
    commands = top.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=usage.Grouped
    )
    for word in COMMANDS:
        if word not in words:
            commands.add_parser(word, help=_headline(word))
            continue
        module = _module(word)
        sub = commands.add_parser(
            word,
            help=_headline(word),
            description=(module.__doc__ or "").strip(),
            epilog=usage.epilog(module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(sub)
    return top


def _module(word: str) -> ModuleType:
    return importlib.import_module(f"costmodel.cli.{word}_command")


def _headline(word: str) -> str:
    """What a command is for: the first line of its file, which is not imported for that."""
    with (Path(__file__).parent / f"{word}_command.py").open(encoding="utf-8") as file:
        return file.readline().strip().strip('"')


def _joined(words: Sequence[str], names: Sequence[str]) -> list[str]:
    """`words` with ``--by -throughput`` as ``--by=-throughput``, for the options `names`.

    argparse takes a word led by '-' for an option of its own.
    """
    line: list[str] = []
    for word in words:
        if line and line[-1] in names and re.match(r"-[A-Za-z]", word):
            line[-1] += f"={word}"
        else:
            line.append(word)
    return line
