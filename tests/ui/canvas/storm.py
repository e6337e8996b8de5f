"""Random events on a canvas: mouse, keys, text, wheel, paste, drops, menus, resizing, loading, undo."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.layers import CATALOGUE
from studio.ui.canvas import CanvasView
from studio.ui.canvas.keys import CANVAS_KEYS
from studio.ui.canvas.view_types import FRAGMENT_MIME, LAYER_MIME
from studio.ui.session import Session
from tests.ui.canvas.conftest import chain

_BUTTONS = (Qt.MouseButton.LeftButton,) * 12 + (
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.BackButton,
)
_MODIFIERS = (Qt.KeyboardModifier.NoModifier,) * 8 + (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
)
_RARE = ("split", "looking.copy_picture")  # slow or heavy: now and then only
_MOST_NODES, _MOST_STEPS = 36, 800
_NOTHING = Qt.MouseButton.NoButton


class Storm:
    """Sends events to a view in a page of its own and counts them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.page = QWidget()
        self.view = CanvasView(Session(chain()))
        self.view.motion = False
        QVBoxLayout(self.page).addWidget(self.view)
        self.page.resize(1000, 640)
        self.page.show()
        self.session = self.view.session
        self.first = self.session.document
        self.events = 0
        self.rounds = 0
        self._held: Qt.MouseButton = _NOTHING
        self._at = QPoint(100, 100)
        self._layers = list(CATALOGUE)
        self._rows = [row for row in CANVAS_KEYS if row.method not in _RARE]
        self._documents: list[Callable[[], Document]] = [chain, Document, lambda: load_preset("lenet5")]
        self._kinds: list[tuple[int, Callable[[], None]]] = [
            (30, self._move), (16, self._press), (16, self._release), (4, self._double), (8, self._key),
            (12, self._table_key), (6, self._text), (4, self._wheel), (2, self._drop_layer), (2, self._paste),
            (2, self._undo), (1, self._resize), (1, self._drop_part), (1, self._select), (1, self._leave),
        ]  # fmt: skip

    def run(self, count: int) -> None:
        """At least ``count`` events; every now and then everything is undone and must be as it was first."""
        weights = [weight for weight, _ in self._kinds]
        kinds = [kind for _, kind in self._kinds]
        end = self.events + count
        while self.events < end:
            for kind in self.rng.choices(kinds, weights, k=50):
                kind()
                self.events += 1
            QApplication.processEvents()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            graph = self.session.document.graph(self.session.graph_key)
            if self.session.history.position > _MOST_STEPS or len(graph.nodes) > _MOST_NODES:
                self.undo_all()
            elif self.rng.random() < 0.01:
                self._load()
            elif self.rng.random() < 0.01:
                self._rare()
        self.undo_all()

    def undo_all(self) -> None:
        """Takes every step back: the very document of the beginning."""
        self._close_popups()
        self.view.finish_gesture()
        assert self.session.history.position <= 1000
        while self.session.history.can_undo:
            self.session.undo()
        assert self.session.document is self.first
        assert set(self.view.scene.ids) == set(self.first.graph(self.session.graph_key).nodes)
        self.rounds += 1
        self.session.enter("")

    def close(self) -> None:
        """Ends it all."""
        self._close_popups()
        self.page.close()
        self.page.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _load(self) -> None:
        self._close_popups()
        self.session.open(self.rng.choice(self._documents)())
        self.first = self.session.document

    def _rare(self) -> None:
        row = self.rng.choice([row for row in CANVAS_KEYS if row.method in _RARE])
        QTest.keySequence(self.view, row.keys)

    def _point(self) -> QPoint:
        """Mostly somewhere that matters: a port, a card, a wire, a frame."""
        scene, rng, camera = self.view.scene, self.rng, self.view.camera
        if scene.ids and rng.random() < 0.8:
            name = rng.choice(scene.ids)
            box = scene.box(name)
            ports = scene.ports(name, rng.choice(("in", "out")))
            x, y = box.centre
            if ports and rng.random() < 0.6:
                x, y = scene.port_place(rng.choice(ports))
            elif scene.wires and rng.random() < 0.3:
                x, y = scene.route(rng.choice(scene.wires)).label
            elif scene.frames and rng.random() < 0.3:
                frame = rng.choice(scene.frames)
                x, y = frame.x + 30, frame.y + 10
            point = QPointF(*camera.to_screen(x, y)).toPoint()
            if self.view.rect().contains(point):
                return point
        return QPoint(rng.randint(-20, self.view.width() + 20), rng.randint(-20, self.view.height() + 20))

    def _mouse(self, kind: QEvent.Type, button: Qt.MouseButton) -> None:
        at = QPointF(self._at)
        everywhere = QPointF(self.view.mapToGlobal(self._at))
        event = QMouseEvent(kind, at, everywhere, button, self._held, self.rng.choice(_MODIFIERS))
        QApplication.sendEvent(self.view, event)

    def _move(self) -> None:
        self._at = self._point()
        self._mouse(QEvent.Type.MouseMove, _NOTHING)

    def _press(self) -> None:
        button = self.rng.choice(_BUTTONS)
        self._held = button
        self._mouse(QEvent.Type.MouseButtonPress, button)
        menu = self.view._menu
        if menu is not None and menu.isVisible():
            actions = [a for a in menu.actions() if a.isEnabled() and not a.isSeparator() and not a.menu()]
            if actions and self.rng.random() < 0.5:
                chosen = self.rng.choice(actions)
                chosen.hovered.emit()
                if "Ctrl+\\" not in chosen.text():
                    chosen.trigger()
            menu.close()

    def _release(self) -> None:
        button, self._held = self._held, _NOTHING
        self._mouse(QEvent.Type.MouseButtonRelease, button)

    def _double(self) -> None:
        self._mouse(QEvent.Type.MouseButtonDblClick, Qt.MouseButton.LeftButton)

    def _focus(self) -> QWidget:
        found = [w for w in self.view.findChildren(QWidget) if w.isVisible() and w.hasFocus()]
        return found[0] if found else self.view

    def _table_key(self) -> None:
        QTest.keySequence(self.view, self.rng.choice(self._rows).keys)

    def _key(self) -> None:
        keys = (
            Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Space, Qt.Key.Key_X, Qt.Key.Key_D,
            Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Delete, Qt.Key.Key_Y,
        )  # fmt: skip
        key, target = self.rng.choice(keys), self._focus()
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            if self.rng.random() < 0.95:
                QApplication.sendEvent(target, QKeyEvent(kind, key, self.rng.choice(_MODIFIERS)))

    def _text(self) -> None:
        target = self._focus()
        if isinstance(target, (QLineEdit, QPlainTextEdit)):
            text = self.rng.choice(("conv", "linear", "=3*4", "12", "日本", "a b", "", "'<&"))
            if text.isascii():
                QTest.keyClicks(target, text)
            else:  # comes from an input method
                event = QInputMethodEvent()
                event.setCommitString(text)
                QApplication.sendEvent(target, event)

    def _wheel(self) -> None:
        at, turn = QPointF(self._at), QPoint(0, self.rng.choice((-360, -120, 120, 240)))
        event = QWheelEvent(
            at, at, QPoint(), turn, _NOTHING, self.rng.choice(_MODIFIERS), Qt.ScrollPhase.NoScrollPhase, False
        )
        QApplication.sendEvent(self.view, event)

    def _drop(self, data: QMimeData) -> None:
        at, copy = self._point(), Qt.DropAction.CopyAction
        left, keys = Qt.MouseButton.LeftButton, self.rng.choice(_MODIFIERS)
        QApplication.sendEvent(self.view, QDragEnterEvent(at, copy, data, left, keys))
        QApplication.sendEvent(self.view, QDragMoveEvent(self._point(), copy, data, left, keys))
        if self.rng.random() < 0.8:
            QApplication.sendEvent(self.view, QDropEvent(QPointF(at), copy, data, left, keys))
        else:
            QApplication.sendEvent(self.view, QDragLeaveEvent())

    def _drop_layer(self) -> None:
        data = QMimeData()
        data.setData(LAYER_MIME, self.rng.choice(self._layers).encode())
        self._drop(data)

    def _drop_part(self) -> None:
        data = QMimeData()
        data.setData(FRAGMENT_MIME, self._fragment().encode())
        self._drop(data)

    def _fragment(self) -> str:
        """Part of the drawing as text, now and then damaged."""
        names = list(self.session.document.graph(self.session.graph_key).nodes)
        some = self.rng.sample(names, min(len(names), 3))
        text = edits.copy_fragment(self.session.document, self.session.graph_key, some)
        if self.rng.random() < 0.3:
            at = self.rng.randrange(len(text))
            text = text[:at] + self.rng.choice('{}[]",:0aé') + text[at + 1 :]
        return text if self.rng.random() < 0.95 else json.dumps({"tsumiki-fragment": 1})

    def _paste(self) -> None:
        QApplication.clipboard().setText(self._fragment())
        QTest.keySequence(self.view, self.rng.choice(("Ctrl+V", "Ctrl+Shift+V")))

    def _undo(self) -> None:
        for _ in range(self.rng.randint(1, 12)):
            QTest.keySequence(self.view, self.rng.choice(("Ctrl+Z", "Ctrl+Shift+Z")))

    def _resize(self) -> None:
        size = QSize(self.rng.randint(240, 1400), self.rng.randint(160, 900))
        self.page.resize(size)
        QApplication.sendEvent(self.view, QResizeEvent(self.view.size(), size))

    def _select(self) -> None:
        names = list(self.view.scene.ids)
        self.session.select(self.rng.sample(names, min(len(names), self.rng.randint(0, 5))))

    def _leave(self) -> None:
        QApplication.sendEvent(self.view, QEvent(QEvent.Type.Leave))

    def _close_popups(self) -> None:
        box = self.view.search_box
        if box is not None:
            box.dismiss()
        for field in self.view.findChildren(QWidget):
            if isinstance(field, (QLineEdit, QPlainTextEdit)) and field.isVisible():
                QTest.keyClick(field, Qt.Key.Key_Escape)
        menu = self.view._menu
        if menu is not None:
            menu.close()
        if self.view._splitter is not None:
            self.view.split()
