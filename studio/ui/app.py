"""Starts the window: one QApplication, the error sink, the theme, then the window with its file."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from studio.document.model import Document
from studio.places import state_folder
from studio.text import set_language, system_language, tr
from studio.ui.collector import held

if TYPE_CHECKING:
    from studio.ui.window import Window

log = logging.getLogger("studio")


def main(path: str | None = None) -> int:
    """Opens the window on ``path`` (a project file or ``preset:NAME``) and runs until it is closed."""
    start_logging()
    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Tsumiki Studio")
    window = make_window()
    sys.excepthook = lambda kind, error, trace: _unexpected(window, kind, error, trace)
    threading.excepthook = lambda args: log.error("in a thread", exc_info=args.exc_value)
    window.show()
    QTimer.singleShot(0, lambda: _open_first(window, path))
    return application.exec()


def make_window(*, keep_state: bool = True) -> Window:
    """The window with its session, in the language and theme chosen last."""
    with held():  # all that is made now stays; to look through it for garbage takes a tenth of the start
        from studio.ui.session import Session
        from studio.ui.window import Window

        settings = QSettings(str(state_folder() / "window.ini"), QSettings.Format.IniFormat)
        set_language(str(settings.value("language", system_language())))
        return Window(Session(Document()), keep_state=keep_state)


def start_logging() -> None:
    """Tracebacks go to a file in the state folder, never to the user."""
    from logging.handlers import RotatingFileHandler  # brings sockets with it: not before the window needs it

    folder = state_folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "window.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    faulthandler.enable((folder / "crash.log").open("a", encoding="utf-8"))
    log.info("window started at %s", time.strftime("%Y-%m-%d %H:%M:%S"))


def _open_first(window: Window, path: str | None) -> None:
    commands = window.commands
    if path and path.startswith("preset:"):
        commands.open_preset(path.removeprefix("preset:"))
    elif path:
        commands.open_file(Path(path))
    else:
        commands.restore_sessions()
    live = window.control.find_live()
    if live is not None:
        window.control.show(live)
        window.tell(tr("A run is still going on; it is shown below."))


def _unexpected(
    window: Window, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.error("unexpected", exc_info=(kind, error, trace))
    text = tr("Something unexpected happened. Your work is safe; the log has the details.")
    window.tell(text)
