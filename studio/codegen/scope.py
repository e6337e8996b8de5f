"""What code generation knows of one graph: its nodes in order, their parameters, specs and who reads what."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from studio.analysis.model import Analysis
from studio.analysis.state import State
from studio.codegen.printing import printed
from studio.codegen.tokens import Token
from studio.document.model import Document
from studio.graph.expression import Expression, names_in
from studio.graph.model import Block, Graph, Node, Source, Value
from studio.graph.spec import TensorSpec
from studio.layers import is_random, record_of
from studio.layers.ports import input_ports, output_ports
from studio.layers.spec import LayerSpec
from studio.layers.values import values

if TYPE_CHECKING:
    from studio.codegen.uses import Uses

_MODULE = """add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
extra_repr float forward get_buffer get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers
named_children named_modules named_parameters parameters register_buffer register_module register_parameter
requires_grad_ set_extra_state share_memory state_dict to to_empty train training type xpu zero_grad"""
_TAKEN = {"self", "x", "torch", "nn", "F", "Tensor", "batch", "update", "acts", "sizes", "math", "copy", "i"}
_TAKEN |= {*keyword.kwlist, *_MODULE.split()}
Key = tuple[str, str]  # node, port


class CodeError(ValueError):
    """A drawing that can't become code; analysis should have said so before. For the user."""


