"""Questions to a worker about layers that the user wrote, and how its numbers become an answer.

A layer is tried with several sizes of each named axis; what grows with a size is written with its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.graph.sizes import Size, evaluate, names_of, symbol
from studio.graph.spec import TensorSpec
from studio.layers.answers import Answer, Question, learn
from studio.text import tr

KIND = "try_custom"  # of the request
_BASE, _STEP = 16, 32  # sizes that are tried: powers of two divide them


def request_of(question: Question) -> dict[str, Any]:
    """What the worker is sent: the text, and the sizes of each try."""
    tries = [
        [
            {"shape": [evaluate(size, names) for size in spec.shape], "dtype": spec.dtype}
            for spec in question.inputs
        ]
        for names in _tries(question)
    ]
    return {"code": question.code, "build": question.build, "call": question.call, "tries": tries}


def take(question: Question, result: Mapping[str, Any]) -> None:
    """Learns the answer in what the worker sent; it is looked at like a file from a stranger."""
    try:
        answer = _answer(question, result)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        answer = Answer(error=f"{type(error).__name__}: {error}"[:200])
    learn(question, answer)


def _answer(question: Question, result: Mapping[str, Any]) -> Answer:
    if result.get("error"):
        return Answer(error=str(result["error"])[:500], line=int(result.get("line", 0)))
    tries = result["outputs"]
    names = _names(question)
    outputs = []
    for at, (_, dtype) in enumerate(tries[0]):
        rows = [[int(size) for size in one[at][0]] for one in tries]
        if len({len(row) for row in rows}) > 1:
            return Answer(error=tr("the number of its axes changes with the sizes that come in"))
        sizes = [_size([row[axis] for row in rows], names) for axis in range(len(rows[0]))]
        if any(size is None for size in sizes):
            text = "how its sizes follow from those that come in can't be told: write a shape line"
            return Answer(error=tr(text))
        outputs.append(TensorSpec(tuple(size for size in sizes if size is not None), str(dtype)))
    weights = {str(name): tuple(int(size) for size in shape) for name, shape in result["weights"].items()}
    return Answer(tuple(outputs), weights)


def _names(question: Question) -> list[str]:
    return sorted({name for spec in question.inputs for size in spec.shape for name in names_of(size)})


def _tries(question: Question) -> list[dict[str, int]]:
    """Sizes of the names: a first try, one for each name that grows alone, and one where all have grown."""
    names = _names(question)
    base = {name: _BASE * (at + 2) for at, name in enumerate(names)}
    grown = [{**base, name: base[name] + _STEP} for name in names]
    return [base, *grown, {name: size + _STEP * (at + 2) for at, (name, size) in enumerate(base.items())}]


def _size(found: Sequence[int], names: Sequence[str]) -> Size | None:
    """The size that has the values ``found`` in the tries; None when none of ours does."""
    base = {name: _BASE * (at + 2) for at, name in enumerate(names)}
    size: Size = 0
    for at, name in enumerate(names):
        growth = found[at + 1] - found[0]
        if growth and growth % _STEP == 0:
            size = symbol(name) * (growth // _STEP) + size
        elif growth > 0 and _STEP % growth == 0:
            size = symbol(name) // (_STEP // growth) + size
        elif growth:
            return None
    size = size + (found[0] - evaluate(size, base))
    last = {name: base[name] + _STEP * (at + 2) for at, name in enumerate(names)}
    return size if evaluate(size, last) == found[-1] else None
