"""train.py: the plain version of the trainer, for a drawing's source folder.

What it and the trainer agree on, so that both give the same losses to the bit on one CPU:

- Weights are initialised right after ``torch.manual_seed(seed)``.
- The order of an epoch (from 0) is ``torch.randperm(n, generator=…manual_seed(seed * 1_000_003 + epoch))`` of the
  training rows; batches are cut from it, the last may be shorter.
- The split is ``torch.randperm(n, generator=…manual_seed(split_seed))`` cut in three; texts and series are cut in
  order instead.
- In a step (from 0 over the whole run) that holds a random layer the default generator starts at
  ``seed * 1_000_003 + 7 + step``; an evaluation after an epoch starts at ``seed * 1_000_003 + 7 + 2**61 + epoch``.
- The learning rate is a function of (step, steps, steps an epoch): ``studio.layers.schedules``.
- Pictures change by hashes of (seed, epoch, sample): ``studio.engine.data.augment``.
- Optimizers are fused, gradients are cleared to None, clipped as one vector; numbers too small to be normal are 0.
- Evaluation adds float64 means times sample counts, over batches four times as large, at most 512.

The text holds what the drawing needs and no more: no schedule where the rate is constant, no dictionary of
optimizers where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.codegen.layout import statement
from studio.codegen.optimizers import (
    Drawn,
    backward_lines,
    making_lines,
    moving_lines,
    progress_lines,
    start_lines,
)
from studio.codegen.rates import rate_lines, rate_name
from studio.codegen.template import fill
from studio.document.model import RunSettings
from studio.graph.spec import TensorSpec
from studio.layers import find

_SCRIPT = '''
"""Trains the network of model.py: «length», batches of «batch», seed «seed».

