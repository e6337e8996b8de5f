"""Small runs for tests: a hand-written model.py in the form that generated ones have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.document.model import RunSettings
from studio.engine.build import Plan, build_training, open_data, read_plan
from studio.engine.checkpoints import load_newest
from studio.engine.control import Control
from studio.engine.recorder import Recorder
from studio.engine.trainer import Trainer
from studio.files.runs import create_run

MODEL = '''"""A small net on digits, by hand."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Update = Callable[[str, Tensor], None]


@dataclass
class Evaluation:
    losses: dict[str, Tensor]
    metrics: dict[str, tuple[Tensor, Tensor]]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.norm = nn.BatchNorm1d(32)
        self.drop = nn.Dropout(0.1)
        self.logits = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.hidden(image.flatten(1))))
        x = self.drop(x)
        return self.logits(x)


class Training(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = Net()
        self.loss = nn.CrossEntropyLoss()
        self.calls = 0

    def step(self, batch: dict[str, Tensor], update: Update) -> None:
        logits = self.network(batch["image"])
        loss = self.loss(logits, batch["label"])
        self.calls += 1  # STEP
        update("adam", loss)

    def evaluate(self, batch: dict[str, Tensor]) -> Evaluation:
        logits = self.network(batch["image"])
        loss = self.loss(logits, batch["label"])
        return Evaluation(losses={"loss": loss}, metrics={"accuracy": (logits, batch["label"])})
'''
TRAINING: dict[str, Any] = {
    "optimizers": [
        {"name": "adam", "algorithm": "AdamW", "learning_rate": 0.01, "schedule": "one-cycle", "trains": []}
    ],
    "losses": ["loss"],
    "metrics": {"accuracy": {"layer": "Accuracy", "params": {}}},
    "data": {"digits": {"set": "digits-8x8", "scale": "0..1", "split": [600, 100, 100], "split_seed": 0}},
    "outputs": ["prediction"],
}
NAMES = {"hidden": "hidden", "norm": "norm", "drop": "drop", "logits": "logits"}
SETTINGS = RunSettings(
    epochs=2, batch_size=50, seed=3, device="cpu", monitor="validation.accuracy", checkpoint_every_s=0.05
)


@dataclass
class Text:
    """What ``create_run`` takes as generated code."""

    files: Mapping[str, str]
    training: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=lambda: NAMES)
    lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def lines_of(text: str) -> dict[str, tuple[int, ...]]:
    """Node -> lines that call it."""
    rows = text.splitlines()
    return {
        name: tuple(at for at, row in enumerate(rows, 1) if f"self.{name}(" in row or f"self.{name} =" in row)
        for name in NAMES
    }


def make_run(
    root: Path, *, model: str = MODEL, training: Mapping[str, Any] = TRAINING, **settings: Any
) -> Path:
    """A run folder, ready to be trained."""
    code = Text({"model.py": model}, training, lines=lines_of(model))
    return create_run(root, b"{}", code, replace(SETTINGS, **settings), title="digits by hand")


def make_trainer(folder: Path) -> Trainer:
    """A trainer on a folder, in this process, moved on to its last checkpoint."""
    plan: Plan = read_plan(folder)
    checkpoint = load_newest(folder)
    training = build_training(folder, plan.seed)
    recorder = Recorder(folder, checkpoint.state.offsets if checkpoint else (0, 0))
    trainer = Trainer(plan, training, open_data(plan), recorder, Control(folder))
    if checkpoint is not None:
        trainer.resume(checkpoint)
    return trainer


def worker(folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """A worker process on a run folder."""
    with (folder / "stdout.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "studio.worker", "run", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
