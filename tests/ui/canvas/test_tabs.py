"""Blocks in tabs of their own: opened by keys, mouse and menu, each with its own view and selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.graph.model import Node, Source
from studio.ui.canvas import GraphTabs
from studio.ui.canvas.splitting import SideView

if TYPE_CHECKING:
    from tests.ui.canvas.conftest import Hand

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def tabs(hand: Hand, qtbot: QtBot) -> GraphTabs:
    """Tabs over a drawing with the block "pair", in which stands a use of "inner"."""
    session = hand.view.session
    session.apply("inner", lambda d: edits.make_block(d, "", ["relu"], "inner"))
    session.apply("pair", lambda d: edits.make_block(d, "", ["linear", "inner"], "pair"))
    made = GraphTabs(hand.view)
    qtbot.addWidget(made)
    made.resize(800, 36)
    session.select(())
    return made


def test_a_block_opens_in_a_tab_by_key_double_click_and_menu(hand: Hand, tabs: GraphTabs) -> None:
    session = hand.view.session
    assert tabs.isHidden() and tabs.count() == 1
    hand.click(hand.card("pair"))
    hand.key(Qt.Key.Key_Return, CTRL)
    assert tabs.places == (("",), ("", "pair")) and not tabs.isHidden()
    assert session.graph_key == "pair" and tabs.tabText(tabs.currentIndex()) == "pair"
    QTest.mouseDClick(hand.view, LEFT, CTRL, hand.card("inner"))
    assert tabs.places[-1] == ("", "pair", "inner") and session.graph_key == "inner"
    assert hand.view.path == ["", "pair", "inner"]
    tabs.setCurrentIndex(0)
    assert session.graph_key == "" and session.selection == {"pair"}
    QTest.mouseClick(hand.view, Qt.MouseButton.RightButton, pos=hand.card("pair"))
    menu = hand.view._menu
    assert menu is not None
    next(action for action in menu.actions() if action.text().startswith("Open a block in a tab")).trigger()
    menu.close()
    assert tabs.count() == 3 and tabs.currentIndex() == 1  # it was open already


def test_each_tab_keeps_its_view_and_follows_where_one_goes(hand: Hand, tabs: GraphTabs) -> None:
    session, view = hand.view.session, hand.view
    view.camera.restore((0.8, 33, 44))
    hand.click(hand.card("pair"))
    hand.key(Qt.Key.Key_Return, CTRL)
    view.camera.restore((1.5, 10, 20))
    hand.key(Qt.Key.Key_PageDown, CTRL)
    assert session.graph_key == "" and view.camera.state() == (0.8, 33, 44)
    hand.key(Qt.Key.Key_PageUp, CTRL)
    assert session.graph_key == "pair" and view.camera.state() == (1.5, 10, 20)
    hand.click(hand.card("inner"))
    hand.key(Qt.Key.Key_Return)  # in place: the tab goes along
    assert tabs.places[1] == ("", "pair", "inner") and tabs.tabText(1) == "inner"
    hand.key(Qt.Key.Key_U)
    assert tabs.places[1] == ("", "pair")
    before = session.document
    session.apply("more", lambda d: edits.add_node(d, "pair", Node("more", "Tanh"), (900, 0)))
    QTest.mouseClick(tabs, LEFT, pos=tabs.tabRect(0).center())
    assert session.graph_key == "" and hand.view.scene.card("pair")
    hand.key(Qt.Key.Key_Z, CTRL)
    assert session.document is before  # one history for all tabs


def test_tabs_close_by_key_middle_click_and_when_their_block_goes(hand: Hand, tabs: GraphTabs) -> None:
    session = hand.view.session
    hand.click(hand.card("pair"))
    for _ in range(2):
        hand.key(Qt.Key.Key_Return, CTRL)
        hand.key(Qt.Key.Key_W, CTRL)
        assert tabs.count() == 1 and session.graph_key == "" and session.selection == {"pair"}
    hand.key(Qt.Key.Key_W, CTRL)
    assert tabs.count() == 1  # the last one stays
    hand.key(Qt.Key.Key_Return, CTRL)
    QTest.mouseClick(tabs, Qt.MouseButton.MiddleButton, pos=tabs.tabRect(1).center())
    assert tabs.count() == 1
    hand.key(Qt.Key.Key_Return, CTRL)
    tabs.setCurrentIndex(0)
    for _ in range(2):
        hand.key(Qt.Key.Key_Z, CTRL)
    assert not session.document.blocks and tabs.count() == 1 and tabs.isHidden()
    hand.key(Qt.Key.Key_Y, CTRL)
    hand.key(Qt.Key.Key_Y, CTRL)
    hand.click(hand.card("pair"))
    hand.key(Qt.Key.Key_Return, CTRL)
    for _ in range(2):  # the block shown goes: its tab falls back to the main graph
        hand.key(Qt.Key.Key_Z, CTRL)
    assert session.graph_key == "" and tabs.places[tabs.currentIndex()] == ("",)


def test_another_project_begins_with_one_tab(hand: Hand, tabs: GraphTabs) -> None:
    session = hand.view.session
    hand.click(hand.card("pair"))
    hand.key(Qt.Key.Key_Return, CTRL)
    session.open(session.document)
    tabs.reset()
    assert tabs.places == (("",),) and tabs.isHidden()


def test_the_view_beside_opens_tabs_in_the_first_and_has_no_history_of_its_own(
    hand: Hand, tabs: GraphTabs, qtbot: QtBot
) -> None:
    side = SideView(hand.view.session)
    before = side.document
    assert before is hand.view.session.document and not hasattr(side, "history")
    node = Node("more", "Tanh", inputs={"x": (Source("pair"),)})
    assert side.apply("more", lambda d: edits.add_node(d, "", node, (900, 300)))
    assert hand.view.session.document.main.nodes["more"] == node
    side.undo()
    assert hand.view.session.document is before
