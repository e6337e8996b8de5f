"""An immutable mapping that shares its bulk: one base dict plus a small difference.

Replacing a value copies the difference only (about the square root of the size), so an edit of a
10,000-node graph stays far under a millisecond and a thousand undo steps stay small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Generic, TypeVar

V = TypeVar("V")
_GONE: Any = object()
_SMALLEST_DELTA = 16


class PersistentMap(Mapping[str, V], Generic[V]):
    """Text keys to values, in order of first insertion. Never changes; ``set`` and ``without`` give a new map."""

    __slots__ = ("_base", "_delta", "_size")

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._base: dict[str, V] = dict(items or {})
        self._delta: dict[str, V] = {}
        self._size = len(self._base)

    def __getitem__(self, key: str) -> V:
        value = self._delta.get(key, self)
        if value is self:
            return self._base[key]
        if value is _GONE:
            raise KeyError(key)
        return value  # type: ignore[return-value]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        delta, base = self._delta, self._base
        if not delta:
            yield from base
            return
        for key in base:
            if delta.get(key) is not _GONE:
                yield key
        for key, value in delta.items():
            if key not in base and value is not _GONE:
                yield key

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._plain() == (other._plain() if isinstance(other, PersistentMap) else dict(other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self)!r})"

    def set(self, key: str, value: V) -> PersistentMap[V]:
        """This map with ``key`` holding ``value``."""
        return self._with({key: value}, self._size + (key not in self))

    def update(self, items: Mapping[str, V]) -> PersistentMap[V]:
        """This map with all of ``items`` set."""
        return self._with(dict(items), self._size + sum(key not in self for key in items))

    def without(self, *keys: str) -> PersistentMap[V]:
        """This map without ``keys``; a key that is not there is ignored."""
        present = [key for key in dict.fromkeys(keys) if key in self]
        return self._with(dict.fromkeys(present, _GONE), self._size - len(present))

    def changed(self, after: PersistentMap[V]) -> AbstractSet[str]:
        """Keys whose value in ``after`` is another object, or is in only one of the two maps."""
        if after is self:
            return frozenset()
        if after._base is self._base:
            keys = self._delta.keys() | after._delta.keys()
            return {key for key in keys if self.get(key, _GONE) is not after.get(key, _GONE)}
        old, new = self._plain(), after._plain()
        found = {key for key, value in new.items() if old.get(key, _GONE) is not value}
        found.update(key for key in old if key not in new)
        return found

    def _plain(self) -> dict[str, V]:
        """The items as a plain dictionary: faster to walk than the mapping, which looks into two."""
        if not self._delta:
            return self._base
        return {key: value for key, value in (self._base | self._delta).items() if value is not _GONE}

    def _with(self, changes: dict[str, V], size: int) -> PersistentMap[V]:
        new: PersistentMap[V] = PersistentMap.__new__(PersistentMap)
        delta = {**self._delta, **changes}
        base = self._base
        if len(delta) > _SMALLEST_DELTA and len(delta) * len(delta) > len(base):
            base = {key: value for key, value in (base | delta).items() if value is not _GONE}
            delta = {}
        new._base, new._delta, new._size = base, delta, size
        return new
