"""The widget that shows a scene: camera, painting, zooming, panning. ``view`` adds what the user does on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEasingCurve, QEvent, QPoint, QRect, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QHelpEvent, QNativeGestureEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QStyle, QToolTip, QWidget

from studio.analysis import analyze
from studio.document.model import Document
from studio.text import on_language_change, tr
from studio.ui.canvas import tips
from studio.ui.canvas.camera import Camera
from studio.ui.canvas.geometry import HIT_PX, WIRE_PX, Box
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.look import Look
from studio.ui.canvas.navigate import trained_by
from studio.ui.canvas.overlay import paint_hint, paint_path, paint_tip
from studio.ui.canvas.painter import ScenePainter
from studio.ui.canvas.proposal import Proposal, paint_proposal, proposal, shown
from studio.ui.canvas.scene import Scene
from studio.ui.canvas.state import State
from studio.ui.session import Viewpoint
from studio.ui.tokens import MOTION_MS

_PIECES = 4  # rectangles painted one by one; more of them are painted as one
_STEP = 1.0015  # zoom for an eighth of a degree of the wheel


class Surface(QWidget):
    """Shows the graph of a session.

    Signals:
        camera_moved(), scene_changed(): for the minimap.
        path_changed(names): the graphs from the main one ("") to the one shown.
    """

    camera_moved = Signal()
    scene_changed = Signal()
    path_changed = Signal(object)

    def __init__(self, session: Viewpoint, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self.scene, self.camera = session, Scene(), Camera()
        self.look = Look(theme)
        self.painter, self.state = ScenePainter(self.look), State()
        self.path: list[str] = [""]
        self._fitted = False
        self._whole: tuple[float, float, float] | None = None  # how the camera stood when all was in view
        self.motion = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
        self.gesture: Gesture | None = None
        self.proposal: Proposal | None = None
        self.pointer = Pointer(0, 0, -1, -1)
        self._cameras: dict[str, tuple[float, float, float]] = {}
        self._before_jump: tuple[float, float, float] | None = None
        self._animation: QVariantAnimation | None = None
        self.setObjectName("canvas")
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Drawing of the network"))
        session.changed.connect(self._document_changed)
        session.analysed.connect(lambda _: self.refresh())
        session.selection_changed.connect(self._selection_changed)
        session.entered.connect(self._entered)
        self.destroyed.connect(on_language_change(self._in_new_language))
        self.refresh()

    # what others call

    def set_theme(self, name: str) -> None:
        """Takes the colours of "dark" or "light"."""
        self.look = Look(name)
        self.painter = ScenePainter(self.look)
        self.update()
        self.scene_changed.emit()

    def zoom_to_all(self) -> None:
        """Everything in view, at full size at most."""
        self._fitted = self.isVisible()
        box = self.scene.bounds()
        if box is not None:
            self.camera.fit(box, self.width(), self.height())
            self._whole = self.camera.state()
            self.camera_changed()

    def zoom_to_selection(self) -> None:
        """The selection in view; a second time: back."""
        box = self.scene.bounds(self.session.selection)
        if box is not None and self.session.selection:
            self._jump(box.grown(80))

    def zoom_all_or_back(self) -> None:
        """Everything in view; a second time: back."""
        box = self.scene.bounds()
        if box is not None:
            self._jump(box)

    def reveal(self, node: str) -> None:
        """Brings a node into view, moving as little as possible."""
        if node not in self.scene.index:
            return
        box, seen = self.scene.box(node).grown(24), self.seen()
        if box.x < seen.x or box.y < seen.y or box.right > seen.right or box.bottom > seen.bottom:
            self.camera.scale = max(self.camera.scale, 0.7)
            self.centre_on(*box.centre)

    def centre_on(self, x: float, y: float) -> None:
        """Moves the view."""
        self.camera.centre(x, y, self.width(), self.height())
        self.camera_changed()

    def show_health(self, health: Mapping[str, float]) -> None:
        """The bar at each card's foot: 0 no gradient … 1 good; {} takes them away."""
        self.state.health = dict(health)
        self.update()

    def show_matches(self, names: frozenset[str] | None) -> None:
        """Fades all nodes but ``names`` while a search is on; None ends it."""
        self.state.found = names
        self.update()

    def seen(self) -> Box:
        """The part of the scene in view."""
        return self.camera.seen(self.width(), self.height())

    def go_to(self, path: Sequence[str], camera: tuple[float, float, float] | None) -> None:
        """Shows the graph at the end of a way, as ``camera`` saw it; None shows all of it."""
        self.session.enter(path[-1])
        if self.session.graph_key == path[-1]:
            self.path = list(path)
            self.path_changed.emit(tuple(self.path))
        if camera is None:
            self.zoom_to_all()
        else:
            self.camera.restore(camera)
            self.camera_changed()

    # what gestures and actions call

    def refresh(self) -> None:
        """Takes over the session's document, whatever showed before."""
        session, self.proposal = self.session, None
        if self.scene.sync(session.document, session.graph_key, session.analysis):
            self.scene_changed.emit()
        self._mark_trained()
        self.update()

    def preview(self, document: Document | None) -> None:
        """Shows what a document would look like and what of it is new, without taking it over; None ends it."""
        key = self.session.graph_key
        if self.proposal is not None or document is None:
            self.refresh()
        if document is not None and key in ("", *document.blocks):
            old, new = self.session.document.graph(key).nodes, document.graph(key).nodes
            before = shown(self.scene, old, new)
            self.scene.sync(document, key, analyze(document, self.session.analysis))
            self.proposal = proposal(before, self.scene, old, new)
            self.update()

    def pan(self, dx: float, dy: float) -> None:
        """Moves the view by whole pixels; only what comes into view is painted."""
        dx, dy = round(dx), round(dy)
        self.camera.dx += dx
        self.camera.dy += dy
        plain = len(self.path) == 1 and self.scene.ids and float(self.devicePixelRatioF()).is_integer()
        if plain and not self.findChildren(QWidget) and not (self.gesture and self.gesture.tip):
            self.scroll(int(dx), int(dy))
        else:
            self.update()
        self.camera_moved.emit()

    def update_part(self, part: Box | None) -> None:
        """Paints a part of the scene anew; None is everything."""
        if part is None:
            self.update()
            return
        (x, y), scale = self.camera.to_screen(part.x, part.y), self.camera.scale
        rect = QRectF(x, y, part.width * scale, part.height * scale).adjusted(-4, -4, 4, 4)
        self.update(rect.toAlignedRect())

    def camera_changed(self) -> None:
        """Paints anew after the camera was moved."""
        self.update()
        self.camera_moved.emit()

    def animate(
        self, start: Mapping[str, tuple[float, float]], end: Mapping[str, tuple[float, float]]
    ) -> None:
        """Shows cards moving from ``start`` to ``end``, where the document has them already."""
        if not self.isVisible() or not self.motion:
            return
        motion = QVariantAnimation(self)
        motion.setDuration(MOTION_MS)
        motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        motion.setStartValue(0.0)
        motion.setEndValue(1.0)

        def show(share: float) -> None:
            places = {
                n: (a[0] + (end[n][0] - a[0]) * share, a[1] + (end[n][1] - a[1]) * share)
                for n, a in start.items()
            }
            self.scene.put({name: at for name, at in places.items() if name in self.scene.index})
            self.update()

        motion.valueChanged.connect(show)
        motion.finished.connect(self._animation_ended)
        self._animation = motion
        motion.start(QVariantAnimation.DeletionPolicy.DeleteWhenStopped)

    def zoom_in(self) -> None:
        """Larger, about the middle."""
        self._zoom(1.25)

    def zoom_out(self) -> None:
        """Smaller, about the middle."""
        self._zoom(0.8)

    def zoom_full(self) -> None:
        """100 %."""
        self._zoom(1 / self.camera.scale)

    def tip_at(self, at: QPoint) -> str:
        """What hovering here says; "" for nothing."""
        x, y = self.camera.to_scene(at.x(), at.y())
        ref = self.scene.port_near(x, y, HIT_PX / self.camera.scale)
        if ref is not None:
            return tips.port_tip(self.scene, ref)
        name = self.scene.node_at(x, y)
        if name is not None:
            return tips.node_tip(self.session.document, self.scene, self.session.analysis, name)
        wire = self.scene.wire_at(x, y, WIRE_PX / self.camera.scale)
        return tips.wire_tip(self.scene, wire) if wire else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rects: list[QRect] = list(event.region())  # type: ignore[call-overload]
        if len(rects) > _PIECES:
            rects = [event.rect()]
        for rect in rects:  # after a scroll two thin strips: their common box would be everything
            painter.setClipRect(rect)
            self._paint_part(painter, QRectF(rect))
        painter.setClipping(False)
        if len(self.path) > 1:
            paint_path(painter, self.look, self._path_titles())
        if not self.scene.ids:
            paint_hint(painter, self.look, self.rect())
        if self.gesture is not None and self.gesture.tip:
            paint_tip(painter, self.look, self.rect(), self.pointer, self.gesture.tip)

    def _paint_part(self, painter: QPainter, area: QRectF) -> None:
        """The drawing in a rectangle of the window."""
        painter.fillRect(area, self.look.colour("canvas"))
        scale = self.camera.scale
        left, top = self.camera.to_scene(area.x(), area.y())
        part = Box(left, top, area.width() / scale, area.height() / scale)
        painter.save()
        painter.translate(self.camera.dx, self.camera.dy)
        painter.scale(scale, scale)
        self.painter.dots(painter, part, scale)
        self.painter.paint(painter, self.scene, part, scale, self.state)
        if self.proposal is not None:
            paint_proposal(painter, self.look, self.scene, self.proposal, scale)
        if self.gesture is not None:
            self.gesture.paint(painter)
        painter.restore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        untouched = self.camera.state() == self._whole and self.gesture is None
        if (not self._fitted or untouched) and self.scene.ids:
            self.zoom_to_all()  # what showed everything goes on doing so when a panel opens beside it

    def wheelEvent(self, event: QWheelEvent) -> None:
        moved = event.pixelDelta()
        touchpad = not moved.isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
        turn = event.angleDelta()
        if touchpad and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pan(moved.x(), moved.y())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(turn.y() or turn.x(), 0)
        else:
            at = event.position()
            self.camera.zoom(_STEP ** (turn.y() or turn.x()), at.x(), at.y())
            self.camera_changed()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.camera.zoom(1 + event.value(), event.position().x(), event.position().y())
            self.camera_changed()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self)
            return True
        return super().event(event)

    def _zoom(self, factor: float) -> None:
        self.camera.zoom(factor, self.width() / 2, self.height() / 2)
        self.camera_changed()

    def _jump(self, box: Box) -> None:
        """To a view of ``box``; from there back to where it was."""
        before = self.camera.state()
        self.camera.fit(box, self.width(), self.height())
        if self.camera.state() == before and self._before_jump is not None:
            self.camera.restore(self._before_jump)
        else:
            self._before_jump = before
        self.camera_changed()

    def _in_new_language(self) -> None:
        self.setAccessibleName(tr("Drawing of the network"))
        self.scene.forget()
        self.refresh()

    def _animation_ended(self) -> None:
        self._animation = None
        self.refresh()

    def _document_changed(self, before: Document, after: Document) -> None:
        if self._animation is not None:
            self._animation.stop()
        key = self.session.graph_key
        same = key == self.scene.key and before.blocks is after.blocks and before.layouts is after.layouts
        same = same and before.data is after.data and before.params is after.params
        if not same or before.graph(key) is not after.graph(key):
            self.refresh()

    def _selection_changed(self) -> None:
        self._mark_trained()
        self.update()

    def _mark_trained(self) -> None:
        chosen = self.state.selection = self.session.selection
        name = next(iter(chosen)) if len(chosen) == 1 else ""
        self.state.outlined = trained_by(self.scene, name) if name in self.scene.index else frozenset()

    def _entered(self, key: str) -> None:
        """Another graph: its own camera, and the way to it."""
        self._cameras[self.path[-1]] = self.camera.state()
        if key in self.path:
            self.path = self.path[: self.path.index(key) + 1]
        else:
            self.path = [*self.path, key]
        self.refresh()
        if key in self._cameras:
            self.camera.restore(self._cameras[key])
            self.camera_changed()
        else:
            self.zoom_to_all()
        self.path_changed.emit(tuple(self.path))

    def _path_titles(self) -> list[str]:
        return [key or self.session.document.title or tr("main") for key in self.path]
