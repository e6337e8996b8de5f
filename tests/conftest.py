"""What every test gets: folders of its own, an offscreen window system, and no tolerance for Qt warnings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes share two cores

_QUIET = ("propagateSizeHints", "This plugin does not support")  # what the offscreen platform says of itself


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and runs go to the test's own folder, never to the user's."""
    monkeypatch.setenv("TSUMIKI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TSUMIKI_RUNS", str(tmp_path / "runs"))


@pytest.fixture(autouse=True)
def no_qt_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that used the window and made Qt complain."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    said: list[str] = []

    def take(kind: QtMsgType, context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not any(word in text for word in _QUIET):
            said.append(text)

    before = qInstallMessageHandler(take)
    yield
    qInstallMessageHandler(before)
    assert not said, f"Qt warned: {said}"
