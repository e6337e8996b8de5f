"""Nodes, sources, graphs and blocks. An edge is stored at its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from studio.graph.expression import Expression
from studio.graph.persistent import PersistentMap

Value = int | float | bool | str | None | tuple["Value", ...] | Expression
"""What a parameter may hold. Lists of the file become tuples."""


class GraphError(ValueError):
    """An edit or a file that no graph allows. The text says what, where and what to do, for the user."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: an output port of a node. In files ``conv1`` or ``lstm1.h``."""

    node: str
    port: str = ""  # "" is the node's first output

    def __str__(self) -> str:
        return f"{self.node}.{self.port}" if self.port else self.node


@dataclass(frozen=True, slots=True, eq=True)
class Node:
    """A placed layer. ``params`` holds only what the user set; the record of the layer has the defaults.

    Instances of a block are nodes of the layer ``Block`` (or ``Repeat``), whose parameter ``block`` names
    the block and whose ``arguments`` set the block's own typed parameters.
    """

    id: str
    layer: str
    params: Mapping[str, Value] = field(default_factory=dict)
    inputs: Mapping[str, tuple[Source, ...]] = field(
        default_factory=dict
    )  # port -> sources; one unless variadic
    arguments: Mapping[str, Value] = field(default_factory=dict)
    frozen: bool = False
    muted: bool = False
    present_if: Expression | None = None  # where it does not hold, the first input runs through
    extra: Mapping[str, object] = field(default_factory=dict)  # fields of the file this version does not know
    muted_inputs: Mapping[str, tuple[tuple[int, Source], ...]] = field(
        default_factory=dict
    )  # wires that carry nothing: port -> (its place among all wires of the port, source)

    def with_params(self, changes: Mapping[str, Value]) -> Node:
        """This node with ``changes`` laid over its parameters."""
        return replace(self, params={**self.params, **changes})

    def with_input(self, port: str, sources: tuple[Source, ...]) -> Node:
        """This node with ``port`` fed by ``sources``; none of them unplugs the port."""
        if sources:
            return replace(self, inputs={**self.inputs, port: sources})
        return replace(self, inputs={name: value for name, value in self.inputs.items() if name != port})

    def sources(self) -> Iterator[Source]:
        """Every source, those of muted wires too."""
        for sources in self.inputs.values():
            yield from sources
        for muted in self.muted_inputs.values():
            for _, source in muted:
                yield source

    def wires(self, port: str) -> list[tuple[Source, bool]]:
        """The wires into ``port`` in their order, each with whether it is muted."""
        wires = [(source, False) for source in self.inputs.get(port, ())]
        for place, source in self.muted_inputs.get(port, ()):
            wires.insert(place, (source, True))
        return wires

    def with_wires(self, port: str, wires: Iterable[tuple[Source, bool]]) -> Node:
        """This node with ``wires`` into ``port``, as ``wires`` gives them."""
        wires = list(wires)
        muted = tuple((place, source) for place, (source, is_muted) in enumerate(wires) if is_muted)
        silent = {name: value for name, value in self.muted_inputs.items() if name != port}
        node = self.with_input(port, tuple(source for source, is_muted in wires if not is_muted))
        return replace(node, muted_inputs={**silent, port: muted} if muted else silent)

    def rewired(self, change: Callable[[Source], Source | None]) -> Node:
        """This node with what ``change`` makes of each source, of muted wires too; None takes the wire away.

        Two wires of a port that now come from one source become one. The node itself when nothing changes.
        """
        node = self
        for port in dict.fromkeys((*self.inputs, *self.muted_inputs)):
            before = self.wires(port)
            after: list[tuple[Source, bool]] = []
            origins: dict[Source, tuple[Source, int]] = {}
            for source, muted in before:
                made = change(source)
                if made is None:
                    continue
                first, place = origins.setdefault(made, (source, len(after)))
                if first == source:  # a value that was read twice is still read twice
                    after.append((made, muted))
                else:
                    after[place] = (made, after[place][1] and muted)
            if after != before:
                node = node.with_wires(port, after)
        return node


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id. Acyclic and without dangling sources once it went through ``edits`` or ``files``."""

    nodes: PersistentMap[Node] = field(default_factory=PersistentMap)

    def with_node(self, node: Node) -> Graph:
        """This graph with ``node`` added, or in place of the one of the same id."""
        return Graph(self.nodes.set(node.id, node))

    def with_nodes(self, nodes: Iterable[Node]) -> Graph:
        """This graph with all ``nodes`` set."""
        return Graph(self.nodes.update({node.id: node for node in nodes}))

    def without(self, *ids: str) -> Graph:
        """This graph without the nodes ``ids``; who read them is unplugged."""
        gone = set(ids)
        changed = [unplugged(node, gone) for node in self.nodes.values() if reads_any(node, gone)]
        return Graph(self.nodes.update({node.id: node for node in changed}).without(*gone))

    def reaches(self, start: str, target: str) -> bool:
        """Whether ``target`` lies upstream of ``start`` (or is it): an edge target <- start would close a cycle."""
        todo, seen = [start], {start}
        while todo:
            name = todo.pop()
            if name == target:
                return True
            node = self.nodes.get(name)
            for source in node.sources() if node else ():
                if source.node not in seen:
                    seen.add(source.node)
                    todo.append(source.node)
        return False

    def order(self) -> list[str]:
        """Ids so that each node follows what it reads; stable. Nodes on a cycle come last, in id order."""
        waiting = {
            name: {source.node for source in node.sources() if source.node in self.nodes}
            for name, node in self.nodes.items()
        }
        readers: dict[str, list[str]] = {name: [] for name in waiting}
        for name, sources in waiting.items():
            for source in sources:
                readers[source].append(name)
        left = {name: len(sources) for name, sources in waiting.items()}
        done = [name for name, count in left.items() if count == 0]
        for name in done:  # grows while it is walked
            for reader in readers[name]:
                left[reader] -= 1
                if left[reader] == 0:
                    done.append(reader)
        if len(done) < len(left):
            placed = set(done)
            done += sorted(name for name in left if name not in placed)
        return done


PARAM_KINDS = ("int", "float", "bool", "text", "ints", "floats")  # the last two are lists


@dataclass(frozen=True, slots=True)
class BlockParam:
    """A typed parameter of a block or of the whole drawing. ``kind`` is one of PARAM_KINDS."""

    name: str
    kind: str
    default: Value
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A graph with ports and parameters, used by many nodes.

    Its inputs are its nodes of the layer ``Input``, its outputs those of ``Output``, named by their ids.
    """

    name: str
    graph: Graph = field(default_factory=Graph)
    params: tuple[BlockParam, ...] = ()
    doc: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)  # fields of the file this version does not know


def fits(kind: str, value: object) -> bool:
    """Whether a parameter of this kind may hold ``value``."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind in ("ints", "floats"):
        return isinstance(value, tuple) and all(fits(kind[:-1], part) for part in value)
    if kind == "int":
        return whole
    if kind == "float":
        return whole or isinstance(value, float)
    return isinstance(value, bool if kind == "bool" else str)


def reads_any(node: Node, ids: set[str]) -> bool:
    """Whether ``node`` reads a value of one of ``ids``."""
    return any(source.node in ids for source in node.sources())


def unplugged(node: Node, ids: set[str]) -> Node:
    """``node`` no longer reading any of ``ids``."""
    return node.rewired(lambda source: None if source.node in ids else source)
