"""Which ports fit together, and why two do not: cycles, kinds of numbers, shapes."""

from __future__ import annotations

from dataclasses import dataclass

from studio.document.model import Document
from studio.graph.model import Graph, Node, Source
from studio.graph.spec import TensorSpec, kind_of
from studio.layers import record_of
from studio.layers.params import ParamError
from studio.layers.ports import kinds_of
from studio.layers.spec import LayerSpec, Port, ShapeError
from studio.layers.values import values
from studio.text import tr
from studio.ui.canvas.cards import PortMark, long_shape
from studio.ui.canvas.geometry import Box
from studio.ui.canvas.scene import PortRef, Scene

_ALL_UP_TO = 400  # nodes; above that only what is in view is looked at


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why two ports do not fit. ``hard``: no wire can be there; else it can, and a problem with fixes shows."""

    text: str
    hard: bool


class Links:
    """What fits the port a wire is drawn from. Made when a wire is picked up."""

    def __init__(self, document: Document, scene: Scene, start: PortRef, area: Box) -> None:
        self._document, self._scene, self._start = document, scene, start
        graph = document.graph(scene.key)
        self._graph = graph
        self._closed = _upstream(graph, start.node) if start.side == "out" else _downstream(graph, start.node)
        self.reasons: dict[PortRef, Refusal | None] = {}
        several = len(scene.ids) > _ALL_UP_TO
        names = [scene.ids[int(at)] for at in scene.inside(area)] if several else scene.ids
        side = "in" if start.side == "out" else "out"
        for name in names:
            for ref in scene.ports(name, side):
                self.reasons[ref] = self.why_not(ref)

    @property
    def fitting(self) -> frozenset[PortRef]:
        """The ports that shine."""
        return frozenset(ref for ref, reason in self.reasons.items() if reason is None)

    def why_not(self, other: PortRef) -> Refusal | None:
        """Why a wire between the start and ``other`` does not fit; None when it does."""
        out, into = (self._start, other) if self._start.side == "out" else (other, self._start)
        if other.side == self._start.side:
            return Refusal(tr("A wire runs from an output to an input"), True)
        if out.node == into.node:
            return Refusal(tr("“{node}” can't feed itself", node=out.node), True)
        if other.node in self._closed:
            text = "“{source}” already depends on “{node}”: the wire would close a cycle"
            return Refusal(tr(text, source=out.node, node=into.node), True)
        mark = self._scene.card(out.node).outputs[out.index]
        node = self._graph.nodes[into.node]
        return misfit(
            self._document, self._graph, self._scene, node, into.name, mark, Source(out.node, mark.name)
        )


def misfit(
    document: Document, graph: Graph, scene: Scene, node: Node, port: str, mark: PortMark, source: Source
) -> Refusal | None:
    """Why the value of ``mark`` does not suit the input ``port`` of ``node``."""
    spec = record_of(node)
    wanted = next((p for p in spec.inputs if p.name == port), None) if spec else None
    if spec is None or wanted is None or mark.spec is None:
        return None
    by_port = _port_misfit(wanted, mark.spec)
    if by_port is not None:
        return by_port
    given = _inputs_with(scene, node, spec, port, mark.spec, source)
    if given is None:
        return None
    wired = frozenset({*node.inputs, port})
    try:
        spec.shape(values(spec, node.params, wired=wired, schemas=document.data), given)
    except ShapeError as error:
        return Refusal(tr(error.template, **error.values), False)
    except (ParamError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
        return None  # the node's own trouble, said elsewhere
    return None


def layer_fits(layer: LayerSpec, spec: TensorSpec | None) -> bool:
    """Whether a value could go into the first input of a layer, as the layer is when it is new."""
    if not layer.inputs:
        return False
    if spec is None:
        return True
    if _port_misfit(layer.inputs[0], spec) is not None:
        return False
    if sum(not port.optional for port in layer.inputs) > 1:
        return True  # whether it fits depends on what else will be wired
    try:
        layer.shape(values(layer, {}, wired=frozenset({layer.inputs[0].name})), (spec,))
    except ShapeError:
        return False
    except (ParamError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError):
        return True  # something is to be set first
    return True


def _port_misfit(port: Port, spec: TensorSpec) -> Refusal | None:
    kind, kinds = kind_of(spec), kinds_of(port)
    if kind not in kinds:
        words = {
            "float": tr("real numbers"),
            "int": tr("whole numbers"),
            "bool": tr("yes or no"),
            "complex": tr("complex numbers"),
        }
        text = tr(
            "“{port}” needs {wanted}, this is {given}",
            port=port.name,
            wanted=words[next(word for word in words if word in kinds)],
            given=words[kind],
        )
        return Refusal(text, False)
    names = port.axes.split()
    least = len(names) - names.count("*")
    if len(spec.shape) < least or ("*" not in names and len(spec.shape) > least):
        text = tr(
            "“{port}” needs {axes}, this is {shape}",
            port=port.name,
            axes=port.axes or tr("one number"),
            shape=long_shape(spec),
        )
        return Refusal(text, False)
    return None


def _inputs_with(
    scene: Scene, node: Node, spec: LayerSpec, port: str, value: TensorSpec, source: Source
) -> tuple[TensorSpec, ...] | None:
    """The specs on all inputs of ``node`` with ``value`` on ``port``; None while one is unknown or missing."""
    given: list[TensorSpec] = []
    for wanted in spec.inputs:
        sources = node.inputs.get(wanted.name, ())
        if wanted.name == port and not wanted.variadic:
            given.append(value)
            continue
        specs = [spec_at(scene, one) for one in sources if one != source]
        if wanted.name == port:
            specs.append(value)
        if any(one is None for one in specs) or (not specs and not wanted.optional):
            return None
        given += [one for one in specs if one is not None]
    return tuple(given)


def spec_at(scene: Scene, source: Source) -> TensorSpec | None:
    """The spec of an output, as far as it is known."""
    if source.node not in scene.index:
        return None
    outputs = scene.card(source.node).outputs
    if not source.port:
        return outputs[0].spec if outputs else None
    return next((mark.spec for mark in outputs if mark.name == source.port), None)


def _upstream(graph: Graph, start: str) -> set[str]:
    todo, seen = [start], {start}
    while todo:
        node = graph.nodes.get(todo.pop())
        for source in node.sources() if node else ():
            if source.node not in seen:
                seen.add(source.node)
                todo.append(source.node)
    return seen


def _downstream(graph: Graph, start: str) -> set[str]:
    readers: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for source in node.sources():
            readers.setdefault(source.node, []).append(node.id)
    todo, seen = [start], {start}
    while todo:
        for reader in readers.get(todo.pop(), ()):
            if reader not in seen:
                seen.add(reader)
                todo.append(reader)
    return seen
