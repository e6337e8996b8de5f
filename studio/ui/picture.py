"""A network as a picture: PNG, SVG or PDF, and the pictures of preset cards; the canvas' own painter."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageSize,
    QPainter,
    QPainterPath,
    QPdfWriter,
)

from studio.analysis import Analysis, analyze
from studio.document import edits
from studio.document.model import MAIN, Document
from studio.files.pictures import KEYWORD, carried, with_project
from studio.text import tr
from studio.ui.canvas.geometry import SMALLEST, Box
from studio.ui.canvas.look import Look
from studio.ui.canvas.painter import ScenePainter
from studio.ui.canvas.scene import Scene
from studio.ui.canvas.state import State

_MARGIN = 32.0
_LARGEST_PX = 16_000  # on a side; above that the picture is scaled down
_SHARP = 2.0  # pixels a unit in a PNG


def paint_document(
    painter: QPainter, rect: QRectF, document: Document, analysis: Analysis, theme: str
) -> None:
    """The main graph of ``document`` fitted into ``rect``, on a piece of canvas."""
    scene = Scene()
    scene.sync(document, MAIN, analysis)
    whole = _whole(scene)
    scale, look = min(rect.width() / whole.width, rect.height() / whole.height, 1.0), Look(theme)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.brush("canvas"))
    painter.drawRoundedRect(rect, 6, 6)
    painter.setClipRect(rect)
    painter.translate(
        rect.center().x() - scale * whole.centre[0], rect.center().y() - scale * whole.centre[1]
    )
    painter.scale(scale, scale)
    ScenePainter(look).paint(painter, scene, whole, max(scale, SMALLEST), State(close=True))
    painter.restore()


def write_picture(
    document: Document,
    path: Path | str,
    theme: str = "light",
    graph_key: str = MAIN,
    names: frozenset[str] | None = None,
) -> None:
    """Writes a graph of ``document``, or its nodes ``names``, to ``path``; the name's end chooses PNG, SVG or PDF.

    A PNG or SVG carries the whole project, so that it can be opened again; a PDF does not.

    Raises:
        ValueError: another ending, or the file can't be written.
    """
    path = Path(path)
    data = picture_bytes(document, path.suffix.lower(), graph_key, names, theme)
    try:
        path.write_bytes(data)
    except OSError:
        text = tr("The picture can't be written to {path}: choose another folder", path=path)
        raise ValueError(text) from None


def picture_bytes(
    document: Document,
    kind: str,
    graph_key: str = MAIN,
    names: frozenset[str] | None = None,
    theme: str = "light",
) -> bytes:
    """A picture as it stands in a file; ``kind`` is ".png", ".svg" or ".pdf".

    Raises:
        ValueError: another kind.
    """
    writers = {".png": _png, ".svg": _svg, ".pdf": _pdf}
    if kind not in writers:
        raise ValueError(tr("A picture ends in .png, .svg or .pdf, not in “{end}”", end=kind))
    _application()
    shown = _only(document, graph_key, names) if names is not None else document
    scene = Scene()
    scene.sync(shown, graph_key, analyze(document))
    return writers[kind](scene, _whole(scene), Look(theme), document)


class OutlinePainter(QPainter):
    """Writes texts as outlines, so that a paper shows them without our fonts."""

    def drawText(self, box: QRectF, flags: int, text: str) -> None:  # type: ignore[override]
        metrics = QFontMetricsF(self.font())
        place = metrics.boundingRect(box, flags, text)
        path, top = QPainterPath(), place.top() + metrics.ascent()
        wraps = flags & int(Qt.TextFlag.TextWordWrap)
        lines = _wrapped(text, metrics, box.width()) if wraps else [text]
        for line in lines:
            path.addText(QPointF(place.left(), top), self.font(), line)
            top += metrics.lineSpacing()
        self.fillPath(path, self.pen().color())


def _wrapped(text: str, metrics: QFontMetricsF, width: float) -> list[str]:
    """Lines of at most ``width``: broken at spaces, else (Japanese) between any two letters."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.findall(r"\S+\s*|\s+", paragraph):
            if metrics.horizontalAdvance(line + word.rstrip()) > width and line:
                lines.append(line.rstrip())
                line = ""
            while metrics.horizontalAdvance(word.rstrip()) > width and len(word) > 1:
                cut = next(
                    n
                    for n in range(len(word), 0, -1)
                    if n == 1 or metrics.horizontalAdvance(word[:n]) <= width
                )
                lines.append(word[:cut])
                word = word[cut:]
            line += word
        lines.append(line.rstrip())
    return lines


