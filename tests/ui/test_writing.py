"""A model of word pieces writes in the window: a real run, the real helper process, a real click."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from studio.analysis import analyze
from studio.codegen import generate
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import create_run
from studio.ui.app import make_window
from studio.ui.panels.trying import Writing
from studio.ui.window import UNDERSTAND

HOUSE = Path(__file__).resolve().parents[2]
WAIT_MS = 60_000


def test_it_goes_on_from_what_was_typed(qtbot: QtBot, tmp_path: Path) -> None:
    document = load_preset("gpt-pieces")
    document = replace(document, run=replace(document.run, steps=3, batch_size=8, device="cpu"))
    run = create_run(
        tmp_path, project_bytes(document), generate(document, analyze(document)), document.run, title="pieces"
    )
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [sys.executable, "-m", "studio.worker", "run", str(run)], env=environment, timeout=120, check=False
    )
    assert done.returncode == 0
    window = make_window(keep_state=False)
    window.show()
    qtbot.waitExposed(window)
    window.commands._open(document, None, "")
    window.control.show(run)
    window.show_page(UNDERSTAND)
    qtbot.waitUntil(lambda: window.understand.findChild(Writing) is not None, timeout=WAIT_MS)
    panel = window.understand.findChild(Writing)
    line, button = panel.findChild(QLineEdit), panel.findChild(QPushButton)
    line.selectAll()
    qtbot.keyClicks(line, "Elizabeth")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(panel.text.toPlainText()) > 200, timeout=WAIT_MS)
    assert panel.text.toPlainText().startswith("Elizabeth")
    window.close()
    window.deleteLater()
