"""The garbage collector stays in the window's thread."""

from __future__ import annotations

import gc
import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from studio.ui.collector import Collector, held


class Ring:
    """Garbage that only the collector finds; notes in which thread it goes."""

    def __init__(self, gone: list[int]) -> None:
        self.me, self.gone = self, gone

    def __del__(self) -> None:
        self.gone.append(threading.get_ident())


def test_rings_made_in_a_thread_are_collected_by_the_window(qtbot: QtBot) -> None:
    parent, gone = QObject(), []
    collector = Collector(parent)
    try:
        assert not gc.isenabled()
        thread = threading.Thread(target=lambda: [Ring(gone) for _ in range(5000)])
        thread.start()
        thread.join()
        assert not gone
        qtbot.waitUntil(lambda: len(gone) == 5000, timeout=5000)
        assert set(gone) == {threading.get_ident()}
    finally:
        collector.end()
    assert gc.isenabled()


def test_several_holders_and_a_second_end() -> None:
    parent = QObject()
    first, second = Collector(parent), Collector(parent)
    first.end()
    first.end()
    assert not gc.isenabled()
    with held():
        second.end()
        assert not gc.isenabled()
    assert gc.isenabled()
