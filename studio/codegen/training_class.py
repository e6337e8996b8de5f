"""The Training class: one step of the drawing and its evaluation, as a person would write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from studio.codegen.body import Body, Line
from studio.codegen.layout import statement
from studio.codegen.meters import meter
from studio.codegen.scope import CodeError, Key, Scope, attribute
from studio.codegen.steps import IMPLIED, Evaluation, Steps
from studio.codegen.tokens import of_self
from studio.codegen.unify import shape_text
from studio.graph.model import Source
from studio.layers.text import literal

__all__ = ["IMPLIED", "Drawn", "TrainingText", "batch_key", "check", "drawn"]
FOLLOW = '''
def follow(average: nn.Module, source: nn.Module, decay: float) -> None:
    """Moves an average a little towards its source; buffers are copied."""
    with torch.no_grad():
        pairs = zip(average.parameters(), source.parameters(), strict=True)
        for mine, its in pairs:
            mine.lerp_(its, 1 - decay)
        for mine, its in zip(average.buffers(), source.buffers(), strict=True):
            mine.copy_(its)
'''.strip("\n")


@dataclass(frozen=True)
class Drawn:
    """What the main graph says of training."""

    losses: list[str]
    metrics: list[str]
    optimizers: list[str]  # nodes, by order number; empty when one is implied
    data: list[str]
    views: list[str]
    averages: list[str]


def drawn(scope: Scope) -> Drawn:
    """Reads the roles of the main graph's nodes."""

    def of(role: str) -> list[str]:
        return [name for name in scope.order if scope.role(name) == role and scope.is_present(name)]

    optimizers = sorted(of("optimizer"), key=lambda name: (scope.params(name).order, name))
    data = [name for name in of("source") if scope.node(name).layer == "Data"]
    averages = [name for name in of("block") if scope.node(name).layer == "EMA"]
    views = [name for name in of("view") if scope.sources(name)]
    return Drawn(of("loss"), of("metric"), optimizers, data, views, averages)


def batch_key(field: str, node: str, data: list[str]) -> str:
    """A field's key in the batch: plain with one Data node, "node.field" with several."""
    return field if len(data) == 1 else f"{node}.{field}"


