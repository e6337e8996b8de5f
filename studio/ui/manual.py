"""The manual as a file in the state folder, opened in the browser."""

from __future__ import annotations

import base64
from pathlib import Path

from PySide6.QtCore import QBuffer, QRectF, QSize, QUrl
from PySide6.QtGui import QDesktopServices, QPainter
from PySide6.QtSvg import QSvgGenerator

from studio.layers import CATALOGUE
from studio.layers.manual import manual_html
from studio.places import state_folder
from studio.text import language
from studio.ui.illustrations.chooser import HEIGHT, Illustration, illustration
from studio.ui.illustrations.ink import Ink
from studio.ui.panels.help import example_subject
from studio.ui.tokens import category_colour

_WIDTH = 420  # px


def write_manual() -> Path:
    """Writes the manual in the current language; its path.

    Raises:
        OSError: the state folder can't be written.
    """
    folder = state_folder() / "manual"
    folder.mkdir(exist_ok=True)
    path = folder / f"layers-{language()}.html"
    path.write_text(manual_html(pictures()), encoding="utf-8")
    return path


def pictures() -> dict[str, tuple[str, str]]:
    """Layer -> its picture as the help panel shows it, as an address that holds it, and the sentence under it."""
    found = {}
    for spec in CATALOGUE.values():
        subject = example_subject(spec)
        shown = illustration(spec, subject.p, subject.inputs)
        if shown is not None:
            found[spec.name] = (_address(shown, category_colour(spec.category, False)), shown.caption())
    return found


def _address(shown: Illustration, hue: str) -> str:
    data = QBuffer()
    data.open(QBuffer.OpenModeFlag.WriteOnly)
    device = QSvgGenerator()
    device.setOutputDevice(data)
    device.setSize(QSize(_WIDTH, int(HEIGHT)))
    device.setViewBox(QRectF(0, 0, _WIDTH, HEIGHT))
    painter = QPainter(device)
    shown.paint(Ink(painter, False, hue), QRectF(0, 0, _WIDTH, HEIGHT))
    painter.end()
    return "data:image/svg+xml;base64," + base64.b64encode(bytes(data.data().data())).decode("ascii")


def open_manual() -> None:
    """Writes it and shows it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(write_manual())))
