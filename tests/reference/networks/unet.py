"""U-Net that finds clothes on noise, by hand. Source: Ronneberger, Fischer, Brox, U-Net, 2015."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Convs(nn.Module):
    """x (N, C, H, W) -> (N, width, H, W)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))


class Up(nn.Module):
    """Twice as large, beside what came across."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.larger = nn.ConvTranspose2d(channels, width, 2, stride=2)
        self.convs = Convs(2 * width, width)

    def forward(self, x: Tensor, across: Tensor) -> Tensor:
        return self.convs(torch.cat([across, self.larger(x)], dim=1))


class UNet(nn.Module):
    """picture (N, 1, H, W) -> scores (N, 1, H, W)."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.down1 = Convs(1, width)
        self.down2 = Convs(width, 2 * width)
        self.down3 = Convs(2 * width, 4 * width)
        self.down4 = Convs(4 * width, 8 * width)
        self.bottom = Convs(8 * width, 16 * width)
        self.up4 = Up(16 * width, 8 * width)
        self.up3 = Up(8 * width, 4 * width)
        self.up2 = Up(4 * width, 2 * width)
        self.up1 = Up(2 * width, width)
        self.scores = nn.Conv2d(width, 1, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, picture: Tensor) -> Tensor:
        across1 = self.down1(picture)
        across2 = self.down2(self.pool(across1))
        across3 = self.down3(self.pool(across2))
        across4 = self.down4(self.pool(across3))
        x = self.bottom(self.pool(across4))
        x = self.up4(x, across4)
        x = self.up3(x, across3)
        x = self.up2(x, across2)
        x = self.up1(x, across1)
        return self.scores(x)


def scene(garment: Tensor) -> tuple[Tensor, Tensor]:
    """Clothes (N, 1, 28, 28) pasted on noise: picture and mask (N, 1, 32, 32)."""
    noise = torch.rand(len(garment), 1, 32, 32, device=garment.device)
    texture = F.avg_pool2d(noise, 3, stride=1, padding=1)
    garment = F.pad(garment, (2, 2, 2, 2))
    inside = garment > 0.1
    return torch.where(inside, garment, texture), inside.float()


def dice_loss(scores: Tensor, mask: Tensor) -> Tensor:
    """1 minus the Dice overlap of the whole batch."""
    share = torch.sigmoid(scores)
    overlap = (share * mask).sum()
    return 1 - (2 * overlap + 1) / (share.sum() + mask.sum() + 1)


def step(network: UNet, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    picture, mask = scene(batch["image"])
    scores = network(picture)
    loss = F.binary_cross_entropy_with_logits(scores, mask) + dice_loss(scores, mask)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: UNet, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Both losses and the accuracy of a batch."""
    picture, mask = scene(batch["image"])
    scores = network(picture)
    loss = F.binary_cross_entropy_with_logits(scores, mask)
    accuracy = ((scores > 0) == mask.bool()).float().mean()
    return loss, dice_loss(scores, mask), accuracy
