"""What help says of a layer, worked out from its record: ranges, the formula with numbers, what is related."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from urllib.parse import quote_plus, urlsplit

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.formula import Accent, Fence, Frac, Piece, Root, Row, Scripts, Sym, Table, parse_formula
from studio.layers.params import Bool, Choice, Float, Int, Ints, NodeRefs, Numbers, Param
from studio.layers.spec import LayerSpec
from studio.layers.text import plain
from studio.text import tr

_GREEK = {
    "eps": "ε", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "lambd": "λ", "lambda": "λ", "tau": "τ",
    "sigma": "σ", "theta": "θ", "temperature": "τ", "rho": "ρ", "lr": "η", "negative_slope": "a",
}  # fmt: skip
# In a formula for a size of the output, as torch writes it, these letters are the window's parameters.
_WINDOW = {"k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation", "o": "output_padding"}
_MOST_RELATED = 6
_NO_LIMIT = 2**31 - 1  # a maximum that only keeps numbers storable says nothing to the user
_COMMON = frozenset({"layer", "network", "function", "module", "number", "numbers", "data"})


def range_text(param: Param) -> str:
    """What values a parameter takes, in the user's language: "whole number ≥ 1", "0 … 1"."""
    if isinstance(param, Choice):
        return ", ".join(option or "—" for option in param.options)
    if isinstance(param, Bool):
        return tr("yes or no")
    if isinstance(param, Ints):
        kind = tr("{count} whole numbers", count=param.count) if param.count else tr("whole numbers")
        return _bounds(kind, param.min, param.max)
    if isinstance(param, Int):
        return _bounds(tr("whole number"), param.min, param.max)
    if isinstance(param, Float):
        return _bounds(tr("number"), param.min, param.max)
    if isinstance(param, Numbers):
        return _bounds(tr("numbers"), param.min, None)
    return tr("names of nodes") if isinstance(param, NodeRefs) else tr("text")


def _bounds(kind: str, low: float | None, high: float | None) -> str:
    if high is not None and high >= _NO_LIMIT:
        high = None
    if low is not None and high is not None:
        return f"{kind} {low:g} … {high:g}"
    if low is not None:
        return f"{kind} ≥ {low:g}"
    return f"{kind} ≤ {high:g}" if high is not None else kind


def axes_text(axes: str) -> str:
    """An axis pattern in words: "N C H W", "N …" for any more axes, "scalar" for none."""
    if not axes:
        return tr("one number")
    return tr("any shape") if axes == "*" else axes.replace("*", "…")


def formula_with_numbers(
    spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
) -> Row | None:
    """The parts of the formula in which this node's numbers stand, those put in; None where there are none."""
    if not spec.formula:
        return None
    known = _numbers_of(spec, p, inputs)
    parts = []
    for part in _parts(parse_formula(spec.formula)):
        filled = _fill(part, known)
        if filled != part:
            parts.append(_with_result(filled, outputs))
    if not parts:
        return None
    between = Sym("quad", "space")
    items: list[Piece] = []
    for part in parts:
        items += ([between] if items else []) + list(part.items)
    return Row(tuple(items))


def _numbers_of(spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec]) -> dict[str, str]:
    """Sign -> the number it stands for in this node."""
    names = {param.name: param.name for param in spec.params if len(param.name) == 1}
    names |= {sign: name for name, sign in _GREEK.items() if any(one.name == name for one in spec.params)}
    if "_{out}" in spec.formula and any(param.name == "kernel_size" for param in spec.params):
        names |= {sign: name for sign, name in _WINDOW.items() if hasattr(p, name)}
        names |= {
            axis: f"{spec.inputs[0].name}.{axis}"
            for axis in ("H", "L")
            if axis in spec.inputs[0].axes.split()
        }
    elif r"\to" in spec.formula and spec.inputs:
        names |= {
            axis: f"{spec.inputs[0].name}.{axis}" for axis in spec.inputs[0].axes.split() if axis.isalpha()
        }
    found = {}
    for sign, name in (names | dict(spec.symbols)).items():
        value = _value(spec, p, inputs, name)
        if value is not None:
            found[sign] = value
    return found


def _value(spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec], name: str) -> str | None:
    if "." in name:
        size = _axis(spec, inputs, *name.split(".", 1))
        return None if size is None else str(size)
    value = getattr(p, name, None)
    if isinstance(value, tuple) and value and len(set(value)) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and 1e-9 < abs(value) < 1e-3:
        return f"{value:.10f}".rstrip("0")
    return plain(value)


def _axis(spec: LayerSpec, inputs: Sequence[TensorSpec], port: str, axis: str) -> Size | None:
    at = next((at for at, one in enumerate(spec.inputs) if one.name == port), None)
    if at is None or at >= len(inputs):
        return None
    names = spec.inputs[at].axes.split()
    if axis not in names or "*" in names or len(names) != len(inputs[at].shape) or axis == "N":
        return None
    return inputs[at].shape[names.index(axis)]


def _parts(row: Row) -> list[Row]:
    """The equations that stand beside each other."""
    parts: list[list[Piece]] = [[]]
    for piece in row.items:
        if isinstance(piece, Sym) and piece.kind == "space" and piece.text in ("quad", "qquad"):
            parts.append([])
        else:
            parts[-1].append(piece)
    return [Row(tuple(part)) for part in parts if part]


