"""The optimizer of a run, from its entry in training.json: the algorithm, its groups of weights, gradients it holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from studio.layers.optimizers import ALGORITHM, Algorithm, arguments_of


def make_optimizer(
    plan: Mapping[str, Any], weights: Mapping[str, nn.Parameter], module: str = ""
) -> torch.optim.Optimizer:
    """The optimizer of an entry in training.json, fused where torch and the device have it.

    Args:
        plan: the entry.
        weights: what it moves, by name.
        module: the name of the module that holds the drawing's text, with the algorithms that torch lacks.

    Raises:
        ValueError: the algorithm is not known.
    """
    name = str(plan.get("algorithm", "AdamW"))
    record = ALGORITHM.get(name)
    if record is None:
        raise ValueError(f"training.json names the algorithm {name!r}; known are {', '.join(ALGORITHM)}")
    named = {key: value for key, (value, _) in arguments_of(record, plan).items()}
    if record.fused:
        named["fused"] = all(weight.device.type in ("cpu", "cuda", "mps") for weight in weights.values())
    kind: Any = _own_class(record, module) if record.support else getattr(torch.optim, record.name)
    made: torch.optim.Optimizer = kind(_grouped(plan, record, weights), lr=_rate(plan), **named)
    return made


def _rate(plan: Mapping[str, Any]) -> float:
    return float(plan.get("learning_rate", 0.001))


def _own_class(record: Algorithm, module: str) -> Any:
    """The class that the drawing's own text brings: named by the catalogue, never by the file."""
    found = getattr(sys.modules.get(module), record.name, None)
    if found is None:
        raise ValueError(f"model.py does not hold {record.name}; start a new run")
    return found


def _grouped(
    plan: Mapping[str, Any], record: Algorithm, weights: Mapping[str, nn.Parameter]
) -> Sequence[nn.Parameter] | list[dict[str, Any]]:
    """The weights, in groups by what their rate is multiplied by and whether they decay.

    The same as ``parameter_groups`` of train.py.
    """
    if record.again or not (plan.get("groups") or plan.get("decay_matrices_only")):
        return list(weights.values())
    rate, decay = _rate(plan), float(plan.get("weight_decay", 0.0))
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, weight in weights.items():
        own = 0.0 if plan.get("decay_matrices_only") and weight.dim() < 2 else decay
        groups.setdefault((factor_of(plan, name), own), []).append(weight)
    return [
        {"params": chosen, "lr": rate * factor, "factor": factor, "weight_decay": own}
        for (factor, own), chosen in groups.items()
    ]


def factor_of(plan: Mapping[str, Any], name: str) -> float:
    """What the learning rate of the weight ``name`` is multiplied by."""
    factors = [float(number) for number in plan.get("group_rates") or (1.0,)]
    for at, prefix in enumerate(plan.get("groups") or ()):
        if name.startswith(f"{prefix}."):
            return factors[min(at, len(factors) - 1)]
    return 1.0
