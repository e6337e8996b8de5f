"""Which samples train, which validate, which test: always the same for the same seed, never overlapping."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from studio.engine.data.dataset import DataError, LoadedSet

NAMES = ("train", "validation", "test")
TINY = 8  # samples; a set this small (XOR) may validate and test on its training samples


def split_indices(samples: int, split: Sequence[int] | Sequence[float], seed: int) -> dict[str, Tensor]:
    """Rows drawn at random for training, validation and test.

    Args:
        samples: number of rows.
        split: three counts, or three fractions of 1 when any of them is a float.
        seed: of an own generator; the global one is not touched.

    Returns:
        "train", "validation", "test" -> (count,) int64, no row in two of them. A set of at most 8 rows
        without validation and test rows uses its training rows for all three.

    Raises:
        DataError: the counts don't fit into `samples` or nothing is left to train on.
    """
    counts = split_counts(samples, split, "rows")
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(samples, generator=generator)
    indices: dict[str, Tensor] = {}
    begin = 0
    for name, count in zip(NAMES, counts, strict=True):
        indices[name] = order[begin : begin + count]
        begin += count
    if samples <= TINY and counts[1:] == (0, 0):
        return dict.fromkeys(NAMES, indices["train"])
    return indices


def contiguous_indices(
    starts: Tensor, window: int, points: int, split: Sequence[int] | Sequence[float]
) -> dict[str, Tensor]:
    """Windows of a text or series, parts following each other in order, no window reaching over a border.

    A window that begins in one part and ends in the next belongs to neither: its points would be seen both in
    training and in validation.

    Args:
        starts: (N,) int64, first point of each window.
        window: points a window spans, its targets included.
        points: length of the text or series.
        split: three counts of points, or three fractions of 1.

    Returns:
        "train", "validation", "test" -> (count,) int64, indices into `starts` in order.

    Raises:
        DataError: the counts don't fit, or a part is wanted but holds no whole window.
    """
    counts = split_counts(points, split, "points")
    indices: dict[str, Tensor] = {}
    begin = 0
    for name, count in zip(NAMES, counts, strict=True):
        inside = (starts >= begin) & (starts + window <= begin + count)
        indices[name] = inside.nonzero().flatten()
        if count and not len(indices[name]):
            raise DataError(
                f"The {name} part has {count} points, fewer than one window of {window} needs. Give it more "
                "points in the Data node, or choose a shorter window."
            )
        begin += count
    return indices


def split_set(loaded: LoadedSet, split: Sequence[int] | Sequence[float], seed: int) -> dict[str, Tensor]:
    """The split that fits a set: in order for texts, series and sets that say so, else at random."""
    if loaded.starts is not None:
        return contiguous_indices(loaded.starts, loaded.window, loaded.points, split)
    if loaded.in_order:
        counts = split_counts(loaded.samples, split, "rows")
        rows = torch.arange(loaded.samples)[: sum(counts)]
        return dict(zip(NAMES, torch.split(rows, list(counts)), strict=True))
    return split_indices(loaded.samples, split, seed)


def split_counts(samples: int, split: Sequence[int] | Sequence[float], unit: str) -> tuple[int, int, int]:
    """A split as three counts; what rounding leaves over of fractions that sum to 1 goes to training.

    Args:
        samples: what there is.
        split: three counts, or three fractions when any of them is a float.
        unit: what is counted, for the message: "rows" or "points".

    Raises:
        DataError: not three parts, a negative part, more than there is, or nothing to train on.
    """
    if len(split) != 3 or any(part < 0 for part in split):
        raise DataError(
            f"A split needs three parts of at least 0 (train, validation, test), not {list(split)}."
        )
    if any(isinstance(part, float) for part in split):
        total = sum(split)
        if total > 1 + 1e-9:
            raise DataError(
                f"The fractions {list(split)} sum to {total:g}. Lower them to a sum of at most 1."
            )
        train, validation, test = (int(samples * part + 1e-9) for part in split)
        if total > 1 - 1e-9:
            train = samples - validation - test
    else:
        train, validation, test = (int(part) for part in split)
    wanted = train + validation + test
    if wanted > samples:
        raise DataError(
            f"The split asks for {train} + {validation} + {test} = {wanted} {unit}, but there are {samples}. "
            f"Lower the counts in the Data node by {wanted - samples}."
        )
    if train < 1:
        raise DataError(f"The split leaves no {unit} of {samples} for training. Raise the training part.")
    return train, validation, test
