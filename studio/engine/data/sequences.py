"""The data sets of lines and sequences that are made by formula: the same numbers on every machine."""

from __future__ import annotations

import math

import torch
from torch import Tensor

WAVE_SEED = 17


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