def _fill(piece: Piece, known: Mapping[str, str]) -> Piece:
    """``piece`` with numbers for signs; what carries an index is another thing and stays."""
    if isinstance(piece, Row):
        return _fill_row(piece, known)
    if isinstance(piece, Sym):
        return Sym(known[piece.text], "number") if piece.kind == "name" and piece.text in known else piece
    if isinstance(piece, Frac):
        return replace(piece, top=_fill(piece.top, known), bottom=_fill(piece.bottom, known))
    if isinstance(piece, (Root, Fence)):
        return replace(piece, body=_fill(piece.body, known))
    if isinstance(piece, Table):
        return Table(tuple(tuple(_fill(cell, known) for cell in row) for row in piece.rows))
    if isinstance(piece, Accent):
        return piece
    base, sub, sup = piece.base, piece.sub, piece.sup
    if sub is None or isinstance(base, Fence):
        base = _fill(base, known)
    if piece.limits:
        sub = _fill(sub, known) if sub else None
    return Scripts(base, sub, _fill(sup, known) if sup else None, piece.limits)


def _fill_row(row: Row, known: Mapping[str, str]) -> Row:
    """Numbers that come to stand beside others get a dot between: 2p is 2 · 3."""
    items: list[Piece] = []
    for piece in row.items:
        filled = _fill(piece, known)
        new = filled is not piece and isinstance(filled, Sym)
        before = items[-1] if items else None
        if (
            before is not None
            and _multiplies(before)
            and _is_factor(filled)
            and (new or _is_new(before, row))
        ):
            items.append(Sym("·", "binary"))
        if new and isinstance(filled, Sym) and filled.text.startswith("-") and before is not None:
            filled = Fence("(", filled, ")")
        items.append(filled)
    return Row(tuple(items))


def _is_new(piece: Piece, row: Row) -> bool:
    return piece not in row.items


def _multiplies(piece: Piece) -> bool:
    return not isinstance(piece, Sym) or piece.kind in ("number", "name", "close")


def _is_factor(piece: Piece) -> bool:
    return not isinstance(piece, Sym) or piece.kind in ("number", "name", "open")


def _with_result(part: Piece, outputs: Sequence[TensorSpec]) -> Row:
    """A formula for a size ends with what it comes to."""
    items = part.items if isinstance(part, Row) else (part,)
    first = items[0] if items else None
    if not isinstance(first, Scripts) or not isinstance(first.base, Sym) or not outputs:
        return Row(items)
    sub = first.sub.items if isinstance(first.sub, Row) else (first.sub,)
    if "".join(one.text for one in sub if isinstance(one, Sym)) != "out":
        return Row(items)
    at = {"H": -2, "W": -1, "L": -1, "D": -3, "T": -1}.get(first.base.text)
    shape = outputs[0].shape
    if at is None or len(shape) < -at:
        return Row(items)
    return Row((*items, Sym("=", "relation"), Sym(str(shape[at]), "number")))


def related(name: str) -> tuple[str, ...]:
    """Layers to look at too: what the record names, then those nearest by keywords, group and category."""
    return _related(name)


@cache
def _related(name: str) -> tuple[str, ...]:
    from studio.layers import CATALOGUE

    spec = CATALOGUE[name]
    named = [one for one in spec.related if one in CATALOGUE and one != name]
    words = _words(spec)
    scored = []
    for at, other in enumerate(CATALOGUE.values()):
        if other.name == name or other.name in named or other.traits.role != spec.traits.role:
            continue
        shared = len(words & _words(other))
        near = 2.0 * shared + 2.0 * (bool(spec.group) and spec.group == other.group)
        near += 1.0 * (spec.category is other.category) + 0.5 * _same_stem(name, other.name)
        if near >= 1.0:
            scored.append((-near, at, other.name))
    return (*named, *(row[2] for row in sorted(scored)))[:_MOST_RELATED]


def _words(spec: LayerSpec) -> frozenset[str]:
    return frozenset(word.lower() for word in spec.keywords) - _COMMON


def _same_stem(first: str, second: str) -> bool:
    """Conv1d and Conv2d, MaxPool2d and AvgPool2d: one begins or ends as the other does."""
    a, b = first.rstrip("123d"), second.rstrip("123d")
    return a == b or a[-4:] == b[-4:]


def weight_lines(weights: Mapping[str, tuple[int, ...]]) -> list[tuple[str, str, int]]:
    """Each weight: name, shape as 16 × 6 × 5 × 5, count."""
    rows = []
    for name, shape in weights.items():
        count = 1
        for size in shape:
            count *= size
        rows.append((name, " × ".join(str(size) for size in shape) or "1", count))
    return rows


def links(spec: LayerSpec) -> list[tuple[str, str]]:
    """Pages about a layer, title and address: torch's own, the address in its source, or a search for the paper."""
    found = []
    if spec.torch_name:
        name = re.sub(r"^F\.", "nn.functional.", spec.torch_name)
        name = name if name.startswith("torch.") else f"torch.{name}"
        found.append((name, f"https://docs.pytorch.org/docs/stable/generated/{name}.html"))
    address = re.search(r"https?://[^\s,;]+", spec.source)
    if address and all(address.group() != url for _, url in found):
        title = spec.source if spec.source != address.group() else _page(address.group())
        found.append((title, address.group()))
    elif not address:
        found.append(
            (spec.source, f"https://scholar.google.com/scholar?q={quote_plus(spec.source.split(';')[0])}")
        )
    return found


def _page(address: str) -> str:
    """A short title of a page: where it is and what it is called there."""
    parts = urlsplit(address)
    stem = parts.path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
    return f"{parts.netloc}: {stem}" if stem else parts.netloc
