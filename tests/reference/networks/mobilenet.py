"""A small MobileNetV2 on clothes, by hand. Source: Sandler et al., MobileNetV2, 2018."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv(nn.Module):
    """Convolution, normalization, ReLU6."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        padding = kernel // 2
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu6(self.norm(self.conv(x)))


class Inverted(nn.Module):
    """x (N, channels, H, W) -> (N, width, H / stride, W / stride)."""

    def __init__(self, channels: int, width: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.expand = Conv(channels, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Conv(wide, wide, 3, stride, groups=wide)
        self.project = nn.Conv2d(wide, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.adds = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.project(self.depthwise(self.expand(x))))
        return x + y if self.adds else y


class Stage(nn.Module):
    """``depth`` inverted residuals, the first with a stride."""

    def __init__(self, channels: int, width: int, expansion: int, depth: int, stride: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Inverted(channels, width, expansion, stride)])
        self.blocks.extend(Inverted(width, width, expansion, 1) for _ in range(depth - 1))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class MobileNet(nn.Module):
    """image (N, 1, 28, 28) -> logits (N, classes)."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = Conv(1, 16, 3)
        self.stages = nn.ModuleList(
            [
                Stage(16, 16, expansion=1, depth=1, stride=1),
                Stage(16, 24, expansion=4, depth=2, stride=2),
                Stage(24, 32, expansion=4, depth=2, stride=2),
                Stage(32, 64, expansion=4, depth=1, stride=1),
            ]
        )
        self.last = Conv(64, 128, 1)
        self.drop = nn.Dropout(0.2)
        self.logits = nn.Linear(128, classes)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x)
        x = F.adaptive_avg_pool2d(self.last(x), 1).flatten(1)
        return self.logits(self.drop(x))


def step(network: MobileNet, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: MobileNet, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"])
    accuracy = (logits.argmax(1) == batch["label"]).float().mean()
    return loss, accuracy
