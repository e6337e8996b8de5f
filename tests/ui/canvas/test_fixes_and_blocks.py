"""What must show: every fix previews, helps and undoes; five nodes become a block repeated twelve times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.model import Node, Source
from studio.ui.canvas.spots import spots
from studio.ui.session import Session

if TYPE_CHECKING:
    from tests.ui.canvas.conftest import Hand

CTRL = Qt.KeyboardModifier.ControlModifier


def broken() -> dict[str, Document]:
    """Drawings with something wrong, each in another way."""
    lenet = load_preset("lenet5")
    found = {
        "flatten gone": edits.remove_nodes(lenet, "", ["flatten"], heal=True),
        "no loss": edits.remove_nodes(lenet, "", ["loss"]),
        "no output": edits.remove_nodes(lenet, "", ["prediction"]),
        "no target": edits.disconnect(lenet, "", "loss", "target"),
        "no input": edits.disconnect(lenet, "", "conv2", "x"),
        "wrong classes": edits.set_param(lenet, "", "logits", "out_features", 7),
        "no optimizer's loss": edits.disconnect(lenet, "", "adam", "loss"),
    }
    odd = Node("odd", "Conv2d", {"groups": 4}, {"x": (Source("pool1"),)})
    found["groups"] = edits.add_node(lenet, "", odd, (600, 900))
    loose = Node("loose", "Linear", {"out_features": 3}, {"x": (Source("pool1"),)})
    found["loose end"] = edits.add_node(lenet, "", loose, (600, 900))
    return found


@pytest.mark.parametrize("name", list(broken()))
def test_every_fix_previews_leaves_fewer_problems_and_undoes_once(hand: Hand, name: str) -> None:
    session: Session = hand.view.session
    session.open(broken()[name])
    problems = session.analysis.problems
    fixes = [fix for problem in problems for fix in problem.fixes]
    assert fixes, name
    for fix in fixes:
        session.enter(str(fix.action[1]))
        before, cards = session.document, list(hand.view.scene.cards)
        wires = list(hand.view.scene.wires)
        hand.view.structure.show_fix(fix)
        changed = hand.view.scene.cards != cards or hand.view.scene.wires != wires
        assert changed, fix.title
        made = hand.view.proposal
        assert made is not None and (made.new or made.changed or made.gone), fix.title
        assert session.document is before
        hand.view.preview(None)
        assert hand.view.scene.wires == wires and hand.view.proposal is None
        hand.view.structure.fix(fix)
        assert len(session.analysis.problems) < len(problems), (fix.title, session.analysis.problems)
        session.undo()
        assert session.document is before


def five() -> Document:
    """noise -> five layers that keep the width -> output."""
    document = edits.add_node(Document(), "", Node("noise", "Noise", {"shape": (16,)}), (0, 0))
    before = "noise"
    rows = (
        ("norm", "LayerNorm", {}),
        ("wide", "Linear", {"out_features": 64}),
        ("act", "GELU", {}),
        ("narrow", "Linear", {"out_features": 16}),
        ("drop", "Dropout", {}),
    )
    for at, (name, layer, params) in enumerate(rows):
        node = Node(name, layer, params, {"x": (Source(before),)})
        document = edits.add_node(document, "", node, (248.0 * (at + 1), 0.0))
        before = name
    return edits.add_node(document, "", Node("out", "Output", {}, {"x": (Source(before),)}), (1488, 0))


def test_five_nodes_to_a_block_repeated_twelve_times_with_another_width_in_eight_actions(hand: Hand) -> None:
    session, view = hand.view.session, hand.view
    session.open(five())
    view.resize(1700, 700)
    view.camera.restore((1.0, 60, 120))
    actions = 0

    def number(name: str, text: str) -> None:
        (spot, *_) = spots(session.document, view.scene, name, view.look.small_metrics)
        QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=hand.at(*spot.box.centre))
        (line,) = (w for w in view.findChildren(QLineEdit) if w.isVisible())
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Return)

    hand.drag(hand.at(200, -30), hand.at(1440, 90))
    actions += 1
    assert len(session.selection) == 5
    hand.key(Qt.Key.Key_G, CTRL)
    actions += 1
    (use,) = session.selection
    hand.key(Qt.Key.Key_BracketRight)
    actions += 1
    number(use, "12")
    actions += 2  # the double click, the text with its Enter
    session.select({use})
    hand.key(Qt.Key.Key_Return)
    actions += 1
    number("wide", "128")
    actions += 2
    assert actions <= 8
    assert view.scene.card("wide").line.endswith("128")
    hand.key(Qt.Key.Key_U)
    assert view.scene.card(use).times == 12
    facts = session.analysis.facts[use]
    assert facts.parameters == 12 * (2 * 16 + 16 * 128 + 128 + 128 * 16 + 16)
    assert not [p for p in session.analysis.problems if p.severity == "error" and p.code != "no_loss"]
    assert view.grab(view.rect().adjusted(0, 0, -1, -1)).toImage().pixelColor(QPoint(5, 300)).isValid()
