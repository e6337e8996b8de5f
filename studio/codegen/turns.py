"""An expression of the turn of a Repeat, as it is in the first turn and as it is in all later ones."""

from __future__ import annotations

from studio.codegen.printing import printed_tree
from studio.graph.expression import Expression, Tree, tree_of

_INDEX = ("i", "index")
_ZERO: Tree = ("number", 0)
_FIRST = {"==": True, "<=": True, ">=": True, "!=": False, "<": False, ">": False}  # i beside 0
_LATER = {"==": False, "<=": False, "<": False, "!=": True, ">": True, ">=": True}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def at_turn(given: Expression, first: bool) -> Expression | int | float | None:
    """What ``given`` is in the first turn, or in every later one; None where it goes on changing.

    A plain number where nothing else is left of it; 1 and 0 are yes and no.
    """
    found = _folded(tree_of(given.text), first)
    if _reads_index(found):
        return None
    if isinstance(found, tuple) and found[0] == "number" and isinstance(found[1], int | float):
        return found[1]
    return Expression(printed_tree(found))


def _folded(tree: object, first: bool) -> object:
    """The tree with what the turn decides decided."""
    if not isinstance(tree, tuple):
        return tree
    kind, *parts = tree
    if kind == "name":
        return _ZERO if first and parts[0] in _INDEX else tree
    if kind in _FIRST and len(parts) == 2:
        left, right = parts
        decided = _decided(str(kind), left, right, first)
        if decided is not None:
            return ("number", int(decided))
    if kind == "if":
        condition, yes, no = (_folded(part, first) for part in parts)
        if isinstance(condition, tuple) and condition[0] == "number":
            return yes if condition[1] else no
        return ("if", condition, yes, no)
    return (kind, *(_folded(part, first) for part in parts))


def _decided(kind: str, left: object, right: object, first: bool) -> bool | None:
    """Whether a comparison of the turn with 0 holds; None for any other."""
    if left == _ZERO and _is_index(right):
        left, right, kind = right, left, _MIRRORED.get(kind, kind)
    if _is_index(left) and right == _ZERO:
        return (_FIRST if first else _LATER)[kind]
    return None


def _is_index(tree: object) -> bool:
    return isinstance(tree, tuple) and tree[0] == "name" and tree[1] in _INDEX


def _reads_index(tree: object) -> bool:
    if not isinstance(tree, tuple):
        return False
    return _is_index(tree) or any(map(_reads_index, tree[1:])) or (tree[0] == "item" and tree[1] in _INDEX)
