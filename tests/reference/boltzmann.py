"""A deep belief network by hand: restricted Boltzmann machines learn one after the other, then all is fine-tuned.

Source: Hinton, Osindero, Teh, A Fast Learning Algorithm for Deep Belief Nets, 2006; lasting chains as in Tieleman,
Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient, 2008.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Machine(nn.Module):
    """visible (N, V) of 0 to 1 -> the chance of each hidden unit (N, H)."""

    def __init__(self, visible: int, hidden: int, steps: int, particles: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(hidden, visible))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.register_buffer("chain", torch.rand(particles, visible).round())
        self.steps = steps

    def forward(self, visible: Tensor) -> Tensor:
        return torch.sigmoid(F.linear(visible, self.weight, self.hidden_bias))

    def energy(self, visible: Tensor) -> Tensor:
        pulled = F.linear(visible, self.weight, self.hidden_bias)
        return -(visible * self.visible_bias).sum(1) - F.softplus(pulled).sum(1)

    @torch.no_grad()
    def dream(self, visible: Tensor) -> Tensor:
        visible = self.chain if len(self.chain) else visible
        for _ in range(self.steps):
            hidden = torch.bernoulli(self(visible))
            visible = torch.bernoulli(torch.sigmoid(F.linear(hidden, self.weight.T, self.visible_bias)))
        if len(self.chain):
            self.chain = visible
        return visible

    def divergence(self, visible: Tensor, dreamed: Tensor) -> Tensor:
        return self.energy(visible).mean() - self.energy(dreamed).mean()


def moved(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One update."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(epochs: Sequence[Sequence[dict[str, Tensor]]], seed: int) -> dict[str, nn.Module]:
    """The first machine in epochs 1 and 2, the second in 3 and 4, all of it from epoch 5 on.

    A machine that is looked through dreams too: its chains go on whoever learns.
    """
    torch.manual_seed(seed)
    one, two, logits = Machine(64, 32, 2), Machine(32, 16, 1, 8), nn.Linear(16, 10)

    def sgd(*parts: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD([w for part in parts for w in part.parameters()], 0.1, fused=True)

    layer1, layer2, tune = sgd(one), sgd(two), sgd(one, two, logits)
    step = 0
    for epoch, batches in enumerate(epochs, 1):
        for batch in batches:
            torch.manual_seed(seed + step)
            step += 1
            pixels = batch["image"].flatten(1)
            first = one.dream(pixels)
            if epoch <= 2:
                moved(layer1, one.divergence(pixels, first))
                continue
            if epoch <= 4:
                with torch.no_grad():
                    hidden = one(pixels)
                moved(layer2, two.divergence(hidden, two.dream(hidden)))
                continue
            hidden = one(pixels)
            two.dream(hidden)
            moved(tune, F.cross_entropy(logits(two(hidden)), batch["label"]))
    return {"network.one": one, "network.two": two, "network.logits": logits}
