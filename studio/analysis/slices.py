"""Parts of a graph: what a value needs, what is exported."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from studio.analysis.configure import Setup
from studio.analysis.drawing import Drawing
from studio.graph.model import Graph
from studio.layers import record_of


def upstream(graph: Graph, ids: Iterable[str], setups: Mapping[str, Setup] | None = None) -> set[str]:
    """``ids`` and all nodes whose values they need.

    Args:
        graph: the graph.
        ids: where to start; names that are not there are left out.
        setups: configurations, where there are some: they know the sources without looking at the nodes.
    """
    nodes = graph.nodes
    found = {name for name in ids if name in nodes}
    todo = list(found)
    while todo:
        name = todo.pop()
        if setups is not None:
            sources: Iterable[str] = [read[0] for read in setups[name].reads]
        else:
            sources = [source.node for wired in nodes[name].inputs.values() for source in wired]
        for source in sources:
            if source not in found and source in nodes:
                found.add(source)
                todo.append(source)
    return found


def nodes_of_role(graph: Graph, roles: Container[str]) -> list[str]:
    """Nodes whose layer has one of ``roles`` ("loss", "output", …), in the order of the graph."""
    return [
        name
        for name, node in graph.nodes.items()
        if (layer := record_of(node)) is not None and layer.traits.role in roles
    ]


def network_nodes(document: Drawing, key: str = "") -> list[str]:
    """The exported network: layers and blocks that the Outputs need, each after what it reads.

    Without Outputs it is what the losses need. Sources (Data, Noise, Input, …) and Outputs are not in it.
    """
    graph = document.graph(key)
    ends = nodes_of_role(graph, ("output",)) or nodes_of_role(graph, ("loss",))
    wanted = upstream(graph, ends)
    inner = set(nodes_of_role(graph, ("layer", "block")))
    return [name for name in graph.order() if name in wanted and name in inner]


def loss_slice(graph: Graph, losses: Iterable[str]) -> list[str]:
    """Everything that must be computed for ``losses``, themselves last, each after what it reads."""
    wanted = upstream(graph, losses)
    return [name for name in graph.order() if name in wanted]
