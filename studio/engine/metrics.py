"""What evaluation measures, added up on the device by sample count and read once at the end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Meter(Protocol):
    """Adds up batches; ``value`` reads the result and is the only place that waits for the device."""

    def add(self, input: Tensor, target: Tensor) -> None:
        """Takes one batch."""

    def value(self) -> float:
        """The mean over all positions so far."""


class Mean:
    """The mean of losses, weighted by sample count."""

    def __init__(self) -> None:
        self._total: Tensor | None = None
        self._samples = 0

    def add(self, value: Tensor, samples: int) -> None:
        """Takes the loss of one batch."""
        part = value.detach().double() * samples if value.device.type != "mps" else value.detach() * samples
        self._total = part if self._total is None else self._total + part
        self._samples += samples

    def value(self) -> float:
        """The mean; NaN before the first batch."""
        return float("nan") if self._total is None else float(self._total.item()) / self._samples


class Accuracy:
    """The share of right answers.

    Scores of several classes are right when the largest is that of the target class. A single score is right
    when its sign says what the target says (above 0.5 or not): the threshold of a sigmoid's input.
    """

    def __init__(self) -> None:
        self._right: Tensor | None = None
        self._positions = 0

    def add(self, input: Tensor, target: Tensor) -> None:
        """Takes one batch: scores (N, K, *) or (N, *, K) and classes (N, *), or scores and targets alike."""
        if input.dim() == target.dim() + 1 and input.shape[-1] == 1:
            input = input.squeeze(-1)
        if input.shape == target.shape:
            right = (input > 0) == (target > 0.5)
        else:
            last = input.shape[:-1] == target.shape
            right = input.argmax(-1 if last else 1) == target
        count = right.sum()
        self._right = count if self._right is None else self._right + count
        self._positions += right.numel()

    def value(self) -> float:
        """The share; NaN before the first batch."""
        return float("nan") if self._right is None else int(self._right.item()) / self._positions


class MeanAbsoluteError:
    """The mean distance between input and target."""

    def __init__(self) -> None:
        self._mean = Mean()

    def add(self, input: Tensor, target: Tensor) -> None:
        """Takes one batch of equal shapes; an input may have one last axis of size 1 more."""
        if input.dim() == target.dim() + 1 and input.shape[-1] == 1:
            input = input.squeeze(-1)
        self._mean.add((input - target).abs().mean(), input.numel())

    def value(self) -> float:
        """The mean; NaN before the first batch."""
        return self._mean.value()


METERS: dict[str, type[Accuracy] | type[MeanAbsoluteError]] = {
    "Accuracy": Accuracy,
    "MeanAbsoluteError": MeanAbsoluteError,
}


class Evaluator:
    """Takes the evaluations of all batches of one part of the data; reset by making a new one."""

    def __init__(
        self,
        metrics: Mapping[str, Mapping[str, Any]],
        weights: Mapping[str, float] | None = None,
        meters: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes all meters.

        Args:
            metrics: of training.json: name -> {"layer", "params"}.
            weights: what losses count for in their sum, where it is not 1.
            meters: fresh meters of torchmetrics from the drawing's own text, by name.
        """
        self._weights = weights or {}
        self._own = dict(meters or {})
        self._layers = {name: str(item["layer"]) for name, item in metrics.items()}
        self._losses: dict[str, Mean] = {}
        self._meters: dict[str, Meter] = {}
        self._means: dict[str, Mean] = {}
        self.tables: dict[str, list[list[float]]] = {}  # results that are tables, once read

    def add(self, evaluation: Any, samples: int) -> None:
        """Takes what ``Training.evaluate`` gave for one batch: metrics as (input, target), or as means."""
        for name, loss in evaluation.losses.items():
            self._losses.setdefault(name, Mean()).add(loss, samples)
        for name, given in evaluation.metrics.items():
            if isinstance(given, Tensor):
                self._means.setdefault(name, Mean()).add(given, samples)
                continue
            if name in self._own:
                self._own[name].update(*given)
                continue
            if name not in self._meters:
                self._meters[name] = METERS[self._layers.get(name, "Accuracy")]()
            self._meters[name].add(*given)

    def values(self) -> dict[str, float]:
        """All results by name; "loss" is always among them when there are losses: their sum."""
        losses = {name: mean.value() for name, mean in self._losses.items()}
        meters: dict[str, Mean | Meter] = {**self._means, **self._meters}
        results = {**losses, **{name: meter.value() for name, meter in meters.items()}}
        for name, own in self._own.items():
            found = own.compute()
            results[name] = shown(found)
            if found.dim() == 2:
                self.tables[name] = found.tolist()
        if losses and "loss" not in results:
            results["loss"] = sum(self._weights.get(name, 1.0) * value for name, value in losses.items())
        return results


def shown(result: Tensor) -> float:
    """What is shown of a meter's result: the share on the diagonal of a table, else the number itself."""
    return float(result.diagonal().sum() / result.sum()) if result.dim() == 2 else float(result)


def own_meters(training: nn.Module, device: torch.device) -> dict[str, Any]:
    """Fresh meters of the drawing's own text, on the device; none where it has none."""
    make = getattr(sys.modules.get(type(training).__module__), "meters", None)
    return {name: meter.to(device) for name, meter in make().items()} if make else {}


def all_finite(tensors: list[Tensor]) -> bool:
    """Whether no tensor holds a NaN or an infinity; one answer, one wait."""
    parts = [tensor for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    if not parts:
        return True
    # The sum of all magnitudes is finite only if each one is; an overflow of huge finite numbers counts too.
    norms = torch._foreach_norm(parts, 1)
    return bool(torch.stack([norm.to(norms[0].device, torch.float32) for norm in norms]).isfinite().all())
