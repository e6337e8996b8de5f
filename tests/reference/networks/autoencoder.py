"""An autoencoder on digits, by hand. Source: Hinton, Salakhutdinov, Reducing the Dimensionality of Data, 2006."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """image (N, 1, 28, 28) -> code (N, code)."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.wide = nn.Linear(784, 256)
        self.code = nn.Linear(256, code)

    def forward(self, image: Tensor) -> Tensor:
        return self.code(F.relu(self.wide(image.flatten(1))))


class Decoder(nn.Module):
    """code (N, code) -> picture (N, 1, 28, 28)."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.wide = nn.Linear(code, 256)
        self.pixels = nn.Linear(256, 784)

    def forward(self, code: Tensor) -> Tensor:
        x = self.pixels(F.relu(self.wide(code)))
        return torch.sigmoid(x).unflatten(1, (1, 28, 28))


class Autoencoder(nn.Module):
    """image (N, 1, 28, 28) -> picture (N, 1, 28, 28)."""

    def __init__(self, code: int = 16) -> None:
        super().__init__()
        self.encoder = Encoder(code)
        self.decoder = Decoder(code)

    def forward(self, image: Tensor) -> Tensor:
        return self.decoder(self.encoder(image))


def step(network: Autoencoder, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    picture = network(batch["image"])
    loss = F.mse_loss(picture, batch["image"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: Autoencoder, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Mean squared and mean absolute error of a batch."""
    picture = network(batch["image"])
    loss = F.mse_loss(picture, batch["image"])
    return loss, F.l1_loss(picture, batch["image"])
