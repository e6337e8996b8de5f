"""Expressions against Python: the same text must give the same number, and nothing else may get through."""

from __future__ import annotations

import ast
import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.graph.expression import Expression, ExpressionError, names_in, parse

_NUMBER = st.one_of(st.integers(0, 50).map(str), st.sampled_from(["0.5", "2.0", "n", "i", "sizes[1]"]))
_TEXT = st.recursive(
    _NUMBER,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(" ".join),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} > 3 else {t[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from(["ceil", "floor", "round", "-", ""]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
    ),
    max_leaves=10,
)
_NAMES = {"n": 7, "i": 0, "sizes": (3, 5)}
_SIGNS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def python(tree: ast.expr) -> float:
    """What Python gives for its own parse of the text, without eval."""
    functions = {"min": min, "max": max, "ceil": math.ceil, "floor": math.floor, "round": round}
    match tree:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return _NAMES[name]
        case ast.Subscript(ast.Name(name), index):
            return _NAMES[name][int(python(index))]
        case ast.UnaryOp(ast.USub(), part):
            return -python(part)
        case ast.BinOp(left, sign, right):
            return _SIGNS[type(sign)](python(left), python(right))
        case ast.Compare(left, [ast.Gt()], [right]):
            return python(left) > python(right)
        case ast.IfExp(test, yes, no):
            return python(yes) if python(test) else python(no)
        case ast.Call(ast.Name(name), parts):
            return functions[name](*(python(part) for part in parts))
    raise AssertionError(ast.dump(tree))


@settings(max_examples=500, deadline=None)
@given(_TEXT)
def test_same_number_as_python(text: str) -> None:
    if len(text) > 400:
        return
    try:
        expected = python(ast.parse(text, mode="eval").body)
    except (ZeroDivisionError, OverflowError):
        with pytest.raises(ExpressionError):
            parse(text).value(_NAMES)
        return
    try:
        given_value = parse(text).value(_NAMES)
    except ExpressionError as error:
        assert "too large" in str(error) or "deeper" in str(error)
        return
    assert given_value == expected
    assert type(given_value) is type(expected)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789.ni+-*/%()<>=!,[] \nifelsmaxé_'\"\\:", max_size=60))
def test_any_text_gives_a_number_or_an_expression_error(text: str) -> None:
    try:
        value = parse(text).value(_NAMES)
    except ExpressionError:
        return
    assert isinstance(value, (int, float))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "f(2)",
        "a.b",
        "__import__('os')",
        "1 < 2 < 3",
        "n n",
        "2 ** 9",
        "[1]",
        "min()",
        "ceil(1, 2)",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["n // 0", "n % 0", "1 if 1 / 0 else 2", "9" * 30, "missing", "sizes[2]", "sizes"]
)
def test_what_has_no_value_says_so(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).value(_NAMES)


def test_only_the_chosen_branch_is_worked_out() -> None:
    assert parse("n // i if i > 0 else 0").value({"n": 4, "i": 0}) == 0
    assert parse("n // i if i > 0 else 0").value({"n": 4, "i": 2}) == 2


def test_depth_and_length_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="nested"):
        parse("(" * 60 + "1" + ")" * 60)
    with pytest.raises(ExpressionError, match="characters"):
        parse("1+" * 300 + "1")
    assert parse("-" * 300 + "1").value({}) == 1


def test_names_are_listed() -> None:
    assert names_in("width * 2 + sizes[i]") == {"width", "sizes", "i"}


def test_an_expression_is_its_text() -> None:
    assert str(Expression("2 * n")) == "2 * n"
    assert Expression("n") == Expression("n")
