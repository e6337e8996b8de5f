"""Series of numbers over steps in a framed file: written by the trainer, followed by everybody else.

A frame's payload is ``length u32 | JSON [[name, first step, count], …] | float64 values of all of them``; a
series of steps that don't follow each other has them as a list: ``[name, [steps], count]``.
"""

from __future__ import annotations

import os
import struct
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from studio.files.frames import Scanner

_LENGTH = struct.Struct("<I")
_Heads = list[tuple[str, int | list[int], int]]


@dataclass(slots=True)
class Series:
    """Values over steps; both lists have the same length and grow."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def pack_series(rows: dict[str, Series]) -> bytes:
    """The payload for new points of some series."""
    heads: _Heads = []
    numbers = array("d")
    for name, row in rows.items():
        if not row.steps:
            continue
        in_a_row = row.steps[-1] - row.steps[0] == len(row.steps) - 1
        heads.append((name, row.steps[0] if in_a_row else row.steps, len(row.steps)))
        numbers.extend(row.values)
    head = msgspec.json.encode(heads)
    return _LENGTH.pack(len(head)) + head + numbers.tobytes()


def unpack_series(payload: bytes) -> dict[str, Series]:
    """The points in a payload.

    Raises:
        ValueError: it is none.
    """
    if len(payload) < _LENGTH.size:
        raise ValueError("a block of metrics without its head")
    (length,) = _LENGTH.unpack_from(payload)
    if length > len(payload) - _LENGTH.size:
        raise ValueError("a block of metrics shorter than its head says")
    heads = msgspec.json.decode(payload[_LENGTH.size : _LENGTH.size + length], type=_Heads)
    numbers = array("d")
    numbers.frombytes(payload[_LENGTH.size + length :])
    rows: dict[str, Series] = {}
    place = 0
    for name, steps, count in heads:
        listed = steps if isinstance(steps, list) else list(range(steps, steps + count))
        values = numbers[place : place + count].tolist()
        if len(listed) != count or len(values) != count:
            raise ValueError(f"a block of metrics says {count} values of {name} and has {len(values)}")
        rows[name] = Series(listed, values)
        place += count
    return rows


class SeriesFile:
    """Follows one file of series and adds its new points to a shared dict."""

    def __init__(self, path: Path, series: dict[str, Series]) -> None:
        self._path, self._series = path, series
        self._own: set[str] = set()
        self._file: tuple[int, int] | None = None
        self._read = 0
        self._scanner = Scanner()
        self.damaged = 0

    @property
    def gaps(self) -> int:
        """Damaged stretches that were skipped."""
        return self._scanner.gaps + self.damaged

    def poll(self) -> None:
        """Adds what was appended; starts over when the file was replaced (a resumed run)."""
        try:
            with self._path.open("rb") as file:
                self._same(file.fileno())
                file.seek(self._read)
                data = file.read()
        except OSError:
            return
        self._read += len(data)
        for _, payload in self._scanner.feed(data):
            try:
                rows = unpack_series(payload)
            except ValueError:  # msgspec's errors are ValueErrors too
                self.damaged += 1
                continue
            for name, row in rows.items():
                self._own.add(name)
                series = self._series.setdefault(name, Series())
                series.steps += row.steps
                series.values += row.values

    def _same(self, handle: int) -> None:
        info = os.fstat(handle)
        now = (info.st_dev, info.st_ino)
        if self._file not in (None, now) or info.st_size < self._read:
            self._read, self._scanner = 0, Scanner()
            for name in self._own:
                self._series.pop(name, None)
            self._own.clear()
        self._file = now
