"""Marks in unfinished text: numbers that stand for something, spelled when the class they belong to is known.

While a class is written for one use of a block, a parameter of the block is a mark that counts as its number.
When the texts of all uses lie side by side, marks become constructor arguments, fields of Sizes, or attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from studio.layers.render import is_atom
from studio.layers.text import NamedFloat, NamedInt

OPEN, CLOSE = "\ue000", "\ue001"
ANY = "\ue002"  # a number that does not matter, as in a module that this use does not have
MARK = re.compile(f"{OPEN}(\\d+):([^{CLOSE}]*){CLOSE}")
NUMBER = re.compile(rf"{OPEN}\d+:[^{CLOSE}]*{CLOSE}|{ANY}|(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


class NamedText(str):
    """A text parameter that is written as ``text`` in code."""

    text: str

    def __new__(cls, value: str, text: str) -> NamedText:
        """The text ``value``, written ``text``."""
        made = super().__new__(cls, value)
        made.text = text
        return made


@dataclass(frozen=True, slots=True)
class Token:
    """What a mark stands for.

    Attributes:
        text: Python text in the class.
        args: names in it that are constructor arguments of the class.
        sizes: whether it reads Sizes.
        outer: whether ``text`` is a mark of the class around, that this one can't know by itself.
    """

    text: str
    args: frozenset[str] = frozenset()
    sizes: bool = False
    outer: bool = False

    @property
    def is_free(self) -> bool:
        """Whether it means the same in every class."""
        return not self.args and not self.outer


class Tokens:
    """All marks of a drawing, by number."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._numbers: dict[Token, int] = {}

    def mark(self, token: Token, value: object = "") -> str:
        """The mark of a token; it remembers the value that it has here."""
        number = self._numbers.get(token)
        if number is None:
            number = self._numbers[token] = len(self._tokens)
            self._tokens.append(token)
        return f"{OPEN}{number}:{value}{CLOSE}"

    def of(self, mark: object) -> Token | None:
        """The token of a mark, or of a named value; None for anything else."""
        found = MARK.fullmatch(str(getattr(mark, "text", mark)))
        return self._tokens[int(found.group(1))] if found else None

    def named(self, value: object, token: Token) -> object:
        """``value``, written as the mark of ``token``."""
        mark = self.mark(token, value)
        if isinstance(value, float):
            return NamedFloat(value, mark)
        if isinstance(value, int):
            return NamedInt(value, mark)
        return NamedText(value, mark) if isinstance(value, str) else value

    def value_of(self, text: str) -> str:
        """The plain text of a number or mark."""
        found = MARK.fullmatch(text)
        return found.group(2) if found else text

    def within(self, text: str) -> list[Token]:
        """The tokens of all marks in a text."""
        return [self._tokens[int(found.group(1))] for found in MARK.finditer(text)]

    def spell(self, text: str, rename: Callable[[Token], str] = lambda token: token.text) -> str:
        """``text`` with its marks spelled out, in brackets where an operator would tear them apart."""

        def spelled(found: re.Match[str]) -> str:
            made = rename(self._tokens[int(found.group(1))])
            before, after = text[: found.start()].rstrip(" "), text[found.end() :].lstrip(" ")
            alone = (not before or before[-1] in "([,=:") and (not after or after[0] in ")],:")
            chosen = before.endswith(("else", "if", *"([,=:")) and (
                not after or after.startswith(("if ", "else ", "for ", *")],:"))
            )
            return made if alone or is_atom(made) or (chosen and " if " not in made) else f"({made})"

        return MARK.sub(spelled, text)


def of_self(token: Token) -> str:
    """The text of a token outside the constructor, where arguments are attributes."""
    text = token.text
    for name in sorted(token.args | ({"sizes"} if token.sizes else set())):
        text = re.sub(rf"(?<![\w.]){name}\b", f"self.{name}", text)
    return text


def read_by(tokens: Iterable[Token]) -> tuple[set[str], bool]:
    """The constructor arguments that tokens read, and whether they read Sizes."""
    args: set[str] = set()
    sizes = False
    for token in tokens:
        args |= token.args
        sizes = sizes or token.sizes
    return args, sizes
