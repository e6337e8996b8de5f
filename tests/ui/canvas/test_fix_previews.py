"""Every kind of repair: shown on the canvas while the mouse is on it, fewer problems after a click, one undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from studio.analysis import analyze
from studio.analysis.fixes import _KINDS
from studio.analysis.model import Fix
from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.model import Node, Source
from studio.ui.panels.problems import Problems

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from tests.ui.canvas.conftest import Hand

CTRL = Qt.KeyboardModifier.ControlModifier


def broken() -> list[Document]:
    """Drawings that together offer a repair of every kind."""
    lenet = load_preset("lenet5")
    silent = edits.mute_wire(lenet, "", "loss", "target", Source("digits", "label"))
    odd = Node("odd", "Conv2d", {"groups": 4}, {"x": (Source("pool1"),)})
    two = edits.add_node(lenet, "", Node("extra", "CrossEntropy", {}, {"input": (Source("logits"),)}))
    many = edits.remove_nodes(two, "", ["adam"])
    many = edits.connect(many, "", Source("digits", "label"), "extra", "target")
    newer = lenet.main.nodes["conv1"].with_params({"of_a_newer_version": 1})
    twice = edits.insert_on_wire(lenet, "", Node("softmax", "Softmax"), ("loss", "input"))
    metric = edits.connect(lenet, "", Source("logits"), "adam", "loss")
    return [
        edits.remove_nodes(lenet, "", ["flatten"], heal=True),
        edits.remove_nodes(lenet, "", ["loss"]),
        edits.remove_nodes(lenet, "", ["prediction"]),
        silent,
        edits.set_param(lenet, "", "logits", "out_features", 7),
        edits.disconnect(lenet, "", "adam", "loss"),
        edits.add_node(lenet, "", odd, (600, 900)),
        edits.add_node(lenet, "", Node("loose", "ReLU", {}, {"x": (Source("pool1"),)}), (600, 900)),
        many,
        lenet.with_graph("", lenet.main.with_node(newer)),
        twice,
        metric,
    ]


def offered() -> dict[str, tuple[Document, Fix]]:
    """One repair of each kind that the drawings offer, with its drawing."""
    found: dict[str, tuple[Document, Fix]] = {}
    for document in broken():
        for problem in analyze(document).problems:
            for fix in problem.fixes[:2]:
                found.setdefault(str(fix.action[0]), (document, fix))
    return found


def point(button: QPushButton) -> None:
    """The mouse comes onto a button."""
    middle = QPointF(button.rect().center())
    QApplication.sendEvent(button, QEnterEvent(middle, middle, QPointF(button.mapToGlobal(middle.toPoint()))))


def test_the_drawings_offer_a_repair_of_every_kind() -> None:
    assert set(offered()) == set(_KINDS)


@pytest.mark.parametrize("kind", sorted(offered()))
def test_16_a_repair_in_the_list_is_shown_made_and_undone(hand: Hand, qtbot: QtBot, kind: str) -> None:
    document, fix = offered()[kind]
    view, session = hand.view, hand.view.session
    session.open(document)
    panel = Problems(session)
    panel.pointed.connect(view.structure.show_fix)
    qtbot.addWidget(panel)
    panel.resize(320, 700)
    panel.show()
    session.enter(str(fix.action[1]))
    button = next(b for b in panel.findChildren(QPushButton) if b.text() == fix.title)
    view.zoom_to_all()
    plain, problems = view.grab().toImage(), len(session.analysis.problems)
    point(button)
    made = view.proposal
    assert made is not None and (made.new or made.changed or made.gone)
    assert view.grab().toImage() != plain
    assert session.document is document
    QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))
    assert view.proposal is None and view.grab().toImage() == plain
    point(button)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert view.proposal is None
    assert len(session.analysis.problems) < problems
    hand.key(Qt.Key.Key_Z, CTRL)
    assert session.document is document
    assert view.grab().toImage() == plain


def test_16_the_count_on_a_card_lists_the_problems_and_their_repairs(hand: Hand) -> None:
    view, session = hand.view, hand.view.session
    add = Node("conv1", "Conv2d", inputs={"x": (Source("flatten"),)})
    session.apply("add", lambda d: edits.add_node(d, "", add, (496, 300)))
    before, plain = session.document, view.grab().toImage()
    problems = len(session.analysis.problems)
    box = view.scene.box("conv1")
    pill = hand.at(box.right - 8, box.y - 1)
    hand.mouse(QEvent.Type.MouseMove, pill)
    assert view.cursor().shape() == Qt.CursorShape.PointingHandCursor
    hand.click(pill)
    menu = view._menu
    assert menu is not None and menu.isVisible()
    repairs = [action for action in menu.actions() if action.text().startswith("✓")]
    told = [action for action in menu.actions() if action.text() and not action.isEnabled()]
    assert repairs and told
    QTest.mouseMove(menu, menu.actionGeometry(repairs[0]).center())
    QTest.mouseMove(menu, menu.actionGeometry(repairs[0]).center() + QPoint(2, 0))
    assert view.proposal is not None and view.grab().toImage() != plain
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(repairs[0]).center())
    assert len(session.analysis.problems) < problems
    hand.key(Qt.Key.Key_Z, CTRL)
    assert session.document is before and view.proposal is None


def test_a_repair_inside_a_block_shows_which_uses_change(hand: Hand) -> None:
    view, session = hand.view, hand.view.session
    session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_G, CTRL)
    fix = Fix("Remove {node}", {"node": "relu"}, ("remove", "block1", "relu"))
    plain = view.grab().toImage()
    view.structure.show_fix(fix)
    assert view.proposal is not None and view.proposal.changed == {"block1"} and not view.proposal.gone
    assert view.grab().toImage() != plain
    view.structure.show_fix(None)
    assert view.proposal is None and view.grab().toImage() == plain
    session.enter("block1")
    view.structure.show_fix(fix)
    assert view.proposal is not None and len(view.proposal.gone) == 1
    session.enter("")
    assert view.proposal is None
    session.apply("alone", lambda d: edits.make_block(d, "", ["flatten"], "other"))
    session.enter("other")
    view.structure.show_fix(fix)
    assert view.proposal is None  # nothing that is shown here changes
