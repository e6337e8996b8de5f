"""What a training step must compute: for each Optimizer its slice, each value once, and again only where it went stale.

Optimizers may rest in a step (every k-th step, a range of epochs). So what is fresh depends on which of them acted:
a set of *cases*, one for each combination of acting Optimizers that can happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from studio.codegen.scope import Key, Scope
from studio.graph.model import Source

IMPLIED = "optimizer"  # the name of the Optimizer nobody drew
_MOST_GATED = 10  # 1,024 cases; a drawing beyond is computed afresh for each Optimizer
Cases = frozenset[int]


@dataclass(frozen=True)
class Paragraph:
    """One Optimizer: the losses it makes small, the nodes whose weights it moves, and the cases in which it acts."""

    name: str
    losses: tuple[Source, ...]
    trained: frozenset[str]
    acts: Cases


@dataclass
class Evaluation:
    """A node computed in a paragraph, in some cases. ``used_by`` are the paragraphs that read it."""

    paragraph: int
    node: str
    cases: Cases
    used_by: set[int] = field(default_factory=set)


class Steps:
    """The plan of a step.

    Attributes:
        paragraphs: by order number.
        gated: Optimizers that rest in some steps.
        cases: all that can happen; a case is a bit mask of acting gated Optimizers.
        evaluations: in the order they are computed.
    """

    def __init__(self, scope: Scope, optimizers: list[str], losses: list[str]) -> None:
        self._scope = scope
        self._above: dict[str, set[str]] = {}
        self.gated = [name for name in optimizers if _is_gated(scope, name)][:_MOST_GATED]
        self.cases = _cases(scope, self.gated)
        self.paragraphs = [self._paragraph(name) for name in optimizers]
        if not optimizers:
            everything = frozenset(name for name in scope.order if self.weights(name))
            self.paragraphs = [Paragraph(IMPLIED, tuple(map(Source, losses)), everything, self.cases)]
        self.evaluations: list[Evaluation] = []
        self._current: dict[tuple[int, str], list[Evaluation]] = {}
        self._plan()

    def weights(self, name: str) -> bool:
        """Whether training may move weights of this very node."""
        node = self._scope.node(name)
        return self._scope.parameters(name) > 0 and not node.frozen and node.layer != "EMA"

    def owners(self, name: str) -> set[str]:
        """The nodes whose weights a node uses."""
        found = {self._scope.owner(name)}
        p = self._scope.params(name)
        tied, of = getattr(p, "weight_of", ""), getattr(p, "of", ())
        if isinstance(of, tuple) and self._scope.role(name) == "loss" and hasattr(p, "of"):
            found |= {str(part) for part in of} or {node for node in self._scope.order if self.weights(node)}
        return found | ({str(tied)} if tied else set())

    def above(self, name: str) -> set[str]:
        """The nodes whose weights a value depends on."""
        if not self._above:
            for node in self._scope.order:
                found = self.owners(node)
                for _, source in self._scope.sources(node):
                    found |= self._above[source.node]
                self._above[node] = found
        return self._above[name]

    def carries(self, paragraph: int, name: str) -> bool:
        """Whether an Optimizer's gradient flows through a value."""
        return bool(self.above(name) & self.paragraphs[paragraph].trained)

    def has_gradient(self, evaluation: Evaluation) -> bool:
        """Whether some paragraph sends a gradient through an evaluation."""
        return any(self.carries(paragraph, evaluation.node) for paragraph in evaluation.used_by)

    def of(self, paragraph: int) -> list[Evaluation]:
        """What a paragraph computes, in order."""
        return [evaluation for evaluation in self.evaluations if evaluation.paragraph == paragraph]

    def detached(self, evaluation: Evaluation) -> frozenset[Key]:
        """Sources whose gradient must not be followed any further."""
        scope, found = self._scope, set()
        if not self.has_gradient(evaluation):
            return frozenset()
        for _, source in scope.sources(evaluation.node):
            flows = any(self.carries(paragraph, source.node) for paragraph in evaluation.used_by)
            before = self._read(evaluation.paragraph, source.node)
            if not flows and any(self.has_gradient(one) for one in before):
                found.add((source.node, scope.port(source)))
        return frozenset(found)

    def is_cut(self, evaluation: Evaluation) -> bool:
        """Whether an evaluation should not be recorded at all: it has weights, but nobody wants their gradient."""
        learned = any(self.weights(name) for name in self.above(evaluation.node))
        return learned and not self.has_gradient(evaluation)

    def _paragraph(self, name: str) -> Paragraph:
        scope = self._scope
        losses = tuple(source for _, source in scope.sources(name) if not scope.passes(source.node))
        chosen = {owner for node in scope.params(name).trains for owner in self.owners(node)}
        trained = frozenset(node for node in chosen or scope.order if self.weights(node))
        acts = self.cases
        if name in self.gated:
            bit = 1 << self.gated.index(name)
            acts = frozenset(case for case in self.cases if case & bit)
        return Paragraph(name, losses, trained, acts)

    def _plan(self) -> None:
        """Walks through the paragraphs and notes what is computed where, and who reads it."""
        scope = self._scope
        fresh: dict[str, Cases] = {}
        for number, paragraph in enumerate(self.paragraphs):
            needed = scope.upstream({source.node for source in paragraph.losses})
            for name in (node for node in scope.order if node in needed):
                missing = paragraph.acts - fresh.get(name, frozenset())
                if missing:
                    self.evaluations.append(Evaluation(number, name, missing))
                    fresh[name] = fresh.get(name, frozenset()) | missing
            for name in needed:
                for evaluation in self._read(number, name):
                    evaluation.used_by.add(number)
            moved = paragraph.trained | self._followers(paragraph.trained)
            for name in fresh:
                if self.above(name) & moved:
                    fresh[name] -= paragraph.acts
        return None

    def _read(self, paragraph: int, name: str) -> list[Evaluation]:
        """The evaluations of a node that a paragraph may meet, the newest first, as far as they are still in use."""
        found: list[Evaluation] = []
        left = self.paragraphs[paragraph].acts
        for evaluation in reversed(self.evaluations):
            if evaluation.node == name and evaluation.paragraph <= paragraph and left & evaluation.cases:
                found.append(evaluation)
                left -= evaluation.cases
        return found

    def _followers(self, trained: frozenset[str]) -> frozenset[str]:
        """The averages that move when these weights do."""
        scope = self._scope
        averages = (name for name in scope.order if scope.node(name).layer == "EMA")
        return frozenset(name for name in averages if str(scope.params(name).of) in trained)

    def condition(self, cases: Cases, within: Cases) -> str:
        """The test that tells ``cases`` from the others ``within``: "" when they are all."""
        if cases >= within:
            return ""
        for at, name in enumerate(self.gated):
            on = frozenset(case for case in within if case >> at & 1)
            if cases & within == on:
                return f'acts("{name}")'
            if cases & within == within - on:
                return f'not acts("{name}")'
        some = [at for at in range(len(self.gated)) if any(case >> at & 1 for case in cases)]
        if cases & within == frozenset(c for c in within if any(c >> at & 1 for at in some)):
            return " or ".join(f'acts("{self.gated[at]}")' for at in some)
        return " or ".join(self._case(case, within) for case in sorted(cases & within))

    def _case(self, case: int, within: Cases) -> str:
        parts = []
        for at, name in enumerate(self.gated):
            if len({other >> at & 1 for other in within}) > 1:
                parts.append(f'{"" if case >> at & 1 else "not "}acts("{name}")')
        return " and ".join(parts)


def _is_gated(scope: Scope, name: str) -> bool:
    p = scope.params(name)
    return bool(p.every > 1 or p.from_epoch > 1 or p.to_epoch > 0)


def _cases(scope: Scope, gated: Iterable[str]) -> Cases:
    """Which gated Optimizers can act together: their ranges of epochs decide, every k-th step is free."""
    names = list(gated)
    params = [scope.params(name) for name in names]
    epochs = {1, *(p.from_epoch for p in params), *(p.to_epoch + 1 for p in params if p.to_epoch)}
    found: set[int] = set()
    for epoch in epochs:
        choices = []
        for p in params:
            inside = p.from_epoch <= epoch and (not p.to_epoch or epoch <= p.to_epoch)
            choices.append((0, 1) if inside and p.every > 1 else (int(inside),))
        for bits in product(*choices):
            found.add(sum(bit << at for at, bit in enumerate(bits)))
    return frozenset(found)
