"""Pictures in the Understand workspace: the real window, a real worker that trained, the real helper process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.analysis import analyze
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.text import set_language
from studio.ui.app import make_window
from studio.ui.panels.making import Pictures, Redrawing, Sampling, Walk
from studio.ui.window import UNDERSTAND, Window

WAIT_MS = 90_000
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    """A fresh window."""
    made = make_window(keep_state=False)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    set_language("en")


def trained(window: Window, qtbot: QtBot, doc: Document, steps: int) -> None:
    """Opens a drawing, trains it a little and shows what it learned."""
    doc = replace(doc, run=replace(doc.run, steps=steps, batch_size=32, device="cpu"))
    window.commands._open(doc, None, "")
    window.control.start(doc, analyze(doc))
    control = window.control
    qtbot.waitUntil(
        lambda: control.status is not None and control.status.state == "finished", timeout=WAIT_MS
    )
    window.show_page(UNDERSTAND)


def drawn(pictures: Pictures) -> list[bytes]:
    """The pixels that are on the screen."""
    shown = [
        label.pixmap().toImage() for label in pictures.findChildren(QLabel) if not label.pixmap().isNull()
    ]
    return [bytes(image.constBits()) for image in shown]


def test_a_vae_draws_walks_and_redraws(window: Window, qtbot: QtBot) -> None:
    trained(window, qtbot, load_preset("conditional-vae"), 20)
    page = window.understand
    sampling, walk, old = page.findChild(Sampling), page.findChild(Walk), page.findChild(Redrawing)
    assert sampling is not None and walk is not None and old is not None
    qtbot.waitUntil(lambda: sampling.draw.isEnabled(), timeout=WAIT_MS)
    first = drawn(sampling.pictures)
    assert len(first) == 16 and len(set(first)) > 8 and not sampling._way.isVisible()
    qtbot.mouseClick(sampling.draw, LEFT)
    qtbot.waitUntil(lambda: drawn(sampling.pictures) != first, timeout=WAIT_MS)

    assert len(walk.sliders) == 8 and walk.choice.count() == 10
    qtbot.waitUntil(lambda: not walk._is_asking and not walk.picture.pixmap().isNull(), timeout=WAIT_MS)
    before = walk.picture.pixmap().toImage()
    QTest.keyClick(walk.sliders[0], Qt.Key.Key_End)
    qtbot.waitUntil(lambda: walk.picture.pixmap().toImage() != before, timeout=WAIT_MS)
    qtbot.mouseClick(walk.middle, LEFT)
    qtbot.waitUntil(lambda: walk.picture.pixmap().toImage() == before, timeout=WAIT_MS)
    QTest.keyClick(walk.choice, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: walk.picture.pixmap().toImage() != before, timeout=WAIT_MS)

    qtbot.waitUntil(lambda: len(drawn(old.after)) == 8, timeout=WAIT_MS)
    assert drawn(old.before) != drawn(old.after)

    folder = window.control.folder
    assert folder is not None
    (folder / "model.py").rename(folder / "gone.py")
    qtbot.mouseClick(sampling.draw, LEFT)  # a refusal is shown, and one may try again
    qtbot.waitUntil(lambda: "holds no run" in sampling.note.text(), timeout=WAIT_MS)
    assert sampling.draw.isEnabled() and sampling.note.isVisible()


def test_a_diffusion_shows_its_steps(window: Window, qtbot: QtBot) -> None:
    doc = load_preset("ddpm")
    params = tuple(replace(p, default={"steps": 12, "width": 8}[p.name]) for p in doc.params)
    trained(window, qtbot, replace(doc, params=params), 2)
    sampling = window.understand.findChild(Sampling)
    assert sampling is not None and window.understand.findChild(Walk) is None
    qtbot.waitUntil(lambda: sampling.draw.isEnabled(), timeout=WAIT_MS)
    assert sampling._way.isVisible() and sampling.step.value() == sampling.step.maximum() == 11
    picture = drawn(sampling.pictures)
    assert sampling.where.text() == "0 steps to go" and len(picture) == 16
    QTest.keyClick(sampling.step, Qt.Key.Key_Home)
    assert sampling.where.text() == "12 steps to go" and drawn(sampling.pictures) != picture
