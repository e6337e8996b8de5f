"""The manual as a file in the state folder, opened in the browser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from studio.layers.manual import manual_html
from studio.places import state_folder
from studio.text import language


def write_manual() -> Path:
    """Writes the manual in the current language; its path.

    Raises:
        OSError: the state folder can't be written.
    """
    folder = state_folder() / "manual"
    folder.mkdir(exist_ok=True)
    path = folder / f"layers-{language()}.html"
    path.write_text(manual_html(), encoding="utf-8")
    return path


def open_manual() -> None:
    """Writes it and shows it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(write_manual())))
