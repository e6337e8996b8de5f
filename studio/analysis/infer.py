"""Shapes and costs of a graph, and again after an edit: only what depends on the edit is worked out anew.

The walk follows the order of the graph from the edit on and goes no further where nothing differs any more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace

from studio.analysis.configure import Names, Setup, block_ports, index_names, names_index
from studio.analysis.evaluate import (
    NOTHING,
    UNKNOWN,
    Finding,
    Result,
    apply,
    known,
    looked_up,
    remember,
    too_large,
)
from studio.analysis.model import Facts
from studio.analysis.state import Blocks, Given, State, carry_over, note_trouble, rewire, store
from studio.graph.model import Block, Graph
from studio.graph.spec import TensorSpec
from studio.layers.rules import show

_DEEPEST = 40  # blocks in blocks; far beyond any drawing, far below what Python can nest


def infer(
    graph: Graph,
    blocks: Blocks,
    previous: State | None = None,
    names: Names | None = None,
    given: Given | None = None,
    stack: tuple[str, ...] = (),
) -> State:
    """The state of ``graph``.

    Args:
        graph: what to look at.
        blocks: the blocks it may use.
        previous: a state of this graph before an edit, if there is one.
        names: values of the block's parameters.
        given: what flows into the block, by the names of its inputs.
        stack: names of the blocks around it, its own last.
    """
    state = State(graph, blocks, names or {}, given or {}, stack)
    changed: Iterable[str] = graph.nodes
    if previous and previous.blocks.schemas is blocks.schemas and previous.names == state.names:
        changed = carry_over(state, previous)
    _walk(state, rewire(state, changed))
    return state


def flowing(state: State, name: str) -> tuple[int, TensorSpec | None]:
    """What the node ``name`` (an Output) reads: its code and spec."""
    for source, port, _ in state.setups[name].reads:
        result = state.results.get(source, NOTHING)
        return result.codes.get(port, UNKNOWN), result.specs.get(port)
    return UNKNOWN, None


def _walk(state: State, dirty: set[str]) -> None:
    """Works out the dirty nodes in order, and what follows from them."""
    setups, results, depths, readers = state.setups, state.results, state.depths, state.readers
    rank, troubled = state.rank, state.troubled
    start = min((rank[name] for name in dirty if name in rank), default=len(state.order))
    for name in itertools.islice(state.order, start, None):
        if name not in dirty:
            continue
        setup = setups[name]
        deep = 0
        codes = [setup.key]
        for source, port, _ in setup.reads:
            result = results.get(source, NOTHING)
            codes.append(result.codes.get(port, UNKNOWN))
            depth = depths.get(source, 0)
            if depth > deep:
                deep = depth
        key = tuple(codes)
        found = known(key)
        if found is None:
            found = _work_out(state, name, setup, key)
        deep += found.own_depth
        if found is results.get(name) and depths[name] == deep:
            if name in troubled or found.findings or setup.findings:
                note_trouble(state, name, found)
            continue
        store(state, name, found, deep)
        if name in readers:
            dirty.update(readers[name])
    for name in dirty:
        if name in setups and name not in rank:
            note_trouble(state, name, results.get(name, NOTHING))


def _work_out(state: State, name: str, setup: Setup, key: tuple[int, ...]) -> Result:
    """The result of a node that nobody remembers."""
    if setup.role == "input":
        code, spec = state.given.get(name, (UNKNOWN, None))
        return Result({"y": spec}, Facts({"y": spec})) if code and spec else NOTHING
    if not setup.key:
        return NOTHING
    if UNKNOWN in key:
        return _blocked(state, setup)
    specs = tuple(state.results[source].specs[port] for source, port, _ in setup.reads)
    if setup.role == "block":
        result = _instance(state, name, setup, specs)
    elif setup.role == "muted":
        out = dict.fromkeys(setup.ports[:1], specs[0]) if specs else {}
        result = Result(out, Facts(out))
    else:
        assert setup.layer is not None  # a configuration without a record has no key
        result = apply(setup.layer, setup.p, setup.ports, specs)
    return remember(key, result)


def _blocked(state: State, setup: Setup) -> Result:
    """Something it reads has no shape. That is a problem of its own only where the wire leads nowhere."""
    found = []
    for source, port, own in () if setup.is_gone else setup.reads:
        values = {"port": own, "source": f"{source}.{port}" if port else source}
        if source not in state.setups:
            text = "{port} reads {source}, which is not there: unplug it"
        elif not _may_have(state, source, port):
            text = "{port} reads {source}, but that node has no such output: unplug it"
        else:
            continue
        found.append(Finding("error", "dangling", text, values, (("unplug", own, values["source"]),)))
    return Result({}, Facts(), tuple(found)) if found else NOTHING


def _may_have(state: State, source: str, port: str) -> bool:
    setup, result = state.setups[source], state.results.get(source, NOTHING)
    if not setup.key or result.findings or source in state.cyclic or setup.role in ("input", "muted"):
        return True
    return port in setup.ports if port else bool(setup.ports)


def _instance(state: State, name: str, setup: Setup, specs: tuple[TensorSpec, ...]) -> Result:
    """The block inside an instance; of a Repeat one state a turn, the same one where nothing differs."""
    block = setup.block
    assert block is not None and setup.layer is not None  # a configuration without its block has no key
    if block.name in state.stack or len(state.stack) >= _DEEPEST:
        return Result({}, Facts(), (_recursion(block.name, block.name in state.stack),))
    if setup.layer.name == "EMA" and not setup.reads:
        return Result({}, Facts())
    given: Given = {
        own: (state.results[source].codes[port], spec)
        for (source, port, own), spec in zip(setup.reads, specs, strict=True)
    }
    if setup.layer.name == "Scan":
        return _scanned(state, name, setup, given)
    inner = list(_turns(state, name, setup, given))
    return _total(setup, inner, given)


def _turns(state: State, name: str, setup: Setup, current: Given) -> Iterator[State]:
    """The block's state in each turn, up to one that breaks."""
    block = setup.block
    assert block is not None and setup.layer is not None
    before = state.results.get(name, NOTHING).inner
    indexed = setup.layer.name == "Repeat" and _uses_index(block)
    last: Given = {}
    found: State | None = None
    for turn in range(setup.times):
        names = setup.p.turns[turn] if len(setup.p.turns) > 1 else setup.p.names
        names = {**names, **index_names(turn)} if indexed else names
        if found is None or current != last or names != found.names:
            past = before[turn] if turn < len(before) else None
            past = past if past and past.stack[-1] == block.name else None
            found = infer(block.graph, state.blocks, past, names, current, (*state.stack, block.name))
            last, current = current, _next_turn(current, found, setup.ports)
        yield found
        if setup.times > 1 and turn + 1 < setup.times and any(not code for code, _ in current.values()):
            return  # the first turn that breaks says why; the others could only repeat it


