"""What every test gets: folders of its own, an offscreen window system, and no tolerance for Qt warnings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes share two cores

_QUIET = ("propagateSizeHints", "This plugin does not support")  # what the offscreen platform says of itself


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and runs go to a folder of the test's own beside its tmp_path, never to the user's."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TSUMIKI_STATE", str(folder / "state"))
    monkeypatch.setenv("TSUMIKI_RUNS", str(folder / "runs"))


@pytest.fixture(autouse=True)
def own_arithmetic() -> Iterator[None]:
    """A run in the test's own process makes it round tiny numbers to 0; the next test must not inherit that."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


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
