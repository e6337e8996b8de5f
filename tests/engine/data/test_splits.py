"""Splits: complete, without overlap, the same for the same seed, without leaks between windows."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.data import DataError, contiguous_indices, split_indices
from studio.engine.data.splits import NAMES


@given(st.integers(9, 300), st.integers(1, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 5))
def test_no_row_is_in_two_parts(samples: int, train: int, validation: int, test: int, seed: int) -> None:
    split = (train, validation, test)
    if sum(split) > samples:
        with pytest.raises(DataError, match="Lower"):
            split_indices(samples, split, seed)
        return
    parts = split_indices(samples, split, seed)
    assert tuple(len(parts[name]) for name in NAMES) == split
    together = torch.cat([parts[name] for name in NAMES])
    assert len(torch.unique(together)) == len(together)
    assert together.min() >= 0
    assert together.max() < samples


def test_seed_decides_and_the_global_generator_stays() -> None:
    state = torch.get_rng_state()
    first, again, other = (split_indices(100, (50, 25, 25), seed) for seed in (1, 1, 2))
    assert torch.equal(first["train"], again["train"])
    assert not torch.equal(first["train"], other["train"])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("samples", "split", "expected"),
    [
        (10, (0.8, 0.1, 0.1), (8, 1, 1)),
        (11, (0.8, 0.1, 0.1), (9, 1, 1)),
        (1000, (0.7, 0.15, 0.15), (700, 150, 150)),
        (100, (0.5, 0.25, 0.0), (50, 25, 0)),
    ],
)
def test_fractions(samples: int, split: tuple[float, ...], expected: tuple[int, ...]) -> None:
    parts = split_indices(samples, split, 0)
    assert tuple(len(parts[name]) for name in NAMES) == expected


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ((5, 5), "three parts"),
        ((-1, 5, 5), "at least 0"),
        ((0, 5, 5), "for training"),
        ((0.8, 0.2, 0.1), "sum to 1.1"),
        ((90, 10, 5), "by 5"),
    ],
)
def test_impossible_splits(split: tuple[float, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split_indices(100, split, 0)


def test_tiny_set_validates_on_its_training_rows() -> None:
    parts = split_indices(4, (4, 0, 0), 0)
    assert all(parts[name].sort().values.tolist() == [0, 1, 2, 3] for name in NAMES)
    assert len(split_indices(9, (9, 0, 0), 0)["test"]) == 0


@given(st.integers(1, 20), st.integers(1, 12), st.integers(60, 200))
def test_no_point_is_seen_by_two_parts(window: int, stride: int, points: int) -> None:
    starts = torch.arange(0, points - window + 1, stride)
    split = (points - 40, 20, 20)
    if stride + window > 20 or points - 40 < window:
        return
    parts = contiguous_indices(starts, window, points, split)
    seen = [
        {point for start in starts[parts[name]].tolist() for point in range(start, start + window)}
        for name in NAMES
    ]
    assert all(seen)
    for earlier, later in pairwise(seen):
        assert max(earlier) < min(later)


def test_part_too_short_for_a_window() -> None:
    with pytest.raises(DataError, match="validation part has 5 points"):
        contiguous_indices(torch.arange(90), 11, 100, (80, 5, 15))
