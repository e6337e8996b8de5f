"""What is known of a graph, and how an edit is taken in: configurations, readers and the order of the nodes.

A state is a handful of plain dictionaries. A new one copies them (microseconds for a thousand nodes), so
that the state before stays as it was: undo comes back to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from studio.analysis.configure import Names, Reads, Setup, configure, configure_instance, refers_to
from studio.analysis.evaluate import NOTHING, Result, fresh
from studio.graph.model import Block, Graph, Node
from studio.graph.persistent import PersistentMap
from studio.graph.spec import TensorSpec
from studio.layers import record_of
from studio.layers.spec import LayerSpec


def is_kept(layer: LayerSpec, p: SimpleNamespace) -> bool:
    """Whether a layer with these parameters can't leave as ONNX."""
    return not layer.exportable or kept_by(layer, p) != ""


def kept_by(layer: LayerSpec, p: SimpleNamespace) -> str:
    """The parameter whose value keeps a layer from leaving as ONNX; "" for none."""
    defaults = {param.name: param.default for param in layer.params}
    return next((name for name in layer.kept_back if getattr(p, name, defaults[name]) != defaults[name]), "")


Given = Mapping[str, tuple[int, TensorSpec | None]]
_structures = itertools.count(1)


class Blocks:
    """The blocks of a document; each has a version that changes with it and with every block it uses."""

    def __init__(
        self, blocks: PersistentMap[Block], schemas: Mapping[str, Any], before: Blocks | None
    ) -> None:
        self.blocks, self.schemas = blocks, schemas
        self.uses: dict[str, frozenset[str] | None] = {}
        self.versions: dict[str, int] = {}
        keep = before if before is not None and before.schemas is schemas else None
        changed = keep.blocks.changed(blocks) if keep else set(blocks)
        if keep:
            self.uses = {name: uses for name, uses in keep.uses.items() if name in blocks}
            self.versions = {name: version for name, version in keep.versions.items() if name in blocks}
        self.uses |= {name: refers_to(blocks[name]) for name in changed if name in blocks}
        todo = list(changed)
        stale = set(changed)
        while todo:
            name = todo.pop()
            for user, uses in self.uses.items():
                if user not in stale and (uses is None or name in uses):
                    stale.add(user)
                    todo.append(user)
        self.versions |= {name: fresh() for name in stale if name in blocks}


class Reach:
    """Which nodes matter to whom; holds as long as the structure is the same."""

    __slots__ = ("end", "exported", "structure", "unused")

    def __init__(self, structure: int, unused: tuple[str, ...], exported: frozenset[str], end: str) -> None:
        self.structure, self.unused, self.exported, self.end = structure, unused, exported, end


class State:
    """What is known of one graph (of the main one, or of a block in one instance)."""

    __slots__ = (
        "activation_bytes",
        "blocks",
        "cyclic",
        "depths",
        "flops",
        "given",
        "graph",
        "names",
        "order",
        "parameters",
        "rank",
        "reach",
        "readers",
        "results",
        "roles",
        "setups",
        "stack",
        "structure",
        "troubled",
    )

    def __init__(
        self, graph: Graph, blocks: Blocks, names: Names, given: Given, stack: tuple[str, ...]
    ) -> None:
        self.graph, self.blocks, self.names, self.given, self.stack = graph, blocks, names, given, stack
        self.setups: dict[str, Setup] = {}
        self.results: dict[str, Result] = {}
        self.depths: dict[str, int] = {}
        self.readers: dict[str, tuple[str, ...]] = {}
        self.order: list[str] = []
        self.rank: dict[str, int] = {}
        self.cyclic: frozenset[str] = frozenset()
        self.roles: dict[str, dict[str, None]] = {}
        self.troubled: dict[str, None] = {}
        self.parameters = self.flops = self.activation_bytes = 0
        self.structure = 0  # another number whenever nodes, wires or roles differ
        self.reach: Reach | None = None  # filled in by who asks for it

    def depth(self) -> int:
        """Learned layers on the longest path."""
        return max(self.depths.values(), default=0)


