"""Factories for records of functions of one kind: each brings its own words, they bring ports and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from studio.graph.spec import TensorSpec
from studio.layers.dtypes import beside_number, is_whole, promoted, real
from studio.layers.params import Float
from studio.layers.rules import Specs, broadcast
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch
from studio.layers.text import literal

Dtype = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Written:
    """An argument of ``build_text`` that is code itself, such as the place of an input: "{x}"."""

    text: str


ONE = (Example({}, (("N", 84),), ("N", 84)), Example({}, (("N", "T", 6),), ("N", "T", 6)))
TWO = (
    Example({}, (("N", 6, 8), ("N", 6, 8)), ("N", 6, 8)),
    Example({}, (("N", "T", 8), ("T", 1)), ("N", "T", 8)),
)


def keep(dtype: str) -> str:
    """The dtype rule of a function that gives what it gets."""
    return dtype


def yes_or_no(dtype: str) -> str:
    """The dtype rule of a question."""
    return "bool"


def page(torch_name: str) -> str:
    """The address of a function's page in torch's manual."""
    whole = torch_name if torch_name.startswith("torch.") else f"torch.{torch_name}"
    return f"https://docs.pytorch.org/docs/stable/generated/{whole}.html"


def function(
    name: str,
    summary: str,
    formula: str,
    *,
    torch: Torch,
    torch_name: str,
    keywords: Sequence[str],
    **rest: Any,
) -> LayerSpec:
    """A record among the functions; its torch name leads to its source."""
    rest.setdefault("category", Category.SHAPE)
    rest.setdefault("source", page(torch_name))
    rest.setdefault("params", ())
    return LayerSpec(
        name=name,
        summary=summary,
        formula=formula,
        torch=torch,
        torch_name=torch_name,
        keywords=tuple(keywords),
        **rest,
    )


def on_each(
    name: str, summary: str, formula: str, call: str, pitfalls: str, *, dtype: Dtype = real, **rest: Any
) -> LayerSpec:
    """A function of every number by itself.

    Args:
        name: of the record.
        summary: in one sentence.
        formula: of one number.
        call: the PyTorch text; "" when ``torch`` is in ``rest``.
        pitfalls: when to use it and what goes wrong.
        dtype: from the dtype of x to that of y.
        rest: fields of the record; ``takes`` is the kind of numbers of x ("number").
    """
    taken = rest.pop("takes", "number")
    rest.setdefault("torch", Torch(call=call))
    rest.setdefault("examples", ONE)
    rest.setdefault("inputs", (Port("x", "*", taken, doc="Any numbers."),))
    rest.setdefault("outputs", (Port("y", "*", _kind(dtype, taken), doc="The same shape."),))

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        return (TensorSpec(inputs[0].shape, dtype(inputs[0].dtype)),)

    return function(name, summary, formula, shape=shape, pitfalls=pitfalls, **rest)


def of_two(
    name: str, summary: str, formula: str, call: str, pitfalls: str, *, dtype: Dtype = keep, **rest: Any
) -> LayerSpec:
    """A function of two wires, number by number; sizes of 1 stretch. ``dtype`` is applied to the promoted one."""
    taken = rest.pop("takes", "number")
    docs = rest.pop("docs", ("The first value.", "The second value; size 1 stretches."))
    rest.setdefault("torch", Torch(call=call))
    rest.setdefault("examples", TWO)
    rest.setdefault("inputs", (Port("x", "*", taken, doc=docs[0]), Port("other", "*", taken, doc=docs[1])))
    rest.setdefault(
        "outputs", (Port("y", "*", _kind(dtype, taken), doc="One value of the stretched shape."),)
    )

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        joined = broadcast([given.shape for given in inputs], name)
        return (TensorSpec(joined, dtype(promoted(inputs))),)

    return function(name, summary, formula, shape=shape, pitfalls=pitfalls, **rest)


def with_number(
    name: str, summary: str, formula: str, call: str, pitfalls: str, *, value: Float, **rest: Any
) -> LayerSpec:
    """A function of a wire and a number that the user types.

    ``dtype`` in ``rest`` takes (dtype, number); ``check`` raises ShapeError where the number can't be used.
    In ``call`` the place of the parameter is filled with the number as a person would write it.
    """
    taken, dtype = rest.pop("takes", "number"), rest.pop("dtype", beside_number)
    check: Callable[[float], None] | None = rest.pop("check", None)
    rest.setdefault("examples", ONE)
    rest.setdefault("inputs", (Port("x", "*", taken, doc="Any numbers."),))
    rest.setdefault("outputs", (Port("y", "*", taken, doc="The same shape."),))
    rest.setdefault("short", "{" + value.name + "}")
    rest.setdefault("torch", Torch(text=_filled(call, value.name)))

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        number = getattr(p, value.name)
        if check is not None:
            check(number)
        return (TensorSpec(inputs[0].shape, dtype(inputs[0].dtype, number)),)

    return function(name, summary, formula, shape=shape, pitfalls=pitfalls, params=(value,), **rest)


def number_text(value: float) -> str:
    """A number as code holds it: 2.0 is 2, so that whole numbers stay whole."""
    return str(int(value)) if is_whole(value) else literal(value)


def _filled(call: str, name: str) -> Callable[[SimpleNamespace, Specs], tuple[str, str]]:
    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        return "", call.replace("{" + name + "}", number_text(getattr(p, name)))

    return text


def _kind(dtype: Dtype, taken: str) -> str:
    """The kind that an output port announces before anything is wired."""
    if dtype("float32") == "bool":
        return "bool"
    return taken if dtype("int64") == "int64" else "float"
