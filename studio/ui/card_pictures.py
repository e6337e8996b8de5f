"""Pictures of the presets for their cards: painted by the canvas's own painter, once, then kept on the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from studio.files.presets import load_preset, preset_bytes
from studio.places import state_folder
from studio.ui.tokens import colour

_MOST_KEPT = 400
_CORNER, _MARGIN = 6, 4
_PAINTERS = Path(__file__).parent / "canvas"


def kept_picture(name: str, size: QSize, ratio: float, theme: str) -> QPixmap | None:
    """The picture of a preset if it was painted before; None when it must be painted."""
    path = _path(name, size, ratio, theme)
    picture = QPixmap(str(path)) if path.is_file() else QPixmap()
    if picture.isNull():
        return None
    picture.setDevicePixelRatio(ratio)
    return picture


def painted_picture(name: str, size: QSize, ratio: float, theme: str) -> QPixmap:
    """Paints a preset and keeps the picture; takes some tens of milliseconds."""
    from studio.analysis import analyze
    from studio.ui.picture import paint_document

    picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    document = load_preset(name)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QRectF(0, 0, size.width(), size.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour("canvas", theme == "dark")))
    painter.drawRoundedRect(whole, _CORNER, _CORNER)
    paint_document(
        painter, whole.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN), document, analyze(document), theme
    )
    painter.end()
    path = _path(name, size, ratio, theme)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(str(path))
        _thin_out(path.parent)
    except OSError:
        pass  # without a place to keep it, it is painted again next time
    return picture


def _path(name: str, size: QSize, ratio: float, theme: str) -> Path:
    """A name that changes with all that the picture depends on, the painters included."""
    newest = max(path.stat().st_mtime_ns for path in _PAINTERS.glob("*.py"))
    newest = max(newest, Path(__file__).stat().st_mtime_ns)
    about = f"{size.width()}x{size.height()}@{ratio} {theme} {newest}"
    key = hashlib.sha256(preset_bytes(name) + about.encode()).hexdigest()[:24]
    return state_folder() / "cards" / f"{name}-{key}.png"


def _thin_out(folder: Path) -> None:
    """Keeps the folder small: sizes and themes of long ago go."""
    kept = sorted(folder.glob("*.png"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_MOST_KEPT:]:
        path.unlink(missing_ok=True)
