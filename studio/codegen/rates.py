"""A drawn schedule as functions in train.py: the one that is drawn, with its numbers in it.

The same operations in the same order as ``studio.layers.schedules``, so that both give the same bits; a test walks
every schedule through random settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.codegen.template import fill
from studio.layers.schedules import END, NONE, RISE, START, is_constant

_ONE_CYCLE = '''


def «name»(«arguments») -> float:
    """Up to «peak» along half a cosine, then down along another to almost 0."""
    start, peak, end = «start», «peak», «end»
    top = max(«rise» * steps - 1, 1e-9)
    if step <= top:
        return peak + (start - peak) * (1 + math.cos(math.pi * (step / top))) / 2
    done = min((step - top) / max(max(steps - 1, 1) - top, 1e-9), 1.0)
    return end + (peak - end) * (1 + math.cos(math.pi * done)) / 2
'''

_OTHERS = '''


def «name»(«arguments») -> float:
    """«doc»."""
    warmup| rising = round(«warmup» * steps)
    warmup| if step < rising:
    warmup|     return «peak» * (step + 1) / (rising + 1)
    done|warmup| done = min((step - rising) / max(steps - rising, 1), 1.0)
    done|!warmup| done = min(step / max(steps, 1), 1.0)
    cosine| return «down» * (1 + math.cos(math.pi * done)) / 2
    linear| return «down» * (1 - done)
    polynomial| return «down» * (1 - done) ** «power»
    step| return «peak» * «gamma» ** (step // per_epoch // «size»)
    multi-step| return «peak» * «gamma» ** sum(step // per_epoch >= epoch for epoch in «milestones»)
    exponential| return «peak» * «epoch_gamma» ** (step // per_epoch)
    inverse-root|warmup| return «peak» * math.sqrt((rising + 1) / (step + 1))
    inverse-root|!warmup| return «peak» * math.sqrt(1 / (step + 1))
    cosine-restarts|warmup| passed, length = step - rising, «period» * per_epoch
    cosine-restarts|!warmup| passed, length = step, «period» * per_epoch
    cosine-restarts|!grows| passed %= length
    cosine-restarts|grows| while passed >= length:
    cosine-restarts|grows|     passed, length = passed - length, length * «factor»
    cosine-restarts| return «down» * (1 + math.cos(math.pi * passed / length)) / 2
    cyclic| length = «period» * per_epoch
    cyclic|warmup| cycle, passed = divmod(step - rising, length)
    cyclic|!warmup| cycle, passed = divmod(step, length)
    cyclic| height = 1 - abs(2 * passed / length - 1)
    cyclic|halved| height = height * 0.5**cycle
    cyclic|fading|warmup| height = height * «epoch_gamma» ** ((step - rising) / per_epoch)
    cyclic|fading|!warmup| height = height * «epoch_gamma» ** (step / per_epoch)
    cyclic| return «down» * height
    constant| return «peak»
'''

_BOTH = '''


def «name»(«arguments») -> float:
    """First one schedule, then another from its beginning."""
    split = round(«switch» * steps)
    if step < split:
        return first_«name»(step, split«more»)
    return second_«name»(step - split, steps - split«more»)
'''

_BY_EPOCH = ("step", "multi-step", "exponential", "cosine-restarts", "cyclic")
_DOCS = {
    "constant": "{peak}, after a warm-up",
    "plateau": "{peak}, after a warm-up",
    "linear": "From {peak} down a straight line to {floor}",
    "cosine": "From {peak} down half a cosine to {floor}",
    "polynomial": "From {peak} down to {floor} along a power",
    "step": "{peak}, times {gamma} every {size} epochs",
    "multi-step": "{peak}, times {gamma} at each milestone",
    "exponential": "{peak}, times {epoch_gamma} after every epoch",
    "inverse-root": "{peak}, falling with the root of the steps",
    "cosine-restarts": "Down a cosine from {peak} to {floor}, again and again",
    "cyclic": "Up to {peak} and down to {floor}, over and over",
}


def rate_name(entry: Mapping[str, Any], count: int) -> str:
    """The function that gives an optimizer's learning rate; "" where it never changes.

    Args:
        entry: of the optimizer in ``Code.training``.
        count: how many optimizers there are.
    """
    if is_constant(entry):
        return ""
    return "learning_rate" if count == 1 else f"{entry['name']}_rate"


def counts_epochs(entry: Mapping[str, Any]) -> bool:
    """Whether the function must know how many steps an epoch has."""
    kinds = (entry.get("schedule", "constant"), entry.get("then") or NONE)
    return not is_constant(entry) and any(kind in _BY_EPOCH for kind in kinds)


def _signature(entry: Mapping[str, Any]) -> dict[str, str | list[str]]:
    more = counts_epochs(entry)
    return {
        "arguments": "step: int, steps: int" + (", per_epoch: int" if more else ""),
        "more": ", per_epoch" if more else "",
    }


def rate_lines(entry: Mapping[str, Any], count: int) -> list[str]:
    """The function itself, two blank lines before it; nothing where the rate never changes."""
    name = rate_name(entry, count)
    if not name:
        return []
    kind, then = entry.get("schedule", "constant"), entry.get("then") or NONE
    warmup = float(entry.get("warmup") or 0.0)
    if then == NONE or kind == "plateau":
        return _part(name, kind, warmup, entry)
    both = fill(
        _BOTH, set(), {**_signature(entry), "name": name, "switch": repr(float(entry.get("switch", 0.5)))}
    )
    first = _part(f"first_{name}", kind, warmup, entry)
    return [*first, *_part(f"second_{name}", then, 0.0, entry), "", "", *both]


def _part(name: str, kind: str, warmup: float, entry: Mapping[str, Any]) -> list[str]:
    peak, share = float(entry.get("learning_rate", 0.001)), float(entry.get("end_factor") or 0.0)
    floor = peak * share
    fields: dict[str, str | list[str]] = {
        **_signature(entry),
        "name": name,
        "peak": repr(peak),
        "start": repr(peak * START),
        "end": repr(peak * END),
        "rise": repr(warmup or RISE),
        "warmup": repr(warmup),
        "gamma": repr(float(entry.get("gamma", 0.1))),
        "epoch_gamma": repr(float(entry.get("epoch_gamma", 0.95))),
        "size": str(int(entry.get("step_size") or 10)),
        "milestones": repr(tuple(entry.get("milestones") or ())),
        "power": repr(float(entry.get("power", 2.0))),
        "period": str(int(entry.get("period") or 10)),
        "factor": str(int(entry.get("period_factor") or 1)),
        "floor": repr(floor) if share else "0",
        "down": f"{floor!r} + {peak - floor!r}" if share else repr(peak),
    }
    if kind not in ("one-cycle", *_DOCS):
        kind = "constant"
    fields["doc"] = _DOCS.get(kind, "").format(**fields)
    marks = {
        "constant" if kind == "plateau" else kind: True,
        "warmup": bool(warmup),
        "done": kind in ("linear", "cosine", "polynomial"),
        "grows": int(entry.get("period_factor") or 1) > 1,
        "halved": entry.get("mode") == "triangular2",
        "fading": entry.get("mode") == "exp_range",
    }
    flags = {mark for mark, is_set in marks.items() if is_set}
    return ["", "", *fill(_ONE_CYCLE if kind == "one-cycle" else _OTHERS, flags, fields)]
