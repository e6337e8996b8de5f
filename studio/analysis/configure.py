"""What a node says by itself, before any shape is known: its record, checked parameters and what it reads.

Equal configurations share one number, so that equal nodes share their results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from studio.analysis.evaluate import Finding, fresh
from studio.graph.expression import Expression, ExpressionError
from studio.graph.model import Block, BlockParam, Node, Value, fits
from studio.layers import record_of
from studio.layers.answers import version
from studio.layers.custom import NAME as CUSTOM
from studio.layers.custom import code_fault
from studio.layers.params import BlockRef, Param, ParamError
from studio.layers.ports import input_ports, output_ports
from studio.layers.spec import LayerSpec, Port
from studio.layers.values import values

Names = Mapping[str, Any]
Reads = tuple[tuple[str, str, str], ...]  # (source node, source port, own port), in port order
_MOST_REMEMBERED = 50_000
_INDEX = re.compile(r"\b(i|index)\b")
_MUTABLE = ("layer", "loss", "metric", "optimizer", "view")
_NO_RECORD = "There is no layer called {layer}: remove the node, or open the project with a newer version"
_known: dict[tuple[object, ...], Setup] = {}


class Setup:
    """The configuration of a node. ``key`` is 0 where it can't be worked out, ``role`` that of the record."""

    __slots__ = ("block", "findings", "key", "layer", "p", "ports", "reads", "role", "times", "version")

    def __init__(self, layer: LayerSpec | None, role: str) -> None:
        self.layer, self.role = layer, role
        self.key = 0
        self.p = SimpleNamespace()
        self.ports: tuple[str, ...] = ()  # of outputs
        self.reads: Reads = ()
        self.findings: tuple[Finding, ...] = ()
        self.block: Block | None = None
        self.version, self.times = 0, 1

    @property
    def is_gone(self) -> bool:
        """Whether it is muted or absent and passes nothing on: a loss, a metric, an Optimizer, a View."""
        return self.role == "muted" and self.layer is not None and self.layer.traits.role != "layer"

    def twin(self, reads: Reads) -> Setup:
        """This configuration reading something else."""
        new = Setup.__new__(Setup)
        for name in Setup.__slots__:
            setattr(new, name, getattr(self, name))
        new.reads = reads
        return new


def configure(node: Node, names: Names, schemas: Mapping[str, Any]) -> Setup:
    """The configuration of a node that is no instance of a block.

    Args:
        node: the node.
        names: values that expressions in its parameters may use.
        schemas: the user's own data sets by alias.
    """
    wired = tuple(node.inputs)
    count = tuple(map(len, node.inputs.values()))
    present, absence = presence(node, names)
    used = tuple(sorted(names.items())) if names and _has_expression(node.params) else ()
    about: tuple[object, ...] = (
        node.layer,
        repr(node.params),
        wired,
        count,
        node.muted or not present,
        repr(used),
    )
    if node.layer == CUSTOM:
        about = (*about, version())  # a worker may have said more of it meanwhile
    found = _known.get(about) if node.layer != "Data" else None
    if found is None:
        if len(_known) > _MOST_REMEMBERED:
            _known.clear()
        found = _known[about] = _configured(node, names, schemas, present)
    made = found.twin(tuple(_reads(node, found.layer.inputs if found.layer else ())))
    if absence:
        made.findings, made.key = (*absence, *made.findings), 0
    return made


def presence(node: Node, names: Names) -> tuple[bool, tuple[Finding, ...]]:
    """Whether the condition of a node holds, and what is wrong with the condition."""
    if node.present_if is None:
        return True, ()
    try:
        return bool(node.present_if.value(names)), ()
    except ExpressionError as error:
        text = "{node} can't tell whether it is present: {reason}"
        return True, (Finding("error", "condition", text, {"node": node.id, "reason": str(error)}),)


def own_names(params: tuple[BlockParam, ...]) -> dict[str, Any]:
    """The values that the drawing's own parameters have."""
    found: dict[str, Any] = {}
    for param in params:
        value = param.default
        try:
            found[param.name] = value.any_value(found) if isinstance(value, Expression) else value
        except ExpressionError:
            continue  # who uses it says so
    return found


def own_value(value: Value, params: tuple[BlockParam, ...]) -> object:
    """``value`` in the main graph: an expression worked out with the drawing's own parameters, else None."""
    if not isinstance(value, Expression):
        return value
    try:
        return value.any_value(own_names(params))
    except ExpressionError:
        return None


