"""Sizes against Python's own integers: whatever a normal form says, it must evaluate to the same number."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.graph.sizes import Expr, Size, evaluate, names_of, symbol, window

N, T = symbol("N"), symbol("T")
_SMALL = st.integers(-6, 6)
_VALUES = st.fixed_dictionaries({"N": st.integers(1, 40), "T": st.integers(1, 40)})

# A recipe is a tree that is worked out twice: with symbols, and with the numbers they stand for.
_RECIPE = st.recursive(
    st.one_of(st.just(("N",)), st.just(("T",)), _SMALL.map(lambda number: ("int", number))),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner),
        st.tuples(st.just("//"), inner, st.integers(1, 6).map(lambda number: ("int", number))),
        st.tuples(st.just("//"), inner, st.sampled_from([("N",), ("T",), ("*", ("int", 2), ("N",))])),
    ),
    max_leaves=8,
)


def work_out(recipe: tuple, names: dict) -> Size:
    """The recipe with ``names`` for its symbols."""
    kind = recipe[0]
    if kind in ("N", "T"):
        return names[kind]
    if kind == "int":
        return recipe[1]
    left, right = (work_out(part, names) for part in recipe[1:])
    if kind == "+":
        return left + right
    if kind == "-":
        return left - right
    return left * right if kind == "*" else left // right


@settings(max_examples=400, deadline=None)
@given(_RECIPE, _VALUES)
@example(("//", ("+", ("*", ("int", 4), ("N",)), ("int", 3)), ("*", ("int", 2), ("N",))), {"N": 1, "T": 1})
def test_a_size_evaluates_to_what_integers_give(recipe: tuple, values: dict[str, int]) -> None:
    size = work_out(recipe, {"N": N, "T": T})
    assert evaluate(size, values) == work_out(recipe, values)


@settings(max_examples=200, deadline=None)
@given(_RECIPE, _RECIPE)
def test_sums_and_products_do_not_depend_on_their_order(first: tuple, second: tuple) -> None:
    names = {"N": N, "T": T}
    a, b = work_out(first, names), work_out(second, names)
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) - b == a
    assert hash(a + b) == hash(b + a)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 9))
def test_dividing_twice_equals_dividing_once(first: int, second: int, more: int) -> None:
    assert (T + more) // first // second == (T + more) // (first * second)


@given(st.integers(1, 6), st.integers(1, 6))
def test_common_factors_cancel(factor: int, by: int) -> None:
    assert (T * factor) // (factor * by) == T // by


@given(st.integers(1, 200), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_a_window_on_a_named_axis_agrees_with_numbers(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    named = window(T, kernel, stride, padding, dilation)
    assert evaluate(named, {"T": length}) == window(length, kernel, stride, padding, dilation)


def test_what_is_plain_becomes_a_plain_number() -> None:
    assert N - N == 0
    assert isinstance(N * 0, int)
    assert N // N == 1
    assert (N * T) // N == T
    assert 0 * N + 3 == 3


def test_sizes_are_written_as_people_do() -> None:
    assert str(T + 1) == "T + 1"
    assert str(2 * N * T) == "2N·T"
    assert str(T // 2) == "T//2"
    assert str((T + 1) // 2) == "(T + 1)//2"


def test_names_are_found_inside_quotients() -> None:
    size = (N + 1) // 2 + T
    assert isinstance(size, Expr)
    assert names_of(size) == {"N", "T"}
    assert names_of(4) == frozenset()
