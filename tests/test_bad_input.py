"""Bad input: each mistake is named at its place, all in one run, exit code 2, and quickly."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from costmodel.cli import main

BAD = Path(__file__).parent / "fixtures" / "bad"


def expectations() -> dict[str, list[tuple[int, str, str]]]:
    found = defaultdict(list)
    for line in (BAD / "expected.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            file, number, at, words = (part.strip() for part in line.split("|", 3))
            found[file].append((int(number), at, words))
    return found


EXPECTED = expectations()


def test_every_fixture_has_an_expectation() -> None:
    files = {str(p.relative_to(BAD)) for p in BAD.glob("*/*.yaml")}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("file", sorted(EXPECTED))
def test_bad_file(file: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = BAD / file
    pair = (
        ["hairnet", "--hw", str(path)]
        if file.startswith("hw/")
        else [str(path), "--hw", "accel_1tflops"]
    )
    out = tmp_path / "out.csv"
    assert main(["simulate", *pair, "--csv", str(out)]) == 2
    assert not out.exists()
    shown, errors = capsys.readouterr()
    assert shown == ""
    found = errors.strip().splitlines()
    source = path.read_bytes().decode("latin-1").splitlines()
    wanted = list(EXPECTED[file])
    assert len(found) == len(wanted), errors
    for line in found:
        match = re.fullmatch(rf"{re.escape(str(path))}(?::(\d+):(\d+))?: (.*); .+", line)
        assert match, f"not 'file:line:column: what; remedy': {line}"
        number, column = (int(n) if n else 0 for n in match.groups()[:2])
        hit = [
            w
            for w in wanted
            if w[0] == number
            and w[2] in line
            and (not number or source[number - 1][column - 1 :].startswith(w[1]))
        ]
        assert hit, f"nothing expected this line (column text is checked too): {line}"
        wanted.remove(hit[0])


@pytest.mark.parametrize("missing", ["absent.yaml", "no/such/dir.yaml", "."])
def test_files_that_cannot_be_read(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", missing, "--hw", missing]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors == [e for e in errors if e.startswith(f"{missing}: ")]
    assert "is a directory" in errors[0] if missing == "." else "no such file" in errors[0]


def test_both_files_are_reported_in_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    arch, hw = BAD / "arch/unknown_kind.yaml", BAD / "hw/keys.yaml"
    assert main(["simulate", str(arch), "--hw", str(hw)]) == 2
    errors = capsys.readouterr().err
    assert "unknown layer kind 'conv2b'" in errors
    assert "unknown key 'clock'" in errors


@pytest.mark.parametrize(("words", "message"), [
    (["hairnett", "--hw", "accel_1tflops"], "hairnett: no such file, and no shipped architecture"),
    (["hairnet", "--hw", "accel"], "accel: no such file, and no shipped hardware profile"),
    (["hairnet", "--hw", "accel_1tflops", "--set", "clases=3"], "did you mean 'classes'?"),
    (["hairnet", "--hw", "accel_1tflops", "--set", "classes"], "'classes' is not NAME=VALUE"),
    (["hairnet", "--hw", "accel_1tflops", "--set", "classes=many"], "is like 1000, got 'many'"),
    (["hairnet", "--hw", "accel_1tflops", "--convention", "flop"], "did you mean 'flops'?"),
    (["hairnet", "--hw", "accel_1tflops", "--dtype", "fp31"], "unknown dtype 'fp31'"),
    (["hairnet", "--hw", "accel_1tflops", "--batch", "0"], "batch is 0"),
    (["hairnet", "--hw", "accel_1tflops", "--batch", "9999999999999"], "counts exceed 2**62"),
    (["hairnet", "--hw", "accel_1tflops", "--csv", "/dev/null/x.csv"], "cannot be written"),
])  # fmt: skip
def test_bad_options(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *words]) == 2
    shown, errors = capsys.readouterr()
    assert message in errors
    assert shown == ""
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "file", ["alias_bomb", "huge_repeat", "nested_repeat", "huge_power", "deep"]
)
def test_bombs_are_refused_at_once_and_small(file: str) -> None:
    """Refused within 200 MB, whole process; a slow machine may take its time, a hang may not."""
    path = BAD / "arch" / f"{file}.yaml"
    code = (
        "import re, sys; from costmodel.cli import main; code = main(sys.argv[1:]); "
        "print(re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1]); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "simulate", str(path), "--hw", "accel_1tflops"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    # the process' own peak resident memory
    assert int(done.stdout) * 1024 < 200_000_000
