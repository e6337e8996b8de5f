"""An expression of the drawing as Python text, with the names that it has in the class it stands in."""

from __future__ import annotations

from collections.abc import Mapping

from studio.graph.expression import tree_of

_LEVEL = {"if": 0, "and": 1, "compare": 2, "+": 3, "-": 3, "*": 4, "/": 4, "//": 4, "%": 4, "minus": 5}
_COMPARE = ("<", ">", "<=", ">=", "==", "!=")
_ATOM = 6
_CALLS = {"ceil": "math.ceil", "floor": "math.floor"}


def printed(text: str, names: Mapping[str, str]) -> str:
    """The Python text of an expression.

    Args:
        text: the expression.
        names: what its names are called; a name that is missing keeps its own.
    """
    return _text(tree_of(text), names, 0)


def printed_tree(tree: object) -> str:
    """The text of an expression's tree as the drawing has it, so that it can be read again."""
    return _text(tree, None, 0)


def _text(tree: object, names: Mapping[str, str] | None, least: int) -> str:
    assert isinstance(tree, tuple)  # what the parser makes
    kind, *parts = tree
    if kind == "()":
        return _text(parts[0], names, least)
    level, made = _made(str(kind), parts, names)
    return f"({made})" if level < least else made


def _made(kind: str, parts: list[object], names: Mapping[str, str] | None) -> tuple[int, str]:
    """How strongly the text holds together, and the text; Python where ``names`` are given."""
    words = names or {}
    if kind == "number":
        return _ATOM, repr(parts[0])
    if kind == "name":
        return _ATOM, words.get(str(parts[0]), str(parts[0]))
    if kind == "item":
        return _ATOM, f"{words.get(str(parts[0]), str(parts[0]))}[{_text(parts[1], names, 0)}]"
    if kind == "if":
        condition, yes, no = (_text(part, names, 1 if at < 2 else 0) for at, part in enumerate(parts))
        return _LEVEL["if"], f"{yes} if {condition} else {no}"
    if kind in _COMPARE:
        return _LEVEL["compare"], f" {kind} ".join(_text(part, names, 3) for part in parts)
    if kind == "-" and len(parts) == 1:
        return _LEVEL["minus"], f"-{_text(parts[0], names, _LEVEL['minus'])}"
    if kind == "*" and names is not None and all(map(_is_question, parts)):
        return _LEVEL["and"], " and ".join(_text(part, names, _LEVEL["and"]) for part in parts)
    if kind in _LEVEL:
        level = _LEVEL[kind]
        return level, f"{_text(parts[0], names, level)} {kind} {_text(parts[1], names, level + 1)}"
    inner = ", ".join(_text(part, names, 0) for part in parts)
    return _ATOM, f"{_CALLS.get(kind, kind) if names is not None else kind}({inner})"


def _is_question(tree: object) -> bool:
    """Whether a tree answers yes or no, so that the product of two is ``and``."""
    while isinstance(tree, tuple) and tree[0] == "()":
        tree = tree[1]
    return isinstance(tree, tuple) and (
        tree[0] in _COMPARE or (tree[0] == "*" and all(map(_is_question, tree[1:])))
    )
