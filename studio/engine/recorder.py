"""Writes the measured series of a run: what is the same every time, and apart from it what the clock decides.

``metrics.bin`` holds (step, name, value) that a resumed run repeats exactly; ``live.bin`` throughput and health,
sampled by time. Both are framed, appended about once a second, and cut back to a checkpoint when a run resumes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from studio.files.frames import pack
from studio.files.series import Series, pack_series

NAMES = ("metrics.bin", "live.bin")


class Recorder:
    """Collects points in memory and appends them to both files on ``flush``. A full disk loses nothing: what
    could not be written stays in memory for the next time."""

    def __init__(self, folder: Path, offsets: Sequence[int] = (0, 0)) -> None:
        """Opens the files.

        Args:
            folder: of the run.
            offsets: bytes of each file that belong to the checkpoint the run goes on from.

        Raises:
            OSError: they can't be opened.
        """
        self._files = [
            _SeriesWriter(folder / name, offset) for name, offset in zip(NAMES, offsets, strict=True)
        ]

    def add(self, name: str, step: int, value: float) -> None:
        """One exact point."""
        self._files[0].extend(name, [step], [value])

    def extend(self, name: str, steps: Sequence[int], values: Sequence[float]) -> None:
        """Exact points of one series."""
        self._files[0].extend(name, steps, values)

    def add_live(self, name: str, step: int, value: float) -> None:
        """One point whose moment or value the clock decided."""
        self._files[1].extend(name, [step], [value])

    def flush(self) -> str:
        """Appends what is new; gives why it could not, "" when it could."""
        problem = ""
        for file in self._files:
            try:
                file.flush()
            except OSError as error:
                problem = error.strerror or str(error)
        return problem

    def offsets(self) -> tuple[int, int]:
        """The lengths of both files: whole frames only."""
        return self._files[0].offset, self._files[1].offset

    def sync(self) -> None:
        """Waits until the disk has the exact points; safe from another thread."""
        os.fsync(self._files[0].handle)

    def close(self) -> None:
        """Writes the rest and closes."""
        self.flush()
        for file in self._files:
            os.close(file.handle)


class _SeriesWriter:
    def __init__(self, path: Path, offset: int) -> None:
        _cut(path, offset)
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.offset = os.fstat(self.handle).st_size
        self._number = self.offset
        self._rows: dict[str, Series] = {}

    def extend(self, name: str, steps: Sequence[int], values: Sequence[float]) -> None:
        row = self._rows.setdefault(name, Series())
        row.steps += steps
        row.values += values

    def flush(self) -> None:
        if not self._rows:
            return
        self._number += 1
        data = pack(self._number, pack_series(self._rows))
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self.handle, view) :]
        except OSError:
            os.ftruncate(self.handle, self.offset)  # no half frame stays behind
            raise
        self.offset += len(data)
        self._rows = {}


def _cut(path: Path, offset: int) -> None:
    """Makes ``path`` end at ``offset``; what it was is kept beside it, and readers see that it was replaced."""
    if not path.exists() or path.stat().st_size <= offset:
        return
    beside = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    with path.open("rb") as old, beside.open("xb") as new:
        new.write(old.read(offset))
        new.flush()
        os.fsync(new.fileno())
    number = 1
    while (kept := path.with_name(f"{path.stem}.attempt-{number}{path.suffix}")).exists():
        number += 1
    with contextlib.suppress(OSError):  # without hard links: the old tail is only for the curious
        os.link(path, kept)
    os.replace(beside, path)
