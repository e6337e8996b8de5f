"""Finds layers by what people call them: torch, Japanese, Keras and ONNX names, and what a layer does.

One index holds every language, so a word typed in another one than the window's finds its layer too. It is
made at the first search and kept; a search only reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from studio.layers.spec import LayerSpec
from studio.text import LANGUAGES, load

_HOMES = re.compile(
    r"^(?:torch\.nn\.functional|nn\.functional|torch\.linalg|torch\.fft|torch\.tensor|torch\.nn|torch|nn|f|tf\.keras\.layers|keras\.layers|layers)\."
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+d?")
_OPERATOR = re.compile(r"\b[A-Z][A-Za-z]{2,}\b")
_NOT_OPERATORS = frozenset({"Becomes", "Left", "Not", "Its", "Usually", "The", "Operator", "Exported"})
# Keras's names where they are not ours in other letters (keras.io/api/layers); records need not repeat them.
_KERAS: Mapping[str, tuple[str, ...]] = {
    "Linear": ("Dense",), "Embedding": ("Embedding",), "LSTM": ("Bidirectional",), "GRU": ("Bidirectional",),
    "RNN": ("SimpleRNN",), "ConvTranspose1d": ("Conv1DTranspose",), "ConvTranspose2d": ("Conv2DTranspose",),
    "ConvTranspose3d": ("Conv3DTranspose",), "DepthwiseSeparableConv2d": ("SeparableConv2D", "DepthwiseConv2D"),
    "BatchNorm1d": ("BatchNormalization",), "BatchNorm2d": ("BatchNormalization",),
    "BatchNorm3d": ("BatchNormalization",), "LayerNorm": ("LayerNormalization",),
    "GroupNorm": ("GroupNormalization",), "RMSNorm": ("RMSNormalization",), "SpectralNorm": ("SpectralNormalization",),
    "Dropout2d": ("SpatialDropout2D",), "Dropout1d": ("SpatialDropout1D",), "Dropout3d": ("SpatialDropout3D",),
    "AvgPool1d": ("AveragePooling1D",), "AvgPool2d": ("AveragePooling2D",), "AvgPool3d": ("AveragePooling3D",),
    "MaxPool1d": ("MaxPooling1D",), "MaxPool2d": ("MaxPooling2D",), "MaxPool3d": ("MaxPooling3D",),
    "AdaptiveAvgPool1d": ("GlobalAveragePooling1D",), "AdaptiveAvgPool2d": ("GlobalAveragePooling2D",),
    "AdaptiveAvgPool3d": ("GlobalAveragePooling3D",), "AdaptiveMaxPool1d": ("GlobalMaxPooling1D",),
    "AdaptiveMaxPool2d": ("GlobalMaxPooling2D",), "AdaptiveMaxPool3d": ("GlobalMaxPooling3D",),
    "Upsample": ("UpSampling2D", "UpSampling1D"), "ZeroPad2d": ("ZeroPadding2D",), "ZeroPad1d": ("ZeroPadding1D",),
    "Concat": ("Concatenate",), "Permute": ("Permute",), "Repeat": ("RepeatVector", "TimeDistributed"),
    "Swish": ("swish",), "SiLU": ("swish",), "Threshold": ("ThresholdedReLU",), "MSE": ("MeanSquaredError",),
    "CrossEntropy": ("SparseCategoricalCrossentropy", "CategoricalCrossentropy"),
    "BCEWithLogits": ("BinaryCrossentropy",), "Huber": ("Huber",), "L1": ("MeanAbsoluteError",),
    "GaussianNoise": ("GaussianNoise",), "MultiheadAttention": ("MultiHeadAttention",),
}  # fmt: skip
_LEAST_FUZZY = 4  # letters: shorter words have too many neighbours one slip away


@dataclass(frozen=True, slots=True)
class Findable:
    """Something to be found. ``names`` are other names for it, ``words`` what is said of it, in any language."""

    key: str
    title: str
    names: tuple[str, ...] = ()
    words: str = ""
    torch: str = ""  # what torch calls it, which counts more than what others say


@dataclass(frozen=True, slots=True)
class _Row:
    """Lists are one text each, every entry between line ends: a search in them is one look of C code."""

    key: str
    title: str
    torch: str
    parts: str  # of the title: max, pool, 2d
    initials: str
    names: str
    pieces: str  # words inside the other names
    words: str
    text: str  # all of it, for a quick no


_Scorer = Callable[[str, _Row], int]  # 0 is no fit


class Index:
    """A ranked search over a fixed list; what stands first in the list wins a tie."""

    def __init__(self, findables: Iterable[Findable]) -> None:
        self._rows = [_row(one) for one in findables]
        self._words: dict[str, dict[str, int]] = {}  # first letter -> word -> how well a slip of it fits
        for row in self._rows:
            for text, fit in ((row.pieces, 10), (row.words, 10), (row.names, 18), (f"\n{row.title}\n", 18)):
                for word in filter(None, text.split("\n")):
                    self._words.setdefault(word[0], {})[word] = fit

    def scores(self, text: str) -> dict[str, int]:
        """Key -> how well it fits ``text``, best first; only what fits. Everything at 0 for no text."""
        words = [word for word in map(_plain, text.split()) if word]
        if not words:
            return {row.key: 0 for row in self._rows}
        found = self._scored(words, _score)
        if not found:
            meant = {word: self._meant(word) for word in words}
            found = self._scored(words, lambda word, row: _fuzzy_score(word, row, meant.get(word, {})))
        order = sorted(found, key=lambda row: (-row[0], len(row[1].title), row[2]))
        return {row.key: score for score, row, _ in order}

    def ranked(self, text: str) -> list[str]:
        """The keys that ``text`` may mean, best first; all, in their own order, for no text."""
        return list(self.scores(text))

    def _meant(self, typed: str) -> dict[str, int]:
        """The words that one slip of the finger makes ``typed`` of; each is looked at once, not once a row."""
        if len(typed) < _LEAST_FUZZY:
            return {}
        near = self._words.get(typed[0], {})  # people hit the first letter
        return {f"\n{word}\n": fit for word, fit in near.items() if one_slip(typed, word)}

    def _scored(self, words: list[str], score: _Scorer) -> list[tuple[int, _Row, int]]:
        found = []
        joined = "".join(words)
        for at, row in enumerate(self._rows):
            total = 0
            for word in words:
                fit = score(word, row)
                if not fit:
                    total = 0
                    break
                total += fit
            best = total // len(words)
            if len(words) > 1:  # "batch norm" is BatchNorm
                best = max(best, score(joined, row))
            if best:
                found.append((best, row, at))
        return found


def catalogue_index() -> Index:
    """The index of the whole catalogue, made once."""
    from studio.layers import CATALOGUE

    return _index_of(tuple(CATALOGUE))


@cache
def _index_of(names: tuple[str, ...]) -> Index:
    from studio.layers import CATALOGUE

    tables = [load(code) for code in LANGUAGES]
    return Index(findable(CATALOGUE[name], tables) for name in names)


def findable(spec: LayerSpec, tables: Iterable[Mapping[str, str]]) -> Findable:
    """A record as it is searched, with its words in each language of ``tables``."""
    said = [spec.summary, spec.category.value, spec.group]
    names = [spec.torch_name, *spec.keywords, *spec.former_names]
    names += (*_KERAS.get(spec.name, ()), *_operators(spec.onnx))
    for table in tables:
        names.append(table.get(f"layer:{spec.name}", ""))
        said += [table.get(text, "") for text in (spec.summary, spec.category.value, spec.group)]
    return Findable(
        spec.name, spec.name, tuple(name for name in names if name), " ".join(said), spec.torch_name
    )


def _operators(note: str) -> list[str]:
    """The ONNX operators that a record's note names."""
    return [word for word in _OPERATOR.findall(note) if word not in _NOT_OPERATORS]


