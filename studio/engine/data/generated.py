"""The data sets made by formula: the same numbers on every machine, from their own generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SPIRALS_SEED = 7
SHAPES_SEED = 11
TOKENS_SEED = 13


def xor() -> dict[str, Tensor]:
    """The truth table of exclusive or: features (4, 2) float32 of 0 and 1, label (4,) int64."""
    features = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return {"features": features, "label": torch.tensor([0, 1, 1, 0])}


def spirals(samples: int = 1000, arms: int = 3, noise: float = 0.2) -> dict[str, Tensor]:
    """Points along the arms of a spiral in the square -1…1, classes taking turns.

    Args:
        samples: number of points.
        arms: number of classes.
        noise: standard deviation of the angle, in radians.

    Returns:
        features (samples, 2) float32, label (samples,) int64.

    Source: A. Karpathy, CS231n notes, "Putting it together: minimal neural network case study".
    """
    generator = torch.Generator().manual_seed(SPIRALS_SEED)
    label = torch.arange(samples) % arms
    radius = torch.rand(samples, generator=generator)
    wobble = noise * torch.randn(samples, generator=generator)
    angle = (2 * math.pi / arms) * label + 4 * radius + wobble  # an arm turns 4 radians from centre to rim
    features = torch.stack([radius * torch.sin(angle), radius * torch.cos(angle)], dim=1)
    return {"features": features, "label": label}


def shapes(samples: int = 256, side: int = 224) -> dict[str, Tensor]:
    """A lobed shape of one hue before grey stripes, its place and size drawn at random.

    The class is 100 * lobes + 10 * hue + stripes. There are fewer pictures than classes: they show that a
    network of published size runs, and are nothing to judge it by.

    Args:
        samples: number of pictures.
        side: height and width in px.

    Returns:
        image (samples, 3, side, side) uint8, label (samples,) int64.
    """
    generator = torch.Generator().manual_seed(SHAPES_SEED)
    label = torch.randint(1000, (samples,), generator=generator)
    middle = 0.8 * torch.rand(samples, 3, 1, 1, generator=generator) - 0.4
    lobes, hue, stripes = (n.reshape(-1, 1, 1) for n in (label // 100, label // 10 % 10, label % 10))
    line = torch.linspace(-1, 1, side)
    ground = 128 + 64 * torch.sin(math.pi * (stripes + 1) * line.reshape(-1, 1))
    x, y = line - middle[:, 0], line.reshape(-1, 1) - middle[:, 1]
    rim = (0.5 + middle[:, 2] / 4) * (1 + 0.3 * torch.cos(lobes * torch.atan2(y, x)))
    inside = (x.square() + y.square()).sqrt() < rim
    channels = [128 + 127 * torch.cos(2 * math.pi * (hue / 10 - third / 3)) for third in range(3)]
    image = torch.stack([torch.where(inside, channel, ground) for channel in channels], dim=1)
    return {"image": image.byte(), "label": label}


def tokens(vocabulary: int, runs: int = 1040, length: int = 64) -> dict[str, Tensor]:
    """Numbers that count up, in runs of one step each; after the last token comes the first again.

    A network that sees two tokens of a run can tell all others. They show that a language model of published
    size runs, and are no language.

    Args:
        vocabulary: how many tokens there are.
        runs: how often a new step is drawn, from 1 to 99.
        length: tokens of a run.

    Returns:
        tokens (runs * length,) int64.
    """
    generator = torch.Generator().manual_seed(TOKENS_SEED)
    steps = torch.randint(1, 100, (runs,), generator=generator)
    return {"tokens": steps.repeat_interleave(length).cumsum(0) % vocabulary}
