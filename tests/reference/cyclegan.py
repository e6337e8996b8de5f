"""A CycleGAN by hand: two changers, two critics, two sources of pictures, least squares.

Source: Zhu, Park, Isola, Efros, Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    """image (N, 64) -> (N, out)."""

    def __init__(self, hidden: int, out: int) -> None:
        super().__init__()
        self.wide = nn.Linear(64, hidden)
        self.narrow = nn.Linear(hidden, out)

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(F.relu(self.wide(image)))


def moved(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One update."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def judged(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """The loss of a critic."""
    true, false = critic(real), critic(fake)
    return F.mse_loss(true, torch.ones_like(true)) + F.mse_loss(false, torch.zeros_like(false))


def train(batches: Iterable[dict[str, Tensor]], seed: int) -> dict[str, nn.Module]:
    """Three updates a batch: both changers together, then each critic on what they give now."""
    torch.manual_seed(seed)
    to_b, to_a = Net(24, 64), Net(24, 64)
    critic_a, critic_b = Net(16, 1), Net(16, 1)
    change = torch.optim.Adam(chain(to_b.parameters(), to_a.parameters()), 0.001, fused=True)
    judge_a = torch.optim.Adam(critic_a.parameters(), 0.002, fused=True)
    judge_b = torch.optim.Adam(critic_b.parameters(), 0.002, fused=True)
    for batch in batches:
        a, b = batch["a.image"].flatten(1), batch["b.image"].flatten(1)
        fake_b, same_a, fake_a, same_b = to_b(a), to_a(a), to_a(b), to_b(b)
        back_a, score_b = to_a(fake_b), critic_b(fake_b)
        kept_a = F.mse_loss(same_a, a)
        back_b, score_a = to_b(fake_a), critic_a(fake_a)
        kept_b = F.mse_loss(same_b, b)
        cycle_a, fooled_b = F.mse_loss(back_a, a), F.mse_loss(score_b, torch.ones_like(score_b))
        cycle_b, fooled_a = F.mse_loss(back_b, b), F.mse_loss(score_a, torch.ones_like(score_a))
        loss = fooled_a + fooled_b + 10.0 * cycle_a + 10.0 * cycle_b + 5.0 * kept_a + 5.0 * kept_b
        moved(change, loss)  # gradients are added up in this order, so it decides the last digit

        with torch.no_grad():
            fake_a, fake_b = to_a(b), to_b(a)
        moved(judge_a, judged(critic_a, a, fake_a))
        moved(judge_b, judged(critic_b, b, fake_b))
    return {"network.fake_b": to_b, "fake_a": to_a, "true_a": critic_a, "true_b": critic_b}
