"""The data sets of lines and sequences that are made by formula: the same numbers on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

WAVE_SEED = 17
STRINGS_SEED = 19
DATES_SEED = 23
MONTHS = "january february march april may june july august september october november december"
LETTERS = " ,./0123456789abcdefghijklmnopqrstuvwxyz"  # number 1 and on; 0 is what short texts have in front
SYMBOLS = "-0123456789"  # number 0 and on; 11 is the beginning


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


def dates(samples: int = 6000) -> dict[str, Tensor]:
    """Days 1 to 28 of the years 1900 to 2099 as people write them, and as 1987-03-05.

    Args:
        samples: number of dates.

    Returns:
        text (samples, 18) int64, numbers of LETTERS with 0 in front; date (samples, 10) int64, numbers of
        SYMBOLS; before (samples, 10) int64, what stands before each symbol of the date, first the 11 that begins.
    """
    generator = torch.Generator().manual_seed(DATES_SEED)
    years = torch.randint(1900, 2100, (samples,), generator=generator).tolist()
    months = torch.randint(1, 13, (samples,), generator=generator).tolist()
    days = torch.randint(1, 29, (samples,), generator=generator).tolist()
    manners = torch.randint(0, 6, (samples,), generator=generator).tolist()
    texts, whole = [], []
    for y, m, d, manner in zip(years, months, days, manners, strict=True):
        name = MONTHS.split()[m - 1]
        written = [f"{d} {name} {y}", f"{name} {d}, {y}", f"{d}.{m}.{y}"]
        written += [f"{d} {name[:3]} {y}", f"{name[:3]} {d}, {y}", f"{m}/{d}/{y}"]
        texts.append([LETTERS.index(letter) + 1 for letter in written[manner]])
        whole.append([SYMBOLS.index(symbol) for symbol in f"{y}-{m:02}-{d:02}"])
    date = torch.tensor(whole)
    start = torch.full((samples, 1), len(SYMBOLS))
    text = torch.tensor([[0] * (18 - len(row)) + row for row in texts])
    return {"text": text, "before": torch.cat([start, date[:, :-1]], dim=1), "date": date}
