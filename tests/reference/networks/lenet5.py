"""LeNet-5 on digits by hand. Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LeNet5(nn.Module):
    """image (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.AvgPool2d(2)
        self.linear1 = nn.Linear(400, 120)
        self.linear2 = nn.Linear(120, 84)
        self.linear3 = nn.Linear(84, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(torch.tanh(self.conv1(image)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.linear1(x.flatten(1)))
        x = torch.tanh(self.linear2(x))
        return self.linear3(x)


def step(network: LeNet5, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"], label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: LeNet5, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"], label_smoothing=0.1)
    accuracy = (logits.argmax(1) == batch["label"]).float().mean()
    return loss, accuracy
