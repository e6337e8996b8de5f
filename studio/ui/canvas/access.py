"""What a screen reader hears: each node of the drawing as a named child of the canvas, and live messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface, QColor, QWindow
from PySide6.QtWidgets import QAccessibleWidget

from studio.text import tr
from studio.ui.canvas.cards import Card

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_kept: dict[int, CanvasAccess] = {}  # the factory must not let its interfaces go


def spoken(card: Card, index: int, count: int) -> str:
    """The name of a node: what it is, what it gives, and what is wrong with it."""
    parts = [f"{card.id}, {card.line}"]
    parts += [mark.text for mark in card.outputs[:2] if mark.text]
    if card.errors:
        parts.append(tr("{count} problems", count=card.errors))
    if card.muted and not card.dot:
        parts.append(tr("muted"))
    if card.frozen:
        parts.append(tr("frozen"))
    parts.append(tr("{at} of {count}", at=index + 1, count=count))
    return ", ".join(parts)


class CanvasAccess(QAccessibleWidget):
    """The canvas with its nodes as children."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view, QAccessible.Role.Graphic, tr("Drawing of the network"))
        self._view = view
        self._nodes: dict[str, NodeAccess] = {}

    def childCount(self) -> int:
        return len(self._view.scene.ids)

    def child(self, index: int) -> QAccessibleInterface:  # type: ignore[override]
        ids = self._view.scene.ids
        if not 0 <= index < len(ids):
            return None  # type: ignore[return-value]
        name = ids[index]
        known = self._nodes.get(name)
        if known is None:
            known = self._nodes[name] = NodeAccess(self, self._view, name)
        return known

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return self._view.scene.index.get(getattr(child, "node", ""), -1)


class NodeAccess(QAccessibleInterface):
    """One node, read aloud."""

    def __init__(self, parent: CanvasAccess, view: CanvasView, node: str) -> None:
        super().__init__()
        self._parent, self._view, self.node = parent, view, node

    def isValid(self) -> bool:
        return self.node in self._view.scene.index

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> None:  # type: ignore[override]
        return None

    def childAt(self, x: int, y: int) -> None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def window(self) -> QWindow | None:  # type: ignore[override]
        return self._view.window().windowHandle()

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        state.selectable = True  # type: ignore[attr-defined]
        state.selected = self.node in self._view.session.selection  # type: ignore[attr-defined]
        return state

    def rect(self) -> QRect:
        if not self.isValid():
            return QRect()
        box, camera = self._view.scene.box(self.node), self._view.camera
        corner = self._view.mapToGlobal(QPointF(*camera.to_screen(box.x, box.y)).toPoint())
        return QRect(
            corner.x(), corner.y(), round(box.width * camera.scale), round(box.height * camera.scale)
        )

    def text(self, kind: QAccessible.Text) -> str:
        if kind != QAccessible.Text.Name or not self.isValid():
            return ""
        scene = self._view.scene
        return spoken(scene.card(self.node), scene.index[self.node], len(scene.ids))

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Names are changed by renaming, not from here."""

    def foregroundColor(self) -> QColor:
        return self._view.look.colour("text")

    def backgroundColor(self) -> QColor:
        return self._view.look.colour("card")


def announce(view: CanvasView, text: str) -> None:
    """Says ``text`` where a screen reader listens."""
    if QAccessible.isActive() and text:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(view, text))


def _factory(key: str, thing: QObject) -> QAccessibleInterface | None:
    from studio.ui.canvas.view import CanvasView

    if not isinstance(thing, CanvasView):
        return None
    known = _kept.get(id(thing))
    if known is None:
        known = _kept[id(thing)] = CanvasAccess(thing)
        number = id(thing)
        thing.destroyed.connect(lambda: _kept.pop(number, None))
    return known


def install() -> None:
    """Lets Qt ask us about canvases; once a process."""
    global _installed
    if not _installed:
        QAccessible.installFactory(_factory)
        _installed = True


_installed = False