def _recursion(block: str, itself: bool) -> Finding:
    if itself:
        text = "The block {block} contains itself: take it out"
    else:
        text = "The block {block} is nested too deep here: use fewer levels"
    return Finding("error", "recursion", text, {"block": block}, (("remove",),))


def _next_turn(given: Given, inner: State, outputs: tuple[str, ...]) -> Given:
    """What flows into the next turn: the block's outputs into its inputs in order, the other inputs again."""
    carried = [flowing(inner, port) for port in outputs]
    return {
        port: carried[at] if at < len(carried) else value for at, (port, value) in enumerate(given.items())
    }


def _total(setup: Setup, inner: list[State], given: Given) -> Result:
    """The facts of an instance: all turns together, the outputs of the last."""
    assert setup.layer is not None and setup.block is not None
    specs: dict[str, TensorSpec] = {}
    complete = len(inner) == setup.times
    carried = list(given.values())
    for at, port in enumerate(setup.ports):
        spec = flowing(inner[-1], port)[1] if inner else carried[at][1] if at < len(carried) else None
        if spec is not None and complete:
            specs[port] = spec
    weights = inner[:1] if getattr(setup.p, "shared", False) else inner
    parameters = sum(state.parameters for state in weights)
    findings = too_large(setup.block.name, parameters)
    if weights is not inner and any(state.parameters != parameters for state in inner):
        text = "The turns share one set of weights, but need weights of different shapes: turn sharing off"
        findings = (*findings, Finding("error", "shared", text, {}, (("set", "shared", False),)))
    borrowed: str = getattr(setup.p, "weights_of", "")
    if borrowed or setup.layer.name == "EMA":
        parameters = 0  # counted where they belong
    activations = sum(state.activation_bytes for state in inner)
    memory = 4 * parameters + activations
    flops = sum(state.flops for state in inner)
    facts = Facts(specs, {}, parameters, flops, memory, sum(state.depth() for state in inner))
    return _made(setup, facts, findings, inner, activations)


