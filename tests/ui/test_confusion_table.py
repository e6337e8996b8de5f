"""The table of what is taken for what: by mouse and keys, against a service that answers like the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFrame, QLabel
from pytestqt.qtbot import QtBot

from studio.text import set_language
from studio.ui.panels.confusion import Confusion, ConfusionTable

LEFT = Qt.MouseButton.LeftButton
COUNTS = ((8, 2, 0), (0, 5, 5), (0, 0, 10))
CELLS = [
    [0, 0, [[3, 0.9]]],
    [0, 1, [[5, 0.8], [7, 0.6]]],
    [1, 1, [[9, 0.7]]],
    [1, 2, [[11, 0.5]]],
    [2, 2, [[1, 1.0]]],
]


class Service:
    """Keeps what is asked; answers when told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object], Callable[[dict[str, object]], None]]] = []

    def ask(
        self,
        kind: str,
        args: dict[str, object],
        answer: Callable[[dict[str, object]], None],
        failed: Callable[[str], None],
    ) -> None:
        self.asked.append((kind, args, answer))

    def answer(self, at: int = -1) -> None:
        """Answers a request."""
        kind, args, answer = self.asked[at]
        if kind == "confusion":
            answer(
                {"classes": ["cat", "dog", "bird"], "counts": [list(row) for row in COUNTS], "samples": CELLS}
            )
        else:
            indices = args["indices"]
            assert isinstance(indices, list)
            answer({"samples": [{"index": index, "text": f"sample {index}"} for index in indices]})


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def panel(qtbot: QtBot, service: Service) -> Iterator[Confusion]:
    made = Confusion(service.ask)
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    set_language("en")


def middle(table: ConfusionTable, row: int, column: int) -> QPoint:
    return table.box(row, column).center().toPoint()


def cards(panel: Confusion) -> list[str]:
    """What stands on the cards of samples."""
    found = [panel.cards.itemAt(at).widget() for at in range(panel.cards.count())]
    return [
        " ".join(part.text() for part in card.findChildren(QLabel))
        for card in found
        if isinstance(card, QFrame)
    ]


def test_counts_are_shown_and_a_click_on_one_shows_its_samples(panel: Confusion, service: Service) -> None:
    QTest.mouseClick(panel.count, LEFT)
    assert service.asked[0][0] == "confusion"
    service.answer()
    assert panel.table.isVisible() and panel.table.counts == COUNTS
    assert "23 of 30" in panel._said.text()
    QTest.mouseClick(panel.table, LEFT, pos=middle(panel.table, 0, 1))
    assert panel._cell.text() == "2 of 10 “cat” are taken for “dog”: 20.0 %"
    assert service.asked[-1][:2] == ("samples", {"indices": [5, 7]})
    service.answer()
    shown = cards(panel)
    assert len(shown) == 2 and "sample 5" in shown[0] and "is cat" in shown[0] and "taken for dog" in shown[0]
    QTest.mouseClick(panel.table, LEFT, pos=middle(panel.table, 2, 2))
    service.answer()
    assert "recognized" in cards(panel)[0]
    asked = len(service.asked)
    QTest.mouseClick(panel.table, LEFT, pos=middle(panel.table, 2, 0))
    assert len(service.asked) == asked and not cards(panel)  # nothing was counted there


def test_an_answer_for_a_cell_that_is_no_longer_chosen_is_not_shown(
    panel: Confusion, service: Service
) -> None:
    panel.look()
    service.answer()
    QTest.mouseClick(panel.table, LEFT, pos=middle(panel.table, 0, 1))
    QTest.mouseClick(panel.table, LEFT, pos=middle(panel.table, 1, 2))
    service.answer(-1)
    service.answer(-2)
    assert len(cards(panel)) == 1 and "bird" in cards(panel)[0]


def test_arrows_walk_and_enter_chooses_with_words_for_a_screen_reader(
    panel: Confusion, service: Service
) -> None:
    panel.look()
    service.answer()
    panel.table.setFocus()
    plain = panel.table.grab().toImage()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(panel.table, key)
    assert "taken for “bird”" in panel.table.accessibleDescription()
    assert panel.table.grab().toImage() != plain
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.table.cell == (1, 2) and service.asked[-1][1] == {"indices": [11]}


@pytest.mark.parametrize(
    "names", [[str(n) for n in range(40)], ["a class of a very long name indeed", "b"], ["one"]]
)
def test_every_count_has_its_cell_whatever_the_classes(qtbot: QtBot, names: list[str]) -> None:
    table = ConfusionTable()
    qtbot.addWidget(table)
    size = len(names)
    table.show_counts(names, [[row * size + column for column in range(size)] for row in range(size)])
    for row in range(size):
        for column in range(size):
            at = middle(table, row, column)
            assert table.cell_at(at.x(), at.y()) == (row, column)
            assert table.rect().contains(at)
    assert table.cell_at(1, 1) is None and not table.grab().isNull()


def test_it_speaks_japanese(panel: Confusion, service: Service) -> None:
    set_language("ja")
    panel.look()
    service.answer()
    assert panel.table.words(0, 1) == "「cat」10 個のうち 2 個を「dog」と間違えました (20.0 %)"
