"""How the learning rate moves over a run: a function of the step alone, so that a resumed run needs no state for it.

The trainer follows it, train.py writes it out, the inspector draws it. Only "plateau" looks at what was measured;
what it remembers is a ``Plateau``, kept in checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

RISE = 0.3  # one-cycle: share of the run in which the rate climbs, unless warm-up says otherwise
START, END = 1 / 25, 1 / 250_000  # one-cycle: first and last rate as shares of the highest
THRESHOLD = 1e-4  # plateau: what must change, as a share of the best, to count as better

Rate = Callable[[int], float]
NONE = "none"


def rate(settings: Mapping[str, Any], steps: int, steps_per_epoch: int) -> Rate:
    """The learning rate at each step.

    Args:
        settings: of an Optimizer: learning_rate, schedule, warmup, step_size, gamma, then, switch, ….
        steps: of the whole run.
        steps_per_epoch: batches in an epoch; "step" and others count epochs.

    Returns:
        Step, from 0, to the learning rate.
    """
    kind, then = settings.get("schedule", "constant"), settings.get("then") or NONE
    warmup = float(settings.get("warmup") or 0.0)
    if then == NONE or kind == "plateau":
        return _part(kind, settings, steps, steps_per_epoch, warmup)
    split = round(float(settings.get("switch", 0.5)) * steps)
    first = _part(kind, settings, split, steps_per_epoch, warmup)
    second = _part(then, settings, steps - split, steps_per_epoch, 0.0)
    return lambda step: first(step) if step < split else second(step - split)


def curve(settings: Mapping[str, Any], steps: int, steps_per_epoch: int, points: int) -> list[float]:
    """The learning rate at ``points`` steps spread over the run, to be drawn."""
    at = rate(settings, steps, steps_per_epoch)
    count = max(min(points, steps), 1)
    return [at(round(part * (steps - 1) / max(count - 1, 1))) for part in range(count)]


def is_constant(settings: Mapping[str, Any]) -> bool:
    """Whether the rate never changes, as far as the step alone says."""
    still = settings.get("schedule", "constant") in ("constant", "plateau")
    return still and not settings.get("warmup") and (settings.get("then") or NONE) in (NONE, "constant")


def _part(kind: str, settings: Mapping[str, Any], steps: int, per_epoch: int, warmup: float) -> Rate:
    """One schedule over ``steps``, after its warm-up."""
    peak = float(settings.get("learning_rate", 0.001))
    if kind == "one-cycle":
        return _one_cycle(peak, steps, warmup or RISE)
    rising = round(warmup * steps)
    later = _KINDS.get(kind, _constant)(peak, settings, (steps, max(per_epoch, 1), rising))
    if not rising:
        return later
    return lambda step: peak * (step + 1) / (rising + 1) if step < rising else later(step)


Place = tuple[int, int, int]  # steps, steps an epoch, steps of warm-up


def _constant(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    return lambda step: peak


def _done(place: Place) -> Callable[[int], float]:
    """The share of what comes after the warm-up that is behind a step."""
    steps, _, rising = place
    return lambda step: min((step - rising) / max(steps - rising, 1), 1.0)


def _floor(peak: float, settings: Mapping[str, Any]) -> float:
    return peak * float(settings.get("end_factor") or 0.0)


def _cosine(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    done, floor = _done(place), _floor(peak, settings)
    return lambda step: floor + (peak - floor) * (1 + math.cos(math.pi * done(step))) / 2


def _linear(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    done, floor = _done(place), _floor(peak, settings)
    return lambda step: floor + (peak - floor) * (1 - done(step))


def _polynomial(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    done, floor = _done(place), _floor(peak, settings)
    power = float(settings.get("power", 2.0))
    return lambda step: floor + (peak - floor) * (1 - done(step)) ** power


def _step(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    size, gamma = int(settings.get("step_size") or 10), float(settings.get("gamma", 0.1))
    return lambda step: float(peak * gamma ** (step // place[1] // size))


def _multi_step(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    milestones = tuple(settings.get("milestones") or ())
    gamma = float(settings.get("gamma", 0.1))
    return lambda step: float(peak * gamma ** sum(step // place[1] >= epoch for epoch in milestones))


def _exponential(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    gamma = float(settings.get("epoch_gamma", 0.95))
    return lambda step: float(peak * gamma ** (step // place[1]))


def _inverse_root(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    rising = place[2]
    return lambda step: peak * math.sqrt((rising + 1) / (step + 1))


def _restarts(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    floor, (_, per_epoch, rising) = _floor(peak, settings), place
    first, factor = int(settings.get("period") or 10) * per_epoch, int(settings.get("period_factor") or 1)

    def at(step: int) -> float:
        passed, length = step - rising, first
        if factor == 1:
            passed %= length
        while passed >= length:
            passed, length = passed - length, length * factor
        return floor + (peak - floor) * (1 + math.cos(math.pi * passed / length)) / 2

    return at


def _cyclic(peak: float, settings: Mapping[str, Any], place: Place) -> Rate:
    floor, (_, per_epoch, rising) = _floor(peak, settings), place
    length, mode = int(settings.get("period") or 10) * per_epoch, settings.get("mode", "triangular")
    gamma = float(settings.get("epoch_gamma", 0.95))

    def at(step: int) -> float:
        cycle, passed = divmod(step - rising, length)
        height = 1 - abs(2 * passed / length - 1)
        if mode == "triangular2":
            height = height * 0.5**cycle
        elif mode == "exp_range":
            height = height * gamma ** ((step - rising) / per_epoch)
        return floor + (peak - floor) * height

    return at


_KINDS: dict[str, Callable[[float, Mapping[str, Any], Place], Rate]] = {
    "linear": _linear,
    "exponential": _exponential,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "cosine-restarts": _restarts,
    "cyclic": _cyclic,
    "step": _step,
    "multi-step": _multi_step,
    "inverse-root": _inverse_root,
}


def _one_cycle(peak: float, steps: int, rise: float) -> Rate:
    top = max(rise * steps - 1, 1e-9)
    last = max(steps - 1, 1)

    def at(step: int) -> float:
        if step <= top:
            return _between(peak * START, peak, step / top)
        return _between(peak, peak * END, min((step - top) / max(last - top, 1e-9), 1.0))

    return at


def _between(start: float, end: float, share: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


@dataclass
class Plateau:
    """What the schedule "plateau" remembers: the best value so far and for how many epochs nothing was better.

    Attributes:
        gamma: what the rate is multiplied by.
        patience: epochs without progress that are borne.
        floor: the lowest scale.
        rises: whether more is better.
        scale: what the rate is multiplied by now.
    """

    gamma: float
    patience: int
    floor: float
    rises: bool
    scale: float = 1.0
    best: float | None = None
    waited: int = 0

    def see(self, value: float) -> None:
        """Takes what was measured after an epoch."""
        if self.best is None or self._is_better(value, self.best):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.scale, self.waited = max(self.scale * self.gamma, self.floor), 0

    def _is_better(self, value: float, best: float) -> bool:
        return value > best * (1 + THRESHOLD) if self.rises else value < best * (1 - THRESHOLD)
