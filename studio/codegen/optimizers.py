"""Optimizers as train.py writes them: how each is made, its groups of weights, and what happens at an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.codegen.layout import statement
from studio.codegen.rates import counts_epochs, rate_name
from studio.codegen.template import fill
from studio.layers.optimizers import ALGORITHM, Algorithm, arguments_of
from studio.layers.text import literal

Entry = Mapping[str, Any]

_GROUPS = '''


def «name»(training: Training) -> list[dict]:
    """Weights by what their learning rate is multiplied by and by their decay."""
    factors| factors = «factors»
    groups: dict[tuple[float, float], list] = {}
    for name, weight in training.named_parameters():
        chosen| if not name.startswith(«chosen»):
        chosen|     continue
        frozen| if not weight.requires_grad:
        frozen|     continue
        factors| factor = next((f for part, f in factors.items() if name.startswith(part)), 1.0)
        !factors| factor = 1.0
        exempt| decay = «decay» if weight.dim() > 1 else 0.0
        !exempt| decay = «decay»
        groups.setdefault((factor, decay), []).append(weight)
    return [
        {"params": weights, "lr": «rate» * factor, "factor": factor, "weight_decay": decay}
        for (factor, decay), weights in groups.items()
    ]
'''


@dataclass(frozen=True)
class Drawn:
    """An optimizer as it is drawn.

    Attributes:
        entry: of ``Code.training``.
        weights: expressions of the modules it moves; nothing is all.
        alone: whether it is the only one.
        has_frozen: whether some weights are to stay as they are.
    """

    entry: Entry
    weights: Sequence[str]
    alone: bool
    has_frozen: bool = False

    @property
    def record(self) -> Algorithm:
        """Its algorithm."""
        return ALGORITHM[self.entry.get("algorithm", "AdamW")]

    @property
    def is_grouped(self) -> bool:
        """Whether its weights differ in rate or decay."""
        wants = self.entry.get("groups") or self.entry.get("decay_matrices_only")
        return bool(wants) and not self.record.again

    @property
    def has_groups(self) -> bool:
        """Whether it may hold several groups of weights."""
        return self.is_grouped or self.record.name == "Muon"

    @property
    def rate(self) -> str:
        """The function that gives its learning rate; "" where it never changes."""
        return rate_name(self.entry, 1 if self.alone else 2)

    @property
    def waits(self) -> bool:
        """Whether its rate waits for progress."""
        return self.entry.get("schedule") == "plateau"

    def group_lines(self) -> list[str]:
        """The function that sorts its weights; nothing where they are all alike."""
        if not self.is_grouped:
            return []
        entry = self.entry
        numbers = [float(number) for number in entry.get("group_rates") or (1.0,)]
        parts = {
            f"{part}.": numbers[min(at, len(numbers) - 1)]
            for at, part in enumerate(entry.get("groups") or ())
        }
        inner = ", ".join(f'"{part}": {factor!r}' for part, factor in parts.items())
        chosen = tuple(f"{text.removeprefix('training.')}." for text in self.weights)
        flags = {"factors"} if parts else set()
        flags |= {"exempt"} if entry.get("decay_matrices_only") else set()
        flags |= {"chosen"} if chosen else set()
        flags |= {"frozen"} if self.has_frozen else set()
        fields: dict[str, str | list[str]] = {
            "name": self._groups_name(),
            "factors": f"{{{inner}}}",
            "chosen": literal(chosen),
            "decay": repr(float(entry.get("weight_decay", 0.0))),
            "rate": repr(float(entry["learning_rate"])),
        }
        return ["", "", *fill(_GROUPS, flags, fields)]

    def _groups_name(self) -> str:
        return "parameter_groups" if self.alone else f"{self.entry['name']}_groups"

    def chosen(self) -> str:
        """The expression of its weights."""
        if self.is_grouped:
            return f"{self._groups_name()}(training)"
        weights = self.weights or ("training",)
        if self.has_frozen:
            parts = " + ".join(f"[*{text}.parameters()]" for text in weights)
            parts = f"{weights[0]}.parameters()" if len(weights) == 1 else parts
            return f"[w for w in {parts} if w.requires_grad]"
        if len(weights) == 1:
            return f"list({weights[0]}.parameters())"
        return f"[{', '.join(f'*{text}.parameters()' for text in weights)}]"

    def made(self, weights: str) -> str:
        """The expression that makes it."""
        parts = [weights, f"lr={self.entry['learning_rate']}"]
        for name, (value, default) in arguments_of(self.record, self.entry).items():
            if value != default:
                parts.append(f"{name}={literal(value)}")
        if self.record.fused:
            parts.append("fused=True")
        return f"{self.record.text}({', '.join(parts)})"

    def number(self, name: str) -> float:
        """A parameter that algorithms which ask for the loss again do without."""
        return 0.0 if self.record.again else float(self.entry.get(name) or 0)

    @property
    def batches(self) -> int:
        """Over how many batches gradients are averaged."""
        return 1 if self.record.again else int(self.entry.get("accumulate") or 1)

    def rate_lines(self, steps: str) -> list[str]:
        """The learning rate of the step; nothing where it never changes."""
        base = repr(float(self.entry["learning_rate"]))
        more = ", per_epoch" if counts_epochs(self.entry) else ""
        rate = f"{self.rate}(step, {steps}{more})" if self.rate else base
        if self.waits:
            rate = f"{self.scale} * {rate}"
        elif not self.rate:
            return []
        if not self.has_groups:
            return [f'optimizer.param_groups[0]["lr"] = {rate}']
        if self.is_grouped and self.waits:
            rate = f"({rate})"  # the trainer multiplies in this order
        factor = 'group["factor"] * ' if self.is_grouped else ""
        return ["for group in optimizer.param_groups:", f'    group["lr"] = {factor}{rate}']

    @property
    def scale(self) -> str:
        """What a schedule that waits for progress multiplies the rate by."""
        return "scale" if self.alone else f'scales["{self.entry["name"]}"]'


def algorithm_texts(entries: Sequence[Entry]) -> list[str]:
    """The classes that torch lacks, each once."""
    records = [ALGORITHM[entry.get("algorithm", "AdamW")] for entry in entries]
    return list(dict.fromkeys(record.support.strip("\n") for record in records if record.support))


def making_lines(drawn: Sequence[Drawn]) -> list[str]:
    """The lines of train() that make the optimizers."""
    if len(drawn) > 1:
        lines = ["    optimizers = {"]
        for one in drawn:
            lines += statement(f'"{one.entry["name"]}": {one.made(one.chosen())},', 8)
        return [*lines, "    }"]
    (one,) = drawn
    if one.has_groups:
        made = statement(f"optimizer = {one.made(one.chosen())}", 4)
        every = 'weights = [weight for group in optimizer.param_groups for weight in group["params"]]'
        return [*made, *(statement(every, 4) if needs_weights(drawn) else [])]
    return [*statement(f"weights = {one.chosen()}", 4), *statement(f"optimizer = {one.made('weights')}", 4)]


def needs_weights(drawn: Sequence[Drawn]) -> bool:
    """Whether an update needs the list of weights."""
    clips = any(one.number("clip") or one.number("clip_value") for one in drawn)
    return clips or len(drawn) > 1 or bool(drawn[0].weights)


def backward_lines(drawn: Sequence[Drawn], steps: str) -> list[str]:
    """Gradients of an update, averaged over batches where they are."""
    whole = len(drawn) == 1 and not drawn[0].weights
    call = "backward()" if whole else "backward(inputs=weights)"
    counts = {one.entry["name"]: one.batches for one in drawn}
    if all(count == 1 for count in counts.values()):
        return ["        optimizer.zero_grad()", f"        loss.{call}"]
    turns = {one.entry["name"]: int(one.entry.get("every") or 1) for one in drawn}
    if len(drawn) == 1:
        (batches,) = (str(count) for count in counts.values())
        (every,) = turns.values()
        lines = []
    else:
        batches, every = "batches", 0
        lines = statement(f"batches = {_table(counts)}[name]", 8)
        if any(turn > 1 for turn in turns.values()):
            lines += statement(f"turn = step // {_table(turns)}[name]", 8)
            every = -1
    turn = {0: "step", 1: "step", -1: "turn"}.get(every, f"step // {every}")
    after = f"({turn} + 1)" if turn != "step" else "(step + 1)"
    return [
        *lines,
        f"        if {turn} % {batches} == 0:",
        "            optimizer.zero_grad()",
        f"        (loss / {batches}).{call}",
        f"        if {after} % {batches} and step + 1 < {steps}:",
        "            return",
    ]


def _table(numbers: Mapping[str, int]) -> str:
    return "{" + ", ".join(f'"{name}": {number}' for name, number in numbers.items()) + "}"


def moving_lines(drawn: Sequence[Drawn], steps: str) -> list[str]:
    """Clipping and the rate of the step."""
    lines = []
    for one in drawn:
        own = []
        if one.number("clip"):
            own.append(f"nn.utils.clip_grad_norm_(weights, {one.number('clip')}, foreach=True)")
        if one.number("clip_value"):
            own.append(f"nn.utils.clip_grad_value_(weights, {one.number('clip_value')}, foreach=True)")
        own += one.rate_lines(steps)
        if own and len(drawn) > 1:
            lines.append(f'        if name == "{one.entry["name"]}":')
        pad = " " * (8 if len(drawn) == 1 else 12)
        lines += [pad + line for line in own]
    return lines


_PROGRESS = """
        «value» = «seen»
        if «test»:
            «best», «waited» = «value», 0
        else:
            «waited» += 1
        if «waited» > «patience»:
            «scale», «waited» = max(«scale» * «gamma», «floor»), 0
