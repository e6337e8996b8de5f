"""What guessing without looking would reach: the commonest class, the mean number. A run is judged against it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import torch
from torch import Tensor, nn

from studio.engine.build import Feed, RunData
from studio.files.replace import replace_file
from studio.files.runs import BASELINE

_CLASSES = ("Accuracy",)
_NUMBERS = ("MeanAbsoluteError", "MeanSquaredError")


def baseline(
    training: nn.Module, data: RunData, metrics: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """The value of each metric for the best constant answer, learned on training and measured on held-out samples.

    Args:
        training: the Training module; its evaluation tells which field a metric compares with.
        data: of the run.
        metrics: of training.json: name -> {"layer", …}; those without a natural guess are left out.
    """
    held = data.validation or data.test or data.check
    wanted = {
        name: str(entry["layer"])
        for name, entry in metrics.items()
        if entry["layer"] in (*_CLASSES, *_NUMBERS)
    }
    if held is None or data.check is None or not wanted:
        return {}
    fields = _fields(training, held, wanted)
    return {
        name: _guess(_targets(data.check, field), _targets(held, field), wanted[name])
        for name, field in fields.items()
    }


def write_baseline(folder: Path, found: Mapping[str, float]) -> None:
    """Keeps it beside the run; a disk that is full costs only the comparison."""
    try:
        replace_file(folder / BASELINE, msgspec.json.encode(dict(found)))
    except OSError:
        return


def _fields(training: nn.Module, held: Feed, wanted: Mapping[str, str]) -> dict[str, str]:
    """The field of the batch that each metric compares with, where it is one as it came."""
    batch = held.batch(0, 0)
    device = next((p.device for p in training.parameters()), torch.device("cpu"))
    batch = {name: value.to(device) for name, value in batch.items()}
    was_training = training.training
    training.eval()
    with torch.no_grad():
        found = cast(Any, training).evaluate(batch).metrics
    training.train(was_training)
    fields: dict[str, str] = {}
    for name in wanted:
        given = found.get(name)
        target = given[-1] if isinstance(given, tuple) else None
        field = next((key for key, value in batch.items() if value is target), "")
        if field:
            fields[name] = field
    return fields


def _targets(feed: Feed, field: str) -> Tensor:
    parts = [feed.batch(0, position)[field].flatten() for position in range(feed.steps)]
    return torch.cat(parts).cpu()


def _guess(known: Tensor, held: Tensor, layer: str) -> float:
    if layer in _CLASSES:
        classes, targets = (known > 0.5, held > 0.5) if known.is_floating_point() else (known, held)
        commonest = classes.long().mode().values
        by_chance = 1 / len(
            set(classes.tolist())
        )  # of even classes the commonest one may be rarer where it counts
        return max(float((targets.long() == commonest).double().mean()), by_chance)
    off = held.double() - known.double().mean()
    return float(off.abs().mean() if layer == "MeanAbsoluteError" else off.square().mean())
