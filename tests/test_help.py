"""Help, completion, colour and progress: what a terminal shows beside the answer."""

from __future__ import annotations

import importlib
import os
import pty
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from costmodel.cli import COMMANDS, main, parser
from costmodel.cli.usage import GROUPS
from costmodel.report.colour import painted
from costmodel.studies import progress

EXAMPLES = [
    example
    for word in COMMANDS
    for example in importlib.import_module(f"costmodel.cli.{word}_command").EXAMPLES
]
OWN = ("model.onnx", "config.json", "mine.", "kernel_tables", "scan.yaml")
"""Files that a reader has and the tests do not."""
SLOW = ("reproduce --quiet", "measure")


def on_a_terminal(command: list[str], **environment: str) -> str:
    """All that a command writes to a terminal of 100 columns."""
    here, there = pty.openpty()
    with subprocess.Popen(
        command, stdout=there, stderr=there, env=os.environ | {"COLUMNS": "100", **environment}
    ) as running:
        os.close(there)
        found = b""
        while True:
            try:
                piece = os.read(here, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            found += piece
        assert running.wait() == 0
    os.close(here)
    return found.decode()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_command(
    example: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All can be parsed; those that need no file of one's own run."""
    words = shlex.split(example)
    parser(words).parse_args(words)
    monkeypatch.chdir(tmp_path)
    if not any(own in example for own in OWN) and not example.startswith(SLOW):
        assert main(words) == 0
        assert capsys.readouterr().out


@pytest.mark.parametrize("word", COMMANDS)
def test_help_has_groups_and_examples(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([word, "--help"])
    shown = capsys.readouterr().out
    assert f"examples:\n  costmodel {word}" in shown
    for title, options in GROUPS.items():
        # an option of a group stands under its title
        for option in options:
            if (at := shown.find(f"\n  {option} ")) >= 0:
                assert 0 <= shown.find(f"\n{title}:\n") < at


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("costmodel simulate hairn", {"hairnet", "hairnet_table1"}),
        ("costmodel simulate hairnet --hw rtx3090_", {"rtx3090_measured"}),
        ("costmodel simulate hairnet --placement res", {"resident", "resident+weights"}),
        ("costmodel sens", {"sensitivity"}),
    ],
)
def test_the_shell_completes(line: str, words: set[str]) -> None:
    """As bash asks by argcomplete's protocol: candidates on descriptor 8, a separator between."""
    script = "exec 8>&1; exec costmodel 9>/dev/null"
    done = subprocess.run(
        ["bash", "-c", script],
        env=os.environ
        | {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert {word.strip() for word in done.stdout.splitlines()} == words


def test_colour_is_for_terminals_that_want_it() -> None:
    command = [sys.executable, "-m", "costmodel", "simulate", "hairnet", "--hw", "accel_1tflops"]
    coloured = on_a_terminal(command, TERM="xterm")
    assert "\x1b[1mTotal \x1b[0m" in coloured
    assert "\x1b[31mWARNING" in coloured
    plain = re.sub(r"\x1b\[\d*m", "", coloured)
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert on_a_terminal(command, **{"TERM": "xterm"} | environment) == plain
    piped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "\x1b" not in piped


def test_a_name_cannot_paint(tmp_path: Path) -> None:
    """What looks like a colour in a name is spelt out; only ours are acted on."""
    file = tmp_path / "x.yaml"
    file.write_text(
        'name: "\\e[31mred"\nsource: s\ninput: [3, 8, 8]\nlayers:\n  - r: {kind: relu}\n'
    )
    command = [sys.executable, "-m", "costmodel", "simulate", str(file), "--hw", "accel_1tflops"]
    shown = on_a_terminal(command, TERM="xterm")
    assert "\\x1b[31mred" in shown
    assert painted("x\\x1b[31m") == "x\\x1b[31m"


SLOWLY = """
import sys, time
sys.stderr.isatty()
from costmodel.studies import progress
progress.asked.set({asked})
for n in progress.watched(list(range({count})), "counting", "numbers"):
    time.sleep(0.1)
print("done")
"""


@pytest.mark.parametrize(
    ("asked", "count", "drawn"), [(True, 25, True), (True, 3, False), (False, 25, False)]
)
def test_a_bar_appears_for_what_takes_over_a_second(asked: bool, count: int, drawn: bool) -> None:
    shown = on_a_terminal(
        [sys.executable, "-c", SLOWLY.format(asked=asked, count=count)], TERM="xterm"
    )
    assert ("counting:" in shown) is drawn
    assert "done" in shown


def test_no_bar_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    token = progress.asked.set(True)
    begun = time.monotonic()
    for _ in progress.watched(range(12), "counting", "numbers"):
        time.sleep(0.1)
    progress.asked.reset(token)
    assert time.monotonic() - begun > progress.WAIT
    assert capfd.readouterr().err == ""
