"""A small CNN on clothes, by hand. Source: Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FashionCNN(nn.Module):
    """image (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.linear = nn.Linear(1568, 128)
        self.drop = nn.Dropout(0.3)
        self.logits = nn.Linear(128, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(image)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.linear(x.flatten(1)))
        return self.logits(self.drop(x))


def step(network: FashionCNN, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: FashionCNN, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    accuracy = (logits.argmax(1) == batch["label"]).float().mean()
    return loss, accuracy
