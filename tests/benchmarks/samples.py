"""Judges what generating presets draw: by a classifier of real digits, and by the nearest training picture.

Usage: python -m tests.benchmarks.samples [--json] [--runs FOLDER] [--samples N] [PRESET …]

Trains each preset by its recipe (or takes its run from FOLDER when one is there), makes samples and tells the share
of each class, how sure the classifier is, how often a class that was asked for was drawn, and how far the nearest
training picture is, beside how far real test pictures are from theirs: a network that copies is much nearer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.analysis.generators import Generator
from studio.engine.generating import Wish, diffuse, generator_of, make
from studio.engine.trained import Trained, load_trained

PRESETS = ("vae", "dcgan", "ddpm", "conditional-vae")
CLASSES = 10
_EPOCHS, _BATCH = 8, 64


def main() -> int:
    """Prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--samples", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = args.runs or Path(made)
        found = {name: judged(trained_run(name, folder), args.samples) for name in args.presets}
    if args.json:
        print(json.dumps(found))
    else:
        for name, figures in found.items():
            print(name, *(f"\n  {key}: {value}" for key, value in figures.items()))
    return 0


def trained_run(preset: str, folder: Path) -> Path:
    """The run of a preset's whole recipe."""
    run = folder / preset
    if not (run / "run.json").is_file():
        command = [sys.executable, "-m", "studio", "train", f"preset:{preset}", "--run-dir", str(run)]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return run


def judged(run: Path, count: int, seed: int = 0) -> dict[str, Any]:
    """What a run's samples are worth."""
    trained = load_trained(run)
    generator = generator_of(trained)
    data = trained.data(next(iter(trained.plan.training["data"])))
    train, test = data.values(data.split["train"]), data.values(data.split["test"])
    judge = classifier(train["image"], train["label"])
    labels = torch.arange(count) % CLASSES if generator.label else None
    pictures = samples(trained, generator, Wish(count, seed, labels))
    shares, distances = judge(pictures).softmax(1), nearest(pictures, train["image"])
    guessed = shares.argmax(1)
    figures = {
        "kind": generator.kind,
        "judge_accuracy": accuracy(judge(test["image"]), test["label"]),
        "class_shares": (guessed.bincount(minlength=CLASSES) / count).tolist(),
        "sure": float((shares.max(1).values > 0.9).float().mean()),
        "sure_of_real": float((judge(test["image"]).softmax(1).max(1).values > 0.9).float().mean()),
        "nearest_training": float(distances.median()),
        "nearest_training_least": float(distances.min()),
        "nearest_training_of_real": float(nearest(test["image"], train["image"]).median()),
    }
    if labels is not None:
        figures["conditional_accuracy"] = accuracy(shares, labels)
    return figures


def samples(trained: Trained, generator: Generator, wish: Wish) -> Tensor:
    """Pictures (count, 1, H, W) in the scale the network learned."""
    if generator.kind != "diffusion":
        return make(trained, generator, wish)
    *_, (_, pictures) = diffuse(trained, generator, wish)
    return pictures


def classifier(pictures: Tensor, labels: Tensor) -> nn.Module:
    """A small convolutional network trained on real digits, in evaluation."""
    torch.manual_seed(0)
    judge = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, CLASSES),
    )  # fmt: skip
    judge(pictures[:1])
    optimizer = torch.optim.AdamW(judge.parameters(), 0.002)
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(pictures)).split(_BATCH):
            optimizer.zero_grad()
            F.cross_entropy(judge(pictures[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return judge.eval().requires_grad_(False)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """The share of rows whose highest score is the right class."""
    return float((scores.argmax(1) == labels).float().mean())


def nearest(pictures: Tensor, others: Tensor) -> Tensor:
    """(N,) for each picture the distance, as a root mean square a pixel, to the most alike of ``others``."""
    flat = pictures.flatten(1)
    return torch.cdist(flat, others.flatten(1)).min(1).values / flat.shape[1] ** 0.5


if __name__ == "__main__":
    sys.exit(main())