def _png(scene: Scene, whole: Box, look: Look, document: Document) -> bytes:
    scale = min(_SHARP, _LARGEST_PX / max(whole.width, whole.height))
    image = QImage(round(whole.width * scale), round(whole.height * scale), QImage.Format.Format_RGB32)
    image.setText("Title", document.title)
    image.setText(KEYWORD, carried(document))
    painter = QPainter(image)
    painter.scale(scale, scale)
    _paint(painter, scene, whole, look)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def _svg(scene: Scene, whole: Box, look: Look, document: Document) -> bytes:
    from PySide6.QtSvg import QSvgGenerator  # only pictures need it

    buffer, generator = QBuffer(), QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setTitle(document.title)
    generator.setSize(QSize(round(whole.width), round(whole.height)))
    generator.setViewBox(QRectF(0, 0, whole.width, whole.height))
    painter = OutlinePainter()
    painter.begin(generator)
    _paint(painter, scene, whole, look)
    painter.end()
    return with_project(bytes(buffer.data().data()), document)


def _pdf(scene: Scene, whole: Box, look: Look, document: Document) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(document.title)
    writer.setResolution(96)
    writer.setPageSize(QPageSize(QSizeF(whole.width, whole.height) * 72 / 96, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = OutlinePainter()
    painter.begin(writer)
    _paint(painter, scene, whole, look)
    painter.end()
    return bytes(buffer.data().data())


def _only(document: Document, key: str, names: frozenset[str]) -> Document:
    """The document with only the nodes ``names`` in graph ``key``, where they stand, and the frames around them."""
    scene = Scene()
    scene.sync(document, key, analyze(document))
    placed = edits.move_nodes(document, key, scene.places())
    gone = [name for name in document.graph(key).nodes if name not in names]
    graph, layout = document.graph(key).without(*gone), placed.layout(key)
    box = scene.bounds(names) or Box(0, 0, 0, 0)
    frames = tuple(
        frame
        for frame in layout.frames
        if box.x < frame.x + frame.width
        and frame.x < box.right
        and box.y < frame.y + frame.height
        and frame.y < box.bottom
    )
    positions = layout.positions.without(*gone)
    kept = replace(layout, positions=positions, frames=frames)
    shown = placed.with_graph(key, graph)
    return replace(shown, layouts=shown.layouts.set(key, kept))


def _paint(painter: QPainter, scene: Scene, whole: Box, look: Look) -> None:
    painter.fillRect(QRectF(0, 0, whole.width, whole.height), look.colour("canvas"))
    painter.translate(-whole.x, -whole.y)
    ScenePainter(look).paint(painter, scene, whole, 1.0, State())


def _whole(scene: Scene) -> Box:
    """Everything drawn, wires that go round included."""
    box = scene.bounds() or Box(0, 0, 320, 200)
    for wire in scene.wires:
        points = scene.route(wire).points
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        box = box.joined(Box(float(left), float(top), float(right - left), float(bottom - top)))
    return box.grown(_MARGIN)


def _application() -> None:
    """Fonts need an application; without a display it paints off screen."""
    if QGuiApplication.instance() is None:
        if (
            sys.platform.startswith("linux")
            and not os.environ.get("DISPLAY")
            and not os.environ.get("WAYLAND_DISPLAY")
        ):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        _kept.append(QGuiApplication(["tsumiki"]))


_kept: list[QGuiApplication] = []  # Qt ends when its application object is let go
