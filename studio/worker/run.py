"""Trains one run folder. The lock is taken and the state told before torch is loaded, so that a window sees at once
that somebody is there."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from studio.files.locks import FileLock
from studio.text import set_language, system_language, tr

BUSY = 3
LARGEST_LOG = 10 << 20  # bytes of printed text that are kept


def run(folder: Path) -> int:
    """Trains or resumes the run in ``folder``: 0 done, 1 failed, 130 stopped, 3 another process trains it."""
    set_language(system_language())
    if not (folder / "run.json").is_file():
        sys.stderr.write(tr("{folder} holds no run: run.json is missing.", folder=folder) + "\n")
        return 1
    lock = FileLock(folder / "lock")
    if not lock.acquire(f"{os.getpid()}\n"):
        sys.stderr.write(tr("Another process trains {folder} already.", folder=folder) + "\n")
        return BUSY
    _own_session()
    with (folder / "crash.log").open("w", encoding="utf-8") as crashes, _capped_output():
        faulthandler.enable(crashes)
        try:
            return _train(folder)
        finally:
            faulthandler.disable()
            lock.release()


def _train(folder: Path) -> int:
    # Threads that wait for each other by spinning take six times as long once something else runs here too
    # (121 against 20 ms for a LeNet-5 step, measured on 2 busy cores). Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from studio.engine.control import Control

    control = Control(folder)

    def stop(number: int, frame: object) -> None:
        control.wish = "stop"

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    control.start()
    try:
        from studio.engine.session import Session

        return Session(folder, control).run()
    finally:
        control.close()


def _own_session() -> None:
    """The run outlives the terminal and the window that started it."""
    if hasattr(os, "setsid"):
        with contextlib.suppress(PermissionError):  # it is a leader already
            os.setsid()


class _Capped:
    """A text stream that stops passing on after so many characters: a layer may print without end."""

    def __init__(self, stream: TextIO, limit: int) -> None:
        self._stream, self._left = stream, limit

    def write(self, text: str) -> int:
        """Passes ``text`` on while there is room."""
        if self._left > 0:
            self._stream.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._stream.write("\n… the rest of what was printed is left out\n")
                self._stream.flush()
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _capped_output() -> Iterator[None]:
    streams = sys.stdout, sys.stderr
    sys.stdout = _Capped(sys.stdout, LARGEST_LOG)  # type: ignore[assignment]
    sys.stderr = _Capped(sys.stderr, LARGEST_LOG)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
