"""What the outside asks of a running training, and the sign of life it gives: both in a thread of their own.

The training loop only looks at one attribute. Files are the way in and out, so a window that hangs or dies never
makes the run wait.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

_LOOK_S = 0.1
_BEAT_S = 1.0


class Control:
    """Wishes for one run.

    Attributes:
        wish: "", "pause" or "stop"; signal handlers may set it too.
        phase: what the run does now, written into the heartbeat.
        step: steps done, for the heartbeat.
    """

    def __init__(self, folder: Path) -> None:
        """Forgets wishes meant for an earlier worker."""
        self.wish = ""
        self.phase = "preparing"
        self.step = 0
        self._mailbox, self._heartbeat = folder / "mailbox", folder / "heartbeat"
        self._mailbox.unlink(missing_ok=True)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="control", daemon=True)

    def start(self) -> None:
        """Starts to look and to beat."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._end.set()
        self._thread.join(2.0)

    def wait_while_paused(self) -> None:
        """Returns once the wish is no longer to pause."""
        while self.wish == "pause":
            time.sleep(_LOOK_S / 2)

    def _watch(self) -> None:
        beat = 0.0
        while not self._end.wait(_LOOK_S):
            self._take_mail()
            if time.monotonic() >= beat:
                beat = time.monotonic() + _BEAT_S
                self._beat()

    def _take_mail(self) -> None:
        try:
            wish = self._mailbox.read_text(encoding="utf-8", errors="replace")
            self._mailbox.unlink()
        except OSError:
            return
        if self.wish != "stop":  # a stop can't be taken back
            self.wish = {"pause": "pause", "stop": "stop"}.get(wish, "")

    def _beat(self) -> None:
        with contextlib.suppress(OSError):  # a full disk: the lock still says that we live
            handle = os.open(self._heartbeat, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(handle, f"{self.step} {self.phase}\n".encode().ljust(40))
                os.utime(handle) if os.utime in os.supports_fd else os.utime(self._heartbeat)
            finally:
                os.close(handle)