class Scope:
    """A graph as one use of it has it.

    Attributes:
        key: of the graph.
        prefix: its path: "", "head/", "stack[2]/".
        names: the values of the block's parameters.
        texts: what the class calls them: "width", or "sizes.width".
        specs: what flows, with sizes that know their names.
    """

    def __init__(
        self, uses: Uses, key: str, prefix: str, state: State, parent: Scope | None = None, use: str = ""
    ) -> None:
        self.uses, self.key, self.prefix, self.state = uses, key, prefix, state
        self.parent, self.use = parent, use
        self.document: Document = uses.document
        self.analysis: Analysis = uses.analysis
        self.names: Mapping[str, Any] = state.names
        self.graph: Graph = self.document.graph(key)
        self.order = self.graph.order()
        self.texts: Mapping[str, str] = {}
        self.specs: dict[Key, TensorSpec] = {}
        self._params: dict[str, SimpleNamespace] = {}
        self._named: dict[str, SimpleNamespace] = {}
        self._children: dict[str, list[Scope]] = {}

    def node(self, name: str) -> Node:
        """The node ``name``."""
        return self.graph.nodes[name]

    def spec(self, name: str) -> LayerSpec:
        """The record of a node's layer."""
        spec = record_of(self.node(name))
        if spec is None:
            raise CodeError(f"The layer of “{name}” is not known.")
        return spec

    def role(self, name: str) -> str:
        """The role of a node's layer."""
        return self.spec(name).traits.role

    def presence(self, name: str) -> str:
        """Whether a node is there "always", "never" or, from use to use, "sometimes"."""
        if self.node(name).muted:
            return "never"
        return self.uses.presence(self.key, name)

    def passes(self, name: str) -> bool:
        """Whether what flows into a node just runs through it, in every use."""
        return self.presence(name) == "never"

    def is_present(self, name: str) -> bool:
        """Whether a node is there in this use."""
        condition = self.node(name).present_if
        return not self.node(name).muted and (condition is None or bool(condition.value(self.names)))

    def params(self, name: str) -> SimpleNamespace:
        """A node's parameters, with defaults, expressions worked out."""
        if name not in self._params:
            node = self.node(name)
            self._params[name] = values(
                self.spec(name),
                node.params,
                self.names,
                wired=frozenset(node.inputs),
                schemas=self.document.data,
            )
        return self._params[name]

    def named(self, name: str) -> SimpleNamespace:
        """The same, where values of expressions are marks of them."""
        if name not in self._named:
            found = dict(vars(self.params(name)))
            for param, raw in self.node(name).params.items():
                found[param] = self._marked(raw, found[param])
            self._named[name] = SimpleNamespace(**found)
        return self._named[name]

    def _marked(self, raw: Value, value: Any) -> Any:
        if isinstance(raw, tuple) and isinstance(value, tuple) and len(raw) == len(value):
            return tuple(self._marked(*pair) for pair in zip(raw, value, strict=True))
        if not isinstance(raw, Expression):
            return value
        token, tokens = self.token(raw), self.uses.tokens
        if not isinstance(value, tuple):
            return tokens.named(value, token)
        if not isinstance(raw.any_value(self.names), tuple):
            return tuple(tokens.named(part, token) for part in value)
        items = (Token(f"{token.text}[{at}]", token.args, token.sizes) for at in range(len(value)))
        return tuple(tokens.named(part, item) for part, item in zip(value, items, strict=True))

    def token(self, expression: Expression, loop: bool = False) -> Token:
        """What an expression is in this class; in a ``loop`` i is the loop's own variable."""
        names = names_in(expression.text)
        texts = {**self.texts, **({"i": "i", "index": "i"} if loop else {})}
        mine = [texts[name] for name in names if name in texts and not (loop and texts[name] == "i")]
        args = frozenset(text for text in mine if not text.startswith("sizes."))
        return Token(printed(expression.text, texts), args, len(args) < len(set(mine)))

    def sources(self, name: str) -> list[tuple[str, Source]]:
        """(port, source) of a node, in the order of its ports; of one that lets its input through the first."""
        return self._sources[name]

    def _wired(self, name: str) -> list[tuple[str, Source]]:
        node = self.node(name)
        known = [port.name for port in input_ports(self.spec(name), node.params, self.document.data)]
        ports = known or block_inputs(self.block(name)) if self.role(name) == "block" else known
        ordered = [port for port in ports if port in node.inputs]
        ordered += [port for port in node.inputs if port not in ordered]
        found = [(port, source) for port in ordered for source in node.inputs[port]]
        return found[:1] if self.passes(name) else found

    @cached_property
    def _sources(self) -> dict[str, list[tuple[str, Source]]]:
        return {name: self._wired(name) for name in self.order}

    @cached_property
    def _readers(self) -> dict[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        for name in self.order:
            for _, source in self.sources(name):
                readers = found.setdefault((source.node, self.port(source)), [])
                if name not in readers:
                    readers.append(name)
        return found

    def readers(self, name: str, port: str) -> list[str]:
        """The nodes that read a value."""
        return self._readers.get((name, port), [])

    def outputs(self, name: str) -> list[str]:
        """The names of a node's output ports."""
        if self.role(name) == "block":
            return block_outputs(self.block(name))
        ports = output_ports(self.spec(name), vars(self.params(name)), self.document.data)
        return [port.name for port in ports]

    def port(self, source: Source) -> str:
        """The name of the port a source means; "" is the first."""
        if source.port:
            return source.port
        found = self.outputs(source.node)
        return found[0] if found else ""

    def spec_at(self, source: Source) -> TensorSpec:
        """What flows out of a source."""
        port = self.port(source)
        found = self.specs.get((source.node, port))
        if found is None:
            result = self.state.results.get(source.node)
            found = result.facts.outputs.get(port) if result else None
        if found is None:
            raise CodeError(f"The shape after “{source.node}” is not known yet.")
        return found

    def input_specs(self, name: str) -> tuple[TensorSpec, ...]:
        """What comes in, in port order."""
        return tuple(self.spec_at(source) for _, source in self.sources(name))

    def parameters(self, name: str) -> int:
        """How many weights a node has of its own."""
        result = self.state.results.get(name)
        return result.facts.parameters if result else 0

    def block(self, name: str) -> Block:
        """The block a node is an instance of."""
        return self.document.blocks[str(self.params(name).block)]

    def owner(self, name: str) -> str:
        """The node whose weights a node uses: itself, or the use of the block it shares them with."""
        if self.role(name) != "block":
            return name
        return str(getattr(self.params(name), "weights_of", "")) or name

    def upstream(self, ids: set[str]) -> set[str]:
        """``ids`` and everything they need."""
        found, todo = set(ids), list(ids)
        while todo:
            for _, source in self.sources(todo.pop()):
                if source.node not in found:
                    found.add(source.node)
                    todo.append(source.node)
        return found

    def children(self, name: str) -> list[Scope]:
        """The block inside an instance, turn by turn; turns that are alike are one and the same."""
        if name not in self._children:
            made: list[Scope] = []
            block = self.block(name).name
            for turn, inner in enumerate(self.state.results[name].inner):
                if made and made[-1].state is inner:
                    made.append(made[-1])
                    continue
                place = f"{self.prefix}{name}[{turn}]/" if turn else f"{self.prefix}{name}/"
                made.append(Scope(self.uses, block, place, inner, self, name))
            self._children[name] = made
        return self._children[name]

    def inside(self, name: str) -> Scope | None:
        """The graph of the block that node ``name`` uses; None where it has none (no turn, only a copy)."""
        found = self.children(name)
        return found[0] if found else None


def draws_random(scope: Scope) -> bool:
    """Whether a step of this graph, blocks included, draws random numbers."""
    for name in scope.order:
        if not scope.is_present(name):
            continue
        if scope.role(name) == "block":
            if any(draws_random(inner) for inner in {id(s): s for s in scope.children(name)}.values()):
                return True
        elif scope.node(name).layer != "Data" and is_random(scope.spec(name), scope.params(name)):
            return True
    return False


def block_inputs(block: Block) -> list[str]:
    """The input ports of a block: its Input nodes, in the order they stand in the file."""
    return [name for name, node in block.graph.nodes.items() if node.layer == "Input"]


def block_outputs(block: Block) -> list[str]:
    """The output ports of a block: its Output nodes."""
    return [name for name, node in block.graph.nodes.items() if node.layer == "Output"]


def attribute(name: str) -> str:
    """A node's name as Python takes it."""
    made = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name)
    made = f"_{made}" if made[:1].isdigit() else made
    return f"{made}_" if made in _TAKEN else made


def variable(name: str) -> str:
    """The same for a local name or an argument, which must not hide a built-in one."""
    made = attribute(name)
    return f"{made}_" if hasattr(builtins, made) else made


def class_name(title: str) -> str:
    """A title as a class: "LeNet-5 on digits" gives LeNet5, "head" gives Head."""
    words = "".join(letter if letter.isalnum() else " " for letter in title.split(" on ")[0]).split()
    made = "".join(word[:1].upper() + word[1:] for word in words)
    made = "".join(letter for letter in made if letter.isascii())
    return f"Net{made}" if not made or made[0].isdigit() else made
