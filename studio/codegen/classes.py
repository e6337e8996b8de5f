"""One class a block and one for the network: what they hold, and their forward."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from studio.analysis.configure import names_index
from studio.codegen.body import Body
from studio.codegen.calls import Built, Call, built
from studio.codegen.layout import statement
from studio.codegen.scope import (
    CodeError,
    Scope,
    attribute,
    block_inputs,
    block_outputs,
    class_name,
    variable,
)
from studio.codegen.tokens import Token, Tokens, of_self
from studio.codegen.turns import at_turn
from studio.codegen.unify import Draft, Unified, groups, shape_text
from studio.codegen.uses import INDEX, Uses, argument
from studio.graph.expression import Expression
from studio.graph.model import BlockParam, Source
from studio.graph.spec import TensorSpec
from studio.layers.text import literal

_ARITHMETIC = re.compile(
    r"[A-Za-z_][\w.]*(?: [-+*/]{1,2} [A-Za-z_][\w.]*)+"
)  # of names: 4 * width is no longer than a name
_OFTEN = 3
_STRIDE = re.compile(r"(nn\.Conv[123]d\([^=()]*, )stride=stride\b")
_TYPES = {"text": "str", "ints": "tuple[int, ...]", "floats": "tuple[float, ...]"}


@dataclass
class ClassText:
    """A class's lines and, for the code panel, which belong to which path."""

    name: str
    lines: list[str]
    places: dict[str, list[int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


class Classes:
    """All classes of a model, in the order they are needed: one a block, if its uses differ in numbers only."""

    def __init__(self, uses: Uses, taken: Iterable[str] = ()) -> None:
        self.uses = uses
        self._taken = frozenset(taken)  # names that texts written by the user have
        self.done: list[ClassText] = []
        self.takes_sizes = False  # of the class written last
        self._calls: dict[int, Call] = {}  # of a scope, by its id
        for key in uses.order:
            self._write_block(key)

    def build(self, scope: Scope, name: str) -> Built:
        """What builds the instance ``name`` of a block, with marks of the class around."""
        if scope.node(name).layer == "EMA":
            target = str(scope.params(name).of)
            return Built(f"copy.deepcopy(self.{attribute(target)}).requires_grad_(False).eval()")
        return built(scope, name, self._calls)

    def network(
        self, title: str, outputs: list[Source], inputs: dict[tuple[str, str], str], chosen: list[str]
    ) -> Body:
        """Writes the network's class: everything between the sources and ``outputs``."""
        scope = self.uses.main
        body = self._body(scope)
        for (node, port), text in inputs.items():
            body.give(node, port, text)
        body.batch = next(iter(inputs.values()), "")
        owners = dict.fromkeys(scope.owner(name) for name in chosen)
        body.lent = frozenset(owners).difference(chosen)
        self._fill(body, chosen, outputs)
        takes = [(text, scope.spec_at(Source(node, port))) for (node, port), text in inputs.items()]
        draft = Draft(scope, body, takes, [scope.spec_at(source) for source in outputs])
        names = [source.node for source in outputs]
        weights = sum(scope.parameters(name) for name in {**dict.fromkeys(chosen), **owners})
        self._add([draft], title, lambda made: f"{_doc(made, names)}. {weights:,} parameters.")
        return body

    def _write_block(self, key: str) -> None:
        block = self.uses.document.blocks[key]
        drafts = [self._draft(scope) for scope in self.uses.scopes[key]]
        for group in groups(drafts):
            self._add(group, class_name(block.name), lambda made: f"{_doc(made, [])}.")

    def _draft(self, scope: Scope) -> Draft:
        block = self.uses.document.blocks[scope.key]
        inputs, outputs = block_inputs(block), block_outputs(block)
        body = self._body(scope)
        for port in inputs:
            body.give(port, scope.outputs(port)[0], _argument(port))
        sources = [scope.sources(port)[0][1] for port in outputs if scope.sources(port)]
        if not sources:
            raise CodeError(f"The block “{block.name}” gives nothing: wire something to its Output.")
        wanted = scope.upstream({source.node for source in sources})
        body.batch = _argument(inputs[0]) if inputs else "x"
        self._fill(body, [name for name in scope.order if name in wanted and name not in inputs], sources)
        takes = [(port, scope.spec_at(Source(port))) for port in inputs]
        return Draft(scope, body, takes, [scope.spec_at(source) for source in sources])

    def _fill(self, body: Body, chosen: list[str], sources: list[Source]) -> None:
        body.count_uses(chosen, sources)
        for name in chosen:
            body.write(name)
        copies = [made for made, build in body.builds.items() if build.startswith("copy.deepcopy(")]
        for made in copies:  # of what must be there before
            body.builds[made] = body.builds.pop(made)
        body.returned(sources)

    def _body(self, scope: Scope) -> Body:
        return Body(scope, block_build=self.build)

    def _add(self, group: list[Draft], name: str, doc: Callable[[Unified], str]) -> None:
        """Writes the class of drafts that differ in numbers only."""
        made = Unified(group, self.uses.tokens)
        taken = {text.name for text in self.done} | self._taken
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}{number}", number + 1
        signature = Signature.of(made, self.uses)
        head = [f"class {unique}(nn.Module):", f'    """{doc(made)}"""', ""]
        text = ClassText(unique, head)
        owners = {made_name: node for node, made_name in group[0].body.modules.items()}
        places: dict[str, list[int]] = {}
        if made.builds or signature.text:
            head += statement(f"def __init__(self{signature.text}) -> None:", 4)
            head += ["        super().__init__()", *(f"        self.{arg} = {arg}" for arg in signature.kept)]
            head += [
                row for text, name in made.questions.items() for row in statement(f"self.{name} = {text}", 8)
            ]
            numbers = _local_numbers(made.builds.values(), self.uses.tokens)
            head += [f"        {name} = {text}" for text, name in numbers.items()]
            for attribute_name, build in made.builds.items():
                start = len(head)
                spelled = self.uses.tokens.spell(build, lambda token: numbers.get(token.text, token.text))
                head += statement(f"self.{attribute_name} = {_placed(spelled)}", 8)
                head += self._begun(made.inits.get(attribute_name, []))
                places.setdefault(owners.get(attribute_name, attribute_name), []).extend(
                    range(start, len(head))
                )
            head.append("")
        head += _still(group[0].body.still)
        self._forward(made, head, places)
        self.done.append(text)
        self.takes_sizes = signature.sizes
        for at, draft in enumerate(group):
            values = {arg: vector[at] for arg, vector in made.args.items()}
            self._calls[id(draft.scope)] = Call(
                unique, values, signature.params, signature.sizes, signature.required
            )
            prefix = draft.scope.prefix
            text.places |= {prefix + node: list(lines) for node, lines in places.items()}
            text.names |= {prefix + node: made_name for node, made_name in draft.body.modules.items()}

    def _begun(self, lines: list[str]) -> list[str]:
        """How the weights of a module begin, laid out."""
        spelled = [self.uses.tokens.spell(line) for line in lines]
        return [
            row for line in spelled for row in statement(line.strip(), 8 + len(line) - len(line.lstrip()))
        ]

    def _forward(self, made: Unified, head: list[str], places: dict[str, list[int]]) -> None:
        draft = made.drafts[0]
        given = "".join(f", {_argument(port)}: Tensor" for port, _ in draft.inputs)
        gives = (
            "Tensor" if len(draft.outputs) == 1 else f"tuple[{', '.join(['Tensor'] * len(draft.outputs))}]"
        )
        head += statement(f"def forward(self{given}) -> {gives}:", 4)
        for at, line in enumerate(made.lines):
            start = len(head)
            spelled = self.uses.tokens.spell(line.text, lambda token: _in_forward(token, made))
            head += statement(spelled, line.indent, made.comment(at))
            for owner in line.owners:
                places.setdefault(owner, []).extend(range(start, len(head)))


@dataclass(frozen=True)
class Signature:
    """What a constructor takes.

    Attributes:
        text: after ``self``.
        params: of the block, that it takes.
        sizes: whether it takes Sizes.
        kept: arguments that forward reads, so that they become attributes.
        required: names of the parameters without a default, because every use gives them.
    """

    text: str
    params: tuple[BlockParam, ...]
    sizes: bool
    kept: tuple[str, ...]
    required: frozenset[str]

    @classmethod
    def of(cls, made: Unified, uses: Uses) -> Signature:
        """The constructor of a class whose texts are known."""
        tokens, scope = uses.tokens, made.drafts[0].scope
        begun = (line for lines in made.inits.values() for line in lines)
        built = [token for text in (*made.builds.values(), *begun) for token in tokens.within(text)]
        inside = [token for line in made.lines for token in tokens.within(line.text)]
        read = {name for token in (*built, *inside) for name in token.args}
        sizes = any(token.sizes for token in (*built, *inside))
        run = [token for token in inside if token.text not in made.questions]
        declared = uses.document.blocks[scope.key].params if scope.key else ()
        params = tuple(param for param in declared if scope.texts.get(param.name) in read)
        scopes = [draft.scope for draft in made.drafts]
        required = [param for param in params if not _default(param) or _always_given(param, scopes)]
        others = [param for param in params if param not in required]
        parts = [f"{name}: int" for name in made.args]
        params = (*required, *others)
        if INDEX in read:
            parts.append(f"{INDEX}: int")
            params = (BlockParam(INDEX, "int", None), *params)
        parts += [f"{attribute(param.name)}: {_type(param)}" for param in required]
        parts += [f"{attribute(p.name)}: {_type(p)} = {_default(p)}" for p in others]
        if sizes:
            parts.insert(0, "sizes: Sizes" if scope.key else "sizes: Sizes = Sizes()")
        held = {name for token in run for name in token.args} | (
            {"sizes"} if any(t.sizes for t in run) else set()
        )
        text = "".join(f", {part}" for part in parts)
        names = frozenset(attribute(param.name) for param in required)
        return cls(text, params, sizes, tuple(sorted(held)), names)


def _always_given(param: BlockParam, scopes: list[Scope]) -> bool:
    """Whether no use leaves a parameter at its default, and none gives it a bare number that a name should explain."""
    for scope in scopes:
        given = argument(scope, param.name)
        if not isinstance(given, Expression):
            return False
        turns = [at_turn(given, first) for first in (True, False)] if names_index(given) else []
        if any(turn is not None and not isinstance(turn, Expression) for turn in turns):
            return False
    return True


def _in_forward(token: Token, made: Unified) -> str:
    """The text of a token in forward, where arguments and answers are attributes."""
    answer = made.questions.get(token.text)
    return f"self.{answer}" if answer else of_self(token)


def _local_numbers(builds: Iterable[str], tokens: Tokens) -> dict[str, str]:
    """Sums and products that a constructor would write three times or more -> the name they get first."""
    written = [token for build in builds for token in tokens.within(build) if not token.outer]
    often = {
        token.text: None
        for token in written
        if _ARITHMETIC.fullmatch(token.text) and sum(other.text == token.text for other in written) >= _OFTEN
    }
    taken = {name for token in written for name in (*token.args, token.text)}
    free = (name for number in count(1) if (name := f"hidden{number if number > 1 else ''}") not in taken)
    return {text: next(free) for text in often}


def _placed(build: str) -> str:
    """A convolution's stride by place where its text says it already: ``nn.Conv2d(3, 8, 5, stride)``."""
    return _STRIDE.sub(r"\1stride", build)


def _default(param: BlockParam) -> str:
    return "" if isinstance(param.default, Expression) else literal(param.default)


def _type(param: BlockParam) -> str:
    return _TYPES.get(param.kind, param.kind)


def _argument(port: str) -> str:
    return "x" if port == "x" else variable(port)


def _still(names: list[str]) -> list[str]:
    """Frozen parts stay in evaluation mode, whatever the whole is set to."""
    if not names:
        return []
    return [
        "    def train(self, mode: bool = True) -> Self:",
        "        super().train(mode)",
        *(f"        self.{name}.eval()  # frozen" for name in names),
        "        return self",
        "",
    ]


def _doc(made: Unified, names: list[str]) -> str:
    """ "x (N, 400) -> (N, 84)", with the dtype where it is not float32."""
    draft = made.drafts[0]
    takes = []
    for at, (port, _) in enumerate(draft.inputs):
        takes.append(f"{port} {_shape(made, [other.inputs[at][1] for other in made.drafts])}")
    gives = []
    for at in range(len(draft.outputs)):
        shape = _shape(made, [other.outputs[at] for other in made.drafts])
        gives.append(f"{names[at]} {shape}" if names else shape)
    return f"{', '.join(takes)} -> {', '.join(gives)}"


def _shape(made: Unified, specs: list[TensorSpec]) -> str:
    sizes = shape_text(made.tokens, specs)
    inner = f"({', '.join(sizes)},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
    return inner if specs[0].dtype == "float32" else f"{inner} {specs[0].dtype}"
