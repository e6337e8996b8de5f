"""How a class is called where a block is used: once, or turn by turn in a ModuleList."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from studio.analysis.configure import names_index
from studio.codegen.scope import Scope, attribute
from studio.codegen.tokens import ANY, NUMBER, Token
from studio.codegen.turns import at_turn
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
        params: of the block, that the class takes, in their order.
        sizes: whether it takes Sizes.
        required: names of those among ``params`` that every use gives, so that they have no default.
    """

    name: str
    values: Mapping[str, str]
    params: tuple[BlockParam, ...]
    sizes: bool
    required: frozenset[str]


@dataclass(frozen=True)
class Built:
    """The text that builds an instance, and statements that come after it, with ``{self}`` for it."""

    text: str
    after: tuple[str, ...] = ()


def built(scope: Scope, name: str, calls: Mapping[int, Call]) -> Built:
    """What builds an instance of a block, with marks of the class around it."""
    node = scope.node(name)
    grows = node.layer == "Repeat" and not scope.params(name).shared and not node.frozen
    parts = _first_and_later(scope, name, calls) if grows and scope.presence(name) != "sometimes" else None
    if parts is None:
        return Built(_build_text(scope, name, calls))
    times = literal(scope.named(name).times)
    more = f"range({int(times) - 1})" if times.isdecimal() else f"range({times} - 1)"
    return Built(f"nn.ModuleList([{parts[0]}])", (f"{{self}}.extend({parts[1]} for _ in {more})",))


def _build_text(scope: Scope, name: str, calls: Mapping[int, Call]) -> str:
    children = scope.children(name)
    if scope.node(name).layer != "Repeat":
        return _called(scope, calls[id(children[0])], _arguments(scope, name, children[0], calls))
    if not children:  # no turn here: what the others have, but for its numbers
        others = [
            other for other in scope.uses.scopes[scope.key] if other.is_present(name) and other.children(name)
        ]
        if not others:
            return ""
        text = _build_text(others[0], name, calls)
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


def _first_and_later(scope: Scope, name: str, calls: Mapping[int, Call]) -> tuple[str, str] | None:
    """How the first turn and each later one is called, where these differ and the later ones are alike."""
    uses = [other for other in scope.uses.scopes[scope.key] if other.is_present(name)]
    children = scope.children(name)
    if any(not other.children(name) for other in uses) or len({calls[id(one)].name for one in children}) > 1:
        return None
    forms = _forms(scope, name, calls)
    if "each" in forms.values():
        return None
    differs = "first" in forms.values()
    call, turns = calls[id(children[0])], [_arguments(scope, name, child, calls) for child in children]
    first, later = dict(turns[0]), dict(turns[min(1, len(turns) - 1)])
    if len(turns) == 1:
        later |= {key: NUMBER.sub(ANY, turns[0][key]) for key, form in forms.items() if form == "first"}
    for param in call.params:
        given, key = argument(children[0], param.name), attribute(param.name)
        if param.name == INDEX:
            return None
        if not isinstance(given, Expression) or not names_index(given):
            continue
        differs = True
        for texts, child, at in (
            (first, children[0], True),
            (later, children[min(1, len(turns) - 1)], False),
        ):
            found = at_turn(given, at)
            if found is None:
                return None
            texts.pop(key)
            if isinstance(found, Expression):
                value = child.names.get(param.name, "") if at or len(turns) > 1 else ""
                texts[key] = scope.uses.tokens.mark(scope.token(found), value)
            elif (value := bool(found) if param.kind == "bool" else found) != param.default:
                texts[key] = literal(value)
    return (_called(scope, call, first), _called(scope, call, later)) if differs else None


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
    """``Stage(64, width, stride=2)``: by place what every use gives and what the text says already, else by name."""
    parts = []
    by_place = True
    order = [arg for arg in arguments if arg in call.values or arg in ("sizes", INDEX)]
    order += [
        made for param in call.params if (made := attribute(param.name)) in arguments and param.name != INDEX
    ]
    for arg in order:
        text = arguments[arg]
        settled = arg in call.values or arg in ("sizes", INDEX) or arg in call.required
        by_place = by_place and (settled or scope.uses.tokens.spell(text) == arg)
        parts.append(text if by_place else f"{arg}={text}")
    return f"{call.name}({', '.join(parts)})"
