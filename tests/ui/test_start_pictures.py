"""The gallery paints its pictures while it is seen, and leaves the time to the canvas when it is not."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from studio.ui.panels import start
from studio.ui.panels.start import StartPage


def test_pictures_are_painted_only_while_the_page_is_seen(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    real = start.painted_picture

    def count(name: str, *rest: object) -> object:
        painted.append(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(start, "painted_picture", count)
    page = StartPage()
    qtbot.addWidget(page)
    page.resize(760, 600)
    page.build(True)
    page.show()
    qtbot.waitUntil(lambda: bool(painted), timeout=5000)
    page.hide()
    before = len(painted)
    qtbot.wait(200)
    assert len(painted) == before
    page.show()
    qtbot.waitUntil(lambda: len(painted) > before, timeout=5000)