def in_order(state: State, role: str) -> list[str]:
    """The nodes of a role in the order of the graph, whatever the order they were made in."""
    found = state.roles.get(role, {})
    return list(found) if len(found) < 2 else [name for name in state.graph.nodes if name in found]


def carry_over(state: State, previous: State) -> set[str]:
    """Takes over what ``previous`` knows; gives the nodes that must be looked at again."""
    for name in ("setups", "results", "depths", "readers", "rank", "troubled"):
        setattr(state, name, getattr(previous, name).copy())
    state.roles = {role: dict(names) for role, names in previous.roles.items()}
    for name in ("order", "cyclic", "structure", "reach", "parameters", "flops", "activation_bytes"):
        setattr(state, name, getattr(previous, name))
    same = previous.graph.nodes is state.graph.nodes
    changed: set[str] = set()
    if not same:
        changed = set(previous.graph.nodes.changed(state.graph.nodes))
    for name in state.roles.get("input", ()):
        if previous.given.get(name) != state.given.get(name):
            changed.add(name)
    if previous.blocks is not state.blocks:
        before, now = previous.blocks.versions, state.blocks.versions
        for name in (*state.roles.get("block", ()), *state.roles.get("muted", ())):
            setup = state.setups[name]
            key = setup.block.name if setup.block else str(getattr(setup.p, "block", ""))
            if before.get(key) != now.get(key):
                changed.add(name)
    return changed


def rewire(state: State, changed: Iterable[str]) -> set[str]:
    """Configures the ``changed`` nodes anew and mends the order; gives those whose result may differ."""
    nodes, setups = state.graph.nodes, state.setups
    dirty: set[str] = set()
    added, moved, removed, remade = [], [], [], []
    readers: dict[str, list[str]] = {}  # lists while they change
    for name in changed:
        dirty.add(name)
        node = nodes.get(name)
        before = setups.get(name)
        if node is None:
            removed.append(name)
            if before is not None:
                _forget(state, name, before)
                _unread(state, readers, name, before.reads)
            continue
        setup = setups[name] = _setup(state, node)
        if before is None:
            added.append(name)
        elif before.reads != setup.reads:
            moved.append(name)
        if before is None or _offer(before) != _offer(setup):
            remade.append(name)
        if before is None or before.role != setup.role or _marks(before) != _marks(setup):
            _index(state, name, before, setup)
        if before is None or before.reads != setup.reads:
            _reread(state, readers, name, before, setup)
    state.readers.update({name: tuple(found) for name, found in readers.items()})
    for name in (*remade, *removed):  # who reads it may find, miss or wait for an output now
        dirty.update(state.readers.get(name, ()))
    if added or moved or removed:
        state.structure = next(_structures)
        was_cyclic = bool(state.cyclic)
        _mend_order(state, added, moved, removed)
        if state.cyclic or was_cyclic:
            dirty.update(state.setups)
    return dirty


def _offer(setup: Setup) -> tuple[str, bool, tuple[str, ...]]:
    """What a reader that gets no value from a node asks of it, to say whether the wire leads nowhere."""
    return setup.role, bool(setup.key), setup.ports


def _list(state: State, readers: dict[str, list[str]], name: str) -> list[str]:
    found = readers.get(name)
    if found is None:
        found = readers[name] = list(state.readers.get(name, ()))
    return found


def _reread(
    state: State, readers: dict[str, list[str]], name: str, before: Setup | None, setup: Setup
) -> None:
    if before is not None:
        _unread(state, readers, name, before.reads)
    for source in dict.fromkeys(read[0] for read in setup.reads):
        _list(state, readers, source).append(name)


def _unread(state: State, readers: dict[str, list[str]], name: str, reads: Reads) -> None:
    for source in dict.fromkeys(read[0] for read in reads):
        _list(state, readers, source).remove(name)


def _setup(state: State, node: Node) -> Setup:
    layer = record_of(node)
    if layer is not None and layer.traits.role == "block":
        return configure_instance(node, state.names, state.blocks.blocks, state.blocks.versions)
    return configure(node, state.names, state.blocks.schemas)


