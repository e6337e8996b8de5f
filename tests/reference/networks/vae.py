"""A variational autoencoder on digits, by hand. Source: Kingma, Welling, Auto-Encoding Variational Bayes, 2013."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """image (N, 1, 28, 28) -> mean and log-variance (N, code)."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.wide = nn.Linear(784, 256)
        self.mean = nn.Linear(256, code)
        self.log_variance = nn.Linear(256, code)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.wide(image.flatten(1)))
        return self.mean(x), self.log_variance(x)


class Decoder(nn.Module):
    """code (N, code) -> logits of pixels (N, 1, 28, 28)."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.wide = nn.Linear(code, 256)
        self.pixels = nn.Linear(256, 784)

    def forward(self, code: Tensor) -> Tensor:
        x = F.relu(self.wide(code))
        return self.pixels(x).unflatten(1, (1, 28, 28))


class VAE(nn.Module):
    """image (N, 1, 28, 28) -> logits of pixels, mean and log-variance."""

    def __init__(self, code: int = 16) -> None:
        super().__init__()
        self.encoder = Encoder(code)
        self.decoder = Decoder(code)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(image)
        code = mean
        if self.training:
            code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(code), mean, log_variance


def losses(network: VAE, image: Tensor) -> tuple[Tensor, Tensor]:
    """Likeness of the picture and order of the codes."""
    logits, mean, log_variance = network(image)
    likeness = F.binary_cross_entropy_with_logits(logits, image)
    order = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
    return likeness, order / 784


def step(network: VAE, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    likeness, order = losses(network, batch["image"])
    loss = likeness + order
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: VAE, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Both losses of a batch."""
    return losses(network, batch["image"])
