"""Which evaluation was the best so far."""

from __future__ import annotations

from collections.abc import Mapping

from studio.engine.build import Plan
from studio.engine.checkpoints import State
from studio.layers import find


class Monitor:
    """Follows one metric, named as in "validation.accuracy".

    Without a name it follows the validation loss. A run of several optimizers that names none (a GAN) has no
    best: its last state counts.
    """

    def __init__(self, plan: Plan, validates: bool) -> None:
        """Takes the choice of the run's settings."""
        name = str(plan.settings.get("monitor") or "")
        if not name and len(plan.training["optimizers"]) <= 1:
            name = "validation.loss"
        part, _, rest = name.partition(".")
        if part == "validation" and not validates:
            name = ""  # nothing is held back to choose by
        self.name = name
        layer = plan.training.get("metrics", {}).get(rest, {}).get("layer", "")
        direction = plan.settings.get("direction", "auto")
        record = find(layer) if layer else None
        rises = record is not None and record.traits.rises
        self.sign = {"max": 1, "min": -1}.get(str(direction), 1 if rises else -1)

    def take(self, state: State, found: Mapping[str, Mapping[str, float]]) -> bool:
        """Notes an evaluation in ``state``; whether it is the best so far."""
        part, _, rest = self.name.partition(".")
        state.score = found.get(part, {}).get(rest)
        if state.score is None or state.score != state.score:
            return False
        if state.best_score is not None and not self._is_better(state, found):
            return False
        state.best_score, state.best_step = state.score, state.step
        state.best_metrics = {name: dict(values) for name, values in found.items()}
        return True

    def _is_better(self, state: State, found: Mapping[str, Mapping[str, float]]) -> bool:
        """Whether an evaluation beats the best; of equal ones (a share of few samples) that of the lower loss."""
        assert state.score is not None and state.best_score is not None
        if state.score != state.best_score:
            return self.sign * state.score > self.sign * state.best_score
        part = self.name.partition(".")[0]
        now, before = found.get(part, {}).get("loss"), state.best_metrics.get(part, {}).get("loss")
        return now is not None and before is not None and now < before
