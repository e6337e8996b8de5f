"""A generative adversarial network trained by hand: what the drawing of the same name must do, to the bit."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Generator(nn.Module):
    """noise (N, 16) -> image (N, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(16, 32)
        self.norm = nn.BatchNorm1d(32)
        self.narrow = nn.Linear(32, 64)

    def forward(self, noise: Tensor) -> Tensor:
        return self.narrow(F.relu(self.norm(self.wide(noise))))


class Discriminator(nn.Module):
    """image (N, 64) -> score (N, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(64, 32)
        self.drop = nn.Dropout(0.3)
        self.narrow = nn.Linear(32, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(self.drop(F.relu(self.wide(image))))


def train(batches: Iterable[dict[str, Tensor]], seed: int) -> dict[str, nn.Module]:
    """Two updates a batch: the discriminator first, then the generator against it."""
    torch.manual_seed(seed)
    generator, discriminator = Generator(), Discriminator()
    judge = torch.optim.Adam(discriminator.parameters(), 0.002, fused=True)
    forge = torch.optim.Adam(generator.parameters(), 0.001, fused=True)
    for step, batch in enumerate(batches):
        torch.manual_seed(seed + step)
        real = batch["image"].flatten(1)
        fake = generator(torch.randn(len(real), 16))

        real_score = discriminator(real)
        fake_score = discriminator(fake.detach())
        loss = F.binary_cross_entropy_with_logits(real_score, torch.ones_like(real_score))
        loss = loss + F.binary_cross_entropy_with_logits(fake_score, torch.zeros_like(fake_score))
        judge.zero_grad()
        loss.backward()
        judge.step()

        score = discriminator(fake)
        loss = F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
        forge.zero_grad()
        loss.backward()
        forge.step()
    return {"network.fake": generator, "real_score": discriminator}
