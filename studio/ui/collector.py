"""Python's garbage collector, kept to the window's thread.

It runs in whatever thread allocates, and takes Qt's objects with it: in the journal's thread or while curves are
imported that ends the process. So it is off while somebody holds it, and the window collects by a timer.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 500
_lock = threading.Lock()
_holders = 0


@contextmanager
def held() -> Iterator[None]:
    """No collection in any thread meanwhile."""
    hold()
    try:
        yield
    finally:
        release()


def hold() -> None:
    """One more who needs it off."""
    global _holders
    with _lock:
        _holders += 1
        gc.disable()


def release() -> None:
    """One fewer."""
    global _holders
    with _lock:
        _holders -= 1
        if _holders == 0:
            gc.enable()


class Collector(QObject):
    """Collects between events, generation by generation, as the interpreter would."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        hold()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collects the oldest generation that is full."""
        for generation, (count, threshold) in reversed(
            list(enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)))
        ):
            if threshold and count > threshold:
                gc.collect(generation)
                return

    def end(self) -> None:
        """Gives the collector back to the interpreter."""
        if self._timer.isActive():
            self._timer.stop()
            release()
