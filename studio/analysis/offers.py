"""From a rule's hint at a repair to a fix that can be clicked, where the repair is possible here."""

from __future__ import annotations

from collections.abc import Iterator

from studio.analysis.evaluate import NOTHING
from studio.analysis.fixes import dead_way
from studio.analysis.model import Fix
from studio.analysis.state import State
from studio.graph.model import Node, Source
from studio.layers import record_of
from studio.layers.params import Bool, Float, Int, Param

_WIDTH = {"Linear": "out_features", "Conv1d": "out_channels", "Conv2d": "out_channels"}


def offers(state: State, graph: str, node: Node | None, action: tuple[object, ...]) -> Iterator[Fix]:
    """The fixes that ``action`` (without its place) comes to at ``node``; none where it can't be done.

    Args:
        state: the graph the node is in.
        graph: its key.
        node: the node, None for the whole graph.
        action: as in ``Finding.fixes``.
    """
    kind, *rest = action
    if node is None:
        yield from _for_graph(graph, str(kind), rest)
    elif kind == "insert":
        yield Fix("Insert {layer}", {"layer": rest[1]}, ("insert", graph, node.id, rest[0], rest[1]))
    elif kind == "remove":
        target = str(rest[0]) if rest else node.id
        yield Fix("Remove {node}", {"node": target}, ("remove", graph, target))
    elif kind == "prune":
        more = len(dead_way(state.graph, node.id)) - 1
        values: dict[str, object] = {"node": node.id, **({"count": more} if more else {})}
        template = "Remove {node} and {count} more before it" if more else "Remove {node}"
        yield Fix(template, values, ("prune", graph, node.id))
    elif kind == "set":
        yield from _set(graph, node, str(rest[0]), rest[1])
    elif kind == "unset":
        yield Fix("Remove the setting {name}", {"name": rest[0]}, ("unset", graph, node.id, rest[0]))
    elif kind == "unplug":
        source = rest[1] if len(rest) > 1 else ""
        yield Fix("Unplug {port}", {"port": rest[0]}, ("unplug", graph, node.id, rest[0], source))
    elif kind == "set_source_features":
        yield from _set_features(state, graph, node, int(str(rest[0])), str(rest[1]))
    elif kind == "connect":
        yield from _connect(state, graph, node, str(rest[0]))
    elif kind in ("add_output", "add_loss"):
        yield from _for_graph(graph, str(kind), [node.id, *rest])


def _for_graph(graph: str, kind: str, rest: list[object]) -> Iterator[Fix]:
    if kind == "add_optimizer":
        yield Fix("Add an Optimizer", {}, ("add_optimizer", graph))
    elif kind == "add_output" and rest:
        yield Fix("Add an Output after {node}", {"node": rest[0]}, ("add_output", graph, rest[0]))
    elif kind == "add_loss" and len(rest) > 1:
        values = {"layer": rest[1], "node": rest[0]}
        yield Fix("Add {layer} after {node}", values, ("add_loss", graph, *rest))


def _set(graph: str, node: Node, name: str, value: object) -> Iterator[Fix]:
    layer = record_of(node)
    param = next((param for param in layer.params if param.name == name), None) if layer else None
    if param is not None:
        value = _typed(param, value)
        yield Fix(
            "Set {name} to {value}", {"name": name, "value": value}, ("set", graph, node.id, name, value)
        )


def _typed(param: Param, value: object) -> object:
    """Rules write values as text; the parameter knows what they are."""
    if not isinstance(value, str):
        return value
    if isinstance(param, Bool):
        return value == "true"
    if isinstance(param, Int):
        return int(value)
    if isinstance(param, Float):
        return float(value)
    if value.lstrip("-").isdigit():
        return int(value)
    return value


def _set_features(state: State, graph: str, node: Node, wanted: int, port: str) -> Iterator[Fix]:
    """Sets the width of the layer that ``port`` gets its last axis from, seen through layers that keep it."""
    sources = node.inputs.get(port, ())
    name = sources[0].node if sources else ""
    for _ in range(50):
        upstream = state.graph.nodes.get(name)
        if upstream is None:
            return
        if upstream.layer in _WIDTH:
            yield from _named_set(graph, name, _WIDTH[upstream.layer], wanted)
            return
        setup, result = state.setups[name], state.results.get(name, NOTHING)
        kept = {spec.shape for spec in result.facts.outputs.values()}
        if len(setup.reads) != 1 or result.facts.parameters and setup.layer and setup.layer.traits.learned:
            return
        before = state.results.get(setup.reads[0][0], NOTHING).specs.get(setup.reads[0][1])
        if before is None or before.shape not in kept:
            return
        name = setup.reads[0][0]


def _named_set(graph: str, name: str, param: str, value: int) -> Iterator[Fix]:
    values = {"node": name, "name": param, "value": value}
    yield Fix("Set {name} of {node} to {value}", values, ("set", graph, name, param, value))


def _connect(state: State, graph: str, node: Node, port: str) -> Iterator[Fix]:
    """A wire from the one value that suits: the label for a target, else the only loose end drawn before."""
    layer = record_of(node)
    source = _label(state) if port == "target" else None
    if source is None and layer is not None and layer.traits.role != "optimizer":
        source = _loose_end(state, node)
    elif source is None:
        losses = [name for name in state.roles.get("loss", ()) if not state.readers.get(name)]
        source = Source(losses[0]) if len(losses) == 1 else None
    if source is not None and not state.graph.reaches(source.node, node.id):
        yield Fix(
            "Wire {source} to {port}",
            {"source": str(source), "port": port},
            ("connect", graph, node.id, port, str(source)),
        )


def unplug_what_is_no_loss(state: State, graph: str, node: Node) -> Iterator[Fix]:
    """Offers to take off what is more than one number."""
    for source, port, own in state.setups[node.id].reads:
        spec = state.results.get(source, NOTHING).specs.get(port)
        if spec is not None and spec.shape:
            yield Fix("Unplug {port}", {"port": source}, ("unplug", graph, node.id, own, source))


def _label(state: State) -> Source | None:
    """The field of the only Data node that holds what is to be learned."""
    data = [name for name in state.roles.get("source", ()) if state.graph.nodes[name].layer == "Data"]
    if len(data) != 1:
        return None
    ports = state.setups[data[0]].ports
    found = next((port for port in ("label", "target", "next") if port in ports), None)
    return Source(data[0], found) if found else None


def _loose_end(state: State, node: Node) -> Source | None:
    """The last node drawn before ``node`` whose value nobody reads."""
    best = None
    for name in state.graph.nodes:
        if name == node.id:
            break
        setup = state.setups[name]
        if (
            setup.ports
            and setup.role in ("layer", "block", "input", "source")
            and not state.readers.get(name)
        ):
            best = name
    return Source(best) if best else None
