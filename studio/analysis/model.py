"""What analysis says of a document: facts of each node, problems, fixes, totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from studio.graph.spec import TensorSpec
from studio.text import tr


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one node. All counts are for one sample (N is 1).

    ``outputs`` is empty while the shapes are unknown. ``memory_bytes`` is the weights plus the outputs.
    ``depth`` is what the node itself adds to a path of learned layers: 1, or the depth inside a block.
    """

    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    weights: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    parameters: int = 0
    flops: int = 0
    memory_bytes: int = 0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair that one click makes.

    ``action`` is one of ("insert", graph, node, port, layer) | ("remove", graph, node) | ("prune", graph, node) |
    ("set", graph, node, parameter, value) | ("unset", graph, node, parameter) |
    ("unplug", graph, node, port, source node) | ("connect", graph, source, node, port) |
    ("add_output", graph, node) | ("add_optimizer", graph) | ("add_loss", graph, node); graph "" is the
    main graph.
    """

    template: str
    values: Mapping[str, object]
    action: tuple[object, ...]

    @property
    def title(self) -> str:
        """What the button says, in the current language."""
        return tr(self.template, **self.values)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or odd, with its place. ``node`` is "" where the whole graph is meant."""

    severity: str  # "error", "warning", "hint"
    code: str
    graph: str
    node: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()

    @property
    def message(self) -> str:
        """The text in the current language."""
        return tr(self.template, **self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """The result for one document. ``facts`` is keyed by path: "conv1", inside instances "head/linear1".

    ``memory_bytes`` estimates training: weights, gradients, two moments of Adam, and every output once for
    a whole batch. ``nodes`` counts placed nodes, those of each block once. ``state`` is what the next
    analysis starts from and nobody else's business.
    """

    facts: Mapping[str, Facts] = field(default_factory=dict)
    parameters: int = 0
    flops: int = 0
    memory_bytes: int = 0
    depth: int = 0
    nodes: int = 0
    outputs: Mapping[str, TensorSpec] = field(default_factory=dict)
    state: object = None
    find_problems: Callable[[], tuple[Problem, ...]] = tuple
    _found: list[tuple[Problem, ...]] = field(default_factory=list, repr=False)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, errors first; put together when first asked for."""
        if not self._found:
            self._found.append(self.find_problems())
        return self._found[0]

    @property
    def can_run(self) -> bool:
        """Whether nothing stands in the way of training."""
        return not any(problem.severity == "error" for problem in self.problems)

    def problems_of(self, node: str, graph: str = "") -> Iterator[Problem]:
        """The problems of one node."""
        return (p for p in self.problems if p.node == node and p.graph == graph)
