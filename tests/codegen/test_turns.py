"""Expressions of the turn of a Repeat: what they are at first, and from then on."""

from __future__ import annotations

import pytest

from studio.codegen.turns import at_turn
from studio.graph.expression import Expression

N = {"width": 8, "stride": 2, "depth": 3}


@pytest.mark.parametrize(
    ("text", "first", "later"),
    [
        ("stride if i == 0 else 1", "stride", 1),
        ("1 if i > 0 else stride", "stride", 1),
        ("1 if 0 < i else stride", "stride", 1),
        ("width if i != 0 else 2 * width", "2 * width", "width"),
        ("i == 0", 1, 0),
        ("width * (2 if i == 0 else 1)", "width * 2", "width * 1"),
        ("ceil(width / 3) if index <= 0 else width", "ceil(width / 3)", "width"),
        ("width", "width", "width"),
    ],
)
def test_both_kinds_of_turn(text: str, first: object, later: object) -> None:
    found = [at_turn(Expression(text), at) for at in (True, False)]
    assert [one.text if isinstance(one, Expression) else one for one in found] == [first, later]


@pytest.mark.parametrize(
    "text", ["width + i", "depth - i if i == 0 else i", "8 if i == 1 else 4", "i >= 1", "width * (i + 1)"]
)
def test_what_goes_on_changing_is_left_alone(text: str) -> None:
    assert at_turn(Expression(text), first=False) is None


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize(
    "text", ["stride if i == 0 else 1", "width if i > 0 else stride * 3", "2 * (i == 0) + 1"]
)
def test_it_has_the_value_of_the_whole(text: str, turn: int) -> None:
    part = at_turn(Expression(text), first=turn == 0)
    value = part.value(N) if isinstance(part, Expression) else part
    assert value == Expression(text).value({**N, "i": turn, "index": turn})
