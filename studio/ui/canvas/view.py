"""The editor: turns mouse and keys on a surface into gestures and actions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from studio.document import edits
from studio.document.model import Document
from studio.text import tr
from studio.ui.canvas import access, navigate
from studio.ui.canvas.actions import Actions
from studio.ui.canvas.gestures import (
    Gesture,
    KeyWire,
    Place,
    Pointer,
)
from studio.ui.canvas.keys import call, row_of
from studio.ui.canvas.looking import Looking
from studio.ui.canvas.menu import open_menu
from studio.ui.canvas.notes import Notes
from studio.ui.canvas.order import Order
from studio.ui.canvas.overlay import path_at
from studio.ui.canvas.pressing import gesture_for, hover, open_what_is_at
from studio.ui.canvas.search_box import SearchBox
from studio.ui.canvas.searching import Searching
from studio.ui.canvas.splitting import split_or_join
from studio.ui.canvas.structure import Structure
from studio.ui.canvas.surface import Surface
from studio.ui.canvas.view_types import FRAGMENT_MIME, LAYER_MIME
from studio.ui.session import Viewpoint

_CHOOSING = Qt.KeyboardModifier.AltModifier  # on a number it means the card


class CanvasView(Surface):
    """The editor of the graph a session shows.

    Signals:
        edit_requested(node): the node's form shall take the keyboard.
        placed(layer): a new node of it stands in the graph.
        keys_wanted(): the list of keys shall be shown.
        told(text): a word about what was done.
        save_wanted(text): nodes, as text, to keep among the user's own blocks.
        tab_wanted(block): a block shall be shown in a tab; tab_step_wanted(1 or -1), tab_close_wanted() likewise.
    """

    edit_requested = Signal(str)
    placed = Signal(str)
    keys_wanted = Signal()
    told = Signal(str)
    save_wanted = Signal(str)
    tab_wanted = Signal(str)
    tab_step_wanted = Signal(int)
    tab_close_wanted = Signal()

    def __init__(self, session: Viewpoint, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(session, theme, parent)
        self.commands, self.order, self.notes = Actions(self), Order(self), Notes(self)
        self.structure, self.looking, self.searching = Structure(self), Looking(self), Searching(self)
        self._menu: QMenu | None = None
        self._splitter: QSplitter | None = None
        self.chosen_frame = ""
        self.held: set[int] = set()
        self._by_keys = self._own_edit = False
        self.space_used = False
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        access.install()
        session.selection_changed.connect(self._say_selection)
        session.refused.connect(lambda text: access.announce(self, text))
        session.analysed.connect(lambda _: self.looking.measure())

    @property
    def search_box(self) -> SearchBox | None:
        """The search box while it is open."""
        return self.searching.box

    def insert_layer(self, layer: str) -> str | None:
        """A new node, wired to the selected one; its name."""
        name = self.commands.insert(layer)
        if name is not None:
            self.reveal(name)
        return name

    def paste_point(self) -> tuple[float, float] | None:
        """Where to paste: under the mouse while it is on the canvas."""
        inside = self.rect().contains(QPoint(round(self.pointer.screen_x), round(self.pointer.screen_y)))
        return (self.pointer.x, self.pointer.y) if inside and self.underMouse() else None

    def save_block(self) -> None:
        """Offers the selection to be kept among the user's own blocks."""
        if self.commands.chosen:
            key = self.session.graph_key
            self.save_wanted.emit(edits.copy_fragment(self.session.document, key, self.commands.chosen))

    def split(self) -> None:
        """A second view of the same drawing beside this one, with its own place; or one again."""
        self._splitter = split_or_join(self, self._splitter)

    def jump_to(self, node: str) -> None:
        """Brings a node into view; back leads where it came from."""
        self.looking.left()
        self.reveal(node)

    def hand_over(self, gesture: Gesture, start: Pointer, at: Pointer) -> None:
        """Another gesture takes the place of the one that is going on."""
        self.finish_gesture()
        self._begin(gesture, start)
        gesture.move(at)

    def finish_gesture(self) -> None:
        """Ends the gesture without its ``end``."""
        if self.gesture is not None:
            self.gesture.cancel()
        self.gesture = None
        self.unsetCursor()
        self.update()

    @contextmanager
    def own_edit(self) -> Iterator[None]:
        """Around an edit that the gesture going on makes itself: any other one ends it."""
        self._own_edit = True
        try:
            yield
        finally:
            self._own_edit = False

    # methods of the key table

    def select_all(self) -> None:
        """Selects every node."""
        self.session.select(self.scene.ids)

    def undo(self) -> None:
        """Takes the last step back."""
        self.session.undo()

    def redo(self) -> None:
        """Does it again."""
        self.session.redo()

    def enter_or_edit(self) -> None:
        """Opens a selected block, else asks for the node's form."""
        chosen = list(self.session.selection)
        if len(chosen) == 1:
            self.open_node(chosen[0])

    def open_tab(self) -> None:
        """A selected block in a tab of its own."""
        chosen = self.commands.chosen
        if len(chosen) == 1 and self.scene.card(chosen[0]).block:
            self.tab_wanted.emit(self.scene.card(chosen[0]).block)

    def step_tab(self, by: float) -> None:
        """The next tab, or the one before."""
        self.tab_step_wanted.emit(int(by))

    def close_tab(self) -> None:
        """Closes the tab in front."""
        self.tab_close_wanted.emit()

    def show_menu(self, menu: QMenu | None) -> None:
        """Keeps the menu that was opened."""
        self._menu = menu

    def edit_selected(self) -> None:
        """Asks for the form of the selected node."""
        if len(self.session.selection) == 1:
            self.edit_requested.emit(next(iter(self.session.selection)))

    def leave_block(self) -> None:
        """Back to the graph around."""
        if len(self.path) > 1:
            left = self.path[-1]
            self.session.enter(self.path[-2])
            self.session.select(n for n in self.scene.ids if self.scene.card(n).block == left)

    def start_key_wire(self) -> None:
        """A wire by keys."""
        chosen = list(self.session.selection)
        ports = self.scene.ports(chosen[0], "out") if len(chosen) == 1 else []
        if ports:
            self._begin(KeyWire(self, ports[0]), self.pointer)

    def arrow(self, dx: float, dy: float) -> None:
        """Moves the selection; without one it selects the first node."""
        if self.session.selection:
            self.commands.nudge(dx, dy)
        else:
            self.walk(dx, dy)

    def walk(self, dx: float, dy: float) -> None:
        """Selects the next node along the wires, or the nearest in that direction."""
        name = navigate.next_node(self.scene, self.session.selection, dx, dy)
        if name is not None:
            self.session.select({name})
            self.reveal(name)

    # Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._by_keys, self.state.focused = False, ""
        at = self._pointer(event)
        if self.gesture is not None:
            self.finish_gesture()
        step = path_at(self.look, self._path_titles(), event.position()) if len(self.path) > 1 else None
        if step is not None and event.button() == Qt.MouseButton.LeftButton:
            self.session.enter(self.path[step])
            return
        gesture = gesture_for(self, event.button(), at)
        if gesture is not None:
            self._begin(gesture, at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._pointer(event)
        if self.gesture is not None:
            self.gesture.move(at)
            if self.gesture.tip:
                self.update()
        else:
            hover(self, at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, at = self.gesture, self._pointer(event)
        if gesture is None or isinstance(gesture, KeyWire):
            return
        self.gesture = None
        self.unsetCursor()
        gesture.end(at)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._pointer(event)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.finish_gesture()
        open_what_is_at(self, at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.held.add(event.key())
        self._by_keys = True
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        elif self.gesture is not None and self.gesture.key(event.key()):
            pass
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self.space_used = False
        else:
            row = row_of(event)
            if row is None:
                super().keyPressEvent(event)
                return
            call(self, row)
        event.accept()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        held = event.key() in self.held  # else it was pressed in a field on the canvas
        self.held.discard(event.key())
        if held and event.key() == Qt.Key.Key_Space and not self.space_used and self.gesture is None:
            self.searching.at_cursor()

    def focusNextPrevChild(self, forward: bool) -> bool:
        return False if forward else super().focusNextPrevChild(forward)  # Tab searches, Shift+Tab leaves

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:  # the mouse opens it in mousePressEvent
            chosen = self.commands.chosen
            x, y = self.scene.box(chosen[0]).centre if chosen else self.seen().centre
            self._menu = open_menu(self, Pointer(x, y, *self.camera.to_screen(x, y)))
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(FRAGMENT_MIME):
            event.acceptProposedAction()
        elif event.mimeData().hasFormat(LAYER_MIME):
            layer = bytes(event.mimeData().data(LAYER_MIME).data()).decode("utf-8", "replace")
            self._begin(Place(self, layer), self._point(event.position().x(), event.position().y()))
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if isinstance(self.gesture, Place):
            self.gesture.move(self._point(event.position().x(), event.position().y(), event.modifiers()))
        if isinstance(self.gesture, Place) or event.mimeData().hasFormat(FRAGMENT_MIME):
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.finish_gesture()

    def dropEvent(self, event: QDropEvent) -> None:
        gesture = self.gesture
        if isinstance(gesture, Place):
            self.gesture = None
            gesture.end(self._point(event.position().x(), event.position().y(), event.modifiers()))
            event.acceptProposedAction()
            self.setFocus()
            self.update()
        elif event.mimeData().hasFormat(FRAGMENT_MIME):
            text = bytes(event.mimeData().data(FRAGMENT_MIME).data()).decode("utf-8", "replace")
            at = self.camera.to_scene(event.position().x(), event.position().y())
            if self.commands.paste_text(text, at):
                event.acceptProposedAction()
            self.setFocus()

    def _begin(self, gesture: Gesture, at: Pointer) -> None:
        if self.gesture is not None:
            self.finish_gesture()
        self.gesture = gesture
        if gesture.cursor is not None:
            self.setCursor(gesture.cursor)
        gesture.start(at)
        self.update()

    def open_node(self, name: str) -> None:
        """Goes into a block; asks for the form of anything else."""
        block = self.scene.card(name).block
        if block:
            self.session.enter(block)
        else:
            self.edit_requested.emit(name)

    def _escape(self) -> None:
        if self.gesture is not None:
            self.finish_gesture()
        elif self.session.selection:
            self.session.select(())
        else:
            self.leave_block()

    def _document_changed(self, before: Document, after: Document) -> None:
        if not self._own_edit:
            self._interrupt()
        super()._document_changed(before, after)

    def _entered(self, key: str) -> None:
        self._interrupt()
        super()._entered(key)

    def _interrupt(self) -> None:
        """Ends a gesture whose ground is gone."""
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.interrupt()
            self.unsetCursor()

    def _say_selection(self) -> None:
        """Tells a screen reader what is selected, and draws the focus ring around it."""
        chosen = self.commands.chosen
        self.state.focused = chosen[0] if len(chosen) == 1 and self._by_keys else ""
        self.looking.show_path()
        if len(chosen) == 1:
            at = self.scene.index[chosen[0]]
            access.announce(self, access.spoken(self.scene.cards[at], at, len(self.scene.ids)))
        elif chosen:
            access.announce(self, tr("{count} nodes selected", count=len(chosen)))

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        return self._point(at.x(), at.y(), event.modifiers())

    def _point(
        self, x: float, y: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> Pointer:
        sx, sy = self.camera.to_scene(x, y)
        self.pointer = Pointer(sx, sy, x, y, keys)
        return self.pointer
