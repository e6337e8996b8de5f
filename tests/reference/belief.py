"""Layer by layer, then all together: stacked autoencoders trained by hand, each in epochs of its own.

Source: Hinton, Osindero, Teh, A Fast Learning Algorithm for Deep Belief Nets, 2006; the greedy scheme with plain
reconstruction as in Bengio et al., Greedy Layer-Wise Training of Deep Networks, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def moved(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One update."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(epochs: Sequence[Sequence[dict[str, Tensor]]], seed: int) -> dict[str, nn.Module]:
    """Layer 1 in epochs 1 and 2, layer 2 in epochs 2 and 3, all of it from epoch 4 on."""
    torch.manual_seed(seed)
    one, two = nn.Linear(64, 32), nn.Linear(32, 16)
    logits, seen, felt = nn.Linear(16, 10), nn.Linear(32, 64), nn.Linear(16, 32)

    def sgd(*parts: nn.Module) -> torch.optim.Optimizer:
        weights = [weight for part in parts for weight in part.parameters()]
        return torch.optim.SGD(weights, 0.1, momentum=0.9, fused=True)

    layer1, layer2, tune = sgd(one, seen), sgd(two, felt), sgd(one, two, logits)
    for epoch, batches in enumerate(epochs, 1):
        for batch in batches:
            pixels = batch["image"].flatten(1)
            if epoch <= 2:
                moved(layer1, F.mse_loss(seen(torch.sigmoid(one(pixels))), pixels))
            if 2 <= epoch <= 3:
                with torch.no_grad():
                    hidden = torch.sigmoid(one(pixels))
                moved(layer2, F.mse_loss(felt(torch.sigmoid(two(hidden))), hidden))
            if epoch >= 4:
                hidden = torch.sigmoid(two(torch.sigmoid(one(pixels))))
                moved(tune, F.cross_entropy(logits(hidden), batch["label"]))
    return {
        "network.one.linear": one,
        "network.two.linear": two,
        "network.logits": logits,
        "seen": seen,
        "felt": felt,
    }
