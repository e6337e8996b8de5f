"""A Wasserstein GAN with gradient penalty, trained by hand; the generator moves in every second step.

Source: Gulrajani et al., Improved Training of Wasserstein GANs, 2017, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.reference.gan import Generator


class Critic(nn.Module):
    """image (N, 64) -> score (N, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(64, 32)
        self.narrow = nn.Linear(32, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(F.relu(self.wide(image)))


def train(batches: Iterable[dict[str, Tensor]], seed: int) -> dict[str, nn.Module]:
    """One update of the critic a batch, one of the generator every second."""
    torch.manual_seed(seed)
    generator, critic = Generator(), Critic()
    judge = torch.optim.Adam(critic.parameters(), 0.002, betas=(0.5, 0.9), fused=True)
    forge = torch.optim.Adam(generator.parameters(), 0.001, betas=(0.5, 0.9), fused=True)
    for step, batch in enumerate(batches):
        torch.manual_seed(seed + step)
        real = batch["image"].flatten(1)
        fake = generator(torch.randn(len(real), 16))

        real_score = critic(real)
        with torch.no_grad():
            mixed = real + torch.rand(len(real), 1) * (fake - real)
        mixed.requires_grad_()
        fake_score = critic(fake.detach())
        mixed_score = critic(mixed)
        (slope,) = torch.autograd.grad(mixed_score.sum(), mixed, create_graph=True)
        penalty = (slope.norm(dim=1) - 1.0).square().mean()
        judge.zero_grad()
        (-real_score.mean() + fake_score.mean() + 10.0 * penalty).backward()
        judge.step()

        if step % 2 == 0:
            forge.zero_grad()
            (-critic(fake).mean()).backward()
            forge.step()
    return {"network.fake": generator, "real_score": critic}
