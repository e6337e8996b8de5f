"""How values and module calls are written in PyTorch text, as a person would write them."""

from __future__ import annotations

from typing import Any


class NamedInt(int):
    """A whole number that code writes as ``text`` (a name or a sum); counts as the number elsewhere."""

    text: str

    def __new__(cls, value: int, text: str) -> NamedInt:
        """The number ``value``, written ``text``."""
        made = super().__new__(cls, value)
        made.text = text
        return made


class NamedFloat(float):
    """A number that is written as ``text`` in code."""

    text: str

    def __new__(cls, value: float, text: str) -> NamedFloat:
        """The number ``value``, written ``text``."""
        made = super().__new__(cls, value)
        made.text = text
        return made


def literal(value: object) -> str:
    """``value`` as Python text; texts in double quotes."""
    text = getattr(value, "text", None)
    if text is not None:
        return str(text)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, tuple):
        inner = ", ".join(literal(part) for part in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def square(value: tuple[int | None, ...]) -> int | tuple[int | None, ...] | None:
    """One number where all of ``value`` are equal (and written alike), else ``value``."""
    first = literal(value[0])
    return value[0] if all(literal(part) == first for part in value) else value


def build_text(module: str, *positional: object, **named: tuple[object, object]) -> str:
    """The text that makes ``module``.

    Args:
        module: as "nn.Conv2d".
        positional: arguments that are always written.
        named: name -> (value, torch's default); an argument that equals its default is left out.
    """
    parts = [literal(value) for value in positional]
    for name, (value, default) in named.items():
        if value != default or hasattr(value, "text"):
            parts.append(f"{name}={literal(value)}")
    return f"{module}({', '.join(parts)})"


def call_text(function: str, *inputs: str, **named: tuple[object, object]) -> str:
    """The text that calls ``function`` without a module, with ``inputs`` as they are; ``named`` as above."""
    written = build_text("", **named)[1:-1]
    return f"{function}({', '.join((*inputs, written) if written else inputs)})"


def plain(value: Any) -> str:
    """``value`` as a card shows it: (5, 5) as 5, (3, 1) as 3×1."""
    if isinstance(value, tuple):
        if value and len(set(value)) == 1 and len(value) == 2:
            return str(value[0])
        return "×".join(str(part) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
