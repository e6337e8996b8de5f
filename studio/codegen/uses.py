"""All uses of all blocks of a drawing, and the names that numbers have in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studio.analysis.configure import names_index
from studio.analysis.model import Analysis
from studio.analysis.problems import Whole
from studio.codegen.scope import CodeError, Key, Scope, attribute, block_inputs, block_outputs
from studio.codegen.tokens import Token, Tokens
from studio.document.model import MAIN, Document
from studio.graph.expression import Expression
from studio.graph.model import BlockParam, Source
from studio.graph.spec import TensorSpec
from studio.layers.spec import ShapeError

INDEX = "index"  # what a class calls the turn of the Repeat it stands in


class Uses:
    """Where each block is used.

    Attributes:
        main: the main graph.
        scopes: block -> its uses, those that are alike once.
        order: the blocks, each after those it uses.
    """

    def __init__(self, document: Document, analysis: Analysis) -> None:
        """Walks through the whole drawing.

        Raises:
            CodeError: a block in it has no known shapes.
        """
        self.document, self.analysis = document, analysis
        self.tokens = Tokens()
        assert isinstance(analysis.state, Whole)
        self.main = Scope(self, MAIN, "", analysis.state.main)
        self.main.texts = {param.name: f"sizes.{attribute(param.name)}" for param in document.params}
        self.scopes: dict[str, list[Scope]] = {MAIN: [self.main]}
        self.order: list[str] = []
        self._presence: dict[Key, str] = {}
        self._inner: dict[str, dict[str, None]] = {}
        self._grow(self.main)
        self._sort(MAIN)
        for key in reversed(self.order):
            self._name_params(key)
        self._name_sizes(self.main, {})

    def presence(self, key: str, name: str) -> str:
        """Whether a node of a graph is there "always", "never" or "sometimes"."""
        found = self._presence.get((key, name))
        if found is None:
            uses = {scope.is_present(name) for scope in self.scopes.get(key, ())}
            found = "sometimes" if len(uses) > 1 else "always" if uses != {False} else "never"
            self._presence[(key, name)] = found
        return found

    def twin(self, key: str, name: str) -> Scope:
        """A use in which a node is there."""
        return next(scope for scope in self.scopes[key] if scope.is_present(name))

    def _grow(self, scope: Scope) -> None:
        for name in scope.order:
            if scope.role(name) != "block" or not scope.is_present(name) or scope.owner(name) != name:
                continue
            if scope.node(name).layer == "EMA":
                continue
            if not scope.children(name) and scope.node(name).layer != "Repeat":
                raise CodeError(f"The shapes in “{scope.prefix}{name}” are not known yet.")
            before: Scope | None = None
            for child in scope.children(name):
                if child is not before:
                    self.scopes.setdefault(child.key, []).append(child)
                    self._inner.setdefault(scope.key, {})[child.key] = None
                    self._grow(child)
                before = child

    def _sort(self, key: str) -> None:
        for inner in self._inner.get(key, ()):
            if inner not in self.order:
                self._sort(inner)
        if key != MAIN:
            self.order.append(key)

    def _name_params(self, key: str) -> None:
        """A parameter that is one of the drawing's own in every use is called as there."""
        texts = {"i": INDEX, "index": INDEX}
        for param in self.document.blocks[key].params:
            origins = {_origin(scope, param) for scope in self.scopes[key]}
            origin = origins.pop() if len(origins) == 1 else ""
            texts[param.name] = origin or attribute(param.name)
        for scope in self.scopes[key]:
            scope.texts = texts

    def _name_sizes(self, scope: Scope, given: Mapping[str, TensorSpec]) -> None:
        for name in scope.order:
            result = scope.state.results.get(name)
            if result is None or not result.facts.outputs:
                continue
            plain = dict(result.facts.outputs)
            found: Mapping[str, TensorSpec] = plain
            if scope.role(name) == "input":
                found = {"y": given.get(name, plain.get("y", TensorSpec(())))}
            elif not scope.is_present(name) or scope.passes(name):
                sources = scope.sources(name)
                found = {port: scope.spec_at(sources[0][1]) for port in plain} if sources else plain
            elif scope.role(name) == "block":
                found = self._name_inside(scope, name, plain)
            else:
                found = self._ruled(scope, name, plain)
            scope.specs |= {(name, port): spec for port, spec in found.items()}

    def _ruled(self, scope: Scope, name: str, plain: dict[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        """The shape rule again, with numbers that know their names; plain ones where that changes anything."""
        spec = scope.spec(name)
        try:
            outputs = spec.shape(scope.named(name), scope.input_specs(name))
        except (ShapeError, ArithmeticError, ValueError, TypeError, LookupError, AttributeError):
            return plain
        found = dict(zip(scope.outputs(name), outputs, strict=False))
        return found if found == plain else plain

    def _name_inside(self, scope: Scope, name: str, plain: dict[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        children = scope.children(name)
        if scope.owner(name) != name:
            return _as_of_owner(scope, name, plain)
        if not children or scope.node(name).layer == "EMA":
            return plain
        block = scope.block(name)
        outer = {port: scope.spec_at(source) for port, source in scope.sources(name)}
        scan = scope.node(name).layer == "Scan"
        if scan:
            first = block_inputs(block)[0]
            outer[first] = replace(
                outer[first], shape=(outer[first].shape[0], *outer[first].shape[2:]), axes=""
            )
        before: Scope | None = None
        found: dict[str, TensorSpec] = {}
        for child in children:
            if child is not before:
                self._name_sizes(child, {port: self._inward(child, spec) for port, spec in outer.items()})
                found = {port: self._outward(child, spec) for port, spec in _ends(child).items()}
            ports = zip(block_inputs(block), block_outputs(block), strict=False)
            outer = outer if scan else {**outer, **{own: found[port] for own, port in ports if port in found}}
            before = child
        if scan and found and scope.params(name).output == "all":
            port = next(iter(found))
            shape = (found[port].shape[0], plain[port].shape[1], *found[port].shape[1:])
            found[port] = replace(found[port], shape=shape)
        return found if found == plain else plain

    def _inward(self, child: Scope, spec: TensorSpec) -> TensorSpec:
        """What flows into a block, with the names that the block has for its sizes."""

        def inner(size: Any) -> Any:
            token = self.tokens.of(size)
            if token is None or token.is_free:
                return size
            for name, text in child.texts.items():
                given = argument(child, name)
                if isinstance(given, Expression) and child.parent and child.parent.token(given) == token:
                    return self.tokens.named(int(size), Token(text, frozenset({text})))
            return self.tokens.named(int(size), Token(self.tokens.mark(token, int(size)), outer=True))

        return replace(spec, shape=tuple(inner(size) for size in spec.shape))

    def _outward(self, child: Scope, spec: TensorSpec) -> TensorSpec:
        """What flows out of a block, with the names of the graph around it."""

        def outer(size: Any) -> Any:
            token = self.tokens.of(size)
            if token is None or token.is_free:
                return size
            found = self.around(child, token)
            return self.tokens.named(int(size), found) if found is not None else int(size)

        return replace(spec, shape=tuple(outer(size) for size in spec.shape))

    def around(self, child: Scope, token: Token) -> Token | None:
        """What a token of a block is called around it; None where that is a plain number."""
        if token.outer:
            return self.tokens.of(token.text)
        if token.is_free:
            return token
        names = [name for name, text in child.texts.items() if text == token.text]
        given = argument(child, names[0]) if names and child.parent else None
        if isinstance(given, Expression) and child.parent is not None:
            if names_index(given) and child.parent.node(child.use).layer == "Repeat":
                return None  # after the loop there is no turn any more
            found = child.parent.token(given)
            return found if found.args or found.sizes else None
        return None


def _as_of_owner(scope: Scope, name: str, plain: dict[str, TensorSpec]) -> dict[str, TensorSpec]:
    """Shapes of a use that has its weights from another, with the names that equal sizes have there."""
    found = dict(plain)
    for port, spec in plain.items():
        theirs = scope.specs.get((scope.owner(name), port), spec)
        if len(theirs.shape) == len(spec.shape):
            sizes = zip(theirs.shape, spec.shape, strict=True)
            found[port] = replace(spec, shape=tuple(own if own == size else size for own, size in sizes))
    return found


def argument(scope: Scope, name: str) -> object:
    """What the use of a block gives for its parameter ``name``; its default where it says nothing."""
    assert scope.parent is not None
    node = scope.parent.node(scope.use)
    if name in node.arguments:
        return node.arguments[name]
    params = scope.document.blocks[scope.key].params
    return next((param.default for param in params if param.name == name), None)


def _origin(scope: Scope, param: BlockParam) -> str:
    """The field of Sizes that a parameter merely passes on, "" when it is another value."""
    given = argument(scope, param.name)
    if not isinstance(given, Expression) or scope.parent is None:
        return ""
    text = scope.parent.texts.get(given.text, "")
    return text if text.startswith("sizes.") else ""


def _ends(scope: Scope) -> dict[str, TensorSpec]:
    found = {}
    for port in block_outputs(scope.document.blocks[scope.key]):
        for _, source in scope.sources(port):
            found[port] = scope.spec_at(Source(source.node, source.port))
    return found
