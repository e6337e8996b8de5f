"""Knowledge distillation by hand: a frozen teacher in evaluation mode, a student that learns from it and the labels.

Source: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015, at temperature 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Teacher(nn.Module):
    """image (N, 64) -> logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(64, 64)
        self.norm = nn.BatchNorm1d(64)
        self.drop = nn.Dropout(0.5)
        self.narrow = nn.Linear(64, 10)

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(self.drop(F.relu(self.norm(self.wide(image)))))


class Student(nn.Module):
    """image (N, 64) -> logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(64, 16)
        self.drop = nn.Dropout(0.1)
        self.narrow = nn.Linear(16, 10)

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(self.drop(F.relu(self.wide(image))))


def train(batches: Iterable[dict[str, Tensor]], seed: int) -> dict[str, nn.Module]:
    """One update a batch."""
    torch.manual_seed(seed)
    student, teacher = Student(), Teacher().eval()
    optimizer = torch.optim.AdamW(student.parameters(), 0.01, weight_decay=0.0, fused=True)
    for step, batch in enumerate(batches):
        torch.manual_seed(seed + step)
        image = batch["image"].flatten(1)
        with torch.no_grad():
            wanted = teacher(image).softmax(-1)
        logits = student(image)
        loss = 0.7 * F.cross_entropy(logits, wanted) + 0.3 * F.cross_entropy(logits, batch["label"])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0, foreach=True)
        optimizer.step()
    return {"network.student": student, "teacher": teacher}
