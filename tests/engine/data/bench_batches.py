"""Times an epoch of Batches against a torch DataLoader: python tests/engine/data/bench_batches.py."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import torch
from torch.utils.data import DataLoader, TensorDataset

from studio.engine.data import Batches, LoadedSet
from studio.layers.datasets import DATASETS


def seconds(job: Callable[[], None], repeats: int = 3) -> float:
    """The shortest of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    """Prints seconds for an epoch of 60,000 images of 28x28 in batches of 128, and the ratio."""
    images = torch.randint(0, 256, (60_000, 1, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (60_000,))
    fields = DATASETS["digits-28x28"].fields
    loaded = LoadedSet("bench", fields, {"image": images, "label": labels}, raw_max=255.0)
    batches = Batches(loaded, torch.arange(60_000), 128)
    from_bytes = DataLoader(TensorDataset(images, labels), batch_size=128, shuffle=True)
    from_floats = DataLoader(TensorDataset(images.float().div_(255), labels), batch_size=128, shuffle=True)
    epochs = iter(range(1000))

    def ours() -> None:
        for _ in batches.epoch(next(epochs)):
            pass

    def theirs() -> None:
        for image, _ in from_bytes:
            image.float().div_(255)

    def theirs_ready() -> None:
        for _ in from_floats:
            pass

    own, byte, ready = seconds(ours), seconds(theirs), seconds(theirs_ready)
    sys.stdout.write(f"Batches {own:.3f} s; DataLoader {byte:.3f} s from bytes ({byte / own:.1f}x), ")
    sys.stdout.write(f"{ready:.3f} s from ready floats ({ready / own:.1f}x)\n")


if __name__ == "__main__":
    main()
