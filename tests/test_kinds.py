"""A kind is found by its word, in whatever legal way its class says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from costmodel.core import kinds
from costmodel.errors import BadValue


def test_a_kind_is_found_alone_and_among_all() -> None:
    for word, kind in kinds.own().items():
        assert kinds.get(word) is kind


SPELLINGS = {
    "annotated": 'kind: ClassVar[str] = "{}"',
    "bare": 'kind = "{}"',
    "single": "kind: ClassVar[str] = '{}'",
    "shorter": "kind: ClassVar = '{}'",
    "qualified": 'kind: "typing.ClassVar[str]" = "{}"  # a comment',
    "on_lines": 'kind: ClassVar[\n        str\n    ] = (\n        "{}"\n    )',
    "named": "kind = WORD",
    "joined": 'kind = "named" + "_joined"',
    "unpacked": '(kind, other) = ("{}", 1)',
}
WORDS = {"named": "from_a_name", "joined": "named_joined"}
HEAD = "from __future__ import annotations\nimport typing\nfrom typing import ClassVar\n"
HEAD += "from costmodel.core.layer import Layer\n"
TABLE = """TABLE = {"table_a": 1, 'table_b': 2}
KINDS = tuple(TABLE)
for word in KINDS:
    globals()[word] = type(word, (Layer,), {"kind": word, "__module__": __name__})
"""


@pytest.fixture
def spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of kinds, each spelt in another way, and a module that makes its kinds from a table."""
    package = tmp_path / "spelt_kinds"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "table.py").write_text(HEAD + TABLE)
    for name, spelling in SPELLINGS.items():
        body = spelling.format(WORDS.get(name, name))
        text = f"{HEAD}WORD = 'from_a_' + 'name'\n\n\nclass Kind(Layer):\n    {body}\n"
        (package / f"{name}.py").write_text(text)
    # it mentions the others' words, and claims none of them
    (package / "a_neighbour.py").write_text(f"{HEAD}LIKE = {[*SPELLINGS, 'table_a']}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(kinds, "LAYERS", replace(kinds.LAYERS, package="spelt_kinds"))
    caches = (kinds._texts, kinds._own, kinds.own, kinds.kinds)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("spelt")
def test_a_kind_is_found_however_it_is_spelt() -> None:
    words = {WORDS.get(name, name) for name in SPELLINGS} | {"table_a", "table_b"}
    for word in sorted(words):
        kinds.check(word)
        assert kinds.get(word).kind == word
    assert kinds.own().keys() == words
    with pytest.raises(BadValue, match="unknown layer kind 'annotatd'; did you mean 'annotated'"):
        kinds.get("annotatd")
