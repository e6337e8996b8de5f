"""Interactions 21 to 40 as far as ``test_gestures`` does not hold them, by real events; with Esc and undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from studio.document import edits
from studio.graph.model import Node, Source
from studio.ui.canvas import CanvasView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.ui.canvas.conftest import Hand

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT, NONE = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier


def gone() -> None:
    """Lets widgets that were closed go."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def right_drag(hand: Hand, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier) -> None:
    """A stroke with the right button."""
    right, nothing = Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, start, right, right),
        (QEvent.Type.MouseMove, end, nothing, right),
        (QEvent.Type.MouseButtonRelease, end, right, nothing),
    ):
        everywhere = QPointF(hand.view.mapToGlobal(at))
        QApplication.sendEvent(hand.view, QMouseEvent(kind, QPointF(at), everywhere, button, held, keys))


def test_21_pinned_nodes_stay_when_the_drawing_is_arranged(hand: Hand) -> None:
    hand.drag(hand.card("relu"), hand.card("relu") + QPoint(40, 200))
    hand.key(Qt.Key.Key_P, SHIFT)
    box = hand.view.scene.box("relu")
    before = hand.view.session.document
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_L)
    assert hand.view.scene.box("relu") == box
    assert hand.view.session.document is not before
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is before


def test_22_a_block_is_made_entered_left_by_keys_and_the_path_is_clicked(hand: Hand) -> None:
    first = hand.view.session.document
    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    (use,) = hand.view.session.selection
    assert hand.view.scene.card(use).block == "block1"
    hand.key(Qt.Key.Key_Return)
    assert hand.view.session.graph_key == "block1"
    assert {"linear", "relu"} <= set(hand.nodes)
    hand.click(QPoint(40, 24))  # the first step of the way at the top
    assert hand.view.session.graph_key == ""
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first


def test_23_parameters_of_a_block_show_on_its_face_and_ungroup_restores_places(hand: Hand) -> None:
    before = {name: hand.view.scene.box(name) for name in hand.nodes}
    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    (use,) = hand.view.session.selection
    hand.key(Qt.Key.Key_Return)
    QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=hand.card("linear"))
    menu = hand.view._menu
    assert menu is not None
    part = next(a.menu() for a in menu.actions() if a.menu() and "face" in a.text())
    next(a for a in part.actions() if a.text() == "out_features").trigger()
    menu.close()
    block = hand.view.session.document.blocks["block1"]
    assert [(p.name, p.default) for p in block.params] == [("out_features", 10)]
    hand.key(Qt.Key.Key_U)
    hand.view.session.select({use})
    hand.key(Qt.Key.Key_G, CTRL | SHIFT)
    assert hand.nodes["linear"].params["out_features"] == 10
    for name in ("linear", "relu"):
        assert (hand.view.scene.box(name).x, hand.view.scene.box(name).y) == (before[name].x, before[name].y)


def test_23_repeat_detach_and_share_by_keys(hand: Hand) -> None:
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    (use,) = hand.view.session.selection
    steps = hand.view.session.history.position
    for _ in range(3):
        hand.key(Qt.Key.Key_BracketRight)
    assert hand.view.scene.card(use).times == 4
    assert hand.view.session.history.position == steps + 1
    hand.key(Qt.Key.Key_BracketLeft)
    assert hand.view.scene.card(use).times == 3
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_D, CTRL)
    (copy,) = hand.view.session.selection
    hand.view.session.select({use, copy})
    hand.key(Qt.Key.Key_W, SHIFT)
    assert hand.view.scene.card(use).letter == hand.view.scene.card(copy).letter != ""
    hand.view.session.select({copy})
    hand.key(Qt.Key.Key_D, SHIFT)
    assert hand.view.scene.card(copy).block != hand.view.scene.card(use).block
    assert hand.view.scene.card(copy).letter == ""