"""


def progress_lines(drawn: Sequence[Drawn], seen: str, rises: bool) -> list[str]:
    """What train.py does after an epoch for rates that wait for progress.

    Args:
        drawn: the optimizers.
        seen: the expression of what is looked at.
        rises: whether more is better.
    """
    lines: list[str] = []
    for one in drawn:
        if not one.waits:
            continue
        entry, suffix = one.entry, "" if one.alone else f"_{one.entry['name']}"
        fields: dict[str, str | list[str]] = {
            "value": "value",
            "seen": seen,
            "best": f"lowest{suffix}" if not rises else f"highest{suffix}",
            "waited": f"waited{suffix}",
            "scale": one.scale,
            "patience": str(int(entry.get("patience", 10))),
            "gamma": repr(float(entry.get("gamma", 0.1))),
            "floor": repr(float(entry.get("end_factor") or 0.0)),
        }
        name = fields["best"]
        better = f"value > {name} * (1 + 1e-4)" if rises else f"value < {name} * (1 - 1e-4)"
        fields["test"] = f"{name} is None or {better}"
        lines += fill(_PROGRESS, set(), fields)
    return lines


def start_lines(drawn: Sequence[Drawn], rises: bool) -> list[str]:
    """What such rates begin with."""
    waiting = [one for one in drawn if one.waits]
    if not waiting:
        return []
    best = "highest" if rises else "lowest"
    if drawn[0].alone:
        return [f"    scale, {best}, waited = 1.0, None, 0"]
    names = [one.entry["name"] for one in waiting]
    inner = ", ".join(f'"{name}": 1.0' for name in names)
    return [f"    scales = {{{inner}}}", *(f"    {best}_{name}, waited_{name} = None, 0" for name in names)]
