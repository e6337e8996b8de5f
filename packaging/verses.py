"""English sentences and their Spanish translation, out of two SWORD modules of texts in the public domain.

Both texts name for each word the entry of one dictionary of the original, so that verses that belong together can be
told: a pair is kept where these agree.

Source: https://wiki.crosswire.org/File_Formats (zText).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import word_pieces

DEBIAN = ("sword-text-web", "sword-text-sparv")
FOLDERS = ("engWEB2015eb", "spaRV1909eb")
LONGEST = 36  # pieces of a sentence
START, END, FILLER = 1024, 1025, 1026
PAIRS = 5000
_LONGEST_TEXT = 100  # characters
_AGREE = 0.6  # share of the dictionary's entries that both sides must have
_WORD = re.compile(r"strong:(\w+)")
_NOTE = re.compile(r"<(note|title)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_CLEAN = re.compile(r"[“”‘’«»\"()\[\]—]")

Read = Callable[[str], bytes]


def verses(read: Read, module: str, part: str) -> list[str]:
    """The entries of a module's "ot" or "nt", in order, with their marks; headings of books and chapters as well.

    Args:
        read: gives the bytes of a file under the folder of the texts.
        module: the folder of the module.
        part: "ot" or "nt".
    """
    blocks, places, packed = (read(f"{module}/{part}.{kind}") for kind in ("bzs", "bzv", "bzz"))
    texts = [zlib.decompress(packed[at : at + size]) for at, size, _ in struct.iter_unpack("<III", blocks)]
    return [
        texts[block][at : at + size].decode("utf-8", "replace") if size else ""
        for block, at, size in struct.iter_unpack("<IIH", places)
    ]


def plain(verse: str) -> str:
    """The words of a verse: no notes, marks or quotation marks, small letters."""
    text = _CLEAN.sub(" ", _TAG.sub("", _NOTE.sub("", verse)))
    return " ".join(text.split()).lower()


def pairs(read: Read) -> list[tuple[str, str]]:
    """Sentences that belong together, in the order of the books."""
    found = []
    for part in ("ot", "nt"):
        english, spanish = (verses(read, module, part) for module in FOLDERS)
        for first, second in zip(english, spanish, strict=False):
            entries = [set(_WORD.findall(verse)) for verse in (first, second)]
            if min(map(len, entries)) and len(entries[0] & entries[1]) >= _AGREE * max(map(len, entries)):
                found.append((plain(first), plain(second)))
    return found


def translated(read: Read) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of en-es.npz, the shortest PAIRS pairs in the order of the books.

    english (N, LONGEST); spanish (N, LONGEST + 1) behind a START; wanted (N, LONGEST + 1), the same one piece later,
    up to an END; merges (768, 2). Short ones are filled up with FILLER.
    """
    known = [pair for pair in pairs(read) if max(map(len, pair)) <= _LONGEST_TEXT]
    merges = word_pieces.learn("\n".join(text for pair in known for text in pair))
    cut = [tuple(word_pieces.cut(text, merges) for text in pair) for pair in known]
    rows = [row for row, pair in enumerate(cut) if max(map(len, pair)) <= LONGEST]
    rows = sorted(sorted(rows, key=lambda row: (max(map(len, cut[row])), row))[:PAIRS])
    english = np.full((len(rows), LONGEST), FILLER)
    spanish = np.full((len(rows), LONGEST + 1), FILLER)
    wanted = np.full((len(rows), LONGEST + 1), FILLER)
    for number, row in enumerate(rows):
        first, second = cut[row]
        english[number, : len(first)] = first
        spanish[number, : len(second) + 1] = [START, *second]
        wanted[number, : len(second) + 1] = [*second, END]
    return {"english": english, "spanish": spanish, "wanted": wanted, "merges": np.array(merges)}
