"""The evaluator: what it gives, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.errors import BadValue
from costmodel.language.arithmetic import make_divisible
from costmodel.language.expressions import evaluate, fill


@pytest.mark.parametrize(("text", "value"), [
    ("${2 * n + 1}", 7), ("${n / 2}", 1.5), ("${n // 2}", 1), ("${widths[1]}", 32), ("conv${n}_${n - 1}", "conv3_2"),
    ("w${n * 2.0}", "w6"), ("${max(n, 5) if n > 2 else 0}", 5), ("${n == 3 and style != 'x'}", True), ("plain", "plain"),
    ("${round(0.3 * 32)}", 10), ("${[8, 16][0]}", 8), ("${2 ** 10}", 1024), ("${style}", "relu"), (7, 7), (None, None),
])  # fmt: skip
def test_values(text: Any, value: Any) -> None:
    assert fill(text, {"n": 3, "widths": [16, 32], "style": "relu"}) == value


@pytest.mark.parametrize(("text", "message"), [
    ("9**9**9", "out of range"), ("2 ** 65", "out of range"), ("10 ** 400", "out of range"), ("1e300 * 1e300", "out of range"),
    ("1 / 0", "cannot be evaluated"), ("[1][5]", "cannot be evaluated"), ("'a' * 3", "multiplies numbers"),
    ("__import__('os')", "not defined|available"), ("n.real", "not available"), ("(lambda: 1)()", "not"),
    ("[x for x in [1]]", "not available"), ("m", "did you mean 'n'|unknown variable"), ("1 +", "not an expression"),
    ("", "not an expression"), ("n = 2", "not an expression"), ("open('x')", "not defined"), ("1 << 60", "'1 << 60'"),
    ("max", "gives no number"), ("None", "gives no number"), ("(" * 500 + ")" * 500, "not an expression"), ("1 +" * 900 + "1", "characters"),
])  # fmt: skip
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        evaluate(text, {"n": 3})


def test_open_template() -> None:
    with pytest.raises(BadValue, match="open"):
        fill("a${n", {"n": 3})


@given(st.floats(1, 1e6), st.sampled_from([4, 8, 16]))
def test_make_divisible_keeps_its_promises(value: float, divisor: int) -> None:
    """Multiples, at least 90 % of the value: the two properties that MobileNetV2's code states."""
    rounded = make_divisible(value, divisor)
    assert rounded % divisor == 0
    assert rounded >= 0.9 * value
    assert abs(rounded - value) <= divisor
