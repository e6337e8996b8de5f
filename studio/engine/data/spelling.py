"""How a text becomes token ids and back: letter by letter, or in pieces that were learned from a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

_WORD = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^A-Za-z0-9\s]+|\s+")  # as packaging/word_pieces.py cuts them


class Spelling(Protocol):
    """What tokens stand for."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text; what has no token is left out."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids."""


@dataclass(frozen=True)
class Letters:
    """One token a character.

    Attributes:
        characters: the vocabulary; index = token id.
    """

    characters: str

    def encode(self, text: str) -> list[int]:
        """Token ids of a text; a character that is not known is left out."""
        known = {letter: number for number, letter in enumerate(self.characters)}
        return [known[letter] for letter in text if letter in known]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids."""
        return "".join(self.characters[number] for number in ids)


@dataclass(frozen=True)
class Pieces:
    """Byte pairs: tokens 0 to 255 are bytes, token 256 + i is pair number i of two earlier tokens.

    Attributes:
        merges: the pairs in the order in which they were learned. Ids beyond them are marks without a text.

    Source: Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, 2016.
    """

    merges: tuple[tuple[int, int], ...]

    @cached_property
    def texts(self) -> list[bytes]:
        """The bytes of each token."""
        found = [bytes([number]) for number in range(256)]
        for first, second in self.merges:
            found.append(found[first] + found[second])
        return found

    @cached_property
    def _ranks(self) -> dict[tuple[int, int], int]:
        return {pair: rank for rank, pair in enumerate(self.merges)}

    def encode(self, text: str) -> list[int]:
        """Token ids of any text: each byte has one at least."""
        return [piece for word in _WORD.findall(text) for piece in self._cut(word)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids; bytes that are no text come out as �."""
        known = self.texts
        return b"".join(known[number] for number in ids if number < len(known)).decode(errors="replace")

    def _cut(self, word: str) -> list[int]:
        """A word in pieces: the pair that was learned first is joined first."""
        pieces = list(word.encode())
        while len(pieces) > 1:
            last = len(self.merges)
            rank = min(self._ranks.get(pair, last) for pair in zip(pieces, pieces[1:], strict=False))
            if rank == last:
                break
            pieces = _joined(pieces, self.merges[rank], 256 + rank)
        return pieces


def _joined(pieces: Sequence[int], pair: tuple[int, int], new: int) -> list[int]:
    found: list[int] = []
    for piece in pieces:
        if found and (found[-1], piece) == pair:
            found[-1] = new
        else:
            found.append(piece)
    return found