def _configured(node: Node, names: Names, schemas: Mapping[str, Any], present: bool) -> Setup:
    layer = record_of(node)
    if layer is None:
        setup = Setup(None, "unknown")
        setup.findings = (
            Finding("error", "unknown_layer", _NO_RECORD, {"layer": node.layer}, (("remove",),)),
        )
        return setup
    muted = (node.muted and layer.traits.role in _MUTABLE) or not present
    setup = Setup(layer, "muted" if muted else layer.traits.role)
    wired = frozenset(node.inputs)
    if layer.name == CUSTOM and (fault := code_fault(node.params.get("code"))) is not None:
        setup.ports = tuple(port.name for port in layer.outputs)
        text = "The code has a mistake in line {line}: {what}"
        setup.findings = (Finding("error", "code", text, {"line": fault.line, "what": fault}),)
        return setup
    setup.p, wrong = checked(layer, node.params, names, wired, schemas)
    ports = input_ports(layer, node.params, schemas)
    setup.findings = (*wrong, *unwired(ports, node, layer.name))
    setup.ports = tuple(port.name for port in output_ports(layer, vars(setup.p), schemas))
    if muted and layer.traits.role != "layer":
        setup.ports = ()  # a muted loss is not there; a muted layer passes on what comes in
    setup.key = 0 if any(finding.severity == "error" for finding in setup.findings) else fresh()
    return setup


def checked(
    layer: LayerSpec,
    params: Mapping[str, Value],
    names: Names,
    wired: frozenset[str] = frozenset(),
    schemas: Mapping[str, Any] | None = None,
) -> tuple[SimpleNamespace, tuple[Finding, ...]]:
    """The parameters as rules take them, and a finding for each wrong one, which counts as not set."""
    left, wrong = dict(params), []
    known = {param.name: param for param in layer.params}
    for name in params:
        if name not in known:
            del left[name]
            text = "{layer} has no parameter {name}: remove it"
            wrong.append(
                Finding("error", "parameter", text, {"layer": layer.name, "name": name}, (("unset", name),))
            )
            continue
        try:
            values(layer, {name: params[name]}, names)
        except ParamError as error:
            del left[name]
            wrong.append(_bad_parameter(known[name], error))
    return values(layer, left, names, wired=wired, schemas=schemas or {}), tuple(wrong)


def _bad_parameter(param: Param, error: ParamError) -> Finding:
    return Finding("error", "parameter", error.template, error.values, (("set", param.name, param.default),))


def unwired(ports: tuple[Port, ...], node: Node, name: str) -> Iterator[Finding]:
    """Findings about required ports without a source, and sources on ports that do not exist."""
    for port in ports:
        if not port.optional and not node.inputs.get(port.name):
            text = "{layer} needs something on its input {port}: wire it"
            yield Finding(
                "error", "unconnected", text, {"layer": name, "port": port.name}, (("connect", port.name),)
            )
        elif not port.variadic and len(node.inputs.get(port.name, ())) > 1:
            text = "{layer} takes one value on {port}, but several are wired: unplug it and wire one"
            yield Finding(
                "error", "too_many", text, {"layer": name, "port": port.name}, (("unplug", port.name, ""),)
            )
    for given, sources in node.inputs.items():
        if sources and all(port.name != given for port in ports):
            text = "{layer} has no input {port}: unplug it"
            yield Finding("error", "no_port", text, {"layer": name, "port": given}, (("unplug", given, ""),))


def _reads(node: Node, ports: tuple[Port, ...]) -> Iterator[tuple[str, str, str]]:
    inputs = node.inputs
    for port in ports:
        for source in inputs.get(port.name, ()):
            yield source.node, source.port, port.name


def configure_instance(
    node: Node, names: Names, blocks: Mapping[str, Block], versions: Mapping[str, int]
) -> Setup:
    """The configuration of an instance of a block: which block, with which values of its parameters."""
    layer = record_of(node)
    assert layer is not None  # the caller looked at its role
    present, absence = presence(node, names)
    setup = Setup(layer, "muted" if node.muted or not present else "block")
    setup.p, findings = checked(layer, node.params, names)
    findings = (*absence, *findings)
    name = getattr(setup.p, "block", "")
    block = blocks.get(name) if isinstance(name, str) else None
    times = getattr(setup.p, "times", 1)
    setup.times = times if isinstance(times, int) and times >= 0 else 1
    if block is None:
        text = "There is no block called “{block}”: choose one"
        setup.findings = (*findings, Finding("error", "unknown_block", text, {"block": name}))
        return setup
    setup.block, setup.version = block, versions.get(name, 0)
    setup.p.turns, more = _turns(node, block, names, setup.times)
    setup.p.names = setup.p.turns[0]
    inputs, outputs = block_ports(block)
    setup.ports = outputs
    setup.findings = (*findings, *more, *unwired(_asked(setup, inputs, node), node, name))
    setup.reads = tuple(_reads(node, inputs))
    setup.p.wired = frozenset(read[2] for read in setup.reads)
    if layer.name == "EMA" and not setup.reads:
        setup.ports = ()  # a copy that only follows gives nothing
    if not any(finding.severity == "error" for finding in setup.findings):
        about = (
            setup.role,
            layer.name,
            name,
            setup.version,
            _said(setup.p),
            tuple(r[2] for r in setup.reads),
        )
        known = _known.get(about)
        if known is None:
            known = _known[about] = setup
            setup.key = fresh()
        setup.key = known.key
    return setup


