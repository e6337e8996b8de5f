"""What the data tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.engine.data import LoadedSet
from studio.layers.datasets import DATASETS


@pytest.fixture(scope="session")
def resources() -> Path:
    """The folder of the shipped files."""
    return Path(__file__).resolve().parents[3] / "resources"


@pytest.fixture
def pictures() -> LoadedSet:
    """40 random pictures of 1x28x28 with labels, the number of a sample in its first pixel."""
    generator = torch.Generator().manual_seed(3)
    image = torch.randint(0, 256, (40, 1, 28, 28), generator=generator, dtype=torch.uint8)
    image[:, 0, 0, 0] = torch.arange(40)
    fields = DATASETS["digits-28x28"].fields
    return LoadedSet("pictures", fields, {"image": image, "label": torch.arange(40) % 10}, raw_max=255.0)
