"""Mouse and keys on the real canvas; the numbers are those of the list of interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.document import edits

if TYPE_CHECKING:
    from tests.ui.canvas.conftest import Hand

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_drop_from_the_palette_places_a_layer(hand: Hand) -> None:
    hand.drop_layer("Tanh", hand.at(300, 300))
    assert hand.nodes["tanh1"].layer == "Tanh"
    assert hand.view.session.selection == {"tanh1"}
    assert abs(hand.view.scene.box("tanh1").centre[0] - 300) < 8


def test_12_drop_onto_a_wire_inserts_and_makes_room(hand: Hand) -> None:
    before = hand.view.scene.box("linear").x
    hand.drop_layer("Dropout", hand.at(448, 26))
    assert hand.feeds("dropout1") == ["flatten"]
    assert hand.feeds("linear") == ["dropout1"]
    assert hand.view.scene.box("linear").x > before
    hand.view.session.undo()
    assert hand.feeds("linear") == ["flatten"]
    assert hand.view.scene.box("linear").x == before


def test_unknown_layer_is_refused(hand: Hand) -> None:
    before = hand.view.session.document
    hand.drop_layer("NoSuchLayer", hand.at(300, 300))
    assert hand.view.session.document is before
    assert hand.refusals


def test_03_wire_from_output_to_input(hand: Hand) -> None:
    hand.drag(hand.port("digits", "out", 1), hand.port("loss", "in", 1))
    assert hand.feeds("loss", "target") == ["digits.label"]


def test_03_wire_from_input_to_output_snaps_near_the_port(hand: Hand) -> None:
    hand.drag(hand.port("loss", "in", 1), hand.port("digits", "out", 1) + QPoint(10, 6))
    assert hand.feeds("loss", "target") == ["digits.label"]


def test_04_wire_that_would_close_a_cycle_is_refused_with_the_reason(hand: Hand) -> None:
    before = hand.view.session.document
    hand.drag(hand.port("relu", "out"), hand.port("flatten", "in"), drop=False)
    assert "cycle" in hand.view.gesture.tip
    assert hand.view.state.target is None
    hand.drag(hand.port("relu", "out"), hand.port("flatten", "in"))
    assert hand.view.session.document is before
    assert any("cycle" in text for text in hand.refusals)


def test_04_ports_that_do_not_fit_are_dimmed_with_a_reason(hand: Hand) -> None:
    hand.drop_layer("Conv2d", hand.at(300, 300))
    hand.drag(hand.port("flatten", "out"), hand.port("conv1", "in"), drop=False)
    lit = {(ref.node, ref.name) for ref in hand.view.state.lit}
    assert ("conv1", "x") not in lit
    assert ("relu", "x") in lit
    assert "N C H W" in hand.view.gesture.tip


def test_03_escape_cancels_a_wire(hand: Hand) -> None:
    before = hand.view.session.document
    hand.drag(hand.port("digits", "out", 1), hand.port("loss", "in", 1), drop=False)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.gesture is None
    assert hand.view.state.lit is None
    assert hand.view.session.document is before


def test_07_wire_pulled_off_an_input_and_dropped_is_removed(hand: Hand) -> None:
    hand.drag(hand.port("relu", "in"), hand.at(700, 400))
    assert hand.feeds("relu") == []
    hand.view.session.undo()
    assert hand.feeds("relu") == ["linear"]


def test_07_wire_pulled_off_is_plugged_elsewhere_in_one_step(hand: Hand) -> None:
    hand.drop_layer("Tanh", hand.at(900, 400))
    steps = hand.view.session.history.position
    hand.drag(hand.port("relu", "in"), hand.port("tanh1", "in"))
    assert hand.feeds("relu") == []
    assert hand.feeds("tanh1") == ["linear"]
    assert hand.view.session.history.position == steps + 1


def test_06_wire_dropped_on_nothing_offers_what_fits(hand: Hand) -> None:
    hand.drag(hand.port("digits", "out", 1), hand.at(300, 400))
    box = hand.view.search_box
    assert box is not None
    titles = [box.list.item(row).text() for row in range(box.list.count())]
    assert any("Embedding" in title for title in titles)
    assert not any("Conv2d" in title for title in titles)
    box.line.setText("embedding")
    QTest.keyClick(box.line, Qt.Key.Key_Return)
    assert hand.feeds("embedding1") == ["digits.label"]


def test_02_19_move_and_undo_are_one_step(hand: Hand) -> None:
    first, steps = hand.view.scene.box("relu"), hand.view.session.history.position
    hand.drag(hand.card("relu"), hand.card("relu") + QPoint(40, 160), hand.card("relu") + QPoint(80, 240))
    moved = hand.view.scene.box("relu")
    assert (moved.x - first.x, moved.y - first.y) == (80, 240)
    assert hand.view.session.document.layout().positions["relu"] == (moved.x, moved.y)
    assert hand.view.session.history.position == steps + 1
    hand.view.session.undo()
    assert hand.view.scene.box("relu") == first


def test_19_escape_puts_moved_nodes_back(hand: Hand) -> None:
    first = hand.view.scene.box("relu")
    hand.drag(hand.card("relu"), hand.card("relu") + QPoint(0, 200), drop=False)
    assert hand.view.scene.box("relu") != first
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.scene.box("relu") == first


def test_31_alt_drag_leaves_a_copy(hand: Hand) -> None:
    hand.drag(hand.card("relu"), hand.card("relu") + QPoint(0, 240), keys=Qt.KeyboardModifier.AltModifier)
    assert len(hand.nodes) == 6
    assert hand.view.scene.box("relu").y == 0


def test_12_node_dragged_onto_a_wire_is_inserted(hand: Hand) -> None:
    hand.drop_layer("Tanh", hand.at(300, 400))
    hand.drag(hand.card("tanh1"), hand.at(448, 26))
    assert hand.feeds("tanh1") == ["flatten"]
    assert hand.feeds("linear") == ["tanh1"]


def test_08_rubber_band_selects_adds_and_toggles(hand: Hand) -> None:
    hand.drag(hand.at(-20, -30), hand.at(300, 80))
    assert hand.view.session.selection == {"digits", "flatten"}
    hand.drag(hand.at(700, 200), hand.at(760, 150), keys=SHIFT)
    assert hand.view.session.selection == {"digits", "flatten", "loss"}
    hand.drag(hand.at(-20, -30), hand.at(20, 80), keys=CTRL)
    assert hand.view.session.selection == {"flatten", "loss"}
    hand.click(hand.at(300, 400))
    assert hand.view.session.selection == frozenset()


def test_08_click_selects_shift_adds_ctrl_toggles(hand: Hand) -> None:
    hand.click(hand.card("relu"))
    hand.click(hand.card("loss"), SHIFT)
    assert hand.view.session.selection == {"relu", "loss"}
    hand.click(hand.card("relu"), CTRL)
    assert hand.view.session.selection == {"loss"}


@pytest.mark.parametrize(("keys", "fed"), [(Qt.KeyboardModifier.NoModifier, []), (CTRL, ["flatten"])])
def test_11_delete_removes_and_with_ctrl_heals(hand: Hand, keys: Qt.KeyboardModifier, fed: list[str]) -> None:
    hand.click(hand.card("linear"))
    hand.key(Qt.Key.Key_Delete, keys)
    assert "linear" not in hand.nodes
    assert hand.feeds("relu") == fed
    assert hand.view.session.selection == frozenset()


@pytest.mark.parametrize("opens", [Qt.Key.Key_Tab, Qt.Key.Key_Space])
def test_05_33_search_inserts_and_wires_to_the_selected_node(hand: Hand, opens: Qt.Key) -> None:
    hand.click(hand.card("relu"))
    hand.key(opens)
    box = hand.view.search_box
    assert box is not None
    QTest.keyClicks(box.line, "linea")
    QTest.keyClick(box.line, Qt.Key.Key_Return)
    assert hand.feeds("linear1") == ["relu"]
    assert hand.view.session.selection == {"linear1"}
    assert hand.view.search_box is None


def test_05_search_by_japanese_word(hand: Hand) -> None:
    QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=hand.at(300, 400))
    box = hand.view.search_box
    assert box is not None
    QTest.keyClick(box.line, Qt.Key.Key_Escape)
    assert hand.view.search_box is None
    assert len(hand.nodes) == 5


def test_09_copy_paste_keeps_inner_wires_and_duplicate_the_outer_ones(hand: Hand) -> None:
    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_C, CTRL)
    assert "tsumiki-fragment" in QApplication.clipboard().text()
    hand.key(Qt.Key.Key_V, CTRL)
    made = hand.view.session.selection
    assert len(made) == 2
    relu = next(name for name in made if hand.nodes[name].layer == "ReLU")
    linear = next(name for name in made if hand.nodes[name].layer == "Linear")
    assert hand.feeds(relu) == [linear]
    assert hand.feeds(linear) == []
    hand.view.session.select({"linear"})
    hand.key(Qt.Key.Key_D, CTRL)
    copy = next(iter(hand.view.session.selection))
    assert hand.feeds(copy) == ["flatten"]


def test_02_09_paste_is_one_step(hand: Hand) -> None:
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_C, CTRL)
    steps = hand.view.session.history.position
    hand.key(Qt.Key.Key_V, CTRL)
    hand.view.session.undo()
    assert hand.view.session.history.position == steps
    assert len(hand.nodes) == 5


def test_08_select_all_then_escape(hand: Hand) -> None:
    hand.key(Qt.Key.Key_A, CTRL)
    assert len(hand.view.session.selection) == 5
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.session.selection == frozenset()


def test_19_37_arrows_move_in_one_step_and_walk(hand: Hand) -> None:
    hand.click(hand.card("relu"))
    steps = hand.view.session.history.position
    for _ in range(3):
        hand.key(Qt.Key.Key_Down)
    assert hand.view.scene.box("relu").y == 24
    assert hand.view.session.history.position == steps + 1
    hand.key(Qt.Key.Key_Left, CTRL)
    assert hand.view.session.selection == {"linear"}
    hand.key(Qt.Key.Key_Left, CTRL)
    assert hand.view.session.selection == {"flatten"}


def test_37_wire_by_keys(hand: Hand) -> None:
    hand.drop_layer("Tanh", hand.at(980, 300))
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_W)
    assert hand.view.state.target is not None
    for _ in range(10):
        if hand.view.state.target.node == "tanh1":
            break
        hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Return)
    assert hand.feeds("tanh1") == ["relu"]


def test_27_mute_and_freeze_toggle(hand: Hand) -> None:
    hand.click(hand.card("relu"))
    hand.key(Qt.Key.Key_M)
    assert hand.nodes["relu"].muted
    hand.key(Qt.Key.Key_M)
    assert not hand.nodes["relu"].muted


def test_21_layout_is_one_step_without_overlap(hand: Hand) -> None:
    session = hand.view.session
    session.apply("heap", lambda d: edits.move_nodes(d, "", dict.fromkeys(hand.nodes, (0, 0))))
    hand.key(Qt.Key.Key_L)
    boxes = [hand.view.scene.box(name) for name in hand.nodes]
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y
            assert apart
    session.undo()
    assert hand.view.scene.box("relu").x == 0


def test_block_is_made_entered_and_left(hand: Hand) -> None:
    ways: list[tuple[str, ...]] = []
    hand.view.path_changed.connect(ways.append)
    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    (block,) = hand.view.session.selection
    hand.view.zoom_to_all()
    QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=hand.card(block))
    assert hand.view.session.graph_key == "block1"
    assert "linear" in hand.view.scene.index
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.session.graph_key == ""
    assert hand.view.session.selection == {block}
    assert ways == [("", "block1"), ("",)]


def test_14_double_click_and_enter_ask_for_the_form(hand: Hand) -> None:
    asked: list[str] = []
    hand.view.edit_requested.connect(asked.append)
    QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=hand.card("relu"))
    hand.view.session.select({"linear"})
    hand.key(Qt.Key.Key_Return)
    assert asked == ["relu", "linear"]


def test_28_cut_line(hand: Hand) -> None:
    QTest.keyPress(hand.view, Qt.Key.Key_Y)
    hand.drag(hand.at(450, -60), hand.at(450, 100))
    QTest.keyRelease(hand.view, Qt.Key.Key_Y)
    assert hand.feeds("linear") == []


def test_24_frame_moves_its_nodes(hand: Hand) -> None:
    hand.view.session.select({"relu", "loss"})
    hand.key(Qt.Key.Key_J, CTRL)
    (frame,) = hand.view.scene.frames
    hand.drag(hand.at(frame.x + 60, frame.y + 12), hand.at(frame.x + 60, frame.y + 52))
    assert hand.view.scene.box("relu").y == 40
    assert hand.view.scene.frames[0].y == frame.y + 40
    hand.view.session.undo()
    assert hand.view.scene.box("relu").y == 0
    assert hand.view.scene.frames == (frame,)


def test_40_language_changes_cards_and_keys_have_help(hand: Hand) -> None:
    from studio.document.edits import add_node
    from studio.graph.model import Node
    from studio.text import set_language
    from studio.ui.canvas.keys import CANVAS_KEYS, help_rows, target

    hand.view.session.apply("add", lambda d: add_node(d, "", Node("adam", "Optimizer"), (900, 300)))
    english = hand.view.scene.card("adam").line
    try:
        set_language("ja")
        assert hand.view.scene.card("adam").line != english
    finally:
        set_language("en")
    assert {row.text for row in CANVAS_KEYS} <= {text for _, text in help_rows()}
    for row in CANVAS_KEYS:
        assert callable(target(hand.view, row))


def test_30_minimap_moves_the_view(hand: Hand) -> None:
    from studio.ui.canvas import Minimap

    small = Minimap(hand.view, hand.view)
    small.resize(220, 112)
    small.show()
    before = hand.view.camera.state()
    QTest.mouseClick(small, Qt.MouseButton.LeftButton, pos=QPoint(190, 90))
    assert hand.view.camera.state() != before
    assert not small.grab().isNull()


def test_01_wheel_keeps_the_point_under_the_cursor(hand: Hand) -> None:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent

    point = QPointF(500, 300)
    before = hand.view.camera.to_scene(500, 300)
    nothing = Qt.MouseButton.NoButton
    event = QWheelEvent(
        point,
        point,
        QPoint(),
        QPoint(0, 120),
        nothing,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(hand.view, event)
    after = hand.view.camera.to_scene(500, 300)
    assert hand.view.camera.scale > 1.1
    assert abs(before[0] - after[0]) < 1
    assert abs(before[1] - after[1]) < 1


def test_01_13_middle_drag_pans_and_f_comes_back(hand: Hand) -> None:
    middle = Qt.MouseButton.MiddleButton
    QTest.mousePress(hand.view, middle, pos=QPoint(300, 300))
    QTest.mouseMove(hand.view, QPoint(350, 330))
    QTest.mouseRelease(hand.view, middle, pos=QPoint(350, 330))
    before = hand.view.camera.state()
    assert before[1:] == (110, 150)
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_F)
    assert hand.view.camera.state() != before
    hand.key(Qt.Key.Key_F)
    assert hand.view.camera.state() == before


def test_17_every_tip_says_something(hand: Hand) -> None:
    assert "ReLU" in hand.view.tip_at(hand.card("relu"))
    assert "N 1 28 28" not in hand.view.tip_at(hand.port("digits", "out"))
    assert "C 1" in hand.view.tip_at(hand.port("digits", "out"))
    assert "flatten" in hand.view.tip_at(hand.at(448, 26))
    assert hand.view.tip_at(hand.at(300, 500)) == ""
