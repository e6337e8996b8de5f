"""A GAN on digits, by hand. Source: Goodfellow et al., Generative Adversarial Networks, 2014."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Generator(nn.Module):
    """noise (N, 64) -> picture (N, 1, 28, 28)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(64, 256)
        self.linear2 = nn.Linear(256, 512)
        self.pixels = nn.Linear(512, 784)

    def forward(self, noise: Tensor) -> Tensor:
        x = F.leaky_relu(self.linear1(noise), 0.2)
        x = F.leaky_relu(self.linear2(x), 0.2)
        return torch.tanh(self.pixels(x)).unflatten(1, (1, 28, 28))


class Discriminator(nn.Module):
    """picture (N, 1, 28, 28) -> score (N, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(784, 512)
        self.linear2 = nn.Linear(512, 256)
        self.score = nn.Linear(256, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.drop(F.leaky_relu(self.linear1(picture.flatten(1)), 0.2))
        x = self.drop(F.leaky_relu(self.linear2(x), 0.2))
        return self.score(x)


class GAN(nn.Module):
    """Both players."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator()
        self.discriminator = Discriminator()

    def forge(self, like: Tensor) -> Tensor:
        """As many pictures as ``like`` holds."""
        return self.generator(torch.randn(len(like), 64, device=like.device))


def is_real(score: Tensor) -> Tensor:
    """The loss of a score that should say real."""
    return F.binary_cross_entropy_with_logits(score, torch.ones_like(score))


def is_fake(score: Tensor) -> Tensor:
    """The loss of a score that should say fake."""
    return F.binary_cross_entropy_with_logits(score, torch.zeros_like(score))


def update(optimizer: torch.optim.Optimizer, loss: Tensor, part: nn.Module) -> None:
    """One update of a player."""
    optimizer.zero_grad()
    loss.backward(inputs=list(part.parameters()))
    optimizer.step()


def step(
    network: GAN,
    judge: torch.optim.Optimizer,
    forger: torch.optim.Optimizer,
    batch: dict[str, Tensor],
) -> tuple[Tensor, Tensor]:
    """One update of each player; gives both losses."""
    fake = network.forge(batch["image"])
    real_loss = is_real(network.discriminator(batch["image"]))
    judge_loss = real_loss + is_fake(network.discriminator(fake.detach()))
    update(judge, judge_loss, network.discriminator)

    forger_loss = is_real(network.discriminator(fake))
    update(forger, forger_loss, network.generator)
    return judge_loss.detach(), forger_loss.detach()


@torch.no_grad()
def evaluate(network: GAN, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The three losses of a batch."""
    real = network.discriminator(batch["image"])
    fake = network.discriminator(network.forge(batch["image"]))
    return is_real(real), is_fake(fake), is_real(fake)
