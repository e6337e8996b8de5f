"""Starting, following and steering runs. The truth is the run folder; this only reads it and asks.

So a run that was started here, one found again after the window was closed and a finished one all look alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from studio.analysis.model import Analysis
from studio.document.model import Document
from studio.files.project import project_bytes
from studio.files.runs import LIVE, RunReader, RunStatus, create_run, list_runs, prepare_resume, request
from studio.files.trust import check_trusted
from studio.places import runs_folder
from studio.text import language, tr

_POLL_MS = 100


class RunControl(QObject):
    """The run that is shown. Signals carry no data but the reader: panels read what they need."""

    updated = Signal()
    opened = Signal()  # another run is shown
    ended = Signal(str)  # the state it ended in

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.reader: RunReader | None = None
        self.status: RunStatus | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self.poll)

    @property
    def folder(self) -> Path | None:
        """The folder of the run shown."""
        return self.reader.folder if self.reader else None

    @property
    def is_live(self) -> bool:
        """Whether it is training now, or paused."""
        return self.status is not None and self.status.state in LIVE

    def start(self, document: Document, analysis: Analysis, start_from: Path | None = None) -> Path:
        """Writes a run folder and starts a worker on it, with weights of an earlier run where they fit.

        Raises:
            ValueError: the drawing can't become code, or brings Python that is not trusted.
            OSError: the folder can't be written.
        """
        from studio.codegen import generate

        check_trusted(document, "Read it, then press Trust this project")
        code = generate(document, analysis)
        folder = create_run(
            runs_folder(),
            project_bytes(document),
            code,
            document.run,
            title=document.title,
            start_from=start_from,
        )
        self._launch(folder)
        self.show(folder)
        return folder

    def resume(self) -> None:
        """Goes on with the run shown, from its last checkpoint."""
        if self.folder is not None:
            prepare_resume(self.folder)
            self._launch(self.folder)
            self.show(self.folder)

    def ask(self, wish: str) -> None:
        """Sends ``pause``, ``resume`` or ``stop`` to the run."""
        if self.folder is not None:
            request(self.folder, wish)

    def show(self, folder: Path) -> None:
        """Shows the run in ``folder``, live or not."""
        self.reader = RunReader(folder)
        self.status = self.reader.poll()
        self.opened.emit()
        self.updated.emit()
        self._timer.start()

    def find_live(self) -> Path | None:
        """The newest run that is still training, say after the window was closed."""
        for summary in list_runs(runs_folder()):
            if summary.state in LIVE:
                return Path(summary.folder)
        return None

    def poll(self) -> None:
        """Reads what is new in the folder."""
        if self.reader is None:
            return
        was_live = self.is_live
        if self._child is not None:
            self._child.poll()  # reaps it, so that it does not stay a zombie that looks alive
        self.status = self.reader.poll()
        self.updated.emit()
        if not self.is_live and self._started_long_ago():
            self._timer.stop()
            if was_live:
                self.ended.emit(self.status.state)

    def _started_long_ago(self) -> bool:
        return self._child is None or self._child.poll() is not None

    def _launch(self, folder: Path) -> None:
        environment = {
            **os.environ,
            "STUDIO_LANGUAGE": language(),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        self._child = subprocess.Popen(
            [sys.executable, "-m", "studio.worker", "run", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the worker keeps its own capped log
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=os.name == "posix",  # the run outlives the window
        )


def blocked_reason(analysis: Analysis) -> tuple[str, str, str] | None:
    """Why a drawing can't train: (message, graph, node) of its first error; None when it can."""
    for problem in analysis.problems:
        if problem.severity == "error":
            return tr(problem.template, **problem.values), problem.graph, problem.node
    return None


def when_idle(action: Callable[[], None], wait_ms: int = 0) -> None:
    """Calls ``action`` once the event loop is free."""
    QTimer.singleShot(wait_ms, action)
