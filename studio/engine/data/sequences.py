"""The data sets of lines and sequences that are made by formula: the same numbers on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

WAVE_SEED = 17
STRINGS_SEED = 19


def wave(samples: int = 1200) -> dict[str, Tensor]:
    """Points of y = sin(pi (x + 2)^2) for x in -1...1, four swings that become faster, and a little noise.

    Args:
        samples: number of points.

    Returns:
        features (samples, 1) float32 in -1...1, target (samples, 1) float32, off the curve by a normal error
        of 0.02.
    """
    generator = torch.Generator().manual_seed(WAVE_SEED)
    x = 2 * torch.rand(samples, 1, generator=generator) - 1
    noise = 0.02 * torch.randn(samples, 1, generator=generator)
    return {"features": x, "target": torch.sin(math.pi * (x + 2).square()) + noise}


def strings(digits: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Two to five handwritten digits in a row, sometimes touching each other.

    The digits of strings for training, validation and test are three parts of digits-28x28 that share none.

    Args:
        digits: image (5000, 1, 28, 28) uint8, label (5000,) int64.

    Returns:
        image (5000, 1, 28, 116) uint8, digits (5000, 5) int64: 1 to 10 for the digits 0 to 9, 0 fills short ones
        up. 4,000 strings for training, 500 for validation and 500 for the test follow each other.
    """
    generator = torch.Generator().manual_seed(STRINGS_SEED)
    parts = torch.tensor([4000, 500, 500])
    first = torch.tensor([0, 4000, 4500]).repeat_interleave(parts)
    many = parts.repeat_interleave(parts)
    lengths = torch.randint(2, 6, (5000,), generator=generator)
    drawn = torch.rand(5000, 5, generator=generator, dtype=torch.float64)
    rows = first[:, None] + (drawn * many[:, None]).long()
    left = torch.randint(17, 22, (5000, 5), generator=generator).cumsum(1) - 17
    canvas = torch.zeros(5000, 116, 28, dtype=torch.uint8)  # lying, so that a digit is a run of columns
    for place in range(5):
        used = (lengths > place).nonzero()
        columns = left[used, place] + torch.arange(28)
        digit = digits["image"][rows[used[:, 0], place], 0].transpose(1, 2)
        canvas[used, columns] = torch.maximum(canvas[used, columns], digit)
    text = torch.where(torch.arange(5) < lengths[:, None], digits["label"][rows] + 1, 0)
    return {"image": canvas.transpose(1, 2)[:, None].contiguous(), "digits": text}