def test_24_a_frame_is_named_in_place_and_painted(hand: Hand) -> None:
    hand.view.session.select({"relu", "loss"})
    hand.key(Qt.Key.Key_C)
    (frame,) = hand.view.scene.frames
    for text, close, title in (("head", Qt.Key.Key_Return, "head"), ("no", Qt.Key.Key_Escape, "head")):
        QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=hand.at(frame.x + 60, frame.y + 12))
        (line,) = hand.view.findChildren(QLineEdit)
        QTest.keyClicks(line, text)
        QTest.keyClick(line, close)
        gone()
        assert hand.view.scene.frames[0].title == title
    hand.view.session.select(())
    QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=hand.at(frame.x + 60, frame.y + 12))
    menu = hand.view._menu
    assert menu is not None
    part = next(a.menu() for a in menu.actions() if a.menu())
    next(a for a in part.actions() if a.text() == "green").trigger()
    menu.close()
    assert hand.view.scene.frames[0].colour == "green"
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.scene.frames[0].colour == ""


def test_25_a_wire_is_bent_the_dot_moved_and_healed(hand: Hand) -> None:
    first = hand.view.session.document
    QTest.mouseDClick(hand.view, Qt.MouseButton.LeftButton, pos=hand.at(448, 26))
    (dot,) = hand.view.session.selection
    assert hand.view.scene.card(dot).dot
    assert hand.feeds("linear") == [dot]
    assert not [p for p in hand.view.session.analysis.problems if p.severity == "error" and p.node == dot]
    hand.drag(hand.card(dot), hand.card(dot) + QPoint(0, 160))
    assert hand.view.scene.box(dot).centre[1] > 150
    hand.key(Qt.Key.Key_Delete, CTRL)
    assert hand.feeds("linear") == ["flatten"]
    for _ in range(3):
        hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first


def test_25_alt_click_bends_and_d_bends_while_drawing(hand: Hand) -> None:
    first = hand.view.session.document
    hand.drag(hand.at(448, 26), hand.at(448, 120), keys=ALT)
    (dot,) = hand.view.session.selection
    assert hand.feeds("linear") == [dot]
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first
    hand.drag(hand.port("digits", "out", 1), hand.at(400, 300), drop=False)
    hand.key(Qt.Key.Key_D)
    made = next(name for name in hand.nodes if hand.view.scene.card(name).dot)
    assert hand.feeds(made) == ["digits.label"]
    hand.mouse(QEvent.Type.MouseMove, hand.port("loss", "in", 1))
    hand.mouse(QEvent.Type.MouseButtonRelease, hand.port("loss", "in", 1))
    assert hand.feeds("loss", "target") == [made]
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.drag(hand.port("digits", "out", 1), hand.at(400, 300), drop=False)
    hand.key(Qt.Key.Key_D)
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.session.document is first


def test_26_a_node_folds_to_its_title_and_opens(hand: Hand) -> None:
    hand.click(hand.card("loss"))
    tall = hand.view.scene.box("loss").height
    hand.key(Qt.Key.Key_H)
    assert hand.view.scene.box("loss").height < tall
    assert hand.view.session.document.layout().marks["loss"].folded
    hand.view.grab()
    hand.key(Qt.Key.Key_H)
    assert hand.view.scene.box("loss").height == tall
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document.layout().marks["loss"].folded


def test_27_a_muted_node_lets_the_wire_through_and_freezing_shows(hand: Hand) -> None:
    plain = hand.view.grab().toImage()
    hand.click(hand.card("relu"))
    hand.key(Qt.Key.Key_B, CTRL)
    assert hand.nodes["relu"].muted
    hand.click(hand.card("linear"))
    hand.key(Qt.Key.Key_F, SHIFT)
    assert hand.nodes["linear"].frozen
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.grab().toImage() != plain
    hand.key(Qt.Key.Key_Z, CTRL)
    assert not hand.nodes["linear"].frozen


def test_28_a_stroke_cuts_and_with_alt_mutes(hand: Hand) -> None:
    first = hand.view.session.document
    right_drag(hand, hand.at(700, -60), hand.at(700, 180), CTRL)
    assert hand.feeds("relu") == [] and hand.feeds("loss", "input") == []
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first
    right_drag(hand, hand.at(800, -40), hand.at(800, 60), CTRL | ALT)
    assert hand.nodes["relu"].muted
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first
    assert hand.view._menu is None


