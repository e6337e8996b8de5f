"""The shape line of a layer that the user wrote: "N C H W -> N 2*C H//2 W//2".

Inputs and outputs are parted by commas, axes by spaces; ``name:`` before the axes names a port, a word of kinds
(int, bool, complex, number, any, float) after them says what the numbers are. ``*`` is any axes, the same in
outputs as in the input. An axis of an output is a number, a name, or arithmetic over names without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from studio.graph.expression import ExpressionError, Tree, parse, tree_of, tree_value
from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.spec import ShapeError

_KINDS = ("float", "int", "bool", "complex", "number", "any")
_DTYPES = {"int": "int64", "bool": "bool", "complex": "complex64"}
_LABEL = re.compile(r"^(\w+):(?!:)\s*")


class ShapeLineError(ValueError):
    """A shape line that can't be read. ``template`` holds {names} of ``values``."""

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template, self.values = template, values


@dataclass(frozen=True, slots=True)
class PortShape:
    """One port of the line: its name or "", its axes, its kind of numbers or ""."""

    name: str
    axes: str
    dtype: str


@dataclass(frozen=True, slots=True)
class ShapeLine:
    """What goes in and what comes out."""

    inputs: tuple[PortShape, ...]
    outputs: tuple[PortShape, ...]


def read_shape_line(text: str) -> ShapeLine:
    """The shape line in ``text``, without its ``shape:``.

    Raises:
        ShapeLineError: it is none.
    """
    sides = text.split("->")
    if len(sides) != 2:
        raise ShapeLineError("write the shape line like shape: N C H W -> N C H//2 W//2")
    inputs, outputs = (tuple(_port(part) for part in _parts(side)) for side in sides)
    known: set[str] = set()
    for port in inputs:
        for axis in port.axes.split():
            if not (axis == "*" or axis.isdecimal() or axis.isidentifier()):
                raise ShapeLineError(
                    "{axis} can't be an axis of an input: write a name, a number or *", axis=axis
                )
            known.add(axis)
    for port in outputs:
        for axis in port.axes.split():
            _check_output(axis, known)
    return ShapeLine(inputs, outputs)


def _parts(side: str) -> list[str]:
    """What stands between the commas outside of brackets."""
    parts, depth = [""], 0
    for letter in side:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _port(text: str) -> PortShape:
    label = _LABEL.match(text)
    rest = text[label.end() :] if label else text
    words = re.sub(r"\s*(//|[+/])\s*", r"\1", rest).split()
    kind = words.pop() if words and words[-1] in _KINDS else ""
    if words.count("*") > 1:
        raise ShapeLineError("* can stand once for each port, not twice as in {text}", text=text)
    return PortShape(label.group(1) if label else "", " ".join(words), kind)


def _check_output(axis: str, known: set[str]) -> None:
    if axis == "*":
        if "*" not in known:
            raise ShapeLineError("* stands for axes of an input, but no input has *")
        return
    try:
        parse(axis)
    except ExpressionError as error:
        raise ShapeLineError("{axis} is no size ({why})", axis=axis, why=str(error)) from None


def bound(
    line: ShapeLine, given: list[tuple[int, TensorSpec]], params: Mapping[str, object], layer: str
) -> tuple[dict[str, Size], tuple[Size, ...]]:
    """What the names of the line are here, and what ``*`` is.

    Args:
        line: the shape line.
        given: (number of the input in the line, what comes in).
        params: the node's own numbers; an axis of the same name must have that size.
        layer: its name, for messages.

    Raises:
        ShapeError: a name would have two sizes.
    """
    names: dict[str, Size] = {}
    rest: tuple[Size, ...] | None = None
    for at, spec in given:
        axes = line.inputs[at].axes.split()
        if "*" in axes:
            star = axes.index("*")
            after = len(axes) - star - 1
            free = spec.shape[star : len(spec.shape) - after]
            if rest is not None and rest != free:
                raise ShapeError(
                    "{layer}: the axes * are {first} on one input and {second} on another",
                    layer=layer,
                    first=_show(rest),
                    second=_show(free),
                )
            rest = free
            pairs = [*zip(axes[:star], spec.shape, strict=False)]
            pairs += zip(axes[star + 1 :], spec.shape[len(spec.shape) - after :], strict=True)
        else:
            pairs = list(zip(axes, spec.shape, strict=True))
        for axis, size in pairs:
            if axis.isdecimal():
                continue
            before = names.setdefault(axis, size)
            wanted = params.get(axis)
            if isinstance(wanted, int) and wanted != size or before != size:
                other = before if before != size else wanted
                raise ShapeError(
                    "{layer}: {axis} is {size} here, but {wanted} elsewhere",
                    layer=layer,
                    axis=axis,
                    size=size,
                    wanted=other,
                )
    return names, rest or ()


def results(
    line: ShapeLine, names: Mapping[str, object], rest: tuple[Size, ...], first: TensorSpec, layer: str
) -> tuple[TensorSpec, ...]:
    """The outputs of the line.

    Raises:
        ShapeError: a size has no value.
    """
    specs = []
    for port in line.outputs:
        shape: list[Size] = []
        for axis in port.axes.split():
            shape += rest if axis == "*" else [_size(axis, names, layer)]
        kind = first.dtype if first.dtype.startswith(("float", "bfloat")) else "float32"
        specs.append(TensorSpec(tuple(shape), _DTYPES.get(port.dtype, kind)))
    return tuple(specs)


def _size(axis: str, names: Mapping[str, object], layer: str) -> Size:
    try:
        return _worked_out(tree_of(axis), names, axis)
    except (ExpressionError, ZeroDivisionError) as error:
        raise ShapeError(
            "{layer}: the size {axis} has no value ({why})", layer=layer, axis=axis, why=str(error)
        ) from None


def _worked_out(tree: Tree, names: Mapping[str, object], text: str) -> Size:
    """Sizes in, a size out: sums, products and floor divisions of names; the rest with plain numbers only."""
    kind, *parts = cast("tuple[str, *tuple[Tree, ...]]", tree)
    if kind == "number" and isinstance(parts[0], int):
        return parts[0]
    if kind == "name":
        found = names.get(str(parts[0]))
        if found is None or isinstance(found, (str, tuple, float)):
            raise ExpressionError(f"{parts[0]} is no size")
        return found  # type: ignore[return-value]
    if kind == "()":
        return _worked_out(parts[0], names, text)
    if kind == "-" and len(parts) == 1:
        return _worked_out(parts[0], names, text) * -1
    if kind in ("+", "-", "*", "//"):
        left, right = (_worked_out(part, names, text) for part in parts)
        if kind == "//":
            return left // right
        return left * right if kind == "*" else left + right if kind == "+" else left - right
    value = tree_value(tree, names, text)
    if value != int(value):
        raise ExpressionError(f"{value} is not whole")
    return int(value)


def _show(shape: tuple[Size, ...]) -> str:
    return " ".join(str(size) for size in shape) or "–"
