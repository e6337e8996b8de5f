"""The statements of a forward or a step: one or two operations a line, ``x`` along a straight run."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from studio.codegen.calls import Built
from studio.codegen.layout import WIDTH
from studio.codegen.loops import repeat_lines, scan_lines
from studio.codegen.scope import Key, Scope, attribute, block_inputs
from studio.codegen.tokens import ANY, NUMBER, Token
from studio.graph.model import Source
from studio.graph.spec import TensorSpec
from studio.layers.initializers import init_lines
from studio.layers.render import assignment, is_atom, render, repeated_inputs

_SHORT = 30  # columns of a call that may stand among the arguments of another
_X = re.compile(r"\bx\b")


@dataclass
class Line:
    """A statement before it is spelled and laid out; ``spec`` becomes its comment."""

    text: str
    indent: int
    owners: tuple[str, ...] = ()
    spec: TensorSpec | None = None


@dataclass
class _Value:
    """An expression that stands for a value, and how many operations it holds."""

    text: str
    operations: int = 0
    owner: str = ""  # the node whose statement is put off into this expression
    lines_for: tuple[str, ...] = ()


@dataclass
class Body:
    """Writes statements for chosen nodes of a scope.

    Attributes:
        lines: what was written.
        builds: attribute -> text that builds its module.
        inits: attribute -> statements that begin its weights in another way than torch does.
        modules: node -> attribute.
        still: attributes of modules that stay in evaluation mode.
    """

    scope: Scope
    indent: int = 8
    owner: str = ""  # "network." where the modules belong to a part of self
    batch: str = ""  # a tensor that sources take batch size and device from
    lines: list[Line] = field(default_factory=list)
    builds: dict[str, str] = field(default_factory=dict)
    inits: dict[str, list[str]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    still: list[str] = field(default_factory=list)
    block_build: Callable[[Scope, str], Built] | None = None
    place: Callable[[str], str] | None = (
        None  # node -> where its module is reached, where that is not ``owner``
    )
    lent: frozenset[str] = frozenset()  # nodes that are not written here, whose weights others use here
    uses_x: bool = True  # False: every value is called by its node's name

    def __post_init__(self) -> None:
        self.values: dict[Key, _Value] = {}
        self.questions: dict[Token, str] = {}  # whether a node is there -> the node
        self._uses: dict[Key, int] = {}
        self._ends: set[Key] = set()
        self._holder = ""  # the node whose value is called x now
        self._taken: set[str] = set()
        self._names: dict[Key, str] = {}
        self._same: dict[Key, Key] = {}  # values that just run through a node -> what they are
        self._waiting: dict[Key, str] = {}  # expressions that stand in no line yet

    def give(self, node: str, port: str, text: str) -> None:
        """Says that a value stands ready as ``text``."""
        self.values[(node, port)] = _Value(text)
        self._taken.add(text.split("[")[0])
        if text == "x":
            self._holder = node

    def count_uses(self, nodes: Iterable[str], extra: Iterable[Source] = ()) -> None:
        """Counts how often each value is read by ``nodes`` and by ``extra``."""
        self._uses = {}
        extra = list(extra)
        self._ends = {(source.node, self.scope.port(source)) for source in extra}
        for name in nodes:
            for _, source in self.scope.sources(name):
                self._count(source)
        for source in extra:
            self._count(source)

    def reserve(self, sources: Iterable[Source]) -> None:
        """Says that these values are read later still."""
        for source in sources:
            self._count(source)

    def write(self, name: str, *, detach: frozenset[Key] = frozenset(), keep: bool = False) -> None:
        """The statement of node ``name``, or nothing yet where it can stand inside its reader's line."""
        scope = self.scope
        sources = scope.sources(name)
        if scope.passes(name):
            if sources:
                self._alias(name, sources[0][1])
            return
        merged = [self._take(source) for _, source in sources]
        given = [
            self._detached(value.text) if (source.node, scope.port(source)) in detach else value.text
            for (_, source), value in zip(sources, merged, strict=True)
        ]
        owners = tuple(owner for value in merged for owner in (*value.lines_for, value.owner) if owner)
        if scope.node(name).layer in ("Repeat", "Scan"):
            self._write_loop(name, given, owners)
            return
        call = self._called(name, sources, given)
        outputs = scope.outputs(name)
        operations = 1 + sum(value.operations for value in merged)
        if len(outputs) == 1 and not keep and self._may_wait(name, outputs[0], operations, call):
            self.values[(name, outputs[0])] = _Value(call, operations, name, owners)
            self._waiting[(name, outputs[0])] = call
            return
        self._assign(name, outputs, call, (*owners, name))

    def read(self, source: Source) -> str:
        """The expression of a value; a statement put off until now is taken along."""
        return self._take(source).text

    def returned(self, sources: list[Source]) -> None:
        """The return statement."""
        found = [self._take(source) for source in sources]
        spec = self.scope.spec_at(sources[0]) if len(sources) == 1 else None
        text = "return " + ", ".join(value.text for value in found)
        owners = tuple(o for v in found for o in (*v.lines_for, v.owner) if o)
        self.lines.append(Line(text, self.indent, owners, spec))

    def line(
        self, text: str, owners: tuple[str, ...] = (), spec: TensorSpec | None = None, deeper: int = 0
    ) -> None:
        """A statement of another's making."""
        self.lines.append(Line(text, self.indent + deeper, owners, spec))

    def reached(self, name: str) -> str:
        """The text that reaches the module of a node."""
        owner = self.scope.owner(name)
        if self.place is not None:
            return self.place(owner)
        return f"self.{self.owner}{attribute(owner)}"

    def name_for(self, name: str, port: str) -> str:
        """``x`` while nobody else needs what is called so now, and only one reads it; else the node's own name."""
        if (
            self.uses_x
            and self._uses.get((name, port), 0) <= 1
            and not (self._holder and self._is_live(self._holder))
            and not any(_X.search(text) for text in self._waiting.values())
        ):
            self._holder = name
            return "x"
        return self.free(attribute(name), (name, port))

    def free(self, made: str, key: Key = ("", "")) -> str:
        """``made``, or it with underscores where it is taken; what has a ``key`` is called alike each time."""
        if key in self._names:
            return self._names[key]
        while made in self._taken or hasattr(builtins, made):
            made += "_"
        self._taken.add(made)
        if key != ("", ""):
            self._names[key] = made
        return made

    def _called(self, name: str, sources: list[tuple[str, Source]], given: list[str]) -> str:
        """The expression that computes a node; notes what builds its module."""
        scope, sometimes = self.scope, self.scope.presence(name) == "sometimes"
        seen = scope if scope.is_present(name) else scope.uses.twin(scope.key, name)
        if scope.role(name) == "block":
            build, call = self._block(seen, name), f"{self.reached(name)}({', '.join(given)})"
        else:
            build, call = self._layer(seen, name, sources, given)
        if seen is not scope:
            build, call = wild(build), wild(call)
        condition, mark = scope.node(name).present_if, ""
        if sometimes and condition is not None:
            mark = scope.uses.tokens.mark(scope.token(condition))
            if build and len(given) == 1:
                build = f"{build} if {mark} else nn.Identity()"
            else:
                build = f"{build} if {mark} else None" if build else ""
                call = f"{call} if {mark} else {given[0]}"
                self.questions.setdefault(scope.token(condition), name)
        self._note(name, build)
        if build and scope.role(name) == "layer":
            self._begin(name, seen, mark)
        return call

    def _begin(self, name: str, seen: Scope, condition: str) -> None:
        """Notes how the weights of a module begin, where the drawing says so."""
        spec = seen.spec(name)
        if spec.weights is None:
            return
        made = attribute(name)
        weights = spec.weights(seen.params(name), seen.input_specs(name))
        lines = init_lines(seen.named(name), weights, f"self.{made}")
        if lines and condition:
            lines = [f"if {condition}:", *(f"    {line}" for line in lines)]
        if lines:
            self.inits[made] = lines

    def _note(self, name: str, build: str) -> None:
        if not build:
            return
        made = attribute(name)
        node, p = self.scope.node(name), self.scope.params(name)
        if node.frozen:
            build = f"{build if is_atom(build) else f'({build})'}.requires_grad_(False)"
            if not getattr(p, "keep_statistics", False):
                build += ".eval()"
                self.still.append(made)
        elif node.layer == "EMA":
            self.still.append(made)
        self.builds[made] = build
        self.modules[name] = made

    def _layer(
        self, seen: Scope, name: str, sources: list[tuple[str, Source]], given: list[str]
    ) -> tuple[str, str]:
        expressions: dict[str, list[str]] = {}
        for (port, _), text in zip(sources, given, strict=True):
            expressions.setdefault(port, []).append(text)
        expressions.setdefault("batch", [self.batch])  # unless the layer has a port of that name
        chosen = getattr(
            self.scope.params(name), "of", ()
        )  # a loss on weights names the nodes that have them
        expressions["modules"] = [self.reached(part) for part in chosen] or ["self"]
        weight_of = getattr(self.scope.params(name), "weight_of", "")
        if weight_of:
            expressions["weight_of"] = [self.reached(weight_of)]
        reached = self.reached(name).removeprefix("self.")
        return render(seen.spec(name), seen.named(name), seen.input_specs(name), expressions, reached)

    def _block(self, seen: Scope, name: str) -> str:
        owner = seen.owner(name)
        if owner == name:
            return self._built(seen, name)
        if owner in self.lent and owner not in self.modules:
            self._note(owner, self._built(seen, owner))
        return ""

    def _built(self, seen: Scope, name: str) -> str:
        """The text that builds an instance of a block; notes the statements that follow it."""
        assert self.block_build is not None
        built = self.block_build(seen, name)
        if built.after:
            self.inits[attribute(name)] = [
                line.replace("{self}", f"self.{attribute(name)}", 1) for line in built.after
            ]
        return built.text

    def _write_loop(self, name: str, given: list[str], owners: tuple[str, ...]) -> None:
        """A Repeat or a Scan: lines of their own, whatever reads them."""
        scope = self.scope
        seen = scope if scope.is_present(name) else scope.uses.twin(scope.key, name)
        self._note(name, self._block(seen, name))
        start = len(self.lines)
        wired = [port for port, _ in scope.sources(name)]
        inputs = dict(zip(wired, given, strict=True))
        write = repeat_lines if scope.node(name).layer == "Repeat" else scan_lines
        ports = [port for port in block_inputs(scope.block(name)) if port in inputs]
        found = write(self, name, {port: inputs[port] for port in ports})
        for line in self.lines[start:]:
            line.owners = (*line.owners, *owners, name)
        for port, text in found.items():
            self.values[(name, port)] = _Value(text)

    def _may_wait(self, name: str, port: str, operations: int, call: str) -> bool:
        """Whether a value is read once, by the very next kind of line that can hold it."""
        scope = self.scope
        if (name, port) in self._ends:
            return self._uses.get((name, port), 0) == 1 and operations <= 3 and scope.role(name) != "loss"
        readers = scope.readers(name, port)
        once = self._uses.get((name, port), 0) == 1 and len(readers) == 1 and operations <= 2
        if not once or len(call) > WIDTH // 2 or " if " in call:
            return False
        reader = readers[0]
        if scope.presence(reader) != "always" or scope.node(reader).layer in ("Scan", "Repeat"):
            return False
        kept = self._keeps_shape(name)
        if scope.role(reader) != "layer":
            return scope.role(reader) == "block" and operations == 1 and kept
        spec = scope.spec(reader)
        if repeated_inputs(spec, scope.params(reader), scope.input_specs(reader)):
            return False
        if len(scope.sources(reader)) > 1:
            plain = operations == 1 and len(call) <= _SHORT and spec.traits.role == "layer"
            return spec.torch.join in (" + ", " * ") or (plain and not spec.traits.learned)
        if not spec.traits.learned:
            return operations == 1 or (self._keeps_shape(reader) and not spec.traits.random)
        return operations == 1 and (kept or scope.spec(name).name == "Flatten")

    def _keeps_shape(self, name: str) -> bool:
        """Whether a node gives what it gets, in other numbers."""
        inputs = self.scope.input_specs(name)
        ports = self.scope.outputs(name)
        return bool(inputs and ports) and self.scope.spec_at(Source(name, ports[0])).shape == inputs[0].shape

    def _assign(self, name: str, outputs: list[str], call: str, owners: tuple[str, ...]) -> None:
        scope = self.scope
        used = [port for port in outputs if self._uses.get((name, port), 0)]
        if not used:
            used = outputs[:1]
        if len(outputs) > 1:
            names = {port: f"{attribute(name)}_{port}" for port in used}
        else:
            names = {used[0]: self.name_for(name, used[0])} if used else {}
        if scope.role(name) == "block":
            left = ", ".join(names.get(port, "_") for port in outputs)
        else:
            left, call = assignment(scope.spec(name), scope.params(name), names, call)
        spec = scope.spec_at(Source(name, used[0])) if used else None
        if left != call:
            self.lines.append(Line(f"{left} = {call}", self.indent, owners, spec))
        for port, text in names.items():
            self.values[(name, port)] = _Value(text)

    def _detached(self, text: str) -> str:
        return f"{text}.detach()" if is_atom(text) else f"({text}).detach()"

    def _is_live(self, name: str) -> bool:
        ports = self.scope.outputs(name)
        return any(self._uses.get((name, port), 0) > 0 for port in ports)

    def _alias(self, name: str, source: Source) -> None:
        key = (source.node, self.scope.port(source))
        port = self.scope.outputs(name)[0]
        self.values[(name, port)] = self.values[key]
        self._same[(name, port)] = key
        self._uses[key] = self._uses.get(key, 0) - 1 + self._uses.get((name, port), 0)

    def _take(self, source: Source) -> _Value:
        key = (source.node, self.scope.port(source))
        found = self.values[key]
        at: Key | None = key
        while at is not None:
            self._uses[at] = self._uses.get(at, 0) - 1
            self._waiting.pop(at, None)
            at = self._same.get(at)
        return found

    def _count(self, source: Source) -> None:
        key = (source.node, self.scope.port(source))
        self._uses[key] = self._uses.get(key, 0) + 1


def wild(text: str) -> str:
    """``text`` of a module that is not there, in which no number matters."""
    return NUMBER.sub(ANY, text)
