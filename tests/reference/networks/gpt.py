"""A small GPT on a novel, by hand. Source: Radford et al., GPT-2, 2019."""

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
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device)
        attention, _ = self.attention(seen, seen, seen, attn_mask=mask, is_causal=True, need_weights=False)
        x = x + attention
        return x + self.narrow(F.gelu(self.wide(self.norm2(x))))


class GPT(nn.Module):
    """tokens (N, T) -> logits (N, T, tokens)."""

    def __init__(
        self,
        tokens: int = 75,
        context: int = 64,
        width: int = 64,
        heads: int = 4,
        depth: int = 2,
    ) -> None:
        super().__init__()
        self.token = nn.Embedding(tokens, width)
        self.position = nn.Parameter(torch.zeros(context, width))
        nn.init.normal_(self.position, std=0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.token(tokens) + self.position[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.logits(self.norm(x))


def step(network: GPT, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["tokens"])
    loss = F.cross_entropy(logits.transpose(1, 2), batch["next"])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: GPT, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["tokens"])
    loss = F.cross_entropy(logits.transpose(1, 2), batch["next"])
    accuracy = (logits.argmax(-1) == batch["next"]).float().mean()
    return loss, accuracy
