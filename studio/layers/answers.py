"""What a worker said of layers that the user wrote: their outputs and weights, for a text and its inputs.

The memory of this process alone. A rule that finds no answer notes its question; who may run the text (the window
of a trusted project, a command) takes the questions, has them answered and analyses anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.graph.spec import TensorSpec

_MOST = 10_000
_MOST_OPEN = 64


@dataclass(frozen=True, slots=True)
class Question:
    """What does the layer of ``code`` give, built by ``build`` and called by ``call`` on ``inputs`` (x0, x1, …)?"""

    code: str
    build: str
    call: str
    inputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Its outputs and weights, or what went wrong and at which line of the code (0 where that is unknown)."""

    outputs: tuple[TensorSpec, ...] = ()
    weights: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    error: str = ""
    line: int = 0


_answers: dict[Question, Answer] = {}
_open: dict[Question, None] = {}
_versions = itertools.count(1)
_version = 0


def answered(question: Question) -> Answer | None:
    """The answer to ``question``; None notes that somebody wants to know it."""
    found = _answers.get(question)
    if found is None:
        _open.pop(question, None)
        _open[question] = None
        while len(_open) > _MOST_OPEN:
            _open.pop(next(iter(_open)))
    return found


def learn(question: Question, answer: Answer) -> None:
    """Keeps an answer; what was analysed before does not know it."""
    global _version
    if len(_answers) > _MOST:
        _answers.clear()
    _open.pop(question, None)
    _answers[question] = answer
    _version = next(_versions)


def open_questions() -> tuple[Question, ...]:
    """What rules wanted to know and nobody has answered, the newest last."""
    return tuple(_open)


def drop(question: Question) -> None:
    """Takes a question back that nobody can answer now."""
    _open.pop(question, None)


def version() -> int:
    """Another number after each answer."""
    return _version
