"""Lines as ruff format would lay them out, so that the text is the same whether or not it is formatted again."""

from __future__ import annotations

import re

WIDTH = 88
_OPEN, _CLOSE = "([{", ")]}"


def statement(text: str, indent: int, comment: str = "") -> list[str]:
    """A statement as lines of at most ``WIDTH`` columns where it can be broken; the comment goes if it can't fit."""
    pad = " " * indent
    line = pad + text
    if comment and len(line) + 2 + len(comment) + 2 <= WIDTH:
        return [f"{line}  # {comment}"]
    if len(line) <= WIDTH:
        return [line]
    return _broken(text, indent)


def _broken(text: str, indent: int) -> list[str]:
    """Splits at the last outermost bracket: its inside on a line of its own, or one line an argument."""
    start, end = _last_bracket(text, WIDTH - indent)
    pad, inner = " " * indent, " " * (indent + 4)
    if text.startswith("def "):
        start, end = _parameters(text)
    enclosed = _enclosed(text, start < 0)
    if enclosed:
        head, items = enclosed
        return [pad + head + "(", *(row for item in items for row in statement(item, indent + 4)), pad + ")"]
    head, parts = _choice(text)
    if parts:
        whole = " ".join(parts)
        lines = [inner + whole] if len(inner + whole) <= WIDTH else []
        return [
            pad + head + "(",
            *(lines or [row for part in parts for row in statement(part, indent + 4)]),
            pad + ")",
        ]
    if start < 0 and _outermost(text, " if ") > 0:
        rows = re.split(r" (?=if |else )", text)
        return [pad + row for row in rows]
    if start < 0 or end - start <= 1:
        left, sign, right = text.partition(" = ")
        if not sign or len(inner + right) > WIDTH:
            return [pad + text]
        return [f"{pad}{left} = (", inner + right, f"{pad})"]
    head, inside, tail = text[: start + 1], text[start + 1 : end].rstrip(","), text[end:]
    parts = arguments(inside)
    if len(inner + inside) <= WIDTH and not _is_display(text, start, inside):
        return [pad + head, inner + inside, pad + tail]
    loop = _outermost(inside, " for ")
    if loop > 0:
        rows = [*statement(inside[:loop], indent + 4), *statement(inside[loop + 1 :], indent + 4)]
        return [pad + head, *rows, pad + tail]
    lines = [pad + head]
    for part in parts:
        broken = statement(part + ",", indent + 4)
        lines += broken
    return [*lines, pad + tail]


def _is_display(text: str, start: int, inside: str) -> bool:
    """Whether a bracket holds the items of a dictionary or list, which get a line each."""
    if _outermost(inside, " for ") >= 0:
        return False
    indexed = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_)]")
    return text[start] == "{" or (text[start] == "[" and not indexed)


def _parameters(text: str) -> tuple[int, int]:
    """The brackets around the parameters of a def: they are broken before what it gives."""
    start, depth = text.index("("), 0
    for at in range(start, len(text)):
        depth += (text[at] in _OPEN) - (text[at] in _CLOSE)
        if not depth:
            return start, at
    return -1, -1


def _enclosed(text: str, is_bare: bool) -> tuple[str, list[str]] | None:
    """("y = ", items) of a value that gets brackets of its own and a line an item: a tuple, or a bare sum."""
    head = "return " if text.startswith("return ") else ""
    if not head and _outermost(text, " = ") > 0:
        head = text[: _outermost(text, " = ")] + " = "
    value = text.removeprefix(head)
    items = arguments(value)
    if not head or text.endswith(","):
        return None
    if len(items) > 1:
        return head, [item + "," for item in items]
    terms: list[str] = []
    while is_bare and (at := _outermost(value, " + ")) > 0:
        terms.append(value[:at])
        value = "+ " + value[at + 3 :]
    return (head, [*terms, value]) if terms else None


def _choice(text: str) -> tuple[str, list[str]]:
    """("y = ", ["a", "if b", "else c"]) of a line that chooses, else nothing."""
    for start in ("return ", text.partition(" = ")[0] + " = "):
        if not text.startswith(start):
            continue
        rest = text.removeprefix(start)
        test, other = _outermost(rest, " if "), _outermost(rest, " else ")
        if 0 < test < other and _outermost(rest, " for ") < 0:
            return start, [rest[:test], rest[test + 1 : other], rest[other + 1 :]]
    return "", []


def _outermost(text: str, word: str) -> int:
    """Where ``word`` first stands outside of all brackets and quotes; -1 for nowhere."""
    depth, quoted = 0, False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        elif depth == 0 and text.startswith(word, at):
            return at
    return -1


def arguments(inside: str) -> list[str]:
    """The comma-separated parts at the outermost level."""
    parts, depth, quoted, last = [], 0, False, 0
    for at, letter in enumerate(inside):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(inside[last:at].strip())
            last = at + 1
    rest = inside[last:].strip()
    return [*parts, rest] if rest else parts


def _last_bracket(text: str, room: int) -> tuple[int, int]:
    """Where the text is broken: its last outermost bracket that holds something; (-1, -1) for nowhere."""
    stack: list[int] = []
    found = (-1, -1)
    quoted = False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in _OPEN:
            stack.append(at)
        elif letter in _CLOSE and stack:
            start = stack.pop()
            # Of f(…)[0] the call is broken, unless all up to the index fits into a line.
            is_index = letter == "]" and found[1] == start - 1 and text[start + 1 : at].isdigit()
            is_index = is_index and start >= room
            if not stack and at - start > 1 and not is_index:
                found = (start, at)
    return found
