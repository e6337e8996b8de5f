"""A character LSTM on a novel, by hand. Source: Graves, Generating Sequences With Recurrent Neural Networks, 2013."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CharLSTM(nn.Module):
    """tokens (N, T) -> logits (N, T, tokens)."""

    def __init__(self, tokens: int = 75) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, 32)
        self.lstm = nn.LSTM(32, 128, batch_first=True)
        self.logits = nn.Linear(128, tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        x, _ = self.lstm(self.embedding(tokens))
        return self.logits(x)


def step(network: CharLSTM, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor]) -> Tensor:
    """One update; gives the loss."""
    logits = network(batch["tokens"])
    loss = F.cross_entropy(logits.transpose(1, 2), batch["next"])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


@torch.no_grad()
def evaluate(network: CharLSTM, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Loss and accuracy of a batch."""
    logits = network(batch["tokens"])
    loss = F.cross_entropy(logits.transpose(1, 2), batch["next"])
    accuracy = (logits.argmax(-1) == batch["next"]).float().mean()
    return loss, accuracy
