"""ResNet-50 by hand. Source: He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2015."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Bottleneck(nn.Module):
    """x (N, C, H, W) -> (N, 4 width, H / stride, W / stride)."""

    def __init__(self, channels: int, width: int, stride: int = 1, match: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(4 * width)
        self.match = None
        if match:
            self.match = nn.Sequential(
                nn.Conv2d(channels, 4 * width, 1, stride, bias=False),
                nn.BatchNorm2d(4 * width),
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.match is None else self.match(x)
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        x = self.norm3(self.conv3(x))
        return F.relu(x + shortcut)


class Stage(nn.Module):
    """``depth`` bottlenecks, the first with a stride."""

    def __init__(self, channels: int, width: int, depth: int, stride: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Bottleneck(channels, width, stride, match=True)])
        self.blocks.extend(Bottleneck(4 * width, width) for _ in range(depth - 1))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class ResNet50(nn.Module):
    """image (N, 3, H, W) -> logits (N, classes)."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage1 = Stage(64, 64, 3, stride=1)
        self.stage2 = Stage(256, 128, 4, stride=2)
        self.stage3 = Stage(512, 256, 6, stride=2)
        self.stage4 = Stage(1024, 512, 3, stride=2)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.logits = nn.Linear(2048, classes)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(F.relu(self.norm(self.conv(image))))
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)
        x = self.stage4(x)
        return self.logits(self.average(x).flatten(1))


def step(network: ResNet50, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: ResNet50, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    accuracy = (logits.argmax(1) == batch["label"]).float().mean()
    return loss, accuracy
