"""Where a number that is none came from: the steps since the last checkpoint again, with every gradient looked at.

A repetition is exact on the same machine, so the normal steps need no such checks and lose no time to them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from studio.engine.blame import first_bad_node, node_of_weight
from studio.engine.checkpoints import save_checkpoint
from studio.engine.saver import take_snapshot
from studio.engine.trainer import Batch, Trainer
from studio.engine.updates import NotFinite


@dataclass(frozen=True)
class Cause:
    """The step, from 0, what was bad ("loss", "gradient") and the node that gave it, "" when unknown."""

    step: int
    what: str
    node: str


def find_cause(trainer: Trainer, error: NotFinite) -> Cause:
    """Repeats up to the step of ``error`` and saves the state from right before the bad one.

    Args:
        trainer: a fresh one, moved on to the last checkpoint.
        error: as it was met; a bad gradient shows one step late, in the next loss.
    """
    before: dict[str, Tensor] = {}
    step_itself = trainer.call

    def remembering(batch: Batch, update: object) -> None:
        before.update({name: buffer.detach().clone() for name, buffer in trainer.training.named_buffers()})
        step_itself(batch, update)

    trainer.call, trainer.saves = remembering, False
    trainer.updates.checks_gradients = True
    try:
        trainer.train_until(error.step + 1)
    except NotFinite as found:
        cause = Cause(found.step, found.what.partition(":")[0], _node(trainer, found))
        _keep(trainer, before)
        return cause
    return Cause(error.step, error.what, "")


def _node(trainer: Trainer, found: NotFinite) -> str:
    what, _, weight = found.what.partition(":")
    if what == "gradient":
        return node_of_weight(weight, trainer.plan.names) if weight else ""
    batch = trainer.next_batch()
    plan, training = trainer.plan, cast(Any, trainer.training)
    return first_bad_node(
        lambda: training.step(batch, _refuse), training, plan.folder / "model.py", plan.names, plan.lines
    )


def _refuse(name: str, loss: Tensor) -> None:
    """Stands for ``update``: moves nothing, and ends the watched step at its first bad loss."""
    if not math.isfinite(loss.detach().item()):
        raise ArithmeticError(name)


def _keep(trainer: Trainer, before: dict[str, Tensor]) -> None:
    """Saves the state from before the bad step, unless an earlier optimizer already moved weights in it."""
    step = trainer.state.step
    if any(step in rule.steps for rule in trainer.updates.rules.values()):
        return
    with torch.no_grad():
        for name, buffer in trainer.training.named_buffers():
            buffer.copy_(before[name])
    if trainer.write():
        return
    trainer.state.offsets = trainer.recorder.offsets()
    save_checkpoint(
        trainer.plan.folder, take_snapshot(trainer.state, trainer.training, trainer.updates.rules, False)
    )
