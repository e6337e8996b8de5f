"""Time from process start to an interactive window, beside a bare window that imports pyqtgraph.

python -m tests.benchmarks.start_time --json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
_END = """
from PySide6.QtCore import QTimer
window.show()
QTimer.singleShot(0, lambda: QTimer.singleShot(0, lambda: (print("up", flush=True), os._exit(0))))
app.exec()
"""
BARE = (
    "import os, sys\nfrom PySide6.QtWidgets import QApplication, QMainWindow\nimport pyqtgraph\n"
    "app = QApplication([])\nwindow = QMainWindow()\nwindow.resize(1600, 1000)\n" + _END
)
OURS = (
    "import os, sys\nfrom PySide6.QtWidgets import QApplication\nfrom studio.ui.app import make_window\n"
    "app = QApplication([])\nwindow = make_window(keep_state=False)\n" + _END
)


def seconds(code: str) -> float:
    """Wall time until the window answers its first event."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TSUMIKI_STATE": state}
        environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # a user's Python keeps compiled files, of both sides
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        taken = time.perf_counter() - start
    if "up" not in done.stdout:
        raise RuntimeError(done.stderr[-2000:])
    return taken


def main() -> None:
    """Alternates the two, so that a busy machine slows both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    seconds(BARE), seconds(OURS)  # warm the disk
    pairs = [(seconds(BARE), seconds(OURS)) for _ in range(arguments.rounds)]
    result = {
        "ratio": round(statistics.median(ours / bare for bare, ours in pairs), 3),
        "window_s": round(statistics.median(ours for _, ours in pairs), 3),
        "bare_s": round(statistics.median(bare for bare, _ in pairs), 3),
        "rounds": arguments.rounds,
    }
    print(json.dumps(result) if arguments.json else result)


if __name__ == "__main__":
    main()
