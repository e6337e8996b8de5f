"""Takes the pictures of the main screens that README and manual show, from the program itself.

    .venv/bin/python packaging/screenshots.py [FOLDER]

Trains LeNet-5 as its preset says, opens the window without a display, walks to each screen and saves what it draws.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SIZE = (1600, 1000)
WAIT_MS = 120_000
SETTLE_MS = 600

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_state = tempfile.TemporaryDirectory()
os.environ["TSUMIKI_STATE"] = _state.name
sys.path.insert(0, str(HERE))

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from studio.files.presets import load_preset
from studio.ui.app import make_window
from studio.ui.panels.trying import Mistakes, SampleTry
from studio.ui.window import DRAW, EXPORT, START, UNDERSTAND, Window


def main(folder: Path) -> None:
    """Every picture, into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    run = Path(_state.name) / "run"
    command = [sys.executable, "-m", "studio", "train", "preset:lenet5", "--run-dir", str(run), "--json"]
    subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)
    application = QApplication(sys.argv[:1])
    window = make_window(keep_state=False)
    window.resize(*SIZE)
    window.show()
    for dark, language, names in ((True, "en", SCREENS), (False, "ja", ("window",))):
        window.set_dark(dark)
        window.commands.set_language(language)
        for name in names:
            SCREENS[name](window, run)
            wait(SETTLE_MS)
            path = folder / (f"{name}.png" if language == "en" else f"{name}-{language}.png")
            window.grab().save(str(path))
            print(path)
    window.close()
    application.quit()


def trained(window: Window, run: Path) -> None:
    """The drawing with the curves of its run and the form of a node."""
    window.commands._open(load_preset("lenet5"), None, "")
    window.show_page(DRAW)
    window.control.show(run)
    window.right_fold.set_folded(False)
    window.session.select({"conv1"})
    wait(SETTLE_MS)
    window.canvas.zoom_to_all()


def gallery(window: Window, run: Path) -> None:
    """The start page."""
    window.show_page(START)
    wait(10 * SETTLE_MS)  # cards paint their pictures one after the other


def understanding(window: Window, run: Path) -> None:
    """One sample and the worst mistakes of the trained network."""
    trained(window, run)
    window.show_page(UNDERSTAND)
    one, worst = window.understand.findChild(SampleTry), window.understand.findChild(Mistakes)
    assert one is not None and worst is not None
    one._show(ask(window, "sample", run=str(run), position=3))
    worst._show(ask(window, "mistakes", run=str(run), count=10))


def exported(window: Window, run: Path) -> None:
    """The ONNX file, held against PyTorch."""
    trained(window, run)
    window.show_page(EXPORT)
    path = Path(_state.name) / "lenet5.onnx"
    window.export.result = ask(window, "export", run=str(run), path=str(path))
    window.export.retranslate()


SCREENS: dict[str, Callable[[Window, Path], None]] = {
    "window": trained,
    "gallery": gallery,
    "understand": understanding,
    "export": exported,
}


def ask(window: Window, kind: str, **args: object) -> dict[str, object]:
    """An answer of the window's helper process."""
    found: list[dict[str, object]] = []
    failed: list[str] = []
    window.service.ask(kind, args, found.append, failed.append)
    clock = QElapsedTimer()
    clock.start()
    while not found and not failed and clock.elapsed() < WAIT_MS:
        wait(50)
    if not found:
        raise SystemExit(f"{kind}: {failed or 'no answer'}")
    return found[0]


def wait(ms: int) -> None:
    """Lets the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "resources" / "manual")
