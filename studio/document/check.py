"""Whether a document read from text is one that edits could have made. Arithmetic only; nothing is built."""

from __future__ import annotations

from dataclasses import replace

from studio.document.errors import FileError
from studio.document.model import MAIN, Document
from studio.document.names import MAIN_IN_FILES, is_name
from studio.document.ports import INSTANCES, param_of
from studio.graph.expression import Expression
from studio.graph.model import Graph, Node, Value
from studio.graph.persistent import PersistentMap
from studio.layers import record_of
from studio.layers.custom import NAME as CUSTOM
from studio.layers.custom import code_fault
from studio.layers.params import ParamError
from studio.layers.spec import LayerSpec

_NEWER = "Take a newer version of the studio, or correct the name"


def checked_document(doc: Document) -> Document:
    """``doc`` with every parameter in its stored form; parameters that say the default are left out.

    Raises:
        FileError: an unknown layer, parameter or port, a dangling source, a cycle.
    """
    check_structure(doc)
    for key in (MAIN, *doc.blocks):
        place = place_of(key)
        nodes = {name: checked_node(node, place) for name, node in doc.graph(key).nodes.items()}
        doc = doc.with_graph(key, Graph(PersistentMap(nodes)))
    return doc


def check_structure(doc: Document) -> None:
    """Checks wires and blocks only: what holds for a file of a newer format too.

    Raises:
        FileError: a dangling source, a cycle, a block that is missing or holds itself.
    """
    for name in doc.blocks:
        if not is_name(name) or name == MAIN_IN_FILES:
            raise FileError("blocks", "{name} can't name a block", "Use letters, digits and _", name=name)
    for key in (MAIN, *doc.blocks):
        check_graph(doc.graph(key), place_of(key))
    _check_nesting(doc)


def place_of(key: str) -> str:
    """How messages call the graph ``key``."""
    return f'block "{key}"' if key else MAIN_IN_FILES


def check_graph(graph: Graph, place: str) -> None:
    """Checks that every source exists and that there is no cycle.

    Raises:
        FileError: one of them does not hold.
    """
    for node in graph.nodes.values():
        for port in (*node.inputs, *node.muted_inputs):
            for source, _ in node.wires(port):
                if source.node not in graph.nodes:
                    raise FileError(
                        f'{place} node "{node.id}" inputs.{port}',
                        "there is no node {name}",
                        "Name a node of this graph",
                        name=source.node,
                    )
    done: set[str] = set()
    for name in graph.order():
        if any(source.node not in done for source in graph.nodes[name].sources()):
            raise FileError(
                f'{place} node "{name}"',
                "it reads its own result: the wires close a cycle",
                "Cut one of them",
            )
        done.add(name)


def checked_node(node: Node, place: str) -> Node:
    """``node`` with parameters in their stored form.

    Raises:
        FileError: its layer, a parameter or a port is unknown, or a value is out of range.
    """
    spot = f'{place} node "{node.id}"'
    spec = record_of(node)
    if spec is None:
        raise FileError(spot, "there is no layer {layer}", _NEWER, layer=node.layer)
    if node.layer == CUSTOM and code_fault(node.params.get("code")):
        return node  # half a text is kept with all its wires; analysis says what is wrong with it
    if node.layer not in INSTANCES:
        _check_inputs(node, spec, spot)
    params = checked_params(spec, node.params, spot)
    if spec.name == node.layer and params == node.params:
        return node
    return replace(node, layer=spec.name, params=params)


def checked_params(spec: LayerSpec, params: object, place: str) -> dict[str, Value]:
    """The parameters in their stored form, without those that say the default.

    Raises:
        FileError: an unknown parameter, or a value it does not allow.
    """
    result: dict[str, Value] = {}
    for name, value in dict(params).items():  # type: ignore[call-overload]
        param = param_of(spec, name)
        if param is None:
            raise FileError(
                f"{place} params.{name}", "{layer} has no parameter of this name", _NEWER, layer=spec.name
            )
        if not isinstance(value, Expression):
            try:
                value = param.check(value)
            except ParamError as error:
                raise FileError(f"{place} params.{name}", error.template, **error.values) from None
        if not _same(value, param.default):
            result[name] = value
    return result


def _same(value: Value, default: Value) -> bool:
    return value == default and type(value) is type(default)


def _check_inputs(node: Node, spec: LayerSpec, place: str) -> None:
    ports = {port.name: port for port in spec.inputs}
    for name in (*node.inputs, *node.muted_inputs):
        if name not in ports:
            raise FileError(
                f"{place} inputs.{name}", "{layer} has no input of this name", _NEWER, layer=spec.name
            )
        count = len(node.wires(name))
        if count > 1 and not ports[name].variadic:
            raise FileError(f"{place} inputs.{name}", "takes one value, got {count}", count=count)


def _check_nesting(doc: Document) -> None:
    """No block may hold itself; 10^40 nodes by nesting are nothing to be afraid of here."""
    uses: dict[str, set[str]] = {}
    for key in (MAIN, *doc.blocks):
        uses[key] = set()
        for node in doc.graph(key).nodes.values():
            name = node.params.get("block") if node.layer in INSTANCES else None
            if isinstance(name, str) and name:
                if name not in doc.blocks:
                    spot = f'{place_of(key)} node "{node.id}" params.block'
                    raise FileError(
                        spot, "there is no block {name}", "Name a block of this project", name=name
                    )
                uses[key].add(name)
    done: set[str] = set()
    while len(done) < len(uses):
        ready = [key for key, inner in uses.items() if key not in done and inner <= done]
        if not ready:
            stuck = next(key for key in uses if key not in done and key != MAIN)
            raise FileError(place_of(stuck), "the block holds itself", "Take its own node out of it")
        done.update(ready)


def holds_block(doc: Document, outer: str, inner: str) -> bool:
    """Whether block ``outer`` uses block ``inner`` at any depth, or is it."""
    todo, seen = [outer], {outer}
    while todo:
        key = todo.pop()
        if key == inner:
            return True
        for node in doc.blocks[key].graph.nodes.values() if key in doc.blocks else ():
            name = node.params.get("block") if node.layer in INSTANCES else None
            if isinstance(name, str) and name not in seen:
                seen.add(name)
                todo.append(name)
    return False
