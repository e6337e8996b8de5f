"""Every random number of a run, as a function of its seed and place, so that a resumed run draws the same ones.

The text that leaves with the code (train.py) follows the same rules.
"""

from __future__ import annotations

import re

import torch

_STRIDE = 1_000_003  # a prime: neighbouring seeds share no epoch or step
_RANGE = 1 << 63
_RANDOM = re.compile(
    r"(?<!nn\.init\.)\b(dropout\w*|rand\w*|bernoulli|multinomial|normal_?|poisson)\b", re.IGNORECASE
)


def order_seed(seed: int, epoch: int) -> int:
    """Of the order of samples in an epoch."""
    return (seed * _STRIDE + epoch) % _RANGE


def step_seed(seed: int, step: int) -> int:
    """Of what random layers draw in a training step."""
    return (seed * _STRIDE + 7 + step) % _RANGE


def evaluation_seed(seed: int, epoch: int) -> int:
    """Of what random layers draw while an epoch is evaluated: a stream of its own."""
    return (seed * _STRIDE + 7 + (1 << 61) + epoch) % _RANGE


def reseed(seed: int, device: torch.device) -> None:
    """Sets the generators a step on ``device`` may draw from.

    The CPU's default generator directly: ``torch.manual_seed`` asks every backend and takes 80 times as long.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def draws_random(text: str) -> bool:
    """Whether the text of a model holds anything random; comments and docstrings may make it say so needlessly."""
    return _RANDOM.search(text) is not None