def test_28_with_alt_a_stroke_mutes_single_wires_and_across_them_again_they_carry(hand: Hand) -> None:
    first = hand.view.session.document
    plain = hand.view.grab().toImage()
    right_drag(hand, hand.at(690, -60), hand.at(690, 24), CTRL | ALT)
    right_drag(hand, hand.at(720, -60), hand.at(720, 60), CTRL | ALT)
    assert hand.feeds("relu") == [] and hand.feeds("loss", "input") == ["linear"]
    assert not any(node.muted for node in hand.nodes.values())
    (wire,) = [wire for wire in hand.view.scene.wires if wire.muted]
    assert (wire.source.node, wire.node) == ("linear", "relu")
    assert any(p.node == "relu" for p in hand.view.session.analysis.problems)  # nothing comes in
    assert hand.view.grab().toImage() != plain
    middle = hand.at(*hand.view.scene.route(wire).label)
    assert "Muted" in hand.view.tip_at(middle)
    right_drag(hand, hand.at(720, -60), hand.at(720, 60), CTRL | ALT)
    assert hand.view.session.document == first
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first
    hand.mouse(QEvent.Type.MouseMove, hand.at(720, 24))
    QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=middle)
    menu = hand.view._menu
    assert menu is not None
    next(action for action in menu.actions() if action.text() == "Mute the wire").trigger()
    menu.close()
    assert hand.feeds("relu") == []


def test_28_esc_leaves_the_wires_alone(hand: Hand) -> None:
    first = hand.view.session.document
    right, nothing = Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
    for kind, at, button in (
        (QEvent.Type.MouseButtonPress, hand.at(720, -60), right),
        (QEvent.Type.MouseMove, hand.at(720, 60), nothing),
    ):
        event = QMouseEvent(kind, QPointF(at), QPointF(at), button, right, CTRL | ALT)
        QApplication.sendEvent(hand.view, event)
    hand.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(hand.view, right, CTRL | ALT, hand.at(720, 60))
    assert hand.view.session.document is first


def test_29_find_by_name_kind_shape_and_problem(hand: Hand) -> None:
    hand.view.session.apply("add", lambda d: edits.add_node(d, "", Node("lost", "Conv2d"), (2400, 900)))
    hand.key(Qt.Key.Key_F, CTRL)
    bar = hand.view.looking.find_bar
    assert bar is not None and bar.line.hasFocus()
    for words, first in (("rel", "relu"), ("crossentropy", "loss"), ("784", "flatten"), ("problem", "")):
        bar.line.clear()
        QTest.keyClicks(bar.line, words)
        assert bar.list.count() >= 1, words
        if first:
            assert hand.view.session.selection == {first}
    bar.line.clear()
    QTest.keyClicks(bar.line, "lost")
    seen = hand.view.seen()
    assert seen.x < 2400 < seen.right
    bar.line.clear()
    QTest.keyClicks(bar.line, "l")
    before = hand.view.session.selection
    QTest.keyClick(bar.line, Qt.Key.Key_Return)
    assert hand.view.session.selection != before
    assert hand.view.state.found is not None
    QTest.keyClick(bar.line, Qt.Key.Key_Escape)
    assert hand.view.state.found is None and not bar.isVisible()


def test_31_shaking_pulls_a_node_out_of_its_wires(hand: Hand) -> None:
    first = hand.view.session.document
    start = hand.card("linear")
    hand.drag(start, start + QPoint(0, 300), drop=False)
    for way in (60, -60, 60, -60, 60, -60):
        hand.mouse(QEvent.Type.MouseMove, start + QPoint(way, 300))
    assert hand.feeds("linear") == []
    assert hand.feeds("relu") == ["flatten"]
    hand.mouse(QEvent.Type.MouseButtonRelease, start + QPoint(-60, 300))
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first


