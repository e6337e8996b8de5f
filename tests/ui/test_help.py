"""The help tab with real clicks: nodes, palette, links, languages; formulas and pictures really painted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.layers import CATALOGUE
from studio.layers.formula import parse_formula
from studio.text import load, set_language
from studio.ui.app import make_window
from studio.ui.formula import FormulaView, set_lines
from studio.ui.illustrations import illustration
from studio.ui.illustrations.chooser import HEIGHT
from studio.ui.illustrations.ink import Ink
from studio.ui.panels.help import HelpPanel, example_subject
from studio.ui.window import DRAW, Window
from tests.ui.geometry import faults
from tests.ui.test_palette import layer

LEFT = Qt.MouseButton.LeftButton
PICTURED = [
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "MaxPool2d",
    "AvgPool2d",
    "MultiheadAttention",
    "LSTM",
    "GRU",
    "Add",
    "Dropout",
]
PICTURED += ["BatchNorm2d", "LayerNorm", "Embedding", "ReLU", "LeakyReLU", "GELU"]


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    """A window with LeNet-5 open and the help tab shown."""
    made = make_window(keep_state=False)
    set_language("en")
    made.retranslate()
    made.resize(1600, 1000)
    made.show()
    qtbot.waitExposed(made)
    made.commands.open_preset("lenet5")
    made.show_page(DRAW)
    for fold in (made.left_fold, made.right_fold):
        fold.set_folded(False)
    made.side.setCurrentWidget(made.help)
    yield made
    made.close()
    made.deleteLater()
    set_language("en")


def text_of(panel: HelpPanel) -> str:
    """All words of the panel."""
    return "\n".join(one.text() for one in panel.findChildren(QLabel))


def shows(window: Window, qtbot: QtBot, word: str) -> None:
    """Waits until a word is there."""
    qtbot.waitUntil(lambda: word in text_of(window.help), timeout=5000)


def test_a_selected_node_is_explained_with_its_numbers(window: Window, qtbot: QtBot) -> None:
    window.session.select({"conv2"})
    shows(window, qtbot, "With the numbers of conv2:")
    text = text_of(window.help)
    assert "16 × 6 × 5 × 5 = 2,400" in text and "A window of 5 moves by 1" in text
    formulas = [view.accessibleName() for view in window.help.findChildren(FormulaView)]
    assert any("14 + 2 · 0" in formula and formula.endswith("= 10") for formula in formulas)
    window.session.apply("k", lambda document: edits.set_param(document, "", "conv2", "kernel_size", (3, 3)))
    shows(window, qtbot, "A window of 3 moves by 1")
    assert "16 × 6 × 3 × 3 = 864" in text_of(window.help)


def test_pointing_at_the_palette_shows_that_layer_and_leaving_the_node_again(
    window: Window, qtbot: QtBot
) -> None:
    window.session.select({"conv1"})
    shows(window, qtbot, "With the numbers of conv1:")
    tree = window.layer_palette.tree
    rect = tree.visualItemRect(layer(window.layer_palette, "Dropout", "Favourites"))
    QTest.mouseMove(tree.viewport(), QPoint(60, rect.center().y() - 2))
    QTest.mouseMove(tree.viewport(), QPoint(60, rect.center().y()))
    shows(window, qtbot, "With the numbers of an example:")
    assert "Dropout" in text_of(window.help)
    window.layer_palette.pointed.emit("")
    shows(window, qtbot, "With the numbers of conv1:")


def test_insert_places_the_layer_and_related_ones_are_a_click_away(window: Window, qtbot: QtBot) -> None:
    window.commands.show_help("LSTM")
    buttons = {one.text(): one for one in window.help.findChildren(QPushButton)}
    QTest.mouseClick(buttons["GRU"], LEFT)
    shows(window, qtbot, CATALOGUE["GRU"].summary)
    count = len(window.session.document.main.nodes)
    insert = next(one for one in window.help.findChildren(QPushButton) if one.text() == "Insert")
    QTest.mouseClick(insert, LEFT)
    nodes = window.session.document.main.nodes
    assert len(nodes) == count + 1 and any(node.layer == "GRU" for node in nodes.values())


def test_the_source_opens_in_the_browser(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    window.commands.show_help("Conv2d")
    link = next(one for one in window.help.findChildren(QPushButton) if "browser" in one.text())
    QTest.mouseClick(link, LEFT)
    assert opened and opened[0].startswith("https://")


def test_the_manual_is_written_in_the_users_language(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    window.commands.set_language("ja")
    window.actions_by_method["show_manual"].trigger()
    with open(opened[0].toLocalFile(), encoding="utf-8") as file:
        assert load("ja")["layer:Conv2d"] in file.read()


@pytest.mark.parametrize("code", ["en", "ja"])
def test_every_layer_has_a_help_page_without_faults(window: Window, qtbot: QtBot, code: str) -> None:
    window.commands.set_language(code)
    table = load(code)
    shown = list(CATALOGUE.items())[
        code == "ja" :: 4
    ]  # each language has its own quarter: a page takes a while
    for at, (name, spec) in enumerate(shown):
        window.help.show_layer(name)
        text = text_of(window.help)
        assert table.get(spec.summary, spec.summary) in text
        if at % 12 == 0:  # measuring all would take minutes; each kind of row is in every page
            qtbot.wait(120)
            assert not faults(window), name


@pytest.mark.parametrize("name", PICTURED)
@pytest.mark.parametrize("dark", [True, False])
def test_a_picture_is_painted_from_the_numbers(qtbot: QtBot, name: str, dark: bool) -> None:
    subject = example_subject(CATALOGUE[name])
    picture = illustration(subject.spec, subject.p, subject.inputs)
    assert picture is not None and picture.caption()
    assert len(_painted(picture, dark)) > 4


def _painted(picture: object, dark: bool) -> set[int]:
    """The colours of a picture on the panel's ground, and nothing outside its area."""
    image = QImage(360, int(HEIGHT) + 60, QImage.Format.Format_RGB32)
    image.fill(QColor("#102030"))
    painter = QPainter(image)
    picture.paint(Ink(painter, dark, "#4C86C6"), QRectF(30, 30, 290, HEIGHT))  # type: ignore[attr-defined]
    painter.end()
    edge = {image.pixel(x, y) for x in range(360) for y in (5, int(HEIGHT) + 52)}
    assert edge == {image.pixel(0, 0)}
    return {image.pixel(x, y) for x in range(30, 320) for y in range(30, 30 + int(HEIGHT), 2)}


