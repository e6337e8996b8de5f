"""How a loss moves weights: the ``update`` that the drawing's training step calls.

The text of a network says what is trained; this says how: gradients cleared, backward, a check for numbers that
are none before any weight takes them in, clipping, the schedule, the step. On the CPU a loss is read at once,
which costs nothing there. On an accelerator reading would stall it, so losses collect in a buffer on the device
and a flag kept there stops the fused optimizer by itself from the first bad step on; the host looks once a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from studio.engine.optimizers import make_optimizer
from studio.layers.optimizers import ALGORITHM
from studio.layers.schedules import Plateau, is_constant, rate

_BUFFER = 4096  # losses on the device before they must be read


class NotFinite(ArithmeticError):
    """A loss or a gradient became NaN or infinite. The weights are still those from before this step."""

    def __init__(self, step: int, what: str, value: float = math.nan) -> None:
        super().__init__(f"{what} at step {step}")
        self.step, self.what, self.value = step, what, value


class Rule:
    """One optimizer: what it moves, how, and the losses it has seen since they were last taken."""

    def __init__(
        self, plan: Mapping[str, Any], weights: dict[str, nn.Parameter], whole: bool, module: str = ""
    ) -> None:
        """Makes the optimizer.

        Args:
            plan: its entry in training.json.
            weights: what it trains, by name.
            whole: whether nothing else is trained, so that backward needs no list of weights.
            module: the module of the drawing's text, which holds algorithms that torch lacks.
        """
        self.name: str = plan["name"]
        self.named = weights
        self.optimizer = make_optimizer(plan, weights, module)
        self.weights = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        self.inputs: list[nn.Parameter] | None = None if whole else self.weights
        self.is_fused = bool(self.optimizer.defaults.get("fused"))
        self.again = ALGORITHM[plan.get("algorithm", "AdamW")].again
        self.clip = 0.0 if self.again else float(plan.get("clip") or 0)
        self.clip_value = 0.0 if self.again else float(plan.get("clip_value") or 0)
        self.batches = 1 if self.again else int(plan.get("accumulate") or 1)
        self.every = int(plan.get("every") or 1)
        self.first = int(plan.get("from_epoch") or 1) - 1
        self.last = int(plan.get("to_epoch") or 0) or 1 << 62
        self.is_gated = self.every > 1 or self.first > 0 or self.last < 1 << 62
        self.rate: Callable[[int], float] | None = None
        self.plateau: Plateau | None = None
        self.base_rate = float(plan.get("learning_rate", 0.001))
        self.steps: list[int] = []
        self.values: list[float] = []
        self.buffer: Tensor | None = None

    def acts(self, step: int, epoch: int) -> bool:
        """Whether it moves weights in this step; both count from 0."""
        return self.first <= epoch < self.last and step % self.every == 0

    def learning_rate(self, step: int) -> float:
        """The learning rate at a step."""
        now = self.base_rate if self.rate is None else self.rate(step)
        return now if self.plateau is None else self.plateau.scale * now

    def set_rate(self, step: int) -> None:
        """Gives every group of weights its learning rate."""
        now = self.learning_rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["factor"] * now if "factor" in group else now

    def begins(self, step: int) -> bool:
        """Whether gradients start anew: in each step, or in the first of several that are averaged."""
        return self.batches == 1 or step // self.every % self.batches == 0

    def ends(self, step: int, steps: int) -> bool:
        """Whether weights move after this step's gradients."""
        return self.batches == 1 or (step // self.every + 1) % self.batches == 0 or step + 1 >= steps


class Updates:
    """All optimizers of a run, and the call that training steps make.

    Attributes:
        step: the running step, from 0; the trainer sets it.
        epoch: the running epoch, from 0.
        sampling: set for one step: measure gradients against weights.
        health: what the last sampled step measured: weight name -> (gradient norm, weight norm) tensors.
        checks_gradients: look at every gradient before it is used; slow, for finding a cause.
        repeat: calls the running training step once more with another ``update``; the trainer sets it where an
            algorithm asks for the loss again (``needs_repeat``).
    """

    def __init__(
        self, training: nn.Module, plans: Sequence[Mapping[str, Any]], steps: int, steps_per_epoch: int
    ) -> None:
        """Makes the optimizers that training.json names."""
        self.step, self.epoch, self.steps = 0, 0, steps
        self.repeat: Callable[[Callable[[str, Tensor], None]], None] = lambda update: None
        self.sampling = self.checks_gradients = False
        self.health: dict[str, tuple[Tensor, Tensor]] = {}
        trainable = {name: weight for name, weight in training.named_parameters() if weight.requires_grad}
        self.rules: dict[str, Rule] = {}
        for plan in plans:
            chosen = _chosen(trainable, plan.get("trains") or ())
            if chosen:
                whole = len(plans) == 1 and len(chosen) == len(trainable)
                rule = self.rules[plan["name"]] = Rule(plan, chosen, whole, type(training).__module__)
                rule.rate = None if is_constant(plan) else rate(plan, steps, steps_per_epoch)
        self.needs_repeat = any(rule.again for rule in self.rules.values())
        device = next((weight.device for weight in trainable.values()), torch.device("cpu"))
        self.is_read_late = device.type != "cpu"
        self._flag = torch.zeros((), device=device)
        if self.is_read_late:
            for rule in self.rules.values():
                rule.buffer = torch.zeros(_BUFFER, device=device)
                if rule.is_fused:
                    rule.optimizer.found_inf = self._flag  # type: ignore[attr-defined]
        self.update: Callable[[str, Tensor], None] = self._late if self.is_read_late else self._now

    def acts(self, name: str) -> bool:
        """Whether an optimizer moves weights in the running step."""
        rule = self.rules.get(name)
        return rule is not None and rule.acts(self.step, self.epoch)

    def take(self) -> dict[str, tuple[list[int], list[float]]]:
        """Losses since the last call, by optimizer: (steps, values).

        Raises:
            NotFinite: one of them, on an accelerator; no weight has moved since.
        """
        taken = {}
        for name, rule in self.rules.items():
            if self.is_read_late:
                self._drain(rule)
            taken[name] = (rule.steps, rule.values)
            rule.steps, rule.values = [], []
        return taken

    def _now(self, name: str, loss: Tensor) -> None:
        rule = self.rules[name]
        step = self.step
        if rule.is_gated and not rule.acts(step, self.epoch):
            return
        value = loss.item()
        if not math.isfinite(value):
            raise NotFinite(step, "loss", value)
        if rule.again:
            self._step_again(rule, loss)
        else:
            _backward(rule, loss, step)
            if self.sampling or self.checks_gradients:
                self._look(rule)
            if rule.ends(step, self.steps):
                self._move(rule)
        rule.steps.append(step)
        rule.values.append(value)

    def _move(self, rule: Rule) -> None:
        if rule.clip and not math.isfinite(
            float(nn.utils.clip_grad_norm_(rule.weights, rule.clip, foreach=True))
        ):
            raise NotFinite(self.step, "gradient")
        if rule.clip_value:
            nn.utils.clip_grad_value_(rule.weights, rule.clip_value, foreach=True)
        if rule.rate is not None or rule.plateau is not None:
            rule.set_rate(self.step)
        rule.optimizer.step()

    def _step_again(self, rule: Rule, loss: Tensor) -> None:
        """A step of an algorithm that asks for the loss several times, always on the same batch."""
        found = [loss]

        def closure() -> float:
            if not found:
                self.repeat(lambda name, value: found.append(value) if name == rule.name else None)
            now = found.pop()
            for weight in rule.weights:
                weight.grad = None
            now.backward(inputs=rule.inputs)  # type: ignore[no-untyped-call]
            if self.sampling or self.checks_gradients:
                self._look(rule)
            return now.item()

        rule.set_rate(self.step)
        rule.optimizer.step(closure)
        torch.clear_autocast_cache()

    def _late(self, name: str, loss: Tensor) -> None:
        rule = self.rules[name]
        if rule.is_gated and not rule.acts(self.step, self.epoch):
            return
        if not rule.is_fused:  # only fused ones heed the flag: a bad number would reach the weights
            with torch.autocast(loss.device.type, enabled=False):
                self._now(name, loss)
            torch.clear_autocast_cache()
            return
        assert rule.buffer is not None
        if len(rule.steps) - len(rule.values) == _BUFFER:
            self._drain(rule)
        found = loss.detach()
        rule.buffer[len(rule.steps) - len(rule.values)] = found
        self._flag.add_((found * 0).isnan())  # 0 while all is well, and never 0 again after
        with torch.autocast(found.device.type, enabled=False):
            _backward(rule, loss, self.step)
        if self.sampling or self.checks_gradients:
            self._look(rule)
        if rule.ends(self.step, self.steps):
            self._move_late(rule)
        rule.steps.append(self.step)

    def _move_late(self, rule: Rule) -> None:
        if rule.clip:
            norm = nn.utils.clip_grad_norm_(rule.weights, rule.clip, foreach=True)
            self._flag.add_((norm * 0).isnan())
        if rule.clip_value:
            nn.utils.clip_grad_value_(rule.weights, rule.clip_value, foreach=True)
        if rule.rate is not None or rule.plateau is not None:
            rule.set_rate(self.step)
        rule.optimizer.step()
        torch.clear_autocast_cache()  # it holds weights as they were before this step

    def _drain(self, rule: Rule) -> None:
        assert rule.buffer is not None
        waiting = len(rule.steps) - len(rule.values)
        values = rule.buffer[:waiting].tolist()
        for step, value in zip(rule.steps[-waiting:] if waiting else (), values, strict=True):
            if not math.isfinite(value):
                raise NotFinite(step, "loss", value)
            rule.values.append(value)

    def _look(self, rule: Rule) -> None:
        """Measures gradients, and refuses bad ones when asked to."""
        named = {name: weight for name, weight in rule.named.items() if weight.grad is not None}
        if not named:
            return
        gradients = torch._foreach_norm([weight.grad for weight in named.values()])  # type: ignore[misc]
        if self.checks_gradients:
            for name, norm in zip(named, gradients, strict=True):
                if not math.isfinite(float(norm)):
                    raise NotFinite(self.step, f"gradient:{name}")
        norms = torch._foreach_norm([weight.detach() for weight in named.values()])
        self.health.update(dict(zip(named, zip(gradients, norms, strict=True), strict=True)))


def _backward(rule: Rule, loss: Tensor, step: int) -> None:
    """Gradients of the loss, or their share where those of several batches are averaged."""
    if rule.begins(step):
        for weight in rule.weights:
            weight.grad = None
    share = loss if rule.batches == 1 else loss / rule.batches
    share.backward(inputs=rule.inputs)  # type: ignore[no-untyped-call]


def _chosen(trainable: Mapping[str, nn.Parameter], prefixes: Sequence[str]) -> dict[str, nn.Parameter]:
    """The weights under any of the attributes; all when none is named."""
    if not prefixes:
        return dict(trainable)
    return {
        name: weight
        for name, weight in trainable.items()
        if any(_is_under(name, prefix) for prefix in prefixes)
    }


def _is_under(name: str, prefix: str) -> bool:
    """Whether a weight belongs to an attribute, named from Training or from its network on."""
    inner = name.removeprefix("network.")
    return name.startswith(prefix + ".") or inner.startswith(prefix + ".") or prefix in (name, inner)
