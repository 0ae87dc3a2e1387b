"""What helps to start: init, schemas for editors, a page for each layer kind."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from costmodel.cli import main
from costmodel.core.kinds import kinds
from costmodel.language import documents, shipped
from costmodel.report import kind_text, schema


def test_init_writes_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that it proposes; a second time it keeps what is there."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    proposed = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("  costmodel")
    ]
    assert len(proposed) == 3
    for line in proposed:
        assert main(shlex.split(line)[1:]) == 0
    assert main(["validate", "network.yaml"]) == 0
    (tmp_path / "machine.yaml").write_text("mine")
    assert main(["init"]) == 0
    assert (tmp_path / "machine.yaml").read_text() == "mine"
    assert "kept machine.yaml" in capsys.readouterr().out


def checker(made: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


@pytest.mark.parametrize("name", shipped.names("hwprofiles"))
def test_every_profile_keeps_the_schema(name: str) -> None:
    plain = documents.load(shipped.find(name, "hwprofiles")).plain()
    # as JSON has it: what a tuple is to Python is a list
    checker(schema.hardware()).validate(json.loads(json.dumps(plain)))


@pytest.mark.parametrize("name", shipped.names("archs"))
def test_every_architecture_keeps_the_schema(name: str) -> None:
    plain = documents.load(shipped.find(name, "archs")).plain()
    checker(schema.architecture()).validate(json.loads(json.dumps(plain)))


ARCH = {"name": "n", "source": "s", "input": [3, 8, 8]}


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "conv2d", "kernel": 3},
        {"kind": "conv2e", "kernel": 3, "filters": 2},
        {"kind": "relu", "slope": 1},
        {"fuse": ["batch_norm", "relo"]},
    ],
)
def test_mistakes_break_the_schema(layer: dict[str, Any]) -> None:
    """A required attribute left out, unknown kinds, an attribute of another kind."""
    assert not checker(schema.architecture()).is_valid({**ARCH, "layers": [{"a": layer}]})
    good = {"kind": "conv2d", "kernel": 3, "filters": 2, "when": "${1 > 0}"}
    assert checker(schema.architecture()).is_valid({**ARCH, "layers": [{"a": good}]})


def test_a_misspelt_figure_breaks_the_schema() -> None:
    plain = documents.load(shipped.find("accel_1tflops", "hwprofiles")).plain()
    assert not checker(schema.hardware()).is_valid({**plain, "bandwith": "1 GB/s"})
    del plain["name"]
    assert not checker(schema.hardware()).is_valid(plain)


def test_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("architecture", "hardware"):
        assert main(["schema", word]) == 0
        assert json.loads(capsys.readouterr().out)["title"].startswith("costmodel")


@pytest.mark.parametrize("word", sorted(kinds()))
def test_every_kind_has_its_page(word: str) -> None:
    lines = kind_text.lines(word)
    assert lines[0].startswith(f"{word}: ")
    assert any(f"kind: {word}" in line for line in lines)


def test_the_page_of_a_convolution(capsys: pytest.CaptureFixture[str]) -> None:
    """By hand: 10 x 12 under a 3 x 3 kernel without padding leaves 8 x 10."""
    assert main(["list", "layers", "conv2d"]) == 0
    out = capsys.readouterr().out
    assert "  filters   required\n" in out
    assert "  stride    default [1, 1]\n" in out
    assert "  - name: {kind: conv2d, filters: 8, kernel: 3} " in out
    assert "[3, 10, 12] -> [8, 8, 10]\n" in out
    assert main(["list", "layers", "conv2e"]) == 2
    assert "did you mean 'conv2d'" in capsys.readouterr().err
    assert main(["list", "passes", "autocast"]) == 2
