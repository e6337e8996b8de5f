"""Augmentation: bounded as asked, different for each sample and epoch, independent of the batch."""

from __future__ import annotations

import pytest
import torch

from studio.engine.data import Augment, DataError
from studio.engine.data.augment import augment_images, mix

SAMPLES = torch.arange(400)


def dots(count: int = 400, size: int = 15) -> torch.Tensor:
    """Pictures with one white pixel in the middle: (count, 1, size, size)."""
    image = torch.zeros(count, 1, size, size)
    image[:, :, size // 2, size // 2] = 255.0
    return image


def test_shift_moves_by_whole_pixels_within_the_limit() -> None:
    moved = augment_images(dots(), Augment(shift=2), 1, SAMPLES, 255.0)
    assert (moved.flatten(1).sum(1) == 255).all()
    _, _, rows, columns = moved.nonzero(as_tuple=True)
    for places in (rows, columns):
        assert torch.unique(places - 7).tolist() == [-2, -1, 0, 1, 2]
        assert places.bincount()[5:10].min() > 50  # 80 expected


def test_shift_uncovers_black() -> None:
    moved = augment_images(torch.ones(400, 2, 6, 5), Augment(shift=1), 1, SAMPLES, 1.0)
    assert torch.unique(moved.flatten(1).sum(1)).tolist() == [40, 48, 50, 60]


def test_flip_mirrors_half() -> None:
    image = torch.arange(12.0).view(1, 1, 3, 4).expand(400, -1, -1, -1)
    flipped = augment_images(image, Augment(flip=True), 1, SAMPLES, 11.0)
    mirrored = (flipped == image.flip(-1)).flatten(1).all(1)
    assert (mirrored | (flipped == image).flatten(1).all(1)).all()
    assert 150 < mirrored.sum() < 250


def test_rotation_keeps_the_middle_and_stays_within_the_limit() -> None:
    image = torch.zeros(400, 1, 15, 31)
    image[:, :, 7, 15:] = 1.0  # a hand pointing right
    turned = augment_images(image, Augment(rotation=30), 1, SAMPLES, 1.0)
    assert torch.allclose(turned[:, 0, 7, 15], torch.ones(()), atol=0.35)
    rows = torch.arange(15.0) - 7
    column = turned[:, 0, :, 21]  # 6 pixels from the middle
    height = (column * rows).sum(1) / column.sum(1)
    angle = (height / 6).atan().rad2deg()
    assert angle.abs().max() < 33
    assert angle.min() < -25
    assert angle.max() > 25


def test_noise_has_the_asked_spread() -> None:
    noisy = augment_images(torch.full((400, 1, 8, 8), 100.0), Augment(noise=0.1), 1, SAMPLES, 255.0)
    assert noisy.mean() == pytest.approx(100, abs=0.7)
    assert noisy.std() == pytest.approx(25.5, rel=0.03)
    assert len(torch.unique(noisy)) > 0.99 * noisy.numel()


def test_a_sample_changes_alike_in_every_batch() -> None:
    augment = Augment(shift=2, rotation=15, flip=True, noise=0.05)
    image = torch.rand(400, 1, 9, 9)
    together = augment_images(image, augment, 9, SAMPLES, 1.0)
    chosen = torch.tensor([17, 3, 250])
    alone = augment_images(image[chosen], augment, 9, chosen, 1.0)
    assert torch.allclose(together[chosen], alone, atol=1e-6)
    assert not torch.equal(together, augment_images(image, augment, 10, SAMPLES, 1.0))


def test_seeds_of_epochs_differ() -> None:
    seeds = {mix(seed, epoch) for seed in range(30) for epoch in range(30)}
    assert len(seeds) == 900
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert mix(-1, 0) != mix(1, 0)


def test_amounts_below_zero_are_refused() -> None:
    with pytest.raises(DataError, match="shift is -1"):
        Augment(shift=-1)
    assert Augment().nothing
