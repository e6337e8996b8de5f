"""The story of a preset stands beside it while nothing is selected, in the language chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.document.model import Document
from studio.files.presets import load_preset
from studio.text import set_language, tr
from studio.ui.panels.inspector import Inspector
from studio.ui.session import Session


@pytest.fixture
def inspector(qtbot: QtBot) -> Iterator[Inspector]:
    """On LeNet-5."""
    made = Inspector(Session(load_preset("lenet5")))
    qtbot.addWidget(made)
    made.resize(300, 800)
    made.show()
    yield made
    set_language("en")


def said(inspector: Inspector) -> list[str]:
    """All texts in it."""
    return [part.text() for part in inspector.findChildren(QLabel)]


def test_a_preset_tells_what_to_look_at_and_where_it_is_from(inspector: Inspector) -> None:
    about = inspector._session.document.about
    for field in ("summary", "lesson", "showed", "baseline", "differs", "source"):
        assert about[field] in said(inspector)
    assert "LeNet-5 on digits · 1998" in said(inspector)
    inspector._session.select({"conv1"})
    assert about["lesson"] not in said(inspector)
    inspector._session.select(set())
    assert about["lesson"] in said(inspector)


def test_it_speaks_japanese(inspector: Inspector) -> None:
    set_language("ja")
    inspector.retranslate()
    lesson = str(inspector._session.document.about["lesson"])
    assert tr(lesson) != lesson and tr(lesson) in said(inspector)


def test_another_drawing_tells_another_story_and_an_own_one_none(inspector: Inspector) -> None:
    inspector._session.open(load_preset("gpt"))
    assert load_preset("gpt").about["lesson"] in said(inspector)
    inspector._session.open(Document())
    assert not any("What to look at" in text for text in said(inspector))