def _made(
    setup: Setup, facts: Facts, findings: tuple[Finding, ...], inner: list[State], activations: int
) -> Result:
    result = Result(facts.outputs, facts, findings, tuple(inner), activations)
    if setup.ports and setup.ports[0] not in facts.outputs:
        result.codes.pop("", None)  # the first output is the one that is unknown
        result.specs.pop("", None)
    return result


def _scanned(state: State, name: str, setup: Setup, given: Given) -> Result:
    """A block that runs over the time axis: its first input a slice at a time, its states carried on."""
    block = setup.block
    assert block is not None
    inputs = [port.name for port in block_ports(block)[0]]
    wrong = scan_problem(setup.p, inputs, setup.ports, given)
    if wrong is not None:
        return Result({}, Facts(), (wrong,))
    whole = given[inputs[0]][1]
    assert whole is not None
    length = whole.shape[1]
    current = dict(given)
    current[inputs[0]] = _coded(TensorSpec((whole.shape[0], *whole.shape[2:]), whole.dtype, whole.classes))
    for port in inputs[-setup.p.states :]:
        current.setdefault(port, _coded(TensorSpec((whole.shape[0], *setup.p.state_shape))))
    current = {port: current[port] for port in inputs}
    before = state.results.get(name, NOTHING).inner
    past = before[0] if before and before[0].stack[-1] == block.name else None
    inner = infer(block.graph, state.blocks, past, setup.p.names, current, (*state.stack, block.name))
    specs = {port: spec for port in setup.ports if (spec := flowing(inner, port)[1]) is not None}
    findings = tuple(_unsteady(setup, inputs, current, specs))
    first = setup.ports[0]
    if first in specs and setup.p.output == "all":
        step = specs[first]
        specs[first] = TensorSpec((step.shape[0], length, *step.shape[1:]), step.dtype)
    times = length if isinstance(length, int) else 1
    parameters = 0 if setup.p.weights_of else inner.parameters
    activations = inner.activation_bytes * times
    memory = 4 * parameters + activations
    found = Facts({} if findings else specs, {}, parameters, inner.flops * times, memory, inner.depth())
    return _made(setup, found, findings, [inner], activations)


def _coded(spec: TensorSpec) -> tuple[int, TensorSpec]:
    return looked_up(spec)[0], spec


def _unsteady(
    setup: Setup, inputs: list[str], given: Given, specs: Mapping[str, TensorSpec]
) -> Iterator[Finding]:
    """Findings about states that leave a step with another shape than they came in with."""
    count = setup.p.states
    for own, port in zip(inputs[-count:], setup.ports[-count:], strict=True):
        before, after = given[own][1], specs.get(port)
        if before is not None and after is not None and before.shape != after.shape:
            text = "The state {port} goes into a step as {before} and comes out as {after}: make them equal"
            about = {"port": own, "before": show(before.shape), "after": show(after.shape)}
            yield Finding("error", "state", text, about)


def scan_problem(
    p: SimpleNamespace, inputs: list[str], outputs: tuple[str, ...], given: Given
) -> Finding | None:
    """Why a block can't run over the time axis."""
    if len(inputs) <= p.states or len(outputs) < p.states:
        text = (
            "The block needs an input for each step and, for {count} states, as many inputs and outputs more"
        )
        return Finding("error", "state", text, {"count": p.states})
    spec = given[inputs[0]][1]
    if spec is None or len(spec.shape) < 2:
        text = "{port} needs N T *, a sequence, gets {shape}"
        return Finding("error", "shape", text, {"port": inputs[0], "shape": show(spec.shape if spec else ())})
    return None


def _uses_index(block: Block) -> bool:
    """Whether some expression in the block looks at which turn of the Repeat it is."""
    return any(
        names_index(value)
        for node in block.graph.nodes.values()
        for value in (*node.params.values(), *node.arguments.values(), node.present_if)
    )
