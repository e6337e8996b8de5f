"""Interactions 1 to 20 as far as ``test_gestures`` does not hold them, by real events; with Esc and undo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from studio.document import edits
from studio.graph.expression import Expression
from studio.graph.model import Node, Source
from studio.layers import CATALOGUE
from studio.ui.canvas.links import layer_fits

if TYPE_CHECKING:
    from tests.ui.canvas.conftest import Hand

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT, NONE = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier


def wheel(
    hand: Hand, pixels: QPoint, angle: QPoint, keys: Qt.KeyboardModifier, phase: Qt.ScrollPhase
) -> None:
    at = QPointF(400, 300)
    event = QWheelEvent(at, at, pixels, angle, Qt.MouseButton.NoButton, keys, phase, False)
    QApplication.sendEvent(hand.view, event)


def test_01_two_fingers_pan_and_with_ctrl_zoom(hand: Hand) -> None:
    going = Qt.ScrollPhase.ScrollUpdate
    before = hand.view.camera.state()
    wheel(hand, QPoint(30, -20), QPoint(60, -40), NONE, going)
    assert hand.view.camera.state() == (before[0], before[1] + 30, before[2] - 20)
    wheel(hand, QPoint(0, 20), QPoint(0, 120), CTRL, going)
    assert hand.view.camera.scale > before[0]


def test_01_space_and_drag_pan_and_esc_comes_back(hand: Hand) -> None:
    before = hand.view.camera.state()
    QTest.keyPress(hand.view, Qt.Key.Key_Space)
    hand.drag(QPoint(300, 400), QPoint(380, 430), drop=False)
    assert hand.view.camera.state() == (before[0], before[1] + 80, before[2] + 30)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.camera.state() == before
    QTest.keyRelease(hand.view, Qt.Key.Key_Space)
    assert hand.view.search_box is None


def test_02_every_edit_undoes_to_the_same_object_and_comes_back(hand: Hand) -> None:
    session = hand.view.session
    first = session.document
    hand.click(hand.card("relu"))
    for key, keys in (
        (Qt.Key.Key_Right, NONE), (Qt.Key.Key_M, NONE), (Qt.Key.Key_H, NONE), (Qt.Key.Key_D, CTRL),
        (Qt.Key.Key_L, NONE), (Qt.Key.Key_Delete, NONE),
    ):  # fmt: skip
        hand.key(key, keys)
    last, steps = session.document, session.history.position
    assert steps == 6
    for _ in range(steps):
        hand.key(Qt.Key.Key_Z, CTRL)
    assert session.document is first
    for _ in range(steps):
        hand.key(Qt.Key.Key_Z, CTRL | SHIFT)
    assert session.document is last


def test_06_everything_offered_for_a_wire_fits_it(hand: Hand) -> None:
    hand.drag(hand.port("digits", "out"), hand.at(300, 400))
    box = hand.view.search_box
    assert box is not None
    spec = hand.view.scene.card("digits").outputs[0].spec
    offered = [box.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(box.list.count())]
    assert len(offered) >= 5
    assert all(entry.block or layer_fits(CATALOGUE[entry.layer], spec) for entry in offered)
    for entry in offered[:5]:  # and what is placed has no problem at that wire
        node = Node("new", entry.layer, inputs={CATALOGUE[entry.layer].inputs[0].name: (Source("digits"),)})
        hand.view.session.apply("add", lambda d, node=node: edits.add_node(d, "", node, (0, 400)))
        found = hand.view.session.analysis.problems_of("new")
        assert not [p for p in found if p.code == "shape" and p.severity == "error"], entry.layer
        hand.view.session.undo()
    QTest.keyClick(box.line, Qt.Key.Key_Escape)
    assert len(hand.nodes) == 5


def test_08_a_line_drawn_around_selects_and_esc_gives_back(hand: Hand) -> None:
    hand.view.session.select({"relu"})
    corners = [hand.at(x, y) for x, y in ((720, -30), (920, -30), (920, 220), (720, 220), (720, -28))]
    hand.drag(*corners, keys=ALT)
    assert hand.view.session.selection == {"relu", "loss"}
    hand.view.session.select({"digits"})
    hand.drag(*corners, keys=ALT, drop=False)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.session.selection == {"digits"}


def test_09_text_of_one_window_is_pasted_in_another(hand: Hand, qtbot: object) -> None:
    from studio.document.model import Document
    from studio.ui.canvas import CanvasView
    from studio.ui.session import Session

    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_C, CTRL)
    other = CanvasView(Session(Document()))
    qtbot.addWidget(other)  # type: ignore[attr-defined]
    other.show()
    QTest.keyClick(other, Qt.Key.Key_V, CTRL)
    QTest.keyClick(other, Qt.Key.Key_V, CTRL)
    assert len(other.session.document.main.nodes) == 4
    other.session.undo()
    assert len(other.session.document.main.nodes) == 2


def test_10_paste_keeps_incoming_wires_on_request(hand: Hand) -> None:
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_C, CTRL)
    hand.key(Qt.Key.Key_V, CTRL | SHIFT)
    (made,) = hand.view.session.selection
    assert hand.feeds(made) == ["linear"]
    hand.key(Qt.Key.Key_Z, CTRL)
    assert len(hand.nodes) == 5


def test_12_the_highlight_precedes_the_drop_and_a_key_suspends_it(hand: Hand) -> None:
    hand.drop_layer("Tanh", hand.at(300, 400))
    before = hand.view.session.document
    hand.drag(hand.card("tanh1"), hand.at(448, 26), drop=False)
    assert hand.view.state.hot_wire is not None
    assert hand.view.state.hot_wire.node == "linear"
    hand.key(Qt.Key.Key_X)
    hand.mouse(QEvent.Type.MouseMove, hand.at(447, 26))
    assert hand.view.state.hot_wire is None
    hand.key(Qt.Key.Key_X)
    hand.mouse(QEvent.Type.MouseMove, hand.at(448, 26))
    hand.mouse(QEvent.Type.MouseButtonRelease, hand.at(448, 26))
    assert hand.feeds("linear") == ["tanh1"]
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is before


def test_13_all_and_back(hand: Hand) -> None:
    before = hand.view.camera.state()
    hand.key(Qt.Key.Key_A)
    seen = hand.view.seen()
    whole = hand.view.scene.bounds()
    assert whole is not None
    assert seen.x <= whole.x and seen.right >= whole.right
    hand.key(Qt.Key.Key_A)
    assert hand.view.camera.state() == before


def number(hand: Hand, name: str) -> QPoint:
    from studio.ui.canvas.spots import spots

    view = hand.view
    (spot, *_) = spots(view.session.document, view.scene, name, view.look.small_metrics)
    return hand.at(*spot.box.centre)


def test_15_a_number_is_dragged_on_its_card_and_shapes_follow(hand: Hand) -> None:
    session, steps = hand.view.session, hand.view.session.history.position
    start = number(hand, "linear")
    hand.drag(start, start + QPoint(40, 0), drop=False)
    assert hand.nodes["linear"].params["out_features"] == 15
    assert str(session.analysis.facts["relu"].outputs["y"].shape[-1]) == "15"
    hand.mouse(QEvent.Type.MouseButtonRelease, start + QPoint(40, 0))
    assert session.history.position == steps + 1
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.nodes["linear"].params["out_features"] == 10


@pytest.mark.parametrize(("keys", "value"), [(CTRL, 60), (SHIFT, 11)])
def test_15_ctrl_is_coarse_and_shift_fine(hand: Hand, keys: Qt.KeyboardModifier, value: int) -> None:
    start = number(hand, "linear")
    hand.drag(start, start + QPoint(80 if keys == SHIFT else 40, 0), keys=keys)
    assert hand.nodes["linear"].params["out_features"] == value


def test_15_esc_gives_the_number_back_and_down_moves_the_card(hand: Hand) -> None:
    before = hand.view.session.document
    start = number(hand, "linear")
    hand.drag(start, start + QPoint(40, 0), drop=False)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.session.document is before
    hand.drag(start, start + QPoint(0, 80))
    assert hand.nodes["linear"].params["out_features"] == 10
    assert hand.view.scene.box("linear").y > 40


def test_15_a_number_or_an_expression_is_typed_in_place(hand: Hand) -> None:
    for text, value in (("24", 24), ("= 8 * 4", Expression("8 * 4"))):
        QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=number(hand, "linear"))
        (line,) = hand.view.findChildren(QLineEdit)
        assert line.hasFocus()
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert hand.nodes["linear"].params["out_features"] == value
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.nodes["linear"].params["out_features"] == 24


def test_15_typing_updates_what_follows_at_once_and_keeps_the_focus(hand: Hand) -> None:
    session = hand.view.session
    start = number(hand, "linear")
    hand.mouse(QEvent.Type.MouseButtonPress, start)
    taken = []
    for at in range(1, 20):
        began = time.perf_counter()
        hand.mouse(QEvent.Type.MouseMove, start + QPoint(8 * at, 0))
        taken.append(time.perf_counter() - began)
        assert session.analysis.facts["relu"].outputs["y"].shape[-1] == 10 + at
    hand.mouse(QEvent.Type.MouseButtonRelease, start + QPoint(152, 0))
    assert sorted(taken)[len(taken) // 2] < 0.05
    assert hand.view.hasFocus()


def test_16_a_problem_is_shown_previewed_and_fixed_with_one_click(hand: Hand) -> None:
    hand.key(Qt.Key.Key_Escape)
    add = Node("conv1", "Conv2d", inputs={"x": (Source("flatten"),)})
    hand.view.session.apply("add", lambda d: edits.add_node(d, "", add, (496, 300)))
    assert hand.view.scene.card("conv1").errors
    before, problems = hand.view.session.document, len(hand.view.session.analysis.problems)
    QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=hand.card("conv1"))
    menu = hand.view._menu
    assert menu is not None
    fixes = [action for action in menu.actions() if action.text().startswith("✓")]
    assert fixes
    shown = dict(zip(hand.view.scene.ids, hand.view.scene.cards, strict=True))
    fixes[0].hovered.emit()
    assert dict(zip(hand.view.scene.ids, hand.view.scene.cards, strict=True)) != shown
    assert hand.view.session.document is before
    fixes[0].trigger()
    assert len(hand.view.session.analysis.problems) < problems
    menu.close()
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is before
    assert dict(zip(hand.view.scene.ids, hand.view.scene.cards, strict=True)) == shown


def test_17_shapes_are_written_everywhere_on_demand(hand: Hand) -> None:
    pictures = []
    for mode in ("auto", "all", "none"):
        assert hand.view.state.shapes == mode
        pictures.append(hand.view.grab().toImage())
        hand.key(Qt.Key.Key_S)
    assert hand.view.state.shapes == "auto"
    assert pictures[0] != pictures[2]


def test_18_hover_lights_wires_and_the_path_fades_the_rest(hand: Hand) -> None:
    hand.mouse(QEvent.Type.MouseMove, hand.card("relu"))
    assert hand.view.state.hot_node == "relu"
    hand.key(Qt.Key.Key_P)
    assert hand.view.state.path == {"relu", "linear", "flatten", "digits"}
    hand.click(hand.card("loss"))
    assert hand.view.state.path == {"loss", "linear", "flatten", "digits"}
    assert hand.view.state.fades("relu")
    hand.key(Qt.Key.Key_P)
    assert hand.view.state.path is None


def test_19_neighbours_give_guides_and_the_grid_snaps(hand: Hand) -> None:
    hand.drag(hand.card("loss"), hand.card("loss") + QPoint(3, -137), drop=False)
    assert hand.view.scene.box("loss").x == hand.view.scene.box("relu").x
    assert hand.view.gesture is not None
    assert hand.view.gesture._guides  # type: ignore[attr-defined]
    hand.key(Qt.Key.Key_Escape)
    hand.drag(hand.card("loss"), hand.card("loss") + QPoint(33, 203))
    box = hand.view.scene.box("loss")
    assert box.x % 8 == 0 and box.y % 4 == 0


def test_20_edges_gaps_and_wires_are_put_straight_in_one_step_each(hand: Hand) -> None:
    session, scene = hand.view.session, hand.view.scene
    first = session.document
    session.select({"flatten", "linear", "loss"})
    hand.key(Qt.Key.Key_Up, CTRL | SHIFT)
    assert len({scene.box(n).y for n in session.selection}) == 1
    hand.key(Qt.Key.Key_Left, CTRL | SHIFT)
    assert len({scene.box(n).x for n in session.selection}) == 1
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert session.document is first
    session.apply("apart", lambda d: edits.move_nodes(d, "", {"linear": (400, 40)}))
    hand.key(Qt.Key.Key_Right, ALT | SHIFT)
    boxes = sorted((scene.box(n) for n in session.selection), key=lambda b: b.x)
    gaps = [b.x - a.right for a, b in zip(boxes, boxes[1:], strict=False)]
    assert max(gaps) - min(gaps) < 1
    hand.key(Qt.Key.Key_Q)
    flat = scene.route(next(w for w in scene.wires if w.node == "linear"))
    assert abs(flat.points[0, 1] - flat.points[-1, 1]) < 0.01
