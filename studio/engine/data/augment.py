"""Random shifts, turns, mirrorings and noise on images, as a function of (seed, epoch, sample) only.

Random numbers come from hashing instead of from a generator's state: a sample gets the same change
whatever batch it stands in, on whatever device, before or after a resume.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from studio.engine.data.dataset import DataError

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # the increment and two multipliers of splitmix64
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


@dataclass(frozen=True, slots=True)
class Augment:
    """How much images may change.

    Attributes:
        shift: pixels, whole, at most this many in each direction; what is uncovered becomes 0.
        rotation: degrees, at most this much either way, about the middle.
        flip: mirror left and right for half of the samples.
        noise: standard deviation of noise added to every pixel, as a share of the largest raw value.
    """

    shift: int = 0
    rotation: float = 0.0
    flip: bool = False
    noise: float = 0.0

    def __post_init__(self) -> None:
        """Refuses amounts below 0."""
        if self.shift < 0 or self.rotation < 0 or self.noise < 0:
            raise DataError(
                f"Augmentation amounts must be at least 0, but shift is {self.shift}, rotation "
                f"{self.rotation} and noise {self.noise}. Change them in the Data node."
            )

    @property
    def nothing(self) -> bool:
        """True when no image would change."""
        return not (self.shift or self.rotation or self.flip or self.noise)


def mix(seed: int, number: int) -> int:
    """A seed for one epoch (or any other number), unlike that of its neighbours: 0…2^63-1.

    Adding instead would make seed 1, epoch 0 the same as seed 0, epoch 1.
    """
    return _scramble(_scramble(seed) ^ (number & _MASK)) >> 1


def augment_images(images: Tensor, augment: Augment, seed: int, samples: Tensor, raw_max: float) -> Tensor:
    """Changes each image in its own way.

    Args:
        images: (B, C, H, W) float32, raw values 0…raw_max; not changed in place.
        augment: how much.
        seed: of this epoch.
        samples: (B,) int64, which samples they are.
        raw_max: the largest raw value.

    Returns:
        (B, C, H, W) float32.
    """
    keys = _hash(samples ^ _signed(seed))
    if augment.shift or augment.flip:
        images = _move(images, augment, keys)
    if augment.rotation:
        images = _rotate(images, augment.rotation, keys)
    if augment.noise:
        images = images + augment.noise * raw_max * _noise(images.shape, keys)
    return images


def _move(images: Tensor, augment: Augment, keys: Tensor) -> Tensor:
    """Shifts by whole pixels and mirrors, without touching any pixel's value."""
    height, width = images.shape[-2:]
    rows = torch.arange(height, device=images.device).expand(len(images), -1)
    columns = torch.arange(width, device=images.device).expand(len(images), -1)
    if augment.flip:
        mirrored = _uniform(keys, 1) < 0.5
        columns = torch.where(mirrored[:, None], width - 1 - columns, columns)
    if augment.shift:
        span = 2 * augment.shift + 1
        rows = rows - ((_uniform(keys, 2) * span).long() - augment.shift)[:, None]
        columns = columns - ((_uniform(keys, 3) * span).long() - augment.shift)[:, None]
    inside = _inside(rows, height)[:, :, None] & _inside(columns, width)[:, None, :]
    places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    flat = places.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, flat).view_as(images) * inside[:, None]


def _inside(places: Tensor, size: int) -> Tensor:
    """Which places lie in 0…size-1."""
    return (places >= 0) & (places < size)


def _rotate(images: Tensor, degrees: float, keys: Tensor) -> Tensor:
    """Turns about the middle, reading between pixels linearly; corners that come in are 0."""
    height, width = images.shape[-2:]
    angle = (_uniform(keys, 4) * 2 - 1) * math.radians(degrees)
    cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # affine_grid measures both axes in halves of the picture, so an oblong one needs its ratio put back.
    ratio = height / width
    first = torch.stack([cosine, -sine * ratio, zero], dim=1)
    second = torch.stack([sine / ratio, cosine, zero], dim=1)
    grid = functional.affine_grid(
        torch.stack([first, second], dim=1), list(images.shape), align_corners=False
    )
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _noise(shape: torch.Size, keys: Tensor) -> Tensor:
    """Normal noise of the given shape (B, C, H, W), mean 0 and standard deviation 1 (Box-Muller)."""
    pixels = torch.arange(math.prod(shape[1:]), device=keys.device)
    # A sequence of its own for each key. Keys must not be mixed with hashes of small numbers: keys are such
    # hashes themselves, and pairs of them would give the same noise twice.
    places = _hash(keys[:, None] + pixels * _signed(_SECOND))
    radius = (-2 * (1 - _uniform(places, 5)).log()).sqrt()  # 1 - u lies in (0, 1], so its logarithm is finite
    return (radius * (2 * math.pi * _uniform(places, 6)).cos()).view(shape)


def _uniform(keys: Tensor, stream: int) -> Tensor:
    """Float32 numbers in [0, 1), one for each key, other ones for another stream."""
    bits = _hash(keys ^ _signed(_scramble(stream)))
    return (_shift_right(bits, 40)).float() * 2.0**-24


def _hash(values: Tensor) -> Tensor:
    """Splitmix64 of each int64; products wrap around as the algorithm wants."""
    values = values + _signed(_GOLDEN)
    values = (values ^ _shift_right(values, 30)) * _signed(_FIRST)
    values = (values ^ _shift_right(values, 27)) * _signed(_SECOND)
    return values ^ _shift_right(values, 31)


def _shift_right(values: Tensor, bits: int) -> Tensor:
    """A shift that brings in zeros; torch's own brings in the sign."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """The int64 with the same 64 bits."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _scramble(value: int) -> int:
    """Splitmix64 of one Python integer: 0…2^64-1."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)
