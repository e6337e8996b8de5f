"""Cuts wires with a line."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QPainter

from studio.document import edits
from studio.document.model import Document
from studio.text import tr
from studio.ui.canvas.geometry import Box
from studio.ui.canvas.gestures.base import Gesture, Pointer


class Cut(Gesture):
    """Ctrl and the right button, or Y and the left one.

    With Alt it mutes the wires it crosses instead, or where it crosses none the nodes; crossed again they count.
    """

    cursor = Qt.CursorShape.CrossCursor

    def start(self, at: Pointer) -> None:
        self._from = self._to = (at.x, at.y)

    def move(self, at: Pointer) -> None:
        self._to = (at.x, at.y)
        self.view.update()

    def end(self, at: Pointer) -> None:
        scene, key = self.view.scene, self.view.session.graph_key
        hit = [wire for wire in scene.wires if scene.route(wire).crosses(self._from, (at.x, at.y))]
        if at.alt and hit:
            self.view.commands.mute_wires(hit)
            return
        if at.alt:
            self._mute((at.x, at.y))
            return
        if not hit:
            return

        def edit(document: Document) -> Document:
            for wire in hit:
                document = edits.disconnect(document, key, wire.node, wire.port, wire.source)
            return document

        self.view.session.apply(tr("Cut wires"), edit)

    def _mute(self, end: tuple[float, float]) -> None:
        """Passes over the nodes that the line crosses."""
        scene, key = self.view.scene, self.view.session.graph_key
        line = QLineF(*self._from, *end)
        hit = [name for name in scene.ids if _crosses(line, scene.box(name))]
        if hit:
            nodes = self.view.session.document.graph(key).nodes
            on = not all(nodes[name].muted for name in hit)
            self.view.session.apply(tr("Mute"), lambda d: edits.set_muted(d, key, hit, on))

    def paint(self, painter: QPainter) -> None:
        painter.setPen(self.view.look.pen("error", 2 / self.view.camera.scale, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(*self._from, *self._to))


def _crosses(line: QLineF, box: Box) -> bool:
    rect = QRectF(box.x, box.y, box.width, box.height)
    edges = (
        QLineF(rect.topLeft(), rect.topRight()),
        QLineF(rect.bottomLeft(), rect.bottomRight()),
        QLineF(rect.topLeft(), rect.bottomLeft()),
        QLineF(rect.topRight(), rect.bottomRight()),
    )
    met = QLineF.IntersectionType.BoundedIntersection
    return rect.contains(line.p1()) or any(line.intersects(edge)[0] == met for edge in edges)
