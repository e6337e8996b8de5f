"""A real canvas with a small network, and a hand that moves the mouse over it."""

from __future__ import annotations

import os
from dataclasses import dataclass

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.document.model import Document
from studio.graph.model import Node, Source
from studio.ui.canvas import CanvasView
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.view_types import LAYER_MIME
from studio.ui.session import Session

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


def chain() -> Document:
    """Data -> flatten -> linear -> relu, loss beside it."""
    document = Document(title="test")
    rows = [
        (Node("digits", "Data", {"set": "digits-28x28"}), (0, 0)),
        (Node("flatten", "Flatten", inputs={"x": (Source("digits"),)}), (248, 0)),
        (Node("linear", "Linear", {"out_features": 10}, {"x": (Source("flatten"),)}), (496, 0)),
        (Node("relu", "ReLU", inputs={"x": (Source("linear"),)}), (744, 0)),
        (Node("loss", "CrossEntropy", inputs={"input": (Source("linear"),)}), (744, 140)),
    ]
    for node, place in rows:
        document = edits.add_node(document, "", node, place)
    return document


@dataclass
class Hand:
    """Mouse and keys on a view, by scene points, cards and ports."""

    view: CanvasView
    refusals: list[str]

    def at(self, x: float, y: float) -> QPoint:
        """The pixel of a scene point."""
        return QPointF(*self.view.camera.to_screen(x, y)).toPoint()

    def card(self, name: str) -> QPoint:
        """A pixel on a card, away from its ports."""
        return self.at(*self.view.scene.box(name).centre)

    def port(self, name: str, side: str, index: int = 0) -> QPoint:
        """The pixel of a port."""
        return self.at(*self.view.scene.port_place(PortRef(name, side, index, "")))

    def drag(self, start: QPoint, *ways: QPoint, keys: Qt.KeyboardModifier = NONE, drop: bool = True) -> None:
        """Press, move, release."""
        self.mouse(QEvent.Type.MouseButtonPress, start, keys)
        last = start
        for way in ways:
            self.mouse(QEvent.Type.MouseMove, (last + way) / 2, keys)
            self.mouse(QEvent.Type.MouseMove, way, keys)
            last = way
        if drop:
            self.mouse(QEvent.Type.MouseButtonRelease, last, keys)

    def mouse(self, kind: QEvent.Type, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        """One mouse event."""
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else LEFT
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else LEFT
        everywhere = QPointF(self.view.mapToGlobal(at))
        QApplication.sendEvent(self.view, QMouseEvent(kind, QPointF(at), everywhere, button, held, keys))

    def click(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        """A click."""
        QTest.mouseClick(self.view, LEFT, keys, at)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        """A key."""
        QTest.keyClick(self.view, key, keys)

    def drop_layer(self, layer: str, at: QPoint) -> None:
        """A layer dragged in from the palette."""
        data = QMimeData()
        data.setData(LAYER_MIME, layer.encode())
        copy = Qt.DropAction.CopyAction
        QApplication.sendEvent(self.view, QDragEnterEvent(at, copy, data, LEFT, NONE))
        QApplication.sendEvent(self.view, QDropEvent(QPointF(at), copy, data, LEFT, NONE))

    @property
    def nodes(self) -> dict[str, Node]:
        """The nodes of the graph shown."""
        session = self.view.session
        return dict(session.document.graph(session.graph_key).nodes)

    def feeds(self, name: str, port: str = "x") -> list[str]:
        """What feeds a port."""
        return [str(source) for source in self.nodes[name].inputs.get(port, ())]


@pytest.fixture
def hand(qtbot: QtBot) -> Hand:
    """A hand over a canvas that shows ``chain``."""
    session = Session(chain())
    view = CanvasView(session)
    view.motion = False
    qtbot.addWidget(view)
    view.resize(1200, 700)
    view.show()
    view.camera.restore((1.0, 60, 120))
    refusals: list[str] = []
    session.refused.connect(refusals.append)
    return Hand(view, refusals)
