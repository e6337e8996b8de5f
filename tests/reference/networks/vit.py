"""A small vision transformer on clothes, by hand. Source: Dosovitskiy et al., An Image is Worth 16x16 Words, 2020."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """x (N, T, E) -> (N, T, E)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.norm1(x)
        attention, _ = self.attention(seen, seen, seen, need_weights=False)
        x = x + attention
        return x + self.narrow(F.gelu(self.wide(self.norm2(x))))


class ViT(nn.Module):
    """image (N, 1, 28, 28) -> logits (N, 10)."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 4) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 4, stride=4)
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.empty(50, width))
        nn.init.normal_(self.position, std=0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        patches = self.patches(image).flatten(2).transpose(1, 2)
        first = self.first.expand(len(image), -1, -1)
        x = torch.cat([first, patches], dim=1) + self.position
        for block in self.blocks:
            x = block(x)
        return self.logits(self.norm(x)[:, 0])


def step(network: ViT, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"], label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: ViT, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["image"])
    loss = F.cross_entropy(logits, batch["label"], label_smoothing=0.1)
    accuracy = (logits.argmax(1) == batch["label"]).float().mean()
    return loss, accuracy
