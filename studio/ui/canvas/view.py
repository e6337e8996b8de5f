"""The editor: turns mouse and keys on a surface into gestures and actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from studio.layers import CATALOGUE
from studio.text import tr
from studio.ui.canvas import access, navigate
from studio.ui.canvas.actions import Actions
from studio.ui.canvas.cards import shown_value
from studio.ui.canvas.geometry import HIT_PX, OVERVIEW, QUIET, WIRE_PX
from studio.ui.canvas.gestures import (
    Cut,
    DragNumber,
    DragWire,
    Gesture,
    KeyWire,
    Lasso,
    Move,
    MoveFrame,
    Pan,
    Place,
    Pointer,
    Rubber,
)
from studio.ui.canvas.inline import LineInPlace
from studio.ui.canvas.keys import call, row_of
from studio.ui.canvas.links import layer_fits
from studio.ui.canvas.looking import Looking
from studio.ui.canvas.menu import open_fixes, open_menu
from studio.ui.canvas.notes import Notes
from studio.ui.canvas.order import Order
from studio.ui.canvas.overlay import path_at
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.search_box import Entry, SearchBox, layer_entries
from studio.ui.canvas.splitting import split_or_join
from studio.ui.canvas.spots import Spot, spot_at, typed
from studio.ui.canvas.structure import Structure
from studio.ui.canvas.surface import Surface
from studio.ui.canvas.view_types import FRAGMENT_MIME, LAYER_MIME
from studio.ui.canvas.wiring import Wire
from studio.ui.session import Session

_CHOOSING = Qt.KeyboardModifier.AltModifier  # on a number it means the card


class CanvasView(Surface):
    """The editor of the graph a session shows.

    Signals:
        edit_requested(node): the node's form shall take the keyboard.
        placed(layer): a new node of it stands in the graph.
        keys_wanted(): the list of keys shall be shown.
        told(text): a word about what was done.
        save_wanted(text): nodes, as text, to keep among the user's own blocks.
    """

    edit_requested = Signal(str)
    placed = Signal(str)
    keys_wanted = Signal()
    told = Signal(str)
    save_wanted = Signal(str)

    def __init__(self, session: Session, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(session, theme, parent)
        self.commands, self.order, self.notes = Actions(self), Order(self), Notes(self)
        self.structure, self.looking = Structure(self), Looking(self)
        self._menu: QMenu | None = None
        self._splitter: QSplitter | None = None
        self.search_box: SearchBox | None = None
        self.first_layers: tuple[str, ...] = ()  # stand on top of an empty search
        self.chosen_frame = ""
        self._held: set[int] = set()
        self._by_keys = self._own_edit = False
        self._space_used = False
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        access.install()
        session.selection_changed.connect(self._say_selection)
        session.refused.connect(lambda text: access.announce(self, text))
        session.analysed.connect(lambda _: self.looking.measure())

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

    def open_search(self, at: tuple[float, float], link: PortRef | None = None) -> None:
        """The search box at a pixel; from a wire in the hand it offers what fits its end."""
        document = self.session.document
        entries = layer_entries(document.blocks, bool(self.session.graph_key))
        if link is not None:
            entries = self._fitting(entries, link)
        x, y = self.camera.to_scene(*at)

        def chosen(entry: Entry) -> None:
            width = 152 if link is not None and link.side == "in" else 0
            aim = (x - width, y - 26) if link is not None else (x - 76, y - 26)
            self.commands.insert(entry.layer, aim, link, entry.block)

        self._open_box(entries, at, chosen)

    def open_search_on(self, wire: Wire, at: tuple[float, float]) -> None:
        """The search for a layer that goes into a wire."""
        out = self.scene.ports(wire.source.node, "out")[wire.start]
        document = self.session.document
        entries = layer_entries(document.blocks, bool(self.session.graph_key))
        place = self.camera.to_scene(*at)
        self._open_box(
            self._fitting(entries, out),
            at,
            lambda e: self.commands.place(e.layer, place, wire, None, e.block),
        )

    def swap(self) -> None:
        """The search for a layer to stand in place of the selection."""
        if self.commands.chosen:
            box = self.scene.box(self.commands.chosen[0])
            at = self.camera.to_screen(box.x, box.bottom + 8)
            self._open_box(layer_entries(), at, lambda entry: self.structure.replace_by(entry.layer))

    def _open_box(
        self, entries: list[Entry], at: tuple[float, float], chosen: Callable[[Entry], object]
    ) -> None:
        if self.search_box is not None:
            self.search_box.dismiss()
        box = self.search_box = SearchBox(self, entries, self.first_layers)

        def take(entry: Entry) -> None:
            chosen(entry)
            self.setFocus()

        box.chosen.connect(take)
        box.closed.connect(self._search_closed)
        box.open_at(QPoint(round(at[0]), round(at[1])))

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

    def search(self) -> None:
        """Opens the search at the cursor."""
        inside = self.rect().contains(QPoint(round(self.pointer.screen_x), round(self.pointer.screen_y)))
        at = (
            (self.pointer.screen_x, self.pointer.screen_y)
            if inside
            else (self.width() / 2 - 160, self.height() / 3)
        )
        self.open_search(at)

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
            self._open(chosen[0])

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
        gesture = self._gesture_for(event.button(), at)
        if gesture is not None:
            self._begin(gesture, at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._pointer(event)
        if self.gesture is not None:
            self.gesture.move(at)
            if self.gesture.tip:
                self.update()
        else:
            self._hover(at)

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
        scene = self.scene
        name = scene.node_at(at.x, at.y)
        wire = scene.wire_at(at.x, at.y, WIRE_PX / self.camera.scale) if name is None else None
        frame = scene.frame_at(at.x, at.y) or scene.note_at(at.x, at.y)
        spot = self._spot(name, at) if name is not None else None
        if spot is not None:
            self._type_number(spot)
        elif name is not None:
            self._open(name)
        elif wire is not None:
            self.structure.bend(wire, (at.x, at.y))
        elif frame is not None:
            self.notes.write(frame)
        else:
            self.open_search((at.screen_x, at.screen_y))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._held.add(event.key())
        self._by_keys = True
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
        elif self.gesture is not None and self.gesture.key(event.key()):
            pass
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self._space_used = False
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
        held = event.key() in self._held  # else it was pressed in a field on the canvas
        self._held.discard(event.key())
        if held and event.key() == Qt.Key.Key_Space and not self._space_used and self.gesture is None:
            self.search()

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

    def _gesture_for(self, button: Qt.MouseButton, at: Pointer) -> Gesture | None:
        """What a press begins."""
        scene, reach = self.scene, HIT_PX / self.camera.scale
        space = Qt.Key.Key_Space in self._held
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and space):
            self._space_used = True
            return Pan(self)
        if button == Qt.MouseButton.RightButton:
            if at.ctrl:
                return Cut(self)
            self._menu = open_menu(self, at)
            return None
        if button in (Qt.MouseButton.BackButton, Qt.MouseButton.ForwardButton):
            (self.looking.back if button == Qt.MouseButton.BackButton else self.looking.forward)()
            return None
        if button != Qt.MouseButton.LeftButton:
            return None
        if Qt.Key.Key_Y in self._held:
            return Cut(self)
        self.chosen_frame = ""
        troubled = scene.pill_at(at.x, at.y) if self.camera.scale >= OVERVIEW else None
        if troubled is not None:
            self._menu = open_fixes(self, troubled, at)
            return None
        name = scene.node_at(at.x, at.y)
        on_dot = name is not None and scene.card(name).dot and self._in_middle(name, at)
        ref = None if on_dot else scene.port_near(at.x, at.y, reach)
        if ref is not None:
            taken = next(
                (
                    w
                    for i in scene.wiring.of(ref.node)
                    if (w := scene.wires[i]).node == ref.node and w.port == ref.name
                ),
                None,
            )
            return DragWire(self, ref, taken if ref.side == "in" else None)
        if name is not None:
            spot = None if at.keys & _CHOOSING else self._spot(name, at)
            return DragNumber(self, spot) if spot is not None else Move(self, name)
        return self._on_nothing(at)

    def _on_nothing(self, at: Pointer) -> Gesture | None:
        """What a press beside the cards begins."""
        wire = self.scene.wire_at(at.x, at.y, WIRE_PX / self.camera.scale) if at.alt else None
        made = self.structure.bend(wire, (at.x, at.y)) if wire is not None else None
        if made is not None:
            return Move(self, made, may_copy=False)
        frame = self.scene.frame_at(at.x, at.y) or self.scene.note_at(at.x, at.y)
        if frame is not None:
            self.chosen_frame = frame.id
            return MoveFrame(self, frame)
        return Lasso(self) if at.alt else Rubber(self)

    def _in_middle(self, name: str, at: Pointer) -> bool:
        x, y = self.scene.box(name).centre
        return abs(at.x - x) <= 5 and abs(at.y - y) <= 8

    def _spot(self, name: str, at: Pointer) -> Spot | None:
        """The number under the mouse, while cards are large enough to read."""
        if self.camera.scale < QUIET:
            return None
        metrics = self.look.small_metrics
        return spot_at(self.session.document, self.scene, name, metrics, (at.x, at.y))

    def _type_number(self, spot: Spot) -> None:
        """A field for a number on a card; an expression begins with =."""
        line = LineInPlace(self, shown_value(spot.value))
        key = self.session.graph_key

        def written(text: str) -> None:
            def edit(document: Document) -> Document:
                return edits.set_param(document, key, spot.node, spot.param.name, typed(text, spot.param))

            label = tr("Set {param} of {node}", param=spot.param.name, node=spot.node)
            self.session.apply(label, edit)

        line.written.connect(written)
        line.open_at(spot.box)

    def _hover(self, at: Pointer) -> None:
        scene, reach = self.scene, 1 / self.camera.scale
        port = scene.port_near(at.x, at.y, HIT_PX * reach)
        name = scene.node_at(at.x, at.y)
        troubled = scene.pill_at(at.x, at.y) if self.camera.scale >= OVERVIEW else None
        over = port is not None or name is not None
        self.state.hot_node = name or ""
        self.looking.show_path()
        wire = None if over else scene.wire_at(at.x, at.y, WIRE_PX * reach)
        if wire != self.state.hot_wire:
            self.state.hot_wire = wire
            self.update()
        if troubled is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif port is not None:
            self.setCursor(Qt.CursorShape.CrossCursor)
        elif name is not None and self._spot(name, at) is not None:
            self.setCursor(Qt.CursorShape.SizeHorCursor)
        else:
            self.unsetCursor()

    def _open(self, name: str) -> None:
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

    def _search_closed(self) -> None:
        self.search_box = None
        self.setFocus()

    def _fitting(self, entries: list[Entry], link: PortRef) -> list[Entry]:
        """Entries that suit the end of a wire."""
        if link.side == "in":
            return [
                one for one in entries if one.block or CATALOGUE[one.layer].outputs or one.layer == "Data"
            ]
        mark = self.scene.card(link.node).outputs[link.index]
        return [one for one in entries if one.block or layer_fits(CATALOGUE[one.layer], mark.spec)]

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = event.position()
        return self._point(at.x(), at.y(), event.modifiers())

    def _point(
        self, x: float, y: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> Pointer:
        sx, sy = self.camera.to_scene(x, y)
        self.pointer = Pointer(sx, sy, x, y, keys)
        return self.pointer
