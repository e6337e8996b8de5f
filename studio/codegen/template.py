"""Texts whose lines depend on the drawing: a page one can read, instead of code that adds lines up."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from studio.codegen.layout import statement

_FLAG = re.compile(r"( *)(!?)([\w-]+)\| ?(.*)")
_FIELD = re.compile(r"«(\w+)»")


def fill(template: str, flags: Container[str], fields: Mapping[str, str | list[str]]) -> list[str]:
    """The lines of a template.

    Args:
        template: ``flag|line`` stays where the flag is set, ``!flag|line`` where it is not (the bar and one space
            after it go away); ``«name»`` is a field. A field of several lines stands alone on its line.
        flags: those that are set.
        fields: texts, or lines that have their own indent.
    """
    lines: list[str] = []
    for raw in template.strip("\n").split("\n"):
        line = raw
        while found := _FLAG.match(line):
            if (found.group(3) in flags) == bool(found.group(2)):
                break
            line = found.group(1) + found.group(4)
        else:
            lines += _line(line, fields)
    return lines


def _line(line: str, fields: Mapping[str, str | list[str]]) -> list[str]:
    alone = _FIELD.fullmatch(line.strip())
    if alone and isinstance(given := fields[alone.group(1)], list):
        return given
    made = _FIELD.sub(lambda place: str(fields[place.group(1)]), line)
    if made == line:
        return [line]
    text = made.lstrip(" ")
    return statement(text, len(made) - len(text))