def _row(one: Findable) -> _Row:
    title = _plain(one.title)
    initials = "".join(letter for letter in one.title if letter.isupper() or letter.isdigit()).lower()
    parts = _lines(_CAMEL.findall(one.title))
    names = _lines(one.names)
    pieces = _lines(piece for name in one.names for piece in re.split(r"[\s._-]+", name))
    words = _lines(re.split(r"[\s.,;:()]+", one.words))
    text = "".join(("\n", title, "\n", initials, names, pieces, words))
    return _Row(one.key, title, _plain(one.torch), parts, initials, names, pieces, words, text)


def _lines(texts: Iterable[str]) -> str:
    plain = dict.fromkeys(filter(None, map(_plain, texts)))
    return "\n" + "\n".join(plain) + "\n"


def _plain(text: str) -> str:
    """``text`` for comparison: one form of each letter, katakana as hiragana, no case, no _ - or leading home."""
    text = _HOMES.sub("", unicodedata.normalize("NFKC", text).lower())
    if not text.isascii():
        text = "".join(chr(ord(one) - 0x60) if "ァ" <= one <= "ヶ" else one for one in text)
    return text.replace("_", "").replace("-", "").replace(" ", "").strip(".,;:()")


def _score(word: str, row: _Row) -> int:
    """How well a word fits: the name, another name, their beginnings, their parts, what is said, what is inside."""
    if word not in row.text:
        return 0
    starts, whole = f"\n{word}", f"\n{word}\n"
    if row.title == word or (whole in row.names and row.torch == word):
        return 100 if row.title == word else 95
    if whole in row.parts:  # MultiheadAttention is one; Softmax is only used in some
        return 92
    if whole in row.names:
        return 90
    if row.title.startswith(word):
        return 80
    if row.initials == word and len(word) > 1:
        return 75
    if starts in row.names:
        return 65
    if starts in row.pieces:
        return 60
    if word in row.title:
        return 55
    if not word.isascii() and word in row.names:  # Japanese names have no gaps between their parts
        return 50
    if whole in row.words:
        return 45
    if starts in row.words:
        return 40
    short = len(word) < (3 if word.isascii() else 2)
    return 0 if short else 25


def _fuzzy_score(word: str, row: _Row, meant: Mapping[str, int]) -> int:
    """For words that fit nothing: letters in order, or one of the words that were meant."""
    if _in_order(word, row.title):
        return 20
    text = f"{row.text}\n"
    return max((fit for one, fit in meant.items() if one in text), default=0)


def _in_order(letters: str, name: str) -> bool:
    if len(letters) < 2 or letters[0] != name[:1]:
        return False
    rest = iter(name)
    return all(letter in rest for letter in letters)


def one_slip(typed: str, name: str) -> bool:
    """Whether ``typed`` is a beginning of ``name`` with one letter wrong, missing, doubled or swapped."""
    at, most = 0, min(len(typed), len(name))
    while at < most and typed[at] == name[at]:
        at += 1
    if at == 0:  # people hit the first letter
        return False
    rest, name_rest = typed[at:], name[at:]
    if not rest or not name_rest:
        return len(rest) <= 1
    swapped = len(rest) > 1 and len(name_rest) > 1 and rest[:2] == name_rest[1::-1]
    return (
        name_rest[1:].startswith(rest[1:])  # wrong
        or name_rest[1:].startswith(rest)  # missing
        or name_rest.startswith(rest[1:])  # one too many
        or (swapped and name_rest[2:].startswith(rest[2:]))
    )
