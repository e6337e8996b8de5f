"""Weights of an earlier run as the start of a new one, wherever name and shape are the same."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from studio.engine.build import RunError
from studio.engine.checkpoints import load_best
from studio.text import tr


def carry_weights(training: nn.Module, run: Path) -> tuple[int, int]:
    """Copies what fits from the best checkpoint of ``run`` into ``training``.

    Returns:
        How many tensors were copied, and how many ``training`` has.

    Raises:
        RunError: the run has no checkpoint any more.
    """
    found = load_best(run)
    if found is None:
        raise RunError(
            tr(
                "The run {run} has no weights to start from. Train without them, or choose another run.",
                run=run,
            )
        )
    own = training.state_dict()
    fitting = [name for name, tensor in own.items() if _fits(found.weights.get(name), tensor)]
    with torch.no_grad():
        for name in fitting:
            own[name].copy_(found.weights[name])
    return len(fitting), len(own)


def _fits(given: torch.Tensor | None, wanted: torch.Tensor) -> bool:
    return given is not None and given.shape == wanted.shape and given.dtype == wanted.dtype