def test_a_picture_follows_the_kernel() -> None:
    from studio.layers.values import values

    spec = CATALOGUE["Conv2d"]
    inputs = example_subject(spec).inputs
    captions = []
    for params in ({"kernel_size": 3}, {"kernel_size": 5, "stride": 2, "padding": 1}):
        picture = illustration(spec, values(spec, params), inputs)  # type: ignore[arg-type]
        assert picture is not None
        captions.append(picture.caption())
    assert captions[0] != captions[1] and "5" in captions[1] and "2" in captions[1]


@pytest.mark.parametrize("name", [name for name, spec in CATALOGUE.items() if spec.formula])
def test_a_formula_fits_the_panel(qtbot: QtBot, name: str) -> None:
    lines = set_lines(parse_formula(CATALOGUE[name].formula), 14.0, 276)
    assert lines and all(line.width <= 276 * 1.02 for line in lines)
    assert all(line.up > 0 and line.width > 0 for line in lines)


def test_a_formula_is_painted_inside_its_widget(qtbot: QtBot) -> None:
    view = FormulaView(
        parse_formula(
            r"y = \frac{\sqrt{x_i^2}}{\sum_{j=1}^{n} e^{x_j}} \left\lfloor \frac{a}{b} \right\rfloor"
        )
    )
    qtbot.addWidget(view)
    view.resize(276, view.heightForWidth(276))
    image = view.grab().toImage()
    ground = image.pixel(image.width() - 1, 0)
    ink = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixel(x, y) != ground]
    assert len(ink) > 150
    assert min(y for _, y in ink) >= 1 and max(y for _, y in ink) <= image.height() - 2
    assert isinstance(view, FormulaView) and view.accessibleName().startswith("y = ")
