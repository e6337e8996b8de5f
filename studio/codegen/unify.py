"""The drafts of one class side by side: what differs from use to use becomes an argument of the constructor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from studio.codegen.body import Body, Line
from studio.codegen.scope import Scope, attribute
from studio.codegen.tokens import ANY, NUMBER, Token, Tokens
from studio.graph.spec import TensorSpec

_AXES = {1: "N", 2: "N F", 3: "N T E", 4: "N C H W", 5: "N C D H W"}
_WORDS = {"C": "channels", "F": "features", "E": "width", "H": "height", "W": "columns", "T": "length"}
Vector = tuple[str, ...]  # the text of one number in each of the uses


@dataclass
class Draft:
    """A class as one use of its block would have it."""

    scope: Scope
    body: Body
    inputs: list[tuple[str, TensorSpec]]  # by port
    outputs: list[TensorSpec]

    @property
    def texts(self) -> list[str]:
        """Everything that must be alike but for its numbers."""
        builds = [f"{name} = {build}" for name, build in self.body.builds.items()]
        inits = [line for lines in self.body.inits.values() for line in lines]
        return [*builds, *inits, *(line.text for line in self.body.lines)]

    @property
    def skeleton(self) -> tuple[str, ...]:
        """The texts without their numbers."""
        indents = [str(line.indent) for line in self.body.lines]
        return (*(NUMBER.sub("#", text) for text in self.texts), *indents)


@dataclass
class Unified:
    """The texts of a group of drafts as one.

    Attributes:
        builds: attribute -> text, with marks.
        inits: attribute -> statements after it, with marks.
        lines: of forward, with marks.
        args: constructor arguments that no parameter of the block gives -> their texts in each draft.
        questions: what forward asks again and again ("expansion > 1") -> the attribute that holds the answer.
    """

    drafts: list[Draft]
    tokens: Tokens
    builds: dict[str, str] = field(default_factory=dict)
    inits: dict[str, list[str]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    args: dict[str, Vector] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = self.drafts[0]
        names, count = list(first.body.builds), len(first.body.builds)
        nodes = {made: node for node, made in first.body.modules.items()}
        rows = list(zip(*(draft.texts for draft in self.drafts), strict=True))
        for name, row in zip(names, rows[:count], strict=True):
            merged = self._merged(row, attribute(nodes.get(name, name)))
            self.builds[name] = merged.removeprefix(f"{name} = ")
        for name, lines in first.body.inits.items():
            owner = attribute(nodes.get(name, name))
            self.inits[name] = [self._merged(row, owner) for row in rows[count : count + len(lines)]]
            count += len(lines)
        for token, node in first.body.questions.items():
            if not token.text.isidentifier():
                self.questions.setdefault(token.text, f"has_{attribute(node)}")
        for line, row in zip(first.body.lines, rows[count:], strict=True):
            owner = attribute(line.owners[-1]) if line.owners else "value"
            self.lines.append(Line(self._merged(row, owner), line.indent, line.owners, line.spec))

    def comment(self, at: int) -> str:
        """The shape comment of a line: N 6 28 28, with letters for sizes that differ."""
        specs = [spec for draft in self.drafts if (spec := draft.body.lines[at].spec) is not None]
        return " ".join(shape_text(self.tokens, specs)) if len(specs) == len(self.drafts) else ""

    def _merged(self, row: Sequence[str], owner: str) -> str:
        """One text for all; numbers that differ are marks of arguments."""
        found = [NUMBER.findall(text) for text in row]
        if not found[0]:
            return row[0]
        vectors = list(zip(*found, strict=True))
        settled = iter([self._settled(vector, owner, vectors) for vector in vectors])
        return NUMBER.sub(lambda _: next(settled), row[0])

    def _settled(self, vector: Vector, owner: str, beside: Sequence[Vector]) -> str:
        known = [text for text in vector if text != ANY]
        if not known:
            return "0"
        tokens = [self.tokens.of(text) for text in known]
        first = tokens[0]
        is_one = all(token == first for token in tokens) and (first is not None or len(set(known)) == 1)
        if is_one and not (first and first.outer):
            return known[0]
        text = self._expressed(vector)
        if not text and (twin := self._twin(vector, beside)):
            return twin
        text = text or self._argument(vector, owner)
        names = {text} if text in self.args else {name for name in self.args if name in text.split()}
        return self.tokens.mark(Token(text, frozenset(names or _params(text))))

    def _twin(self, vector: Vector, beside: Sequence[Vector]) -> str:
        """A number of the same text that has these values and is written alike in every use; "" for none."""
        values = [self.tokens.value_of(text) for text in vector]
        for other in beside:
            token = self.tokens.of(other[0])
            written = token and not token.outer and all(self.tokens.of(text) == token for text in other)
            if written and values == [self.tokens.value_of(text) for text in other]:
                return other[0]
        return ""

    def _argument(self, vector: Vector, owner: str) -> str:
        """The argument that stands for these values; a new one when there is none yet."""
        for name, other in self.args.items():
            if all(text in (ANY, known) for text, known in zip(vector, other, strict=True)):
                return name
        filled = next(text for text in vector if text != ANY)
        vector = tuple(filled if text == ANY else text for text in vector)
        taken = {*self.args, *self.builds, *self.drafts[0].scope.texts.values()}
        made = base = self._word(vector) or f"{owner}_size"
        number = 2
        while made in taken:
            made, number = f"{base}{number}", number + 1
        self.args[made] = vector
        return made

    def _word(self, vector: Vector) -> str:
        """A name for the values: that of the graph around, or that of an axis of an input."""
        tokens = {token.text for text in vector if (token := self.tokens.of(text)) and token.outer}
        outer = {token.text for text in tokens if (token := self.tokens.of(text))}
        if len(outer) == 1 and len(tokens) >= 1:
            name = outer.pop().removeprefix("sizes.")
            if name.isidentifier():
                return name
        values = [self.tokens.value_of(text) for text in vector]
        for at, (port, spec) in enumerate(self.drafts[0].inputs):
            letters = _AXES.get(len(spec.shape), "").split()
            for axis, letter in enumerate(letters):
                own = [str(draft.inputs[at][1].shape[axis]) for draft in self.drafts]
                if own == values and letter in _WORDS:
                    return _WORDS[letter] if at == 0 else f"{attribute(port)}_{_WORDS[letter]}"
        return ""

    def _expressed(self, vector: Vector) -> str:
        """The values as a parameter, or as a multiple, a part or the sum of arguments that there are already."""
        places = [at for at, text in enumerate(vector) if text != ANY]
        values = [self.tokens.value_of(vector[at]) for at in places]
        if len(set(values)) == 1 and len(places) == len(vector) or not all(map(str.isdecimal, values)):
            return ""
        numbers = [int(value) for value in values]
        known = {name: [own[at] for at in places] for name, own in self._numbers().items()}
        for name, own in known.items():
            if own == numbers:
                return name
        if len(places) < len(vector):
            return ""
        for name, own in known.items():
            times = numbers[0] // own[0] if own[0] else 0
            if times > 1 and numbers == [times * number for number in own]:
                return f"{times} * {name}"
            part = own[0] // numbers[0] if numbers[0] else 0
            if part > 1 and own == [part * number for number in numbers]:
                return f"{name} // {part}"
        for one in known:
            for two in known:
                if one < two and numbers == [a + b for a, b in zip(known[one], known[two], strict=True)]:
                    return f"{one} + {two}"
        return ""

    def _numbers(self) -> dict[str, list[int]]:
        """Arguments whose whole values are known in every draft, those of parameters first."""
        found: dict[str, list[int]] = {}
        for name, text in self.drafts[0].scope.texts.items():
            values = [draft.scope.names.get(name) for draft in self.drafts]
            if text.isidentifier() and name != "i":
                numbers = [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
                if len(numbers) == len(values) and len(set(numbers)) > 1:
                    found[text] = numbers
        for name, vector in self.args.items():
            plain = [self.tokens.value_of(text) for text in vector]
            if all(text.isdecimal() for text in plain) and len(set(plain)) > 1:
                found[name] = [int(text) for text in plain]
        return found


def shape_text(tokens: Tokens, specs: Sequence[TensorSpec]) -> list[str]:
    """Each axis of values that stand for one in several uses: N 6 28 28; nothing where they differ in rank."""
    if len({len(spec.shape) for spec in specs}) != 1:
        return []
    letters = specs[0].axes.split()
    if len(letters) != len(specs[0].shape) or "*" in letters:
        letters = _AXES.get(len(specs[0].shape), "").split() or ["·"] * len(specs[0].shape)
    found = []
    for at, letter in enumerate(letters):
        texts = {_short(tokens, spec.shape[at]) for spec in specs}
        found.append(texts.pop() if len(texts) == 1 else letter)
    return found


def _short(tokens: Tokens, size: object) -> str:
    token = tokens.of(size)
    if token is None or token.outer:
        return str(size)
    short = token.text.removeprefix("sizes.")
    return short if short.isidentifier() else str(size)


def _params(text: str) -> set[str]:
    return {word for word in text.split() if word.isidentifier()}


def groups(drafts: Iterable[Draft]) -> list[list[Draft]]:
    """Drafts that differ in nothing but numbers, together; in order of first appearance."""
    found: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        found.setdefault(draft.skeleton, []).append(draft)
    return list(found.values())
