"""An expression of the drawing as Python text, with the names that it has in the class it stands in."""

from __future__ import annotations

from collections.abc import Mapping

from studio.graph.expression import tree_of

_LEVEL = {"if": 0, "+": 2, "-": 2, "*": 3, "/": 3, "//": 3, "%": 3}
_COMPARE = ("<", ">", "<=", ">=", "==", "!=")
_ATOM = 5
_CALLS = {"ceil": "math.ceil", "floor": "math.floor"}


def printed(text: str, names: Mapping[str, str]) -> str:
    """The Python text of an expression.

    Args:
        text: the expression.
        names: what its names are called; a name that is missing keeps its own.
    """
    return _text(tree_of(text), names, 0)


def _text(tree: object, names: Mapping[str, str], least: int) -> str:
    assert isinstance(tree, tuple)  # what the parser makes
    kind, *parts = tree
    if kind == "()":
        return _text(parts[0], names, least)
    level, made = _made(str(kind), parts, names)
    return f"({made})" if level < least else made


def _made(kind: str, parts: list[object], names: Mapping[str, str]) -> tuple[int, str]:
    """How strongly the text holds together, and the text."""
    if kind == "number":
        return _ATOM, repr(parts[0])
    if kind == "name":
        return _ATOM, names.get(str(parts[0]), str(parts[0]))
    if kind == "item":
        return _ATOM, f"{names.get(str(parts[0]), str(parts[0]))}[{_text(parts[1], names, 0)}]"
    if kind == "if":
        condition, yes, no = (_text(part, names, 1 if at < 2 else 0) for at, part in enumerate(parts))
        return _LEVEL["if"], f"{yes} if {condition} else {no}"
    if kind in _COMPARE:
        return 1, f" {kind} ".join(_text(part, names, 2) for part in parts)
    if kind == "-" and len(parts) == 1:
        return 4, f"-{_text(parts[0], names, 4)}"
    if kind in _LEVEL:
        level = _LEVEL[kind]
        return level, f"{_text(parts[0], names, level)} {kind} {_text(parts[1], names, level + 1)}"
    inner = ", ".join(_text(part, names, 0) for part in parts)
    return _ATOM, f"{_CALLS.get(kind, kind)}({inner})"
