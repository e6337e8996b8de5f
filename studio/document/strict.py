"""JSON as strictly as a file from a stranger deserves.

Fixed order: size, encoding, depth, then the parse with hooks for duplicate keys, NaN, huge numbers and lone
surrogates. The standard library by itself accepts the last four silently.
"""

from __future__ import annotations

import json
import re
from typing import Any

from studio.document.errors import FileError

LARGEST_FILE = 32 * 2**20  # bytes
DEEPEST = 64
MOST_CONTAINERS = 2_000_000  # lists and objects; a 100,000-node project has about 500,000
LARGEST_INTEGER = 2**53
_STRUCTURE = re.compile(
    r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)|[\[\]{}]', re.DOTALL
)  # an open string eats the rest: no quadratic time
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_AGAIN = "Open another file, or the backup of this one"


def load_strict(data: bytes, place: str = "") -> Any:
    """The value in ``data``: dicts, lists, text, numbers, true, false, null.

    Args:
        data: what was read.
        place: the name of the file, for the error.

    Raises:
        FileError: too large, too deep, not UTF-8, not JSON, or JSON that different readers read differently.
    """
    if len(data) > LARGEST_FILE:
        raise FileError(place, "the file has {size} MiB; {limit} are allowed", size=len(data) >> 20, limit=32)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(place, "byte {at} is not UTF-8 text", _AGAIN, at=error.start) from None
    _scan(text, place)
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, place),
            parse_constant=lambda name: _refuse_number(name, place),
            parse_float=lambda digits: _float(digits, place),
            parse_int=lambda digits: _integer(digits, place),
        )
    except json.JSONDecodeError as error:
        spot = f"{place} line {error.lineno}, column {error.colno}".strip()
        raise FileError(spot, "the text stops being JSON here ({why})", _AGAIN, why=error.msg) from None
    if _SURROGATE.search(text):
        _check_text(value, place)
    return value


def _scan(text: str, place: str) -> None:
    if text.count("[") + text.count("{") > MOST_CONTAINERS:
        raise FileError(place, "the file has more than {limit} lists and objects", limit=MOST_CONTAINERS)
    depth = 0
    for match in _STRUCTURE.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > DEEPEST:
                spot = f"{place} line {text.count(chr(10), 0, match.start()) + 1}".strip()
                raise FileError(spot, "lists and objects are nested deeper than {limit}", limit=DEEPEST)
        elif token in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]], place: str) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise FileError(place, "the key “{key}” stands twice in one object", "Remove one of them", key=twice)
    return result


def _refuse_number(digits: str, place: str) -> Any:
    raise FileError(place, "{number} is no number a project may hold", "Write a finite number", number=digits)


def _float(digits: str, place: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        _refuse_number(digits, place)
    return value


def _integer(digits: str, place: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST_INTEGER:
        _refuse_number(digits, place)
    return int(digits)


def _check_text(value: Any, place: str) -> None:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo += [*item, *item.values()]
        elif isinstance(item, list):
            todo += item
        elif isinstance(item, str) and any("\ud800" <= c <= "\udfff" for c in item):
            raise FileError(place, "the text {text} holds half a character", text=item)