def test_32_another_layer_takes_the_place_and_keeps_wires(hand: Hand) -> None:
    first = hand.view.session.document
    hand.click(hand.card("relu"))
    hand.key(Qt.Key.Key_R)
    box = hand.view.search_box
    assert box is not None
    QTest.keyClicks(box.line, "gelu")
    QTest.keyClick(box.line, Qt.Key.Key_Return)
    assert hand.nodes["relu"].layer == "GELU"
    assert hand.feeds("relu") == ["linear"]
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.view.session.document is first
    hand.key(Qt.Key.Key_R)
    assert hand.view.search_box is not None
    QTest.keyClick(hand.view.search_box.line, Qt.Key.Key_Escape)
    assert hand.view.session.document is first


def test_33_selected_nodes_are_connected_in_order(hand: Hand) -> None:
    for at, layer in enumerate(("Tanh", "Dropout")):
        hand.drop_layer(layer, hand.at(1000 + 250 * at, 300))
    hand.view.session.select({"relu", "tanh1", "dropout1"})
    hand.key(Qt.Key.Key_J)
    assert hand.feeds("tanh1") == ["relu"] and hand.feeds("dropout1") == ["tanh1"]
    hand.key(Qt.Key.Key_Z, CTRL)
    assert hand.feeds("tanh1") == []


def test_35_names_notes_and_colours_in_place(hand: Hand) -> None:
    hand.click(hand.card("relu"))
    for text, close, name in (("act", Qt.Key.Key_Escape, "relu"), ("act", Qt.Key.Key_Return, "act")):
        hand.key(Qt.Key.Key_F2)
        (line,) = hand.view.findChildren(QLineEdit)
        QTest.keyClicks(line, text)
        QTest.keyClick(line, close)
        gone()
        assert name in hand.nodes
    assert hand.view.session.selection == {"act"}
    hand.key(Qt.Key.Key_N)
    (note,) = hand.view.findChildren(QPlainTextEdit)
    QTest.keyClicks(note, "why this works")
    QTest.keyClick(note, Qt.Key.Key_Return, CTRL)
    gone()
    assert [f.title for f in hand.view.scene.frames if f.note] == ["why this works"]
    hand.view.structure.paint("red")
    assert hand.view.session.document.layout().marks["act"].colour == "red"
    hand.key(Qt.Key.Key_Z, CTRL)
    assert not hand.view.session.document.layout().marks


def test_36_views_are_remembered_and_walked_through(hand: Hand) -> None:
    home = hand.view.camera.state()
    hand.key(Qt.Key.Key_3, CTRL)
    hand.view.session.apply("far", lambda d: edits.move_nodes(d, "", {"relu": (5000, 3000)}))
    hand.view.jump_to("relu")
    far = hand.view.camera.state()
    assert far != home
    hand.key(Qt.Key.Key_Left, ALT)
    assert hand.view.camera.state() == home
    hand.key(Qt.Key.Key_Right, ALT)
    assert hand.view.camera.state() == far
    hand.key(Qt.Key.Key_3)
    assert hand.view.camera.state() == home
    said: list[str] = []
    hand.view.told.connect(said.append)
    hand.key(Qt.Key.Key_8)
    assert said and "8" in said[0]


