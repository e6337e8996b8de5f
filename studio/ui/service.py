"""The helper process that knows torch: asked over pipes for devices, exports, predictions. Never blocks the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from studio.protocol import Failure, FrameReader, Progress, Reply, Request, encode
from studio.text import language, tr

Answer = Callable[[dict[str, object]], None]


@dataclass
class _Waiting:
    answer: Answer
    failed: Callable[[str], None]
    progress: Callable[[float, str], None] | None


class Service(QObject):
    """Requests by name, answers by callback. A dead process fails what waits and is started anew on demand."""

    ready_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._last = 0
        self._frames = FrameReader()
        self.is_ready = False
        self._closed = False

    def close(self) -> None:
        """Ends the process for good: the window is closing."""
        self._closed = True
        self.stop()

    def start(self) -> None:
        """Starts the process when none runs; torch is loaded in the background. Not after ``close``."""
        if self._process is not None or self._closed:
            return
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("STUDIO_LANGUAGE", language())  # what it says is shown as it is
        environment.insert("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        process.setProcessEnvironment(environment)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.SeparateChannels)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(process.readAllStandardError)
        process.finished.connect(self._gone)
        process.errorOccurred.connect(self._gone)
        self._process, self._frames = process, FrameReader()
        process.start(sys.executable, ["-m", "studio.worker", "serve"])
        self.ask("ready", {}, lambda result: self._set_ready(True), lambda text: None)

    def ask(
        self,
        kind: str,
        args: dict[str, object],
        answer: Answer,
        failed: Callable[[str], None],
        progress: Callable[[float, str], None] | None = None,
    ) -> int:
        """Sends a request; exactly one of ``answer`` and ``failed`` is called later. Gives its number."""
        self.start()
        self._last += 1
        self._waiting[self._last] = _Waiting(answer, failed, progress)
        if self._process is not None:
            self._process.write(encode(Request(self._last, kind, args)))
        return self._last

    def cancel_all(self) -> None:
        """Ends the process and with it whatever it does."""
        self.stop()
        self.start()

    def renew(self) -> None:
        """Starts the process anew, say in another language; not while it works for somebody."""
        if not self._waiting:
            self.stop()
            self.start()

    def stop(self) -> None:
        """Ends the process; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            for signal in (process.finished, process.errorOccurred, process.readyReadStandardOutput):
                signal.disconnect()
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()
        self._fail_all(tr("The work was cancelled."))
        self._set_ready(False)

    def _read(self) -> None:
        if self._process is None:
            return
        try:
            messages = self._frames.feed(bytes(self._process.readAllStandardOutput().data()))
        except ValueError:
            self._process.kill()  # garbage on the pipe: what answers now can't be trusted
            return
        for message in messages:
            self._take(message)

    def _take(self, message: object) -> None:
        waiting = self._waiting.get(getattr(message, "id", -1))
        if waiting is None:
            return
        if isinstance(message, Progress):
            if waiting.progress is not None:
                waiting.progress(message.fraction, message.text)
            return
        del self._waiting[message.id]  # type: ignore[attr-defined]
        if isinstance(message, Reply):
            waiting.answer(message.result)
        elif isinstance(message, Failure):
            waiting.failed(message.message)

    def _gone(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self._fail_all(
            tr("The helper process ended unexpectedly. Try again; the log folder has the details.")
        )
        self._set_ready(False)

    def _fail_all(self, text: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for item in waiting.values():
            item.failed(text)

    def _set_ready(self, ready: bool) -> None:
        if ready != self.is_ready:
            self.is_ready = ready
            self.ready_changed.emit(ready)
