"""Einsum: products and sums over axes that are named by letters."""

from __future__ import annotations

import re
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.functions import function
from studio.layers.functions_products import one_kind
from studio.layers.params import Text
from studio.layers.rules import Specs, broadcast, product, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch

_TERM = r"[a-zA-Z]*(?:\.\.\.)?[a-zA-Z]*"
_EQUATION = re.compile(f"{_TERM}(?:,{_TERM})*->{_TERM}")
_REST = "."  # stands for all axes of "..."


def _terms(p: SimpleNamespace, inputs: Specs) -> tuple[list[str], str]:
    """The letters of each input and of the output, with "." for the axes of "..."."""
    equation = p.equation.replace(" ", "")
    if not _EQUATION.fullmatch(equation):
        raise ShapeError(
            "Einsum can't read “{equation}”: write letters for axes, as in nij,njk->nik", equation=p.equation
        )
    left, output = equation.replace("...", _REST).split("->")
    terms = left.split(",")
    if len(terms) != len(inputs):
        raise ShapeError(
            "Einsum names {named} inputs in “{equation}”, but {count} are wired",
            named=len(terms),
            equation=p.equation,
            count=len(inputs),
        )
    letters = output.replace(_REST, "")
    if len(set(letters)) < len(letters) or not set(letters) <= set(left):
        raise ShapeError(
            "Einsum needs each letter after the arrow once, and before it as well: “{equation}”",
            equation=p.equation,
        )
    return terms, output


def _sizes(p: SimpleNamespace, inputs: Specs) -> tuple[list[str], str, dict[str, Size], tuple[Size, ...]]:
    """The terms, the output, the size of each letter, and the axes of "..."."""
    terms, output = _terms(p, inputs)
    sizes: dict[str, Size] = {}
    rests: list[tuple[Size, ...]] = []
    for term, given in zip(terms, inputs, strict=True):
        letters, shape = term.replace(_REST, ""), given.shape
        spare = len(shape) - len(letters)
        if spare < 0 or (spare and _REST not in term):
            raise ShapeError(
                "Einsum names {named} axes with “{term}”, but that input is {shape}",
                named=len(letters),
                term=term.replace(_REST, "..."),
                shape=show(shape),
            )
        at = term.find(_REST) if _REST in term else len(term)
        rests.append(shape[at : at + spare])
        for letter, size in zip(letters, (*shape[:at], *shape[at + spare :]), strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ShapeError(
                    "Einsum gives “{letter}” two sizes, {first} and {second}",
                    letter=letter,
                    first=sizes[letter],
                    second=size,
                )
    rest = broadcast(rests, "Einsum")
    if rest and _REST not in output:
        raise ShapeError("Einsum drops the axes of “...”: name them after the arrow too, or sum them before")
    return terms, output, sizes, rest


def _einsum_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _, output, sizes, rest = _sizes(p, inputs)
    shape: tuple[Size, ...] = ()
    for letter in output:
        shape += rest if letter == _REST else (sizes[letter],)
    return (TensorSpec(shape, one_kind("Einsum", inputs)),)


def _einsum_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    """Pairs from left to right; each is a product of matrices where it sums over an axis."""
    terms, output, sizes, rest = _sizes(p, inputs)
    sizes[_REST] = product(rest)
    total: Size = 0
    have = set(terms[0])
    for at, term in enumerate(terms[1:], 1):
        needed = set(output).union(*terms[at + 1 :])
        both = (have & (set(term) | needed)) | (set(term) & (have | needed))
        if any(sizes[letter] != 1 for letter in both - needed):
            total = product((2, *(sizes[letter] for letter in sorted(both)))) + total
        have = both & needed
    return total


EINSUM = function(
    "Einsum",
    "Multiplies values along axes named by letters, and sums over letters that the result lacks.",
    r"y_{nik} = \sum_j x_{nij} \, z_{njk}",
    inputs=(Port("x", "*", "float|complex", variadic=True, doc="One value for each group of letters."),),
    outputs=(Port("y", "*", "float|complex", doc="The sums, with the axes after the arrow."),),
    params=(
        Text(
            "equation",
            "n...i,n...i->n...",
            "Letters for the axes of each input, an arrow, letters of the result; ... stands for any more.",
            label="Equation",
        ),
    ),
    shape=_einsum_shape,
    flops=_einsum_flops,
    torch=Torch(call="torch.einsum({equation}, {x})"),
    examples=(
        Example({}, (("N", 4, 8), ("N", 4, 8)), ("N", 4)),
        Example({"equation": "nhid,nhjd->nhij"}, (("N", 2, "T", 8), ("N", 2, "T", 8)), ("N", 2, "T", "T")),
        Example({"equation": "nchw->nc"}, (("N", 3, 8, 6),), ("N", 3)),
        Example({"equation": "ni,ij,nj->n"}, (("N", 4), (4, 5), ("N", 5)), ("N",)),
    ),
    short="{equation}",
    pitfalls="One letter is one size everywhere. The batch wants a letter too, usually n.",
    group="Matrices",
    torch_name="torch.einsum",
    onnx="Einsum.",
    keywords=("Einstein sum", "tensor contraction", "EinsumDense", "einops", "attention", "bilinear"),
    differs={"operands": "the wires"},
)

LAYERS: tuple[LayerSpec, ...] = (EINSUM,)