def test_36_a_remembered_view_goes_into_a_block_with_what_it_showed(hand: Hand) -> None:
    view, session, told = hand.view, hand.view.session, list[str]()
    view.told.connect(told.append)
    hand.view.camera.restore((3.0, 200 - 3 * 744, 300))  # relu alone
    hand.key(Qt.Key.Key_1, CTRL)
    assert view.looking.shows_only(["relu"], view.camera.state())
    picture = QPointF(*view.camera.to_screen(*view.scene.box("relu").centre))
    view.camera.restore((1.0, 60, 120))
    hand.key(Qt.Key.Key_2, CTRL)
    session.select({"relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    hand.key(Qt.Key.Key_1)
    assert session.graph_key == "block1"
    assert QPointF(*view.camera.to_screen(*view.scene.box("relu").centre)) == picture
    hand.key(Qt.Key.Key_2)
    assert session.graph_key == ""
    hand.key(Qt.Key.Key_Z, CTRL)
    hand.key(Qt.Key.Key_1)
    assert session.graph_key == "" and "gone" in told[-1]


def test_36_two_places_are_seen_side_by_side(hand: Hand, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    QVBoxLayout(page).addWidget(hand.view)
    page.resize(1200, 700)
    page.show()
    hand.view.setFocus()
    hand.key(Qt.Key.Key_Backslash, CTRL)
    second = next(view for view in page.findChildren(CanvasView) if view is not hand.view)
    session = hand.view.session
    session.select({"relu"})
    assert second.session.selection == frozenset()
    second.session.select({"linear"})
    QTest.keyClick(second, Qt.Key.Key_G, CTRL)
    QTest.keyClick(second, Qt.Key.Key_Return)
    assert (session.graph_key, second.session.graph_key) == ("", "block1")
    assert "block1" in hand.view.scene.ids
    QTest.keyClick(second, Qt.Key.Key_Z, CTRL)
    assert second.session.graph_key == ""
    assert "linear" in hand.view.scene.ids
    hand.key(Qt.Key.Key_Backslash, CTRL)
    gone()
    assert page.findChildren(CanvasView) == [hand.view]
    hand.view.setParent(None)


def test_37_a_ring_shows_where_the_keyboard_is(hand: Hand) -> None:
    hand.click(hand.card("relu"))
    assert hand.view.state.focused == ""
    hand.key(Qt.Key.Key_Left, CTRL)
    assert hand.view.state.focused == "linear"
    hand.click(hand.card("relu"))
    assert hand.view.state.focused == ""


def test_38_every_node_has_a_name_for_a_screen_reader(hand: Hand) -> None:
    access = QAccessible.queryAccessibleInterface(hand.view)
    assert access is not None
    assert access.childCount() == 5
    names = [access.child(at).text(QAccessible.Text.Name) for at in range(5)]
    assert any(name.startswith("relu, ReLU") and "5" in name for name in names)
    hand.click(hand.card("relu"))
    child = access.child(hand.view.scene.index["relu"])
    assert child.rect().contains(hand.view.mapToGlobal(hand.card("relu")))
    assert child.role() == QAccessible.Role.ListItem


def test_39_files_and_parts_are_dropped_on_the_window(hand: Hand, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "x.json"))])
    event = QDragEnterEvent(QPoint(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NONE)
    event.ignore()
    hand.view.dragEnterEvent(event)
    assert not event.isAccepted()  # the window takes files, whatever they lie over
    from studio.ui.canvas.view_types import FRAGMENT_MIME

    part = QMimeData()
    part.setData(FRAGMENT_MIME, b"no part of a network")
    before = hand.view.session.document
    drop = QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, part, Qt.MouseButton.LeftButton, NONE)
    hand.view.dropEvent(drop)
    assert hand.view.session.document is before
    assert hand.refusals


def test_40_pictures_are_copied_keys_listed_and_costs_drawn(hand: Hand) -> None:
    hand.view.session.select({"relu"})
    hand.key(Qt.Key.Key_C, CTRL | SHIFT)
    data = QApplication.clipboard().mimeData()
    assert bytes(data.data("image/svg+xml").data()).count(b"<path") > 3
    asked: list[int] = []
    hand.view.keys_wanted.connect(lambda: asked.append(1))
    QTest.keyClicks(hand.view, "?")
    assert asked
    plain = hand.view.grab().toImage()
    hand.key(Qt.Key.Key_B)
    assert hand.view.state.heat == 0
    assert hand.view.state.hottest == 784 * 10 + 10
    assert hand.view.grab().toImage() != plain
    for _ in range(3):
        hand.key(Qt.Key.Key_B)
    assert hand.view.state.heat == -1


def test_40_the_menu_of_the_right_button_works_on_what_is_under_it(hand: Hand) -> None:
    for at in (hand.card("relu"), hand.at(448, 26), hand.at(300, 500)):
        QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=at)
        menu = hand.view._menu
        assert menu is not None and len(menu.actions()) >= 3
        menu.close()
    assert hand.view.session.selection == {"relu"}
    assert Source("linear") in hand.nodes["relu"].inputs["x"]
