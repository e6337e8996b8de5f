"""What goes on the clipboard outlives the interpreter: nothing that Python made may lie there at the end."""

from __future__ import annotations

import atexit

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication, QImage

_holds_ours = False


def put_text(text: str) -> None:
    """Text on the clipboard."""
    QGuiApplication.clipboard().setText(text)


def put_picture(svg: bytes, png: bytes) -> None:
    """A picture as SVG and PNG on the clipboard; when the program ends its pixels stay there."""
    data = QMimeData()
    data.setData("image/svg+xml", svg)
    data.setData("image/png", png)
    QGuiApplication.clipboard().setMimeData(data)
    global _holds_ours
    if not _holds_ours:
        _holds_ours = True
        atexit.register(_let_go)


def _let_go() -> None:
    """Qt would delete our QMimeData after Python has ended, which is the end of the process with an error."""
    if QGuiApplication.instance() is None:
        return
    clipboard = QGuiApplication.clipboard()
    data = clipboard.mimeData()
    if data is not None and data.hasFormat("image/svg+xml"):
        clipboard.setImage(QImage.fromData(data.data("image/png")))