class TrainingText:
    """Writes step and evaluate. Modules of the network are reached as ``self.network``.

    Attributes:
        builds: attribute -> text that builds it.
        is_gated: whether ``step`` asks which Optimizers act.
        places: node -> lines of the class that belong to it, once it is written.
        names: node -> attribute, of modules that are no part of the network.
    """

    def __init__(self, scope: Scope, network: Body, outputs: list[Source], inputs: dict[Key, str]) -> None:
        self._scope, self._network, self._outputs, self._inputs = scope, network, outputs, inputs
        self._drawn = drawn(scope)
        self._steps = Steps(scope, self._drawn.optimizers, self._drawn.losses)
        self._inner_nodes = scope.upstream({source.node for source in outputs}) - {node for node, _ in inputs}
        self.is_gated = bool(self._steps.gated)
        self.builds: dict[str, str] = {}
        self.meters: dict[str, str] = {}
        self.places: dict[str, list[int]] = {}
        self.names: dict[str, str] = {}
        self.inits: dict[str, list[str]] = {}
        self._still: list[str] = []

    def lines(self) -> list[str]:
        """The whole class."""
        bodies = [self._step(), self._evaluate(), *([self._look()] if self._drawn.views else [])]
        tokens = self._scope.uses.tokens
        texts = [*self.builds.values(), *(line.text for body in bodies for line in body.lines)]
        kept = any(
            token.sizes for body in bodies for line in body.lines for token in tokens.within(line.text)
        )
        has_sizes = "(sizes" in self.builds["network"] or any(
            t.sizes for x in texts for t in tokens.within(x)
        )
        head = [
            "class Training(nn.Module):",
            '    """One step of the drawing: what it trains, what it minimizes, what it measures."""',
            "",
            f"    def __init__(self{', sizes: Sizes = Sizes()' if has_sizes else ''}) -> None:",
            "        super().__init__()",
            *(["        self.sizes = sizes"] if kept else []),
        ]
        timed = any(getattr(self._scope.params(name), "weight_rise", 0.0) for name in self._drawn.losses)
        nodes = {made: node for node, made in self.names.items()}
        for name, build in self.builds.items():
            start = len(head)
            head += statement(f"self.{name} = {tokens.spell(build)}", 8)
            for line in self.inits.get(name, ()):
                head += statement(tokens.spell(line.strip()), 8 + len(line) - len(line.lstrip()))
            self._place([nodes[name]] if name in nodes else [], start, len(head))
        if timed:
            head.append("        self.epoch = 0.0  # epochs done, set by whoever trains")
        for body in bodies:
            head += ["", *self._laid_out(body, len(head) + 1)]
        return [*head, *self._eval_lines()]

    def trained_by(self, optimizer: str) -> list[str]:
        """Attribute prefixes of what an Optimizer trains; none is all."""
        names = [self._scope.owner(name) for name in self._scope.params(optimizer).trains]
        return [self.place(name) for name in dict.fromkeys(names)]

    def grouped_by(self, optimizer: str) -> list[str]:
        """Attribute prefixes of what has a learning rate of its own."""
        return [self.place(self._scope.owner(name)) for name in self._scope.params(optimizer).groups]

    def place(self, name: str) -> str:
        """Where a node's module lies in Training."""
        made = attribute(name)
        return f"network.{made}" if name in self._network.modules else made

    def _place(self, nodes: Iterable[str], start: int, end: int) -> None:
        for node in nodes:
            self.places.setdefault(node, []).extend(range(start, end))

    def _laid_out(self, body: Body, first: int) -> list[str]:
        tokens = self._scope.uses.tokens
        lines: list[str] = []
        for line in body.lines:
            comment = " ".join(shape_text(tokens, [line.spec])) if line.spec is not None else ""
            text = tokens.spell(line.text, of_self)
            start = first + len(lines)
            lines += statement(text, line.indent, comment) if text else [""]
            self._place(dict.fromkeys(line.owners), start, first + len(lines))
        return lines

    def _eval_lines(self) -> list[str]:
        if not self._still:
            return []
        names = [f"        self.{name}.eval()" for name in self._still]
        return [
            "",
            "    def train(self, mode: bool = True) -> Self:",
            "        super().train(mode)",
            *names,
            "        return self",
        ]

    def _body(self, header: str) -> Body:
        body = Body(self._scope, block_build=self._network.block_build, uses_x=False)
        body.place = lambda name: f"self.{self.place(name)}"
        body.lines.append(Line(header, 4))
        for data in self._drawn.data:
            for port in self._scope.outputs(data):
                body.give(data, port, f'batch["{batch_key(port, data, self._drawn.data)}"]')
        body.batch = next((v.text for v in body.values.values()), "")
        return body

    def _whole(self, needed: Iterable[str]) -> bool:
        """Whether one call of the network gives everything the rest needs of it."""
        if not self._is_plain:
            return False
        ready = {(source.node, self._scope.port(source)) for source in self._outputs}
        for name in needed:
            if name in self._inner_nodes:
                continue
            for _, source in self._scope.sources(name):
                key = (source.node, self._scope.port(source))
                if source.node in self._inner_nodes and key not in ready:
                    return False
        return True

    @property
    def _is_plain(self) -> bool:
        """Whether one Optimizer trains everything that can learn, in every step."""
        steps = self._steps
        learned = {name for name in self._scope.order if steps.weights(name)}
        return len(steps.paragraphs) == 1 and not steps.gated and steps.paragraphs[0].trained >= learned

    def _step(self) -> Body:
        gates = ", acts: Acts" if self.is_gated else ""
        body = self._body(f"def step(self, batch: dict[str, Tensor], update: Update{gates}) -> None:")
        for number in range(len(self._steps.paragraphs)):
            if number:
                body.lines.append(Line("", 0))
            self._paragraph(body, number)
        self._collect(body)
        return body

    def _paragraph(self, body: Body, number: int) -> None:
        """One Optimizer: compute what its losses need and what is stale, then update."""
        steps, scope = self._steps, self._scope
        paragraph = steps.paragraphs[number]
        todo = [one for one in steps.of(number) if self._is_computed(one.node)]
        whole = self._whole(scope.upstream({source.node for source in paragraph.losses}))
        if whole:
            given = {node for node, _ in self._inputs}  # drawn before the call, once for all who read it
            todo = [one for one in todo if one.node not in self._inner_nodes | given]
        body.count_uses([one.node for one in todo], paragraph.losses)
        body.reserve(self._read_later(number))
        gate = steps.condition(paragraph.acts, steps.cases)
        if gate:
            body.line(f"if {gate}:")
        body.indent += 4 if gate else 0
        self._watch(body)
        if whole:
            self._call_network(body)
        for (condition, is_cut), group in groupby(todo, lambda one: self._frame(one, paragraph.acts)):
            self._group(body, list(group), condition, is_cut)
        total = " + ".join(self._weighted(source.node) + body.read(source) for source in paragraph.losses)
        body.line(f'update("{paragraph.name}", {total})', (paragraph.name,))
        self._follow(body, number)
        body.indent = 8

    def _read_later(self, number: int) -> list[Source]:
        """What paragraphs after this one read."""
        steps, later = self._steps, range(number + 1, len(self._steps.paragraphs))
        nodes = [one.node for paragraph in later for one in steps.of(paragraph)]
        losses = [source for paragraph in later for source in steps.paragraphs[paragraph].losses]
        return [*losses, *(source for node in nodes for _, source in self._scope.sources(node))]

    def _is_computed(self, name: str) -> bool:
        if any(node == name for node, _ in self._inputs) and self._scope.node(name).layer == "Data":
            return False
        return self._scope.node(name).layer != "Data" and self._scope.role(name) != "output"

    def _frame(self, one: Evaluation, within: frozenset[int]) -> tuple[str, bool]:
        if self._is_plain:
            return "", False
        return self._steps.condition(one.cases, within), self._steps.is_cut(one)

    def _group(self, body: Body, group: list[Evaluation], condition: str, is_cut: bool) -> None:
        before = body.indent
        cut = frozenset(key for one in group for key in self._cuts(one))
        for text in (f"if {condition}:" if condition else "", "with torch.no_grad():" if is_cut else ""):
            if text:
                body.line(text)
                body.indent += 4
        for one in group:
            keep = not self._is_plain or self._scope.role(one.node) in ("loss", "metric")
            body.write(one.node, detach=self._cuts(one) - self._sensitive, keep=keep)
            self._watch_value(body, one.node, cut)
        body.indent = before

    def _cuts(self, one: Evaluation) -> frozenset[Key]:
        return frozenset() if self._is_plain else self._steps.detached(one)

    def _weighted(self, name: str) -> str:
        """What stands before a loss in the sum that an Optimizer makes small."""
        p = self._scope.params(name)
        weight, rise = getattr(p, "weight", 1.0), getattr(p, "weight_rise", 0.0)
        if self._scope.role(name) != "loss" or (weight == 1.0 and not rise):
            return ""
        growing = f"min(self.epoch / {rise!r}, 1.0) * " if rise else ""
        return (f"{literal(self._scope.named(name).weight)} * " if weight != 1.0 else "") + growing

    @property
    def is_twice(self) -> bool:
        """Whether a loss differentiates values by others, so that the backward pass does so once more."""
        return bool(self._sensitive)

    @cached_property
    def _sensitive(self) -> frozenset[Key]:
        """Values that gradient penalties differentiate by: whatever reads them must read them so."""
        scope, found = self._scope, set()
        for name in self._drawn.losses:
            port = scope.spec(name).traits.gradient_of
            found |= {(s.node, scope.port(s)) for own, s in scope.sources(name) if port and own == port}
        return frozenset(found)

    def _watch(self, body: Body) -> None:
        """What comes from the data and is differentiated by asks for gradients before anything reads it."""
        for node, port in sorted(self._sensitive):
            if self._scope.role(node) == "source" and (node, port) in body.values:
                body.line(f"{body.values[(node, port)].text}.requires_grad_()")

    def _watch_value(self, body: Body, node: str, detached: frozenset[Key]) -> None:
        """The same for a value that was just computed; one that is to be detached becomes so for all."""
        for key in sorted(self._sensitive):
            if key[0] == node and key in body.values:
                text = body.values[key].text
                cut = f"{text} = {text}.detach().requires_grad_()"
                body.line(cut if key in detached else f"{text}.requires_grad_()")

    def _follow(self, body: Body, number: int) -> None:
        """Averages move after the last Optimizer that trains what they follow."""
        for name in self._drawn.averages:
            p = self._scope.params(name)
            trained = [at for at, one in enumerate(self._steps.paragraphs) if str(p.of) in one.trained]
            if trained and trained[-1] == number:
                places = f"self.{self.place(name)}, self.{self.place(str(p.of))}"
                body.line(f"follow({places}, {literal(self._scope.named(name).decay)})", (name,))

    def _call_network(self, body: Body) -> None:
        """One line for the network; noise that it reads is drawn before."""
        for node, port in self._inputs:
            if (node, port) not in body.values:
                body.write(node, keep=True)
        texts = [body.values[key].text for key in self._inputs]
        names = [body.free(attribute(source.node)) for source in self._outputs]
        body.line(f"{', '.join(names)} = self.network({', '.join(texts)})")
        for source, text in zip(self._outputs, names, strict=True):
            body.give(source.node, self._scope.port(source), text)

    def _evaluate(self) -> Body:
        scope, found = self._scope, self._drawn
        body = self._body("def evaluate(self, batch: dict[str, Tensor]) -> Evaluation:")
        if self._sensitive:
            body.lines.insert(
                0, Line("@torch.enable_grad()  # penalties on slopes need gradients here too", 4)
            )
        read = [source for name in found.metrics for _, source in scope.sources(name)]
        self._compute(body, [*map(Source, found.losses), *read])
        losses = ", ".join(f'"{name}": {body.read(Source(name))}' for name in found.losses)
        metrics = []
        for name in found.metrics:
            build, pair = meter(scope, name, [body.read(source) for _, source in scope.sources(name)])
            if build:
                self.meters[name] = build
            metrics.append(f'"{name}": ({pair})')
        body.line(f"return Evaluation(losses={{{losses}}}, metrics={{{', '.join(metrics)}}})")
        self._collect(body)
        return body

    def _look(self) -> Body:
        """What the View nodes look at."""
        body = self._body("def look(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:")
        sources = {name: self._scope.sources(name)[0][1] for name in self._drawn.views}
        self._compute(body, list(sources.values()))
        values = ", ".join(f'"{name}": {body.read(source)}' for name, source in sources.items())
        body.line(f"return {{{values}}}")
        self._collect(body)
        return body

    def _compute(self, body: Body, wanted: list[Source]) -> None:
        """Everything that these values need, in evaluation: where an average stands in, it does."""
        scope = self._scope
        stand_ins = {str(scope.params(n).of): n for n in self._drawn.averages if scope.params(n).stands_in}
        body.place = lambda name: f"self.{self.place(stand_ins.get(name, name))}"
        needed = scope.upstream({source.node for source in wanted})
        whole = self._whole(needed) and not stand_ins and bool(needed & self._inner_nodes)
        keys = {(source.node, scope.port(source)) for source in self._outputs}
        read = [(source.node, scope.port(source)) for source in wanted if source.node in self._inner_nodes]
        whole = whole and all(key in keys for key in read)
        nodes = [name for name in scope.order if name in needed and self._is_computed(name)]
        if whole:
            nodes = [name for name in nodes if name not in self._inner_nodes]
        body.count_uses(nodes, wanted)
        self._watch(body)
        if whole:
            self._call_network(body)
        for name in nodes:
            if not whole or not any((name, port) in body.values for port in scope.outputs(name)):
                body.write(name, keep=True)
                self._watch_value(body, name, frozenset())

    def _collect(self, body: Body) -> None:
        """Takes the modules that are no part of the network, and averages that nothing reads."""
        owners = {made: node for node, made in body.modules.items()}
        for name, build in body.builds.items():
            if owners[name] not in self._network.modules and not build.startswith("copy.deepcopy("):
                self.builds[name] = build
                self.names[owners[name]] = name
                if name in body.inits:
                    self.inits[name] = body.inits[name]
        self._still += [
            n for n in body.still if owners[n] not in self._network.modules and n not in self._still
        ]
        for name in self._drawn.averages:
            if name not in self._network.modules:
                source = self.place(str(self._scope.params(name).of))
                self.builds.pop(attribute(name), None)  # after what it copies
                self.builds[attribute(name)] = f"copy.deepcopy(self.{source}).requires_grad_(False).eval()"
                self._still += [attribute(name)] if attribute(name) not in self._still else []


def check(scope: Scope) -> Drawn:
    """What is drawn, when it can be trained.

    Raises:
        CodeError: there is no loss.
    """
    found = drawn(scope)
    if not found.losses:
        raise CodeError("The drawing has no loss, so there is nothing to train.")
    return found
