"""The palette under real keys and clicks: folds, stars, recent layers, search, drag and both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QDrag, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from studio.layers import CATALOGUE
from studio.layers.spec import Category
from studio.text import load, set_language
from studio.ui.choices import FIRST_FAVOURITES, LayerChoices
from studio.ui.panels import palette as module
from studio.ui.panels.palette import MIME, LayerTree, Palette
from studio.ui.panels.palette_rows import NAME, STAR_PX

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Settings of the test's own."""
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def palette(qtbot: QtBot, settings: QSettings) -> Iterator[Palette]:
    """A shown palette in English."""
    set_language("en")
    made = shown(qtbot, settings)
    yield made
    set_language("en")


def shown(qtbot: QtBot, settings: QSettings) -> Palette:
    """A palette of these settings, on the screen."""
    made = Palette(LayerChoices(settings), settings)
    qtbot.addWidget(made)
    made.resize(244, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def field(palette: Palette) -> QLineEdit:
    """Its search field."""
    found = palette.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def items(tree: LayerTree, parent: QTreeWidgetItem | None = None) -> list[QTreeWidgetItem]:
    """Every row, whether unfolded or not."""
    rows = (
        [parent.child(at) for at in range(parent.childCount())]
        if parent
        else [tree.topLevelItem(at) for at in range(tree.topLevelItemCount())]
    )
    return [one for row in rows if row is not None for one in (row, *items(tree, row))]


def heading(palette: Palette, title: str) -> QTreeWidgetItem:
    """The row of a heading."""
    return next(item for item in items(palette.tree) if item.text(0) == title)


def layer(palette: Palette, name: str, under: str) -> QTreeWidgetItem:
    """A layer's row below a heading."""
    return next(item for item in items(palette.tree, heading(palette, under)) if item.data(0, NAME) == name)


def click(tree: LayerTree, item: QTreeWidgetItem, *, star: bool = False) -> None:
    """A click on a row."""
    tree.scrollToItem(item)
    rect = tree.visualItemRect(item)
    x = tree.viewport().width() - STAR_PX // 2 if star else rect.left() + 60
    QTest.mouseClick(tree.viewport(), LEFT, pos=QPoint(x, rect.center().y()))


def names(tree: LayerTree) -> list[str]:
    """The layers in the rows."""
    return [item.data(0, NAME) for item in items(tree) if item.data(0, NAME)]


def test_every_layer_stands_in_its_category(palette: Palette) -> None:
    for category in Category:
        inside = {
            item.data(0, NAME)
            for item in items(palette.tree, heading(palette, category.value))
            if item.data(0, NAME)
        }
        assert inside == {
            spec.name
            for spec in CATALOGUE.values()
            if spec.category is category and spec.traits.role not in ("input", "block")
        }


def test_a_category_folds_by_click_and_stays_as_it_was(
    palette: Palette, qtbot: QtBot, settings: QSettings
) -> None:
    row = heading(palette, "Activation")
    assert not row.isExpanded() and heading(palette, "Favourites").isExpanded()
    click(palette.tree, row)
    assert row.isExpanded()
    click(palette.tree, heading(palette, "Favourites"))
    again = shown(qtbot, settings)
    assert heading(again, "Activation").isExpanded()
    assert not heading(again, "Favourites").isExpanded()


def test_groups_fold_inside_their_category(
    palette: Palette, qtbot: QtBot, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    grouped = {
        name: replace(spec, group="Bends" if spec.name in ("ReLU", "GELU", "LeakyReLU") else "Alone")
        if spec.name in ("ReLU", "GELU", "LeakyReLU", "Tanh")
        else replace(spec, group="")
        for name, spec in CATALOGUE.items()
    }
    monkeypatch.setattr(module, "CATALOGUE", grouped)
    made = shown(qtbot, settings)
    fold = heading(made, "Bends")
    assert fold.parent() is heading(made, "Activation") and not fold.isExpanded()
    assert {item.data(0, NAME) for item in items(made.tree, fold)} == {"ReLU", "GELU", "LeakyReLU"}
    assert layer(made, "Tanh", "Activation").parent() is heading(made, "Activation")  # one alone is no fold
    click(made.tree, heading(made, "Activation"))
    click(made.tree, fold)
    assert fold.isExpanded()


def test_a_star_by_click_makes_a_favourite_that_stays(
    palette: Palette, qtbot: QtBot, settings: QSettings
) -> None:
    assert palette.choices.favourites == FIRST_FAVOURITES
    click(palette.tree, heading(palette, "Activation"))
    click(palette.tree, layer(palette, "GELU", "Activation"), star=True)
    assert layer(palette, "GELU", "Favourites")
    click(palette.tree, layer(palette, "ReLU", "Favourites"), star=True)
    again = shown(qtbot, settings)
    assert "GELU" in again.choices.favourites and "ReLU" not in again.choices.favourites
    for name in again.choices.favourites:
        again.choices.toggle(name)
    assert shown(qtbot, settings).choices.favourites == ()


def test_what_was_placed_is_recent(palette: Palette, qtbot: QtBot, settings: QSettings) -> None:
    assert all(item.text(0) != "Recently used" for item in items(palette.tree))
    for name in ("Conv2d", "ReLU", "Conv2d", "NoSuchLayer"):
        palette.choices.use(name)
    rows = items(palette.tree, heading(palette, "Recently used"))
    assert [item.data(0, NAME) for item in rows] == ["Conv2d", "ReLU"]
    assert shown(qtbot, settings).choices.recent == ("Conv2d", "ReLU")


def test_typing_ranks_and_enter_places_the_best(palette: Palette, qtbot: QtBot) -> None:
    field(palette).setFocus()
    QTest.keyClicks(field(palette), "linea")
    assert names(palette.found)[0] == "Linear"
    with qtbot.waitSignal(palette.chosen) as caught:
        QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert caught.args == ["Linear"]
    QTest.keyClick(field(palette), Qt.Key.Key_Escape)
    assert field(palette).text() == "" and palette.tree.isVisible()


def test_arrows_walk_the_answers_from_the_field(palette: Palette, qtbot: QtBot) -> None:
    QTest.keyClicks(field(palette), "pool")
    second = names(palette.found)[1]
    QTest.keyClick(field(palette), Qt.Key.Key_Down)
    with qtbot.waitSignal(palette.chosen) as caught:
        QTest.keyClick(field(palette), Qt.Key.Key_Return)
    assert caught.args == [second]


def test_nothing_found_is_said(palette: Palette) -> None:
    QTest.keyClicks(field(palette), "qqqqqq")
    assert palette._nothing.isVisible() and "qqqqqq" in palette._nothing.text()


def test_letters_typed_on_the_rows_go_to_the_field(palette: Palette) -> None:
    palette.tree.setFocus()
    QTest.keyClicks(palette.tree, "g")
    assert field(palette).text() == "g"


def test_a_double_click_places_once_and_space_stars(palette: Palette, qtbot: QtBot) -> None:
    placed: list[str] = []
    palette.chosen.connect(placed.append)
    rect = palette.tree.visualItemRect(layer(palette, "Linear", "Favourites"))
    at = QPoint(rect.left() + 60, rect.center().y())
    QTest.mouseClick(palette.tree.viewport(), LEFT, pos=at)
    QTest.mouseDClick(palette.tree.viewport(), LEFT, pos=at)
    assert placed == ["Linear"]
    QTest.keyClick(palette.tree, Qt.Key.Key_Return)
    assert placed == ["Linear", "Linear"]
    QTest.keyClick(palette.tree, Qt.Key.Key_Space)
    assert "Linear" not in palette.choices.favourites


def test_pointing_tells_the_layer(palette: Palette) -> None:
    told: list[str] = []
    palette.pointed.connect(told.append)
    rect = palette.tree.visualItemRect(layer(palette, "Dropout", "Favourites"))
    QTest.mouseMove(palette.tree.viewport(), QPoint(80, rect.center().y() - 2))
    QTest.mouseMove(palette.tree.viewport(), QPoint(80, rect.center().y()))
    QTest.mouseClick(palette.tree.viewport(), LEFT, pos=QPoint(80, rect.center().y()))
    assert told and told[-1] == "Dropout"


def test_a_drag_carries_the_layer(palette: Palette, monkeypatch: pytest.MonkeyPatch) -> None:
    carried: list[bytes] = []
    monkeypatch.setattr(
        QDrag,
        "exec",
        lambda self, *_: carried.append(bytes(self.mimeData().data(MIME).data())),
        raising=False,
    )
    rect = palette.tree.visualItemRect(layer(palette, "Conv2d", "Favourites"))
    at = QPoint(rect.left() + 60, rect.center().y())
    QTest.mousePress(palette.tree.viewport(), LEFT, pos=at)
    for step in (10, 25, 40):
        QTest.mouseMove(palette.tree.viewport(), at + QPoint(step, step), delay=5)
    QTest.mouseRelease(palette.tree.viewport(), LEFT, pos=at + QPoint(40, 40))
    if not carried:  # some platforms do not send moves with a held button: the drag itself still has to work
        palette.tree.setCurrentItem(layer(palette, "Conv2d", "Favourites"))
        palette.tree.startDrag(Qt.DropAction.CopyAction)
    assert carried == [b"Conv2d"]


@pytest.mark.parametrize("dark", [True, False])
def test_rows_show_the_japanese_word_and_both_themes(palette: Palette, dark: bool) -> None:
    english = palette.tree.visualItemRect(layer(palette, "Linear", "Favourites")).height()
    set_language("ja")
    palette.set_dark(dark)
    palette.retranslate()
    item = next(item for item in items(palette.tree) if item.data(0, NAME) == "Linear")
    assert palette.tree.visualItemRect(item).height() > english
    assert load("ja")["layer:Linear"] in str(item.data(0, Qt.ItemDataRole.AccessibleTextRole))
    picture = palette.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    colours = {picture.pixel(x, y) for x in range(20, 220, 3) for y in range(60, 300, 2)}
    assert len(colours) > 20  # glyphs, names and words are there


@pytest.mark.parametrize("group", sorted({spec.group for spec in CATALOGUE.values() if spec.group}))
def test_a_fold_has_its_japanese(group: str) -> None:
    assert group in load("ja")
