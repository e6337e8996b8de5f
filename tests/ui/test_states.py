"""Ten states of the window in both languages, both themes and two sizes: nothing is cut, covered or outside.

With STUDIO_SHOTS set to a folder the pictures stay there to be looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.analysis import analyze
from studio.codegen import generate
from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import LIVE, RunReader, create_run, request
from studio.text import set_language
from studio.ui.app import make_window
from studio.ui.panels.confusion import Confusion
from studio.ui.panels.trying import Mistakes, SampleTry
from studio.ui.window import DRAW, EXPORT, START, UNDERSTAND, Window
from tests.ui.geometry import faults

HOUSE = Path(__file__).resolve().parents[2]
WAIT_MS = 60_000
SETTLE_TRIES = 10
SIZES = ((1366, 768), (1600, 1000))


def new_run(root: Path, epochs: int) -> Path:
    """The folder of a run of LeNet-5 in large batches."""
    document = load_preset("lenet5")
    document = replace(document, run=replace(document.run, epochs=epochs, batch_size=256, device="cpu"))
    code = generate(document, analyze(document))
    return create_run(root, project_bytes(document), code, document.run, title=document.title)


def worker(folder: Path) -> subprocess.Popen[bytes]:
    """A real worker on a run."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    return subprocess.Popen([sys.executable, "-m", "studio.worker", "run", str(folder)], env=environment)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has come to its end."""
    folder = new_run(tmp_path_factory.mktemp("runs"), epochs=2)
    assert worker(folder).wait(timeout=120) == 0
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run that goes on as long as the tests do; it waits after its first steps, so as not to slow them."""
    folder = new_run(tmp_path_factory.mktemp("runs"), epochs=10_000)
    process = worker(folder)
    reader = RunReader(folder)
    while not (status := reader.poll()).step or status.state not in LIVE:
        assert process.poll() is None, status
    request(folder, "pause")
    yield folder
    request(folder, "stop")
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, object]]:
    """What the helper process said the first time, so that each of the eight walks need not wait again."""
    return {}


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


def draw(window: Window, document: Document) -> None:
    window.commands._open(document, None, "")
    window.show_page(DRAW)
    window.canvas.zoom_to_all()


def start_page(window: Window, ask: Callable[..., None]) -> None:
    window.show_page(START)


def empty_canvas(window: Window, ask: Callable[..., None]) -> None:
    draw(window, Document())


def drawing(window: Window, ask: Callable[..., None]) -> None:
    draw(window, load_preset("lenet5"))


def node_form(window: Window, ask: Callable[..., None]) -> None:
    drawing(window, ask)
    window.right_fold.set_folded(False)
    window.side.setCurrentIndex(0)
    window.session.select({"conv1"})


def code(window: Window, ask: Callable[..., None]) -> None:
    node_form(window, ask)
    window.side.setCurrentWidget(window.code)
    window.code.refresh()


def problems(window: Window, ask: Callable[..., None]) -> None:
    node_form(window, ask)
    window.session.apply("unplug", lambda document: edits.remove_nodes(document, "", ["flatten", "loss"]))
    window.side.setCurrentWidget(window.problems)


def training(window: Window, ask: Callable[..., None]) -> None:
    drawing(window, ask)
    window.control.show(ask.live)  # type: ignore[attr-defined]


def after_training(window: Window, ask: Callable[..., None]) -> None:
    drawing(window, ask)
    window.control.show(ask.finished)  # type: ignore[attr-defined]
    window.session.apply("wider", lambda document: edits.set_param(document, "", "conv1", "out_channels", 12))


def understanding(window: Window, ask: Callable[..., None]) -> None:
    drawing(window, ask)
    window.control.show(ask.finished)  # type: ignore[attr-defined]
    window.show_page(UNDERSTAND)
    one, worst = window.understand.findChild(SampleTry), window.understand.findChild(Mistakes)
    assert one is not None and worst is not None
    one._show(ask("sample", position=3))
    worst._show(ask("mistakes", count=10))
    counted = window.understand.findChild(Confusion)
    assert counted is not None
    counted._show(ask("confusion"))


def exported(window: Window, ask: Callable[..., None]) -> None:
    understanding(window, ask)
    window.show_page(EXPORT)
    window.export.result = ask("export", path=str(ask.finished.parent / "lenet5.onnx"))  # type: ignore[attr-defined]
    window.export.retranslate()


STATES = (
    start_page, empty_canvas, drawing, node_form, code, problems, training, after_training, understanding,
    exported,
)  # fmt: skip


class Ask:
    """Asks the window's own helper process, once for all walks."""

    def __init__(
        self, window: Window, qtbot: QtBot, known: dict[str, dict[str, object]], finished: Path, live: Path
    ) -> None:
        self._window, self._qtbot, self._known = window, qtbot, known
        self.finished, self.live = finished, live

    def __call__(self, kind: str, **args: object) -> dict[str, object]:
        if kind not in self._known:
            failed: list[str] = []
            found = self._known
            self._window.service.ask(
                kind, {"run": str(self.finished), **args}, lambda r: found.update({kind: r}), failed.append
            )
            self._qtbot.waitUntil(lambda: kind in found or bool(failed), timeout=WAIT_MS)
            assert not failed
        return self._known[kind]


def settled_faults(window: Window, qtbot: QtBot) -> list[str]:
    """What is still wrong when the window has had its time to lay itself out; a busy machine needs more of it."""
    for _ in range(SETTLE_TRIES):
        qtbot.wait(150)
        if not (found := faults(window)):
            break
    return found


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ("en", "ja"))
@pytest.mark.parametrize("dark", (True, False), ids=("dark", "light"))
def test_nothing_is_cut_or_covered(
    window: Window,
    qtbot: QtBot,
    answers: dict[str, dict[str, object]],
    finished: Path,
    live: Path,
    size: tuple[int, int],
    language: str,
    dark: bool,
    tmp_path: Path,
) -> None:
    window.resize(*size)
    window.set_dark(dark)
    window.right_fold.set_folded(size == SIZES[0])
    window.commands.set_language(language)
    ask = Ask(window, qtbot, answers, finished, live)
    folder = Path(os.environ.get("STUDIO_SHOTS") or tmp_path)
    wrong: dict[str, list[str]] = {}
    for state in STATES:
        state(window, ask)
        found = settled_faults(window, qtbot)
        assert (window.width(), window.height()) == size, f"{state.__name__} made the window larger"
        name = f"{state.__name__}-{size[0]}-{language}-{'dark' if dark else 'light'}.png"
        assert window.grab().save(str(folder / name))
        if found:
            wrong[state.__name__] = found
    assert not wrong


def test_the_small_screen_keeps_room_for_the_drawing(window: Window, qtbot: QtBot) -> None:
    window.resize(*SIZES[0])
    drawing(window, lambda *_: None)
    qtbot.wait(50)
    assert window.canvas.height() >= 0.65 * window.height()
    assert window.training.folded