Run it with: python train.py. It needs torch, numpy«needs» and safetensors, prints losses as it
goes and leaves weights.safetensors. On one CPU its losses are the studio's to the bit.
"""

import math
import os
from collections.abc import Iterable

import torch
!load| from safetensors.torch import save_file
load| from safetensors.torch import load_file, save_file
!clip| from torch import Tensor
clip| from torch import Tensor, nn

from data import Batch, Data
from model import «imported»

!limit| EPOCHS = «epochs»
limit| STEPS = «steps»
BATCH_SIZE = «batch»
SEED = «seed»
«rates»
«groups»
«metrics»
«value»


def evaluate(training: Training, batches: Iterable[Batch]) -> dict[str, float]:
    """Losses and metrics over batches, weighted by what each of them holds."""
    totals: dict[str, float] = {}
    counts: dict[str, int] = {}
    metered| measured = meters()
    training.eval()
    with torch.no_grad():
        for batch in batches:
            found = training.evaluate(batch)
            samples = len(next(iter(batch.values())))
            sums = {k: (v.item() * samples, samples) for k, v in found.losses.items()}
            «metric_sums»
            metered| for name, meter in measured.items():
            metered|     meter.update(*found.metrics[name])
            for name, (total, count) in sums.items():
                totals[name] = totals.get(name, 0.0) + total
                counts[name] = counts.get(name, 0) + count
    training.train()
    !metered| return {name: totals[name] / counts[name] for name in totals}
    metered| means = {name: totals[name] / counts[name] for name in totals}
    metered| return means | {name: value(meter.compute()) for name, meter in measured.items()}


def shown(found: dict[str, float]) -> str:
    """Losses and metrics for a line of the report."""
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())


def train() -> list[float]:
    """Trains from the start and gives the loss of each update."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    torch.set_num_threads(max(1, min(cores - 1, 16)))  # sums depend on it in their last digit
    torch.set_flush_denormal(True)  # tiny numbers cost time and say nothing
    math| torch.backends.cuda.enable_flash_sdp(False)  # attention in a form that can
    math| torch.backends.cuda.enable_mem_efficient_sdp(False)  # be differentiated twice
    math| torch.backends.cuda.enable_cudnn_sdp(False)
    torch.manual_seed(SEED)
    training = Training()
    data = Data()
    counted| per_epoch = data.steps(BATCH_SIZE)
    total| steps = EPOCHS * per_epoch
    «optimizers»
    pretrained| «pretrained»
    losses: list[float] = []
    again| asked: list[Tensor] = []
    «starts»

    gated| def acts(name: str) -> bool:
    gated|     «gates»
    gated|     return True

    !again| def update(name: str, loss: Tensor) -> None:
    !again|     losses.append(loss.item())
    !again|     if not math.isfinite(losses[-1]):
    !again|         raise SystemExit(f"the loss is {losses[-1]} at step {step}")
    !again|     several| optimizer = optimizers[name]
    !again|     several|grouped| weights = [w for group in optimizer.param_groups for w in group["params"]]
    !again|     several|!grouped| weights = optimizer.param_groups[0]["params"]
    !again|     «backward»
    !again|     «moves»
    !again|     optimizer.step()
    again| def closure() -> float:
    again|     """The loss of the running batch, with its gradients; asked for several times in a step."""
    again|     random| torch.manual_seed(SEED * 1_000_003 + 7 + step)
    again|     !gated| training.step(batch, lambda name, loss: asked.append(loss))
    again|     gated| training.step(batch, lambda name, loss: asked.append(loss), acts)
    again|     loss = asked.pop()
    again|     optimizer.zero_grad()
    again|     whole| loss.backward()
    again|     !whole| loss.backward(inputs=weights)
    again|     return loss.item()

    step = 0
    best| best = «worst»
    !limit| for epoch in range(EPOCHS):
    limit| for epoch in range(math.ceil(STEPS / per_epoch)):
        first = len(losses)
        weighed| sizes: list[int] = []
        for batch in data.train(epoch, BATCH_SIZE, SEED):
            limit| if step == STEPS:
            limit|     break
            !again|random| torch.manual_seed(SEED * 1_000_003 + 7 + step)
            timed| training.epoch = step / per_epoch
            weighed| sizes.append(len(next(iter(batch.values()))))
            !again|!gated| training.step(batch, update)
            !again|gated| training.step(batch, update, acts)
            again| «again»
            step += 1
        mean = sum(losses[first:]) / max(len(losses) - first, 1)
        !validation| print(f"epoch {epoch + 1}: loss {mean:.4f}")
        validation|random| torch.manual_seed(SEED * 1_000_003 + 7 + 2**61 + epoch)
        validation| found = evaluate(training, data.part("validation", BATCH_SIZE))
        validation| print(f"epoch {epoch + 1}: loss {mean:.4f}; validation: {shown(found)}")
        «progress»
        best| score = «score»
        best| if score «better» best:
        best|     best = score
        best|     save_file(training.state_dict(), "weights.safetensors")
    !best| save_file(training.state_dict(), "weights.safetensors")
    reload| training.load_state_dict(load_file("weights.safetensors"))
    test|random| torch.manual_seed(SEED * 1_000_003 + 7 + 2**61 + epoch + 1)
    test| print(f"test: {shown(evaluate(training, data.part('test', BATCH_SIZE)))}")
    return losses


if __name__ == "__main__":
    train()
