"""Every operator of ai.onnx and com.microsoft, and every attribute of those that are known."""

from __future__ import annotations

from collections import Counter

import onnx
import pytest
from onnx_attributes import asked, operators

from costmodel.frontends.onnx.effects import ELSEWHERE, WITHOUT_EFFECT, reason
from costmodel.frontends.onnx.node import STANDARD
from costmodel.frontends.onnx.rules import listed, table
from costmodel.frontends.onnx.uncounted import FREE, UNCOUNTED

BODIES = ("has_function", "has_context_dependent_function")
OPERATORS = operators()
RULED = sorted(word for word in OPERATORS if word in table("RULES"))


def bodies() -> set[str]:
    """Operators that onnx defines by other operators."""
    return {
        schema.name if schema.domain in STANDARD else f"{schema.domain}:{schema.name}"
        for schema in onnx.defs.get_all_schemas()
        if any(getattr(schema, word, False) for word in BODIES)
    }


def kind(word: str) -> list[str]:
    """What becomes of an operator: one thing."""
    if word in table("RULES"):
        return [
            "counted",
            *(["free"] if word in FREE else []),
            *(["unknown"] * (word in UNCOUNTED)),
        ]
    if word in listed("VIEWS") or word in FREE:
        return ["free", *(["unknown"] * (word in UNCOUNTED))]
    return ["unknown"] if word in UNCOUNTED else ["body"] * (word in bodies())


def test_every_operator_is_counted_or_free_or_listed_as_unknown() -> None:
    kinds = {word: kind(word) for word in OPERATORS}
    assert {word: found for word, found in kinds.items() if len(found) != 1} == {}
    assert [word for word in (*FREE, *UNCOUNTED) if word not in OPERATORS] == []
    numbers = Counter(
        ("contrib" if word.startswith("com.microsoft") else "onnx", *found)
        for word, found in kinds.items()
    )
    # onnx's own domains differ from release to release; ONNX Runtime's are those of the list
    print(dict(numbers))
    assert {found: n for (side, found), n in numbers.items() if side == "contrib"} == CONTRIB


CONTRIB = {"counted": 116, "free": 1, "unknown": 33}


@pytest.mark.parametrize("word", RULED)
def test_every_attribute_is_read_or_said_to_have_no_effect(word: str) -> None:
    read = asked(word)
    missing = {name for name in OPERATORS[word] if name not in read and not reason(word, name)}
    assert missing == set(), f"{word} neither reads them nor says why not"


def test_no_reason_stands_for_what_is_read() -> None:
    """A reason for all holds for names that nobody reads; one for some is for those that do not."""
    read = {word: asked(word) & OPERATORS[word] for word in RULED}
    everywhere = {name for names in WITHOUT_EFFECT.values() for name in names}
    assert {word: names & everywhere for word, names in read.items() if names & everywhere} == {}
    stale = [
        (word, name)
        for name, kinds in ELSEWHERE.items()
        for words in kinds.values()
        for word in words
        if name in read.get(word, {name})
    ]
    assert stale == []
    known = {name for word in RULED for name in OPERATORS[word]}
    # older releases of onnx lack some of the operators
    assert everywhere | set(ELSEWHERE) <= known or onnx.defs.onnx_opset_version() < 28


def test_an_attribute_that_is_not_read_is_noticed() -> None:
    """The operators that give attention its causal mask read it; a convolution does not."""
    assert "is_causal" in asked("Attention")
    assert "is_causal" not in asked("Conv")
    assert reason("Attention", "is_causal") is None
    assert reason("Conv", "pads") is None
