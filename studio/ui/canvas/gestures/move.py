"""Moves nodes, onto wires too; with Alt copies of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QPainter

from studio.text import tr
from studio.ui.canvas import placing
from studio.ui.canvas.geometry import Box, between, snapped
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.scene import Scene
from studio.ui.canvas.view_types import CLICK_PX
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_ALIGN_PX = 6.0
_SHAKE_PX, _SHAKE_S, _SHAKE_TURNS = 10.0, 1.0, 4
_MANY = 40  # cards in the hand: with so many everything is painted anew
_AROUND = 24.0  # shadows, stacks, badges and ports stand out this far


class Shake:
    """Sees a mouse that is shaken: four turns from side to side within a second."""

    _count = 0

    def __init__(self) -> None:
        self._last, self._way = None, 0
        self._turns: list[float] = []
        Shake._count += 1
        self.merge = f"shake {Shake._count}"

    _last: float | None
    _way: int

    def moved(self, x: float, now: float) -> bool:
        """Whether this move completes a shake."""
        if self._last is None:
            self._last = x
            return False
        step = x - self._last
        if abs(step) < _SHAKE_PX:
            return False
        self._last = x
        way = 1 if step > 0 else -1
        if self._way and way != self._way:
            self._turns = [at for at in self._turns if now - at < _SHAKE_S] + [now]
        self._way = way
        if len(self._turns) >= _SHAKE_TURNS:
            self._turns.clear()
            return True
        return False


class Move(Gesture):
    """From a card. A click alone selects; Shift adds, Ctrl toggles; Alt leaves a copy behind."""

    def __init__(self, view: CanvasView, name: str, may_copy: bool = True) -> None:
        super().__init__(view)
        self._name, self._may_copy = name, may_copy

    def start(self, at: Pointer) -> None:
        session = self.view.session
        self._chosen_before = session.selection
        self._clicked_again = self._name in session.selection
        if at.ctrl:
            session.select(session.selection ^ {self._name})
        elif at.shift:
            session.select(session.selection | {self._name})
        elif not self._clicked_again:
            session.select({self._name})
        self._first, self._from = (at.screen_x, at.screen_y), (at.x, at.y)
        self._moving, self._copy, self._loose = False, at.alt and self._may_copy, False
        self._dirty: Box | None = None
        self._shake, self._pulled = Shake(), False
        self._places: dict[str, tuple[float, float]] = {}
        self._guides: list[QLineF] = []
        self._onto: Wire | None = None
        self._suspended = False

    def move(self, at: Pointer) -> None:
        far = abs(at.screen_x - self._first[0]) + abs(at.screen_y - self._first[1])
        if not self._moving and far < CLICK_PX:
            return
        scene = self.view.scene
        if not self._moving:
            self._moving = True
            names = self.view.session.selection | {self._name}
            self._places = {
                name: (scene.box(name).x, scene.box(name).y) for name in names if name in scene.index
            }
            self._loose = not scene.wiring.of(self._name)
            self._dirty = self._reach()
        if self._shake.moved(at.screen_x, time.monotonic()) and len(self._places) == 1 and not self._copy:
            self._pull_out()
        dx, dy = at.x - self._from[0], at.y - self._from[1]
        if not at.alt or self._copy:
            dx, dy = self._aligned(dx, dy)
        scene.put({name: (x + dx, y + dy) for name, (x, y) in self._places.items()})
        self._onto = None if (at.alt and not self._copy) or self._suspended else self._wire_below()
        self.view.state.hot_wire = self._onto
        tip, self.tip = self.tip, tr("Insert into the wire") if self._onto else ""
        before, self._dirty = self._dirty, self._reach()
        if tip or self.tip or before is None or self._dirty is None:
            self.view.update()
        else:
            self.view.update_part(before.joined(self._dirty))

    def end(self, at: Pointer) -> None:
        self.view.state.hot_wire = None
        if not self._moving:
            if self._clicked_again and not (at.ctrl or at.shift):
                self.view.session.select({self._name})
            return
        scene = self.view.scene
        places = {name: (scene.box(name).x, scene.box(name).y) for name in self._places}
        scene.settle()
        if self._copy:
            self.view.commands.copy_to(self._places, places)
        elif self._onto is not None:
            self.view.commands.insert_existing(self._name, self._onto, places[self._name])
        elif places != self._places:
            self.view.commands.move_to(places, self._shake.merge if self._pulled else "")
        self.view.refresh()

    def cancel(self) -> None:
        self.view.state.hot_wire = None
        if self._pulled:
            self.view.session.undo()
        self.view.session.select(self._chosen_before)
        self.view.refresh()

    def interrupt(self) -> None:
        self.view.state.hot_wire = None
        self.view.refresh()

    def key(self, key: int) -> bool:
        if key == Qt.Key.Key_X:  # suspends dropping onto wires
            self._suspended = not self._suspended
            return True
        return False

    def paint(self, painter: QPainter) -> None:
        if self._guides:
            painter.setPen(self.view.look.pen("accent", 1 / self.view.camera.scale, Qt.PenStyle.DashLine))
            painter.drawLines(self._guides)

    def _pull_out(self) -> None:
        """Shaken: the node leaves its wires, as one step with the move."""
        document = self.view.session.document
        with self.view.own_edit():
            done = self.view.structure.pull_out(self._name, self._shake.merge)
        if done:
            self._pulled = self.view.session.document is not document
            self._loose = True

    def _aligned(self, dx: float, dy: float) -> tuple[float, float]:
        """The way snapped to the edges of neighbours, else to the grid; with guide lines."""
        scene = self.view.scene
        x, y = self._places[self._name]
        box = scene.box(self._name)
        x, y, size = x + dx, y + dy, (box.width, box.height)
        reach = _ALIGN_PX / self.view.camera.scale
        self._guides = []
        others = [int(at) for at in scene.inside(self.view.seen()) if scene.ids[int(at)] not in self._places]
        fit_y = min(others, key=lambda at: abs(_middle(scene, at) - y - size[1] / 2), default=None)
        fit_x = min(others, key=lambda at: abs(float(scene.x[at]) - x), default=None)
        new_x, new_y = snapped(x), snapped(y)
        if fit_y is not None and abs(_middle(scene, fit_y) - y - size[1] / 2) <= reach:
            new_y = _middle(scene, fit_y) - size[1] / 2
            level = new_y + size[1] / 2
            left, right = min(x, float(scene.x[fit_y])), max(x + size[0], float(scene.x[fit_y]))
            self._guides.append(QLineF(left - 16, level, right + 16, level))
        if fit_x is not None and abs(float(scene.x[fit_x]) - x) <= reach:
            new_x = float(scene.x[fit_x])
            top, bottom = min(y, float(scene.y[fit_x])), max(y + size[1], float(scene.y[fit_x]))
            self._guides.append(QLineF(new_x, top - 16, new_x, bottom + 16))
        first = self._places[self._name]
        return new_x - first[0], new_y - first[1]

    def _reach(self) -> Box | None:
        """What of the scene the cards in the hand touch; None when it is not worth asking."""
        found = self.view.scene.reach(self._places) if len(self._places) <= _MANY else None
        if found is None:
            return None
        for line in self._guides:
            found = found.joined(between((line.x1(), line.y1()), (line.x2(), line.y2())))
        return found.grown(_AROUND)

    def _wire_below(self) -> Wire | None:
        """The wire under a single card without wires of its own."""
        scene = self.view.scene
        if len(self._places) != 1 or self._copy:
            return None
        card = scene.card(self._name)
        if not card.inputs or not card.outputs:
            return None
        if not self._loose:
            return None
        centre = scene.box(self._name).centre
        return scene.wire_at(*centre, placing.DROP_REACH)


def _middle(scene: Scene, at: int) -> float:
    return float(scene.y[at] + scene.height[at] / 2)