def _marks(setup: Setup) -> tuple[str, ...]:
    """What nodes are listed for besides their role: using another's weights, not leaving as ONNX."""
    tied = ("tied",) if getattr(setup.p, "weight_of", "") else ()
    if getattr(setup.p, "weights_of", "") or (setup.layer is not None and setup.layer.name == "EMA"):
        tied = ("sharing",)
    return (*tied, "kept") if setup.layer is not None and is_kept(setup.layer, setup.p) else tied


def _index(state: State, name: str, before: Setup | None, setup: Setup | None) -> None:
    """Notes the role and marks of a node, so that problems find it without walking the graph."""
    for old in (before.role, *_marks(before)) if before else ():
        state.roles.get(old, {}).pop(name, None)
    for new in (setup.role, *_marks(setup)) if setup else ():
        if new != "layer":
            state.roles.setdefault(new, {})[name] = None
    state.structure = next(_structures)


def _forget(state: State, name: str, setup: Setup) -> None:
    result = state.results.pop(name, NOTHING)
    state.parameters -= result.facts.parameters
    state.flops -= result.facts.flops
    state.activation_bytes -= result.activation_bytes
    state.depths.pop(name, None)
    state.troubled.pop(name, None)
    del state.setups[name]
    _index(state, name, setup, None)


def _mend_order(state: State, added: list[str], moved: list[str], removed: list[str]) -> None:
    """Keeps the order where it still holds, which most edits leave so; else sorts the graph again."""
    rank, setups = state.rank, state.setups
    if not state.order or state.cyclic or len(added) > 1:
        _sort(state)
        return
    if removed:
        gone = set(removed)
        state.order = [name for name in state.order if name not in gone]
        for name in removed:
            rank.pop(name, None)
        rank.update(zip(state.order, range(len(state.order)), strict=True))
    if added:
        name = added[0]
        rank[name] = len(state.order)
        state.order = [*state.order, name]
    for name in (*added, *moved):
        own = rank[name]
        if any(rank.get(read[0], -1) >= own for read in setups[name].reads):
            return _sort(state)
        if name in added and state.readers.get(name):
            return _sort(state)
    return None


def _sort(state: State) -> None:
    """Orders the ids so that each follows what it reads; what is on or behind a cycle gets no place."""
    setups, readers = state.setups, state.readers
    left: dict[str, int] = {}
    done = []
    for name, setup in setups.items():
        reads = setup.reads
        count = len({read[0] for read in reads if read[0] in setups}) if reads else 0
        if count:
            left[name] = count
        else:
            done.append(name)
    for name in done:  # grows while it is walked
        for reader in readers.get(name, ()):
            left[reader] -= 1
            if not left[reader]:
                done.append(reader)
                del left[reader]
    state.order = done
    state.rank = dict(zip(done, range(len(done)), strict=True))
    state.cyclic = frozenset(_circle(state, set(left)))
    for name in left:
        store(state, name, NOTHING, 0)


def _circle(state: State, left: set[str]) -> set[str]:
    """Of the nodes that no order could place, those on a cycle: the others merely follow one."""
    while True:
        ends = {name for name in left if not any(reader in left for reader in state.readers.get(name, ()))}
        if not ends:
            return left
        left = left - ends


def store(state: State, name: str, result: Result, depth: int) -> None:
    before = state.results.get(name)
    if before is not result:
        facts = result.facts
        state.results[name] = result
        if before is None:
            before = NOTHING
        old = before.facts
        state.parameters += facts.parameters - old.parameters
        state.flops += facts.flops - old.flops
        state.activation_bytes += result.activation_bytes - before.activation_bytes
    state.depths[name] = depth
    if result.findings or result.inner or name in state.troubled or state.setups[name].findings:
        note_trouble(state, name, result)


def note_trouble(state: State, name: str, result: Result) -> None:
    if state.setups[name].findings or result.findings or name in state.cyclic or _inner_trouble(result):
        state.troubled[name] = None
    else:
        state.troubled.pop(name, None)


def _inner_trouble(result: Result) -> bool:
    return any(inner.troubled for inner in result.inner)
