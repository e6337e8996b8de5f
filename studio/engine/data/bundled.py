"""Reads the data sets that ship with the program, after checking that their files are the published ones."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor

from studio.engine.data import generated, sequences
from studio.engine.data.dataset import DataError, LoadedSet
from studio.layers.datasets import DATASETS, SERIES_WINDOW, TEXT_WINDOW, DataSet

GENERATORS: dict[str, Callable[[], dict[str, Tensor]]] = {
    "xor": generated.xor,
    "spirals": generated.spirals,
    "shapes-224": generated.shapes,
    "tokens-50257": partial(generated.tokens, 50257),
    "tokens-30522": partial(generated.tokens, 30522),
    "wave": sequences.wave,
    "dates": sequences.dates,
}
DERIVED: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
    "digit-strings": sequences.strings,
}
_REPAIR = "Install Tsumiki Studio again, or run packaging/build_data.py in a source checkout."


class _Source(msgspec.Struct):
    """The part of a SOURCES.json entry that loading needs."""

    file: str
    sha256: str


def load(key: str, resources: Path, window: int = TEXT_WINDOW, stride: int | None = None) -> LoadedSet:
    """A shipped data set, read and checked.

    Args:
        key: a key of DATASETS.
        resources: the folder "resources"; the files lie in its folder "data".
        window: characters in one sample of a text; other sets ignore it.
        stride: characters from one window of a text to the next; None is `window`, so that windows touch and
            don't overlap. Other sets ignore it.

    Raises:
        DataError: the key is unknown, the file is missing or changed, or the window doesn't fit.
    """
    record = DATASETS.get(key)
    if record is None:
        raise DataError(f"There is no data set named {key}. Choose one of: {', '.join(DATASETS)}.")
    if record.synthetic and record.task == "next_token":
        return token_set(record, GENERATORS[key]()["tokens"], window, stride)
    if record.made_from:
        made = DERIVED[key](load(record.made_from, resources).tensors)
        return LoadedSet(key, record.fields, made, record.raw_max, in_order=record.in_order)
    if record.synthetic:
        return LoadedSet(key, record.fields, GENERATORS[key](), record.raw_max, in_order=record.in_order)
    data = read_checked(record, resources / "data")
    if record.characters:
        return token_set(record, encode(data.decode("utf-8"), record.characters), window, stride)
    arrays = _arrays(data)
    pairs = arrays.pop("merges", torch.empty(0, 2)).tolist()
    merges = tuple((int(first), int(second)) for first, second in pairs)
    if record.task == "next_token":
        return replace(token_set(record, arrays["tokens"], window, stride), merges=merges)
    if record.task == "forecast":
        return series_set(record, arrays["value"])
    return LoadedSet(key, record.fields, arrays, record.raw_max, in_order=record.in_order, merges=merges)


def read_checked(record: DataSet, folder: Path) -> bytes:
    """The bytes of a shipped file, equal to those that SOURCES.json states.

    Raises:
        DataError: the file or SOURCES.json is missing, unreadable or changed.
    """
    sources = msgspec.json.decode(_read(folder / "SOURCES.json"), type=dict[str, _Source])
    if record.key not in sources:
        raise DataError(f"{folder / 'SOURCES.json'} has no entry for {record.key}. {_REPAIR}")
    path = folder / record.file
    data = _read(path)
    found, expected = hashlib.sha256(data).hexdigest(), sources[record.key].sha256
    if found != expected:
        raise DataError(
            f"The data file {path} was changed or damaged: its SHA-256 is {found}, "
            f"expected {expected}. {_REPAIR}"
        )
    return data


def token_set(record: DataSet, tokens: Tensor, window: int, stride: int | None) -> LoadedSet:
    """A text as token ids and the places where its windows start.

    Args:
        record: of the text; its `characters` are what the ids stand for.
        tokens: (tokens,) uint8 or int64, in order.
        window: tokens in one sample, T ≥ 1.
        stride: tokens from one window to the next; None is `window`.

    Raises:
        DataError: the window or stride is too small, or the text is shorter than one window and its target.
    """
    step = window if stride is None else stride
    if window < 1 or step < 1:
        raise DataError(
            f"{record.title}: window {window} and stride {step} must both be at least 1. Change them in the "
            "Data node."
        )
    if len(tokens) < window + 1:
        raise DataError(
            f"{record.title}: a window of {window} characters and the next one don't fit into {len(tokens)} "
            f"characters. Choose a window of at most {max(len(tokens) - 1, 1)} in the Data node."
        )
    return LoadedSet(
        record.key,
        tuple(replace(item, shape=(window,)) for item in record.fields),
        {"tokens": tokens},
        starts=torch.arange(0, len(tokens) - window, step),
        window=window + 1,
        points=len(tokens),
        characters=record.characters,
    )


def encode(text: str, characters: str) -> Tensor:
    """Token ids of a text.

    Args:
        text: any text.
        characters: the vocabulary, sorted; index = token id.

    Returns:
        (len(text),) uint8 when the vocabulary has at most 256 characters, else int64.

    Raises:
        DataError: the text has a character that the vocabulary doesn't have.
    """
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    vocabulary = np.frombuffer(characters.encode("utf-32-le"), dtype=np.uint32)
    ids = np.minimum(np.searchsorted(vocabulary, points), len(vocabulary) - 1)
    wrong = np.flatnonzero(vocabulary[ids] != points)
    if len(wrong):
        place = int(wrong[0])
        raise DataError(
            f"The character {text[place]!r} at position {place} is not among the {len(characters)} "
            "characters this network knows. Remove it, or train with a text that has it."
        )
    return torch.from_numpy(ids.astype(np.uint8 if len(characters) <= 256 else np.int64))


def series_set(record: DataSet, values: Tensor, window: int = SERIES_WINDOW) -> LoadedSet:
    """A series cut into windows: past (N, T, 1) and next (N, 1) float32, one window for each start.

    Args:
        record: of the series.
        values: (points,) float32, oldest first.
        window: points in the past, T.

    Raises:
        DataError: the series is shorter than one window and its target.
    """
    if len(values) < window + 1:
        raise DataError(
            f"{record.title}: {window} past points and the next one don't fit into a series of {len(values)} "
            "points. Use a longer series."
        )
    windows = values.unfold(0, window + 1, 1)
    tensors = {"past": windows[:, :-1, None].clone(), "next": windows[:, -1:].clone()}
    starts = torch.arange(len(windows))
    return LoadedSet(record.key, record.fields, tensors, starts=starts, window=window + 1, points=len(values))


def _read(path: Path) -> bytes:
    """The bytes of a shipped file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"The data file {path} can't be read ({error.strerror}). {_REPAIR}") from error


def _arrays(data: bytes) -> dict[str, Tensor]:
    """The arrays of an npz file. Pickled objects are refused: reading data must never run code."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: torch.from_numpy(archive[name]) for name in archive.files}
