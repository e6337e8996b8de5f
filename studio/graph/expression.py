"""Arithmetic in parameters: a bounded typed tree, parsed by hand, never handed to Python.

Grammar: numbers, names, + - * / // %, comparison, ``a if c else b``, min, max, ceil, floor, round, list[index].
Only the branch that is chosen is worked out, so ``n // i if i > 0 else 0`` has a value for i = 0.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Number = int | float | bool
Tree = tuple["Tree | str | Number", ...]
"""("number", 3) | ("name", "n") | ("item", "list", index) | ("-", x) | ("+", a, b) | ("if", c, a, b) | ("min", …)."""
_LONGEST_TEXT = 400
_DEEPEST = 40
_LARGEST = 2**63
_TOKEN = re.compile(r"\s*(?:(\d+\.\d+|\d+)|([^\W\d]\w*)|(//|<=|>=|==|!=|[-+*/%()<>,\[\]]))")
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "min": min,
    "max": max,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
}
_ONE_ARGUMENT = ("ceil", "floor", "round")
_BINARY: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_LEVELS = (("<", ">", "<=", ">=", "==", "!="), ("+", "-"), ("*", "/", "//", "%"))


class ExpressionError(ValueError):
    """A text that is no expression, or one that has no value; says where."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; ``text`` is what the user wrote."""

    text: str

    def value(self, names: Mapping[str, object]) -> Number:
        """The number it gives when its names have these values.

        Raises:
            ExpressionError: an unknown name, a division by zero, a result out of bounds.
        """
        return tree_value(_tree(self.text), names, self.text)

    def any_value(self, names: Mapping[str, object]) -> object:
        """Its value where a text or a list is right too: a plain name gives what it stands for.

        Raises:
            ExpressionError: as ``value``.
        """
        found = names.get(self.text)
        return found if isinstance(found, (str, tuple)) else self.value(names)

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Expression:
    """The expression in ``text``.

    Raises:
        ExpressionError: it is not one.
    """
    _tree(text)
    return Expression(text)


def names_in(text: str) -> frozenset[str]:
    """The names that the expression ``text`` reads.

    Raises:
        ExpressionError: it is no expression.
    """
    found: set[str] = set()
    todo: list[object] = [_tree(text)]
    while todo:
        tree = todo.pop()
        if isinstance(tree, tuple):
            if tree[0] in ("name", "item"):
                found.add(str(tree[1]))
            todo += tree[2:] if tree[0] in ("name", "item") else tree[1:]
    return frozenset(found)


def tree_of(text: str) -> Tree:
    """The tree that ``text`` was parsed into, for who prints it in another language.

    Raises:
        ExpressionError: it is no expression.
    """
    return _tree(text)


def tree_value(tree: Tree, names: Mapping[str, object], text: str) -> Number:
    """The number that a part of an expression gives; ``text`` is the whole, for messages.

    Raises:
        ExpressionError: as ``Expression.value``.
    """
    try:
        return _value(tree, names, text)
    except ZeroDivisionError:
        raise ExpressionError(f"“{text}” divides by zero") from None
    except OverflowError:
        raise ExpressionError(f"“{text}” gives a number that is too large") from None


@functools.lru_cache(maxsize=4096)
def _tree(text: str) -> Tree:
    return _Parser(text).whole()


class _Parser:
    """Recursive descent, bounded in length and depth."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST_TEXT:
            raise ExpressionError(f"the expression has {len(text)} characters; {_LONGEST_TEXT} are allowed")
        self._text, self._at, self._depth = text, 0, 0
        self._tokens: list[str] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if not match:
                rest = text[position:].strip()[:10]
                raise ExpressionError(f"“{rest}” is not part of an expression in “{text}”")
            self._tokens.append(match.group().strip())
            position = match.end()

    def whole(self) -> Tree:
        tree = self._choice()
        if self._at < len(self._tokens):
            raise ExpressionError(f"“{self._tokens[self._at]}” is unexpected in “{self._text}”")
        return tree

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise ExpressionError(
                f"“{self._text}” needs {expected or 'a value'} where it has “{token or 'its end'}”"
            )
        self._at += 1
        return token

    def _choice(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"“{self._text[:40]}…” is nested deeper than {_DEEPEST}")
        tree = self._level(0)
        if self._peek() == "if":
            self._at += 1
            condition = self._level(0)
            self._take("else")
            tree = ("if", condition, tree, self._choice())
        self._depth -= 1
        return tree

    def _level(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self._peek() in _LEVELS[level]:
            if level == 0 and left[0] in _LEVELS[0]:
                raise ExpressionError(f"“{self._text}” compares three values at once: compare two")
            sign = self._take()
            left = (sign, left, self._level(level + 1))
        return left

    def _unary(self) -> Tree:
        signs = 0
        while self._peek() == "-":
            self._at += 1
            signs += 1
        tree = self._atom()
        return ("-", tree) if signs % 2 else tree

    def _atom(self) -> Tree:
        token = self._take()
        if token == "(":
            tree = self._choice()
            self._take(")")
            return ("()", tree) if tree[0] in _LEVELS[0] else tree
        if token[0].isdecimal():
            return ("number", float(token) if "." in token else int(token))
        if token in _FUNCTIONS:
            return self._call(token)
        if token.isidentifier() and token not in ("if", "else"):
            return self._name(token)
        raise ExpressionError(f"“{token}” is unexpected in “{self._text}”")

    def _call(self, function: str) -> Tree:
        self._take("(")
        values = [self._choice()]
        while self._peek() == ",":
            self._at += 1
            values.append(self._choice())
        self._take(")")
        if function in _ONE_ARGUMENT and len(values) > 1:
            raise ExpressionError(f"{function} takes one value in “{self._text}”, not {len(values)}")
        return (function, *values)

    def _name(self, name: str) -> Tree:
        if self._peek() != "[":
            return ("name", name)
        self._at += 1
        index = self._choice()
        self._take("]")
        return ("item", name, index)


def _value(tree: object, names: Mapping[str, object], text: str) -> Number:
    assert isinstance(tree, tuple)  # what the parser makes
    kind, *parts = tree
    if kind == "number":
        return _bounded(parts[0], text)
    if kind == "name":
        return _number(names.get(parts[0]), parts[0], text)
    if kind == "item":
        found = names.get(parts[0])
        index = _value(parts[1], names, text)
        if not isinstance(found, tuple) or index != int(index) or not 0 <= index < len(found):
            raise ExpressionError(f"“{parts[0]}[{index}]” has no value in “{text}”")
        return _number(found[int(index)], parts[0], text)
    if kind == "()":
        return _value(parts[0], names, text)
    if kind == "if":
        return _value(parts[1] if _value(parts[0], names, text) else parts[2], names, text)
    values = [_value(part, names, text) for part in parts]
    if kind in _FUNCTIONS:
        return _FUNCTIONS[kind](values) if kind in ("min", "max") else _FUNCTIONS[kind](values[0])
    return _bounded(-values[0] if len(values) == 1 else _BINARY[kind](values[0], values[1]), text)


def _number(value: object, name: str, text: str) -> Number:
    if not isinstance(value, (int, float)):
        raise ExpressionError(f"“{name}” has no value in “{text}”")
    return _bounded(value, text)


def _bounded(value: Number, text: str) -> Number:
    if not -_LARGEST < value < _LARGEST:
        raise ExpressionError(f"“{text}” gives a number that is too large")
    return value
