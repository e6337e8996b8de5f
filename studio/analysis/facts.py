"""Facts by path, looked up in the states where they lie: "conv1", inside instances "head/linear1"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from studio.analysis.model import Facts
from studio.analysis.state import State


class FactsByPath(Mapping[str, Facts]):
    """All facts of a document. In a Repeat "stack/linear1" is the first turn, "stack[2]/linear1" the third;
    turns equal to the one before are found by name, but not listed.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, path: str) -> Facts:
        *outer, name = path.split("/")
        state = self._state
        for part in outer:
            instance, turn = _turn(part)
            inner = state.results[instance].inner
            if turn >= len(inner):
                raise KeyError(path)
            state = inner[turn]
        return state.results[name].facts

    def __iter__(self) -> Iterator[str]:
        return _paths(self._state, "")

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _turn(part: str) -> tuple[str, int]:
    name, bracket, number = part.partition("[")
    digits = number.removesuffix("]")
    if not bracket:
        return name, 0
    if not digits.isdigit():
        raise KeyError(part)
    return name, int(digits)


def _paths(state: State, prefix: str) -> Iterator[str]:
    for name in state.graph.nodes:
        yield prefix + name
        before: State | None = None
        for turn, inner in enumerate(state.results[name].inner):
            if inner is not before:
                yield from _paths(inner, f"{prefix}{name}[{turn}]/" if turn else f"{prefix}{name}/")
            before = inner