'''


@dataclass(frozen=True)
class Plan:
    """What train.py is written from.

    Attributes:
        run: epochs, batch size, seed, monitor.
        settings: ``Code.training``.
        weights: optimizer -> expressions of the modules it moves; nothing is all.
        metrics: metric -> (layer, specs of input and target).
        parts: whether all Data nodes give samples for validation, and for the test.
        is_random: whether a step draws random numbers.
    """

    run: RunSettings
    settings: Mapping[str, Any]
    weights: Mapping[str, Sequence[str]]
    metrics: Mapping[str, tuple[str, tuple[TensorSpec, ...]]]
    parts: tuple[bool, bool]
    is_random: bool

    @property
    def optimizers(self) -> list[Mapping[str, Any]]:
        """The entries of the optimizers."""
        return list(self.settings["optimizers"])

    @property
    def metered(self) -> list[str]:
        """Metrics that model.py holds a meter of."""
        return [name for name, entry in self.settings["metrics"].items() if entry.get("is_meter")]

    @property
    def drawn(self) -> list[Drawn]:
        """The same with what they move."""
        alone = len(self.optimizers) == 1
        return [
            Drawn(entry, self.weights.get(entry["name"], ()), alone, bool(self.settings.get("has_frozen")))
            for entry in self.optimizers
        ]


_VALUE = [
    "",
    "",
    "def value(result: Tensor) -> float:",
    '    """What is shown of a result: the share on the diagonal of a table, else the number itself."""',
    "    return float(result.diagonal().sum() / result.sum()) if result.dim() == 2 else float(result)",
]


def imported(drawn: Sequence[Drawn], metered: Sequence[str]) -> list[str]:
    """The names that train.py takes from model.py, sorted as a formatter would."""
    classes = {one.record.name for one in drawn if one.record.support} | {"Training"}
    return [*sorted(classes, key=lambda name: (not name.isupper(), name)), *(["meters"] if metered else [])]


def train_script(plan: Plan) -> str:
    """The text of train.py."""
    run, optimizers, drawn = plan.run, plan.optimizers, plan.drawn
    monitor, rises = _monitor(plan)
    steps = "STEPS" if run.steps else "steps"
    metered = plan.metered
    summed = [name for name in plan.metrics if name not in metered]
    fields: dict[str, str | list[str]] = {
        "length": f"{run.steps} steps" if run.steps else f"{run.epochs} epochs",
        "needs": ", torchmetrics" if metered else "",
        "epochs": str(run.epochs),
        "steps": str(run.steps),
        "batch": str(run.batch_size),
        "seed": str(run.seed),
        "imported": ", ".join(imported(drawn, metered)),
        "rates": [line for entry in optimizers for line in rate_lines(entry, len(optimizers))],
        "groups": [line for one in drawn for line in one.group_lines()],
        "metrics": [line for name in summed for line in _metric(name, *plan.metrics[name])],
        "value": _VALUE if metered else [],
        "metric_sums": [f'{" " * 12}sums["{m}"] = {m}(*found.metrics["{m}"])' for m in summed],
        "optimizers": making_lines(drawn),
        "starts": start_lines(drawn, rises),
        "gates": _gates(optimizers),
        "pretrained": _pretrained(plan),
        "backward": backward_lines(drawn, steps),
        "moves": moving_lines(drawn, steps),
        "again": _again(drawn, steps),
        "progress": progress_lines(drawn, _seen(plan, monitor), rises),
        "worst": _worst(monitor, rises),
        "score": _score(plan, monitor, rises),
        "better": ">" if rises else "<",
    }
    return "\n".join(fill(_SCRIPT, _flags(plan, monitor), fields)) + "\n"


def _flags(plan: Plan, monitor: str) -> set[str]:
    optimizers = plan.optimizers
    rated = any(rate_name(entry, len(optimizers)) for entry in optimizers)
    drawn = plan.drawn
    counts = any(one.batches > 1 for one in drawn)
    limit = bool(plan.run.steps)
    timed = bool(plan.settings.get("is_timed"))
    flags = {
        "limit": limit,
        "total": (rated or counts) and not limit,
        "counted": rated or counts or limit or timed,
        "clip": any(one.number("clip") or one.number("clip_value") for one in drawn),
        "grouped": any(one.has_groups for one in drawn),
        "again": drawn[0].record.again,
        "weighed": any(one.waits for one in drawn) and not plan.parts[0],
        "several": len(optimizers) > 1,
        "whole": len(optimizers) == 1 and not plan.weights.get(optimizers[0]["name"]),
        "random": plan.is_random,
        "timed": timed,
        "metered": bool(plan.metered),
        "validation": plan.parts[0],
        "test": plan.parts[1],
        "best": bool(monitor),
        "load": bool(monitor) and plan.parts[1] or bool(plan.settings.get("pretrained")),
        "reload": bool(monitor) and plan.parts[1],
        "pretrained": bool(plan.settings.get("pretrained")),
        "math": bool(plan.settings.get("math_attention")),
        "gated": bool(plan.settings.get("is_gated")),
    }
    return {name for name, is_set in flags.items() if is_set}


def _metric(name: str, layer: str, specs: tuple[TensorSpec, ...]) -> list[str]:
    """A metric as a function: a sum over a batch, and over how many it goes."""
    given, target = specs
    squeezed = len(given.shape) == len(target.shape) + 1 and given.shape[-1] == 1
    value = "output.squeeze(-1)" if squeezed else "output"
    lines = ["", "", f"def {name}(output: Tensor, target: Tensor) -> tuple[float, int]:"]
    if layer == "MeanAbsoluteError":
        return [
            *lines,
            '    """The distances to the targets added up, and how many there are."""',
            f"    distance = ({value} - target).abs().mean()",
            "    return float(distance) * output.numel(), output.numel()",
        ]
    shape = given.shape[:-1] if squeezed else given.shape
    if shape == target.shape:
        right = f"({value} > 0) == (target > 0.5)"
    else:
        right = f"output.argmax({-1 if given.shape[:-1] == target.shape else 1}) == target"
    return [
        *lines,
        '    """How many answers are right, and how many there are."""',
        f"    right = {right}",
        "    return int(right.sum()), right.numel()",
    ]


def _again(drawn: Sequence[Drawn], steps: str) -> list[str]:
    """The step of an algorithm that asks for the loss several times."""
    gate = f'acts("{drawn[0].entry["name"]}")' if _gate(drawn[0].entry) else ""
    pad = " " * (16 if gate else 12)
    lines = [
        *drawn[0].rate_lines(steps),
        "losses.append(optimizer.step(closure))",
        "if not math.isfinite(losses[-1]):",
    ]
    lines.append('    raise SystemExit(f"the loss is {losses[-1]} at step {step}")')
    return [*([f"            if {gate}:"] if gate else []), *(pad + line for line in lines)]


def _seen(plan: Plan, monitor: str) -> str:
    """What rates that wait for progress look at."""
    if not plan.parts[0]:
        return "sum(loss * size for loss, size in zip(losses[first:], sizes)) / sum(sizes)"
    return _loss_sum(plan) if monitor in ("", "loss") else f'found["{monitor}"]'


def _gates(optimizers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Steps and epochs in which an optimizer acts, where that is not all."""
    lines = []
    for entry in optimizers:
        gate = _gate(entry)
        if gate:
            lines += [f'        if name == "{entry["name"]}":', f"            return {gate}"]
    return lines


def _pretrained(plan: Plan) -> list[str]:
    """Trained weights that blocks start from, and averages that start as copies of them."""
    lines = []
    for module, entry in plan.settings.get("pretrained", {}).items():
        text = f'training.{module}.load_state_dict(load_file("weights/{entry["alias"]}.safetensors"))'
        lines += statement(text, 4)
    for module, entry in plan.settings.get("averages", {}).items() if lines else ():
        lines += statement(f"training.{module}.load_state_dict(training.{entry['of']}.state_dict())", 4)
    return lines


def _gate(entry: Mapping[str, Any]) -> str:
    parts = []
    if int(entry.get("every") or 1) > 1:
        parts.append(f"step % {entry['every']} == 0")
    first, last = int(entry.get("from_epoch") or 1) - 1, int(entry.get("to_epoch") or 0)
    if first and last:
        parts.append(f"{first} <= epoch < {last}")
    elif first or last:
        parts.append(f"epoch >= {first}" if first else f"epoch < {last}")
    return " and ".join(parts)


def _monitor(plan: Plan) -> tuple[str, bool]:
    """What chooses the best weights, "" for the last ones; and whether more is better."""
    name = plan.run.monitor or ("validation.loss" if len(plan.optimizers) <= 1 else "")
    part, _, rest = name.partition(".")
    if (
        part != "validation"
        or rest not in {*plan.settings["losses"], *plan.metrics, "loss"}
        or not plan.parts[0]
    ):
        return "", False
    record = find(plan.metrics[rest][0]) if rest in plan.metrics else None
    rises = record is not None and record.traits.rises
    return rest, {"max": True, "min": False}.get(plan.run.direction, rises)


def _worst(monitor: str, rises: bool) -> str:
    infinity = "-math.inf" if rises else "math.inf"
    return infinity if monitor == "loss" else f"({infinity}, {infinity})"


def _score(plan: Plan, monitor: str, rises: bool) -> str:
    """What is compared: the metric and, between equal ones (a share of few samples), the loss."""
    loss = _loss_sum(plan)
    if monitor == "loss":
        return loss
    if rises:
        loss = f"-({loss})" if " + " in loss else f"-{loss}"
    return f'(found["{monitor}"], {loss})'


def _loss_sum(plan: Plan) -> str:
    """The sum of the losses of an evaluation, each as much as it counts for."""
    losses = plan.settings["losses"]
    loss = 'found["loss"]'
    if "loss" not in {*losses, *plan.metrics}:
        weights = plan.settings.get("weights", {})
        parts = (f"{weights[name]!r} * " if name in weights else "" for name in losses)
        loss = " + ".join(f'{part}found["{name}"]' for part, name in zip(parts, losses, strict=True))
    return loss