def _said(p: SimpleNamespace) -> str:
    return repr({**vars(p), "wired": sorted(p.wired)})


def _turns(
    node: Node, block: Block, names: Names, times: int
) -> tuple[list[dict[str, Any]], tuple[Finding, ...]]:
    """The values of the block's parameters, turn by turn where they look at the turn, else once."""
    if node.layer != "Repeat" or not any(names_index(value) for value in node.arguments.values()):
        first, wrong = arguments(block, node.arguments, names)
        return [first], wrong
    turns = []
    for turn in range(max(times, 1)):
        found, wrong = arguments(block, node.arguments, {**names, **index_names(turn)})
        turns.append(found)
        if wrong:
            return turns, wrong
    return turns, ()


def index_names(turn: int) -> dict[str, int]:
    """What expressions may call the turn of a Repeat, from 0."""
    return {"i": turn, "index": turn}


def names_index(value: Value) -> bool:
    """Whether an expression looks at which turn of a Repeat it is."""
    if isinstance(value, tuple):
        return any(names_index(part) for part in value)
    return isinstance(value, Expression) and bool(_INDEX.search(value.text))


def _asked(setup: Setup, inputs: tuple[Port, ...], node: Node) -> tuple[Port, ...]:
    """The inputs that must be wired: states of a Scan start at zero, and an EMA may merely follow."""
    assert setup.layer is not None
    free: set[str] = set()
    if setup.layer.name == "Scan":
        free = {port.name for port in inputs[-setup.p.states :]}
    elif setup.layer.name == "EMA" and not any(node.inputs.values()):
        free = {port.name for port in inputs}
    return tuple(replace(port, optional=True) if port.name in free else port for port in inputs)


def block_ports(block: Block) -> tuple[tuple[Port, ...], tuple[str, ...]]:
    """The inputs of a block, and the names of its outputs, in the order of its nodes."""
    inputs, outputs = [], []
    for name, node in block.graph.nodes.items():
        layer = record_of(node)
        role = layer.traits.role if layer else ""
        if role == "input":
            inputs.append(Port(name, str(node.params.get("axes", "*")), "any"))
        elif role == "output":
            outputs.append(name)
    return tuple(inputs), tuple(outputs)


def arguments(
    block: Block, given: Mapping[str, Value], names: Names
) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The values of a block's parameters in one instance, worked out with the ``names`` around it."""
    result: dict[str, Any] = {}
    wrong: list[Finding] = []
    for param in block.params:
        value = given.get(param.name, param.default)
        try:
            result[param.name] = value.any_value(names) if isinstance(value, Expression) else value
        except ExpressionError as error:
            text = "{name}: {reason}"
            wrong.append(Finding("error", "argument", text, {"name": param.name, "reason": str(error)}))
            continue
        if not fits(param.kind, result[param.name]):
            text = "{name} needs a value of the kind {kind}, got {value}"
            about = {"name": param.name, "kind": param.kind, "value": result[param.name]}
            wrong.append(Finding("error", "argument", text, about))
    for name in given:
        if name not in result and all(param.name != name for param in block.params):
            text = "The block {block} has no parameter {name}: remove it"
            wrong.append(Finding("error", "argument", text, {"block": block.name, "name": name}))
    return result, tuple(wrong)


def refers_to(block: Block) -> frozenset[str] | None:
    """Names of the blocks that ``block`` uses itself; None when a parameter chooses them."""
    found = set()
    for node in block.graph.nodes.values():
        layer = record_of(node)
        if layer is not None and layer.traits.role == "block":
            for param in layer.params:
                if isinstance(param, BlockRef):
                    name = node.params.get(param.name, param.default)
                    if not isinstance(name, str):
                        return None
                    found.add(name)
    return frozenset(found)


def _has_expression(params: Mapping[str, Value]) -> bool:
    return any(
        isinstance(value, Expression)
        or (isinstance(value, tuple) and any(isinstance(part, Expression) for part in value))
        for value in params.values()
    )
