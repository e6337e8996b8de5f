"""How a class is called where a block is used: once, or turn by turn in a ModuleList."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from studio.analysis.configure import names_index
from studio.codegen.scope import Scope, attribute
from studio.codegen.tokens import ANY, NUMBER, Token
from studio.codegen.uses import INDEX, argument
from studio.document.model import MAIN
from studio.graph.expression import Expression
from studio.graph.model import BlockParam
from studio.layers.text import literal

_INDEX = re.compile(r"\bi\b")
_FORMS = (
    "same",
    "first",
    "each",
)  # how an argument goes from turn to turn: each form says more than the one before


@dataclass(frozen=True)
class Call:
    """The class of one use, and what it is called with.

    Attributes:
        name: of the class.
        values: arguments that stand for inferred sizes -> their texts, as the block itself sees them.
        params: of the block, that the class takes.
        sizes: whether it takes Sizes.
    """

    name: str
    values: Mapping[str, str]
    params: tuple[BlockParam, ...]
    sizes: bool


def build_text(scope: Scope, name: str, calls: Mapping[int, Call]) -> str:
    """The text that builds an instance of a block, with marks of the class around it."""
    children = scope.children(name)
    if scope.node(name).layer != "Repeat":
        return _called(scope, calls[id(children[0])], _arguments(scope, name, children[0], calls))
    if not children:  # no turn here: what the others have, but for its numbers
        others = [
            other for other in scope.uses.scopes[scope.key] if other.is_present(name) and other.children(name)
        ]
        if not others:
            return ""
        text = build_text(others[0], name, calls)
        times = literal(scope.named(name).times)
        return NUMBER.sub(lambda found: ANY, text.rpartition("range(")[0]) + f"range({times}))"
    if scope.params(name).shared:
        return _called(scope, calls[id(children[0])], _arguments(scope, name, children[0], calls))
    names = {calls[id(child)].name for child in children}
    if len(names) > 1:
        parts = [
            _called(scope, calls[id(child)], _arguments(scope, name, child, calls, at))
            for at, child in enumerate(children)
        ]
        return f"nn.ModuleList([{', '.join(parts)}])"
    return _list(scope, name, calls[id(children[0])], calls)


def _list(scope: Scope, name: str, made: Call, calls: Mapping[int, Call]) -> str:
    """A ModuleList whose turns differ in arguments only."""
    turns = [_arguments(scope, name, child, calls) for child in scope.children(name)]
    forms = _forms(scope, name, calls)
    times = literal(scope.named(name).times)
    steps = {
        key: step
        for key, form in forms.items()
        if form == "each" and (step := _step(scope, name, key, calls))
    }
    if all(form != "each" or key in steps for key, form in forms.items()):
        later = turns[1] if len(turns) > 1 else {key: NUMBER.sub(ANY, text) for key, text in turns[0].items()}
        texts = {
            key: turns[0][key] if form == "same" else f"{turns[0][key]} if i == 0 else {later[key]}"
            for key, form in forms.items()
        }
        texts |= {key: f"{turns[0][key]} + i * {step}" for key, step in steps.items()}
        call = _called(scope, made, texts)
        index = "i" if _reads_index(scope, call) else "_"
        return f"nn.ModuleList({call} for {index} in range({times}))"
    moving = [key for key, form in forms.items() if form != "same"]
    rows = [", ".join(turn[key] for key in moving) for turn in turns]
    call = _called(scope, made, {key: key if key in moving else text for key, text in turns[0].items()})
    rows = rows if len(moving) == 1 else [f"({row})" for row in rows]
    values, inner = f"({', '.join(rows)})", ", ".join(moving)
    if _reads_index(scope, call):
        inner = f"i, {inner}" if len(moving) == 1 else f"i, ({inner})"
        values = f"enumerate({values})"
    return f"nn.ModuleList({call} for {inner} in {values})"


def _step(scope: Scope, name: str, key: str, calls: Mapping[int, Call]) -> str:
    """The parameter by which an argument grows from turn to turn in all uses of the block around; "" for none."""
    if scope.key == MAIN:
        return ""
    uses = [other for other in scope.uses.scopes[scope.key] if other.is_present(name)]
    for param in scope.document.blocks[scope.key].params:
        if all(_grows(other, name, key, param.name, calls) for other in uses):
            return scope.uses.tokens.mark(scope.token(Expression(param.name)), scope.names[param.name])
    return ""


def _grows(scope: Scope, name: str, key: str, param: str, calls: Mapping[int, Call]) -> bool:
    """Whether an argument grows by the value of a parameter from turn to turn."""
    tokens = scope.uses.tokens
    texts = [
        tokens.value_of(_arguments(scope, name, child, calls).get(key, "")) for child in scope.children(name)
    ]
    if not all(map(str.isdecimal, texts)):
        return False
    numbers = [int(text) for text in texts]
    return all(b - a == scope.names.get(param) for a, b in zip(numbers, numbers[1:], strict=False))


def _reads_index(scope: Scope, text: str) -> bool:
    return _INDEX.search(scope.uses.tokens.spell(text)) is not None


def _forms(scope: Scope, name: str, calls: Mapping[int, Call]) -> dict[str, str]:
    """How each argument goes from turn to turn, in a form that all uses of the block around can have."""
    found: dict[str, str] = {}
    for other in scope.uses.scopes[scope.key]:
        if not other.is_present(name) or not other.children(name):
            continue
        turns = [_arguments(other, name, child, calls) for child in other.children(name)]
        for key in turns[0]:
            texts = [turn.get(key, "") for turn in turns]
            form = "same" if len(set(texts)) == 1 else "first" if len(set(texts[1:])) == 1 else "each"
            found[key] = max(found.get(key, "same"), form, key=_FORMS.index)
    return found


def _arguments(
    scope: Scope, name: str, child: Scope, calls: Mapping[int, Call], turn: int | None = None
) -> dict[str, str]:
    """Argument -> text in the class around; an expression in the turn of a Repeat stays one, but for one ``turn``."""
    call, tokens = calls[id(child)], scope.uses.tokens
    texts: dict[str, str] = {}
    if call.sizes:
        texts["sizes"] = tokens.mark(Token("sizes", sizes=True))
    for arg, text in call.values.items():
        token = tokens.of(text)
        found = scope.uses.around(child, token) if token else None
        texts[arg] = tokens.mark(found, tokens.value_of(text)) if found else tokens.value_of(text)
    loop = scope.node(name).layer == "Repeat" and not scope.params(name).shared
    for param in call.params:
        if param.name == INDEX:
            texts[INDEX] = "i" if turn is None else str(turn)
            continue
        given = argument(child, param.name)
        made = attribute(param.name)
        if isinstance(given, Expression):
            value = child.names.get(param.name, "")
            shown = "" if loop and names_index(given) else value
            texts[made] = tokens.mark(scope.token(given, loop), shown) if turn is None else literal(value)
        elif literal(given) != literal(param.default):
            texts[made] = literal(given)
    return texts


def _called(scope: Scope, call: Call, arguments: Mapping[str, str]) -> str:
    """``Stage(64, width=128)``: inferred sizes by place, parameters by name unless the text says it already."""
    parts = []
    by_place = True
    for arg, text in arguments.items():
        inferred = arg in call.values or arg in ("sizes", INDEX)
        by_place = by_place and (inferred or scope.uses.tokens.spell(text) == arg)
        parts.append(text if by_place else f"{arg}={text}")
    return f"{call.name}({', '.join(parts)})"
