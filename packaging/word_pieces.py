"""Cuts the bundled novel into word pieces: learns byte pairs from it, and writes it and its passages as numbers.

``packaging/build_data.py`` calls this after it has written the novel. Nothing is downloaded and nothing is random but
the order of the passages, so that the files are the same each time.

Source: Gage, A New Algorithm for Data Compression, 1994; Sennrich, Haddow and Birch, Neural Machine Translation of
Rare Words with Subword Units, 2016.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

MERGES = 768  # with the 256 bytes 1,024 pieces
START = 1024  # stands before each passage
PASSAGE = 32  # pieces of a passage without its start
PASSAGES = 2000  # of each kind
_WORD = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^A-Za-z0-9\s]+|\s+")  # no piece reaches beyond such a word
_ORDER_SEED = 20250101

Pair = tuple[int, int]


def words(text: str) -> list[str]:
    """The text in words, each with the space before it: joined they are the text again."""
    return _WORD.findall(text)


@cache
def learn(text: str, count: int = MERGES) -> list[Pair]:
    """The byte pairs of a text, the commonest first; pair number i is written as the piece 256 + i.

    Of pairs that are as common as each other the one with the lower numbers comes first.
    """
    known = Counter(words(text))
    cut = {word: list(word.encode()) for word in known}
    merges: list[Pair] = []
    for new in range(256, 256 + count):
        pairs: Counter[Pair] = Counter()
        for word, often in known.items():
            for pair in zip(cut[word], cut[word][1:], strict=False):
                pairs[pair] += often
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, pieces in cut.items():
            cut[word] = joined(pieces, best, new)
    return merges


def joined(pieces: list[int], pair: Pair, new: int) -> list[int]:
    """The pieces with ``new`` wherever the pair stood, from left to right."""
    found: list[int] = []
    for piece in pieces:
        if found and (found[-1], piece) == pair:
            found[-1] = new
        else:
            found.append(piece)
    return found


def cut(text: str, merges: list[Pair]) -> list[int]:
    """The text in pieces."""
    known: dict[str, list[int]] = {}
    found: list[int] = []
    for word in words(text):
        if word not in known:
            pieces = list(word.encode())
            for number, pair in enumerate(merges):
                pieces = joined(pieces, pair, 256 + number)
            known[word] = pieces
        found += known[word]
    return found


def stretches(text: str) -> Iterator[tuple[bool, str]]:
    """Stretches of the novel without their quotation marks, and whether somebody speaks in them.

    A paragraph begins outside; a speech of several paragraphs opens again in each. Headings are left out.
    """
    for paragraph in text.split("\n\n"):
        if paragraph.startswith(("Chapter", "PRIDE", "By Jane")):
            continue
        for number, part in enumerate(paragraph.replace("\n", " ").split('"')):
            yield bool(number % 2), part


def passages(text: str, merges: list[Pair]) -> tuple[list[list[int]], list[int]]:
    """Passages of PASSAGE pieces behind a START, and 1 for each in which somebody speaks, else 0."""
    found: dict[bool, list[list[int]]] = {True: [], False: []}
    for speaks, part in stretches(text):
        pieces = cut(part, merges)
        for begin in range(0, len(pieces) - PASSAGE + 1, PASSAGE):
            found[speaks].append([START, *pieces[begin : begin + PASSAGE]])
    order = random.Random(_ORDER_SEED)  # noqa: S311 - an order, not a secret
    for kind in found.values():
        order.shuffle(kind)
    both = [(row, int(speaks)) for speaks, rows in found.items() for row in rows[:PASSAGES]]
    order.shuffle(both)
    return [row for row, _ in both], [speaks for _, speaks in both]


def novel_in_pieces(text: str) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of austen-pieces.npz: tokens (pieces,) int64 and merges (MERGES, 2) int64."""
    merges = learn(text)
    return {"tokens": np.array(cut(text, merges)), "merges": np.array(merges)}


def speech_in_pieces(text: str) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of austen-speech.npz: tokens (N, 1 + PASSAGE), label (N,) and merges (MERGES, 2), all int64."""
    merges = learn(text)
    tokens, label = passages(text, merges)
    return {"tokens": np.array(tokens), "label": np.array(label), "merges": np.array(merges)}
