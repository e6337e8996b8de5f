"""How fluid the canvas is with 10,000 nodes and 15,000 wires: ``python -m tests.benchmarks.canvas --json``.

The whole window is shown off screen with a canvas of 1600x1000 px; every figure is processor time for a real
mouse or wheel event and all the painting that follows it, minimap and line of facts included. ``bare`` is a
QGraphicsView with one item for each node and wire, timed in the same run; ``reference_ms`` is a plain loop of a
million additions: on another or a busy machine read the ratios.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from studio.document.model import Document, Layout
from studio.files.project import load_project, project_bytes
from studio.graph.model import Graph, Node, Source
from studio.graph.persistent import PersistentMap
from tests.benchmarks.analysis import p95, reference_ms

NODES, WIRES = 10_000, 15_000
WIDTH, HEIGHT = 1600, 1000
_COLUMNS = 100
_KINDS = ("Conv2d", "ReLU", "BatchNorm2d", "Add")
_BUTTON, _NONE = Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier


def drawing(count: int = NODES, wires: int = WIRES) -> Document:
    """A folded chain with skips, all shapes right; every node has the place a user would have given it."""
    nodes = [Node("noise", "Noise", {"shape": (8, 32, 32)})]
    skips = wires - (count - 1)
    for at in range(1, count):
        before, layer = nodes[-1].id, _KINDS[at % 4]
        sources: tuple[Source, ...] = (Source(before),)
        if layer == "Add":
            far = [back for back in (3, 6, 9) if at > back][: min(skips, 3 if at in (11, 15, 19) else 2)]
            sources += tuple(Source(nodes[at - back].id) for back in far)
            skips -= len(far)
        params: dict[str, object] = {}
        if layer == "Conv2d":
            params = {"out_channels": 8, "kernel_size": (3, 3), "padding": (1, 1)}
        nodes.append(Node(f"{layer.lower().removesuffix('2d')}{at}", layer, params, {"x": sources}))
    places = {}
    for at, node in enumerate(nodes):
        row, column = divmod(at, _COLUMNS)
        places[node.id] = (248.0 * (column if row % 2 == 0 else _COLUMNS - 1 - column), 140.0 * row)
    graph = Graph(PersistentMap({node.id: node for node in nodes}))
    return Document(title="benchmark", main=graph, layouts=PersistentMap({"": Layout(PersistentMap(places))}))


def timed(turns: int, step: Callable[[int], None]) -> tuple[float, float]:
    """Median and 95th percentile of the processor time of ``step`` and the painting after it, in ms."""
    for turn in range(3):
        step(turn)
        QApplication.processEvents()
    taken = []
    gc.collect()
    for turn in range(turns):
        start = time.process_time()
        step(turn)
        QApplication.processEvents()
        taken.append(1000 * (time.process_time() - start))
    return statistics.median(taken), p95(taken)


def mouse(
    target: QWidget, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    """One mouse event with ``button``."""
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    changed = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else button
    everywhere = QPointF(target.mapToGlobal(at))
    QApplication.sendEvent(target, QMouseEvent(kind, at, everywhere, changed, held, _NONE))


def wheel(target: QWidget, turn: int, at: QPointF) -> None:
    """A notch of the wheel, in and out by turns."""
    angle = QPoint(0, 120 if turn % 2 == 0 else -120)
    event = QWheelEvent(
        at, at, QPoint(), angle, Qt.MouseButton.NoButton, _NONE, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(target, event)


def panned(target: QWidget, turns: int) -> tuple[float, float]:
    """A drag with the middle button, 24 px a frame."""
    centre = QPointF(WIDTH / 2, HEIGHT / 2)
    mouse(target, QEvent.Type.MouseButtonPress, centre, _BUTTON)

    def step(turn: int) -> None:
        shift = 24 * abs((turn % 20) - 10)
        mouse(target, QEvent.Type.MouseMove, centre + QPointF(shift, shift / 2), _BUTTON)

    figures = timed(turns, step)
    mouse(target, QEvent.Type.MouseButtonRelease, centre, _BUTTON)
    return figures


def zoomed(target: QWidget, turns: int) -> tuple[float, float]:
    """A notch of the wheel each frame."""
    return timed(turns, lambda turn: wheel(target, turn, QPointF(WIDTH / 2, HEIGHT / 2)))


def dragged(view: QWidget, start: QPointF, turns: int) -> tuple[float, float]:
    """A node pulled to the right and up and down, 4 px a frame; to and fro would shake it out of its wires."""
    mouse(view, QEvent.Type.MouseButtonPress, start)
    figures = timed(
        turns,
        lambda turn: mouse(view, QEvent.Type.MouseMove, start + QPointF(20 + 4 * turn, 9 * (turn % 7))),
    )
    mouse(view, QEvent.Type.MouseButtonRelease, start)
    return figures


def measure(turns: int) -> dict[str, object]:
    """All figures of the window."""
    from studio.ui.session import Session
    from studio.ui.window import DRAW, Window

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.json"
        path.write_bytes(project_bytes(drawing()))
        window = Window(Session(Document()), keep_state=False)
        window.service.close()
        window.resize(WIDTH + 700, HEIGHT + 500)
        window.show()
        window.show_page(DRAW)
        canvas = window.canvas
        canvas.setFixedSize(WIDTH, HEIGHT)
        QApplication.processEvents()
        canvas.grab()
        before = _memory()
        start = time.perf_counter(), time.process_time()
        window.session.open(load_project(path).document)
        canvas.zoom_to_all()
        QApplication.processEvents()
        canvas.repaint()
        opened = time.process_time() - start[1], time.perf_counter() - start[0]
        for _ in range(5):  # what waits for an idle moment
            QApplication.processEvents()
        figures: dict[str, tuple[float, float]] = {}
        figures["pan_all"] = panned(canvas, turns)
        figures["zoom_all"] = zoomed(canvas, turns)
        canvas.zoom_full()
        canvas.centre_on(248.0 * 50, 140.0 * 50)
        QApplication.processEvents()
        figures["pan_near"] = panned(canvas, turns)
        figures["zoom_near"] = zoomed(canvas, turns)
        scene = canvas.scene
        near = [name for at in scene.inside(canvas.seen()) if (name := scene.ids[int(at)]).startswith("relu")]
        name = min(near, key=lambda n: abs(_wires_of(scene, n) - 3))
        canvas.centre_on(*scene.box(name).centre)
        QApplication.processEvents()
        figures["drag"] = dragged(canvas, QPointF(*canvas.camera.to_screen(*scene.box(name).centre)), turns)
        grown = _memory() - before
        counts = {"nodes": len(scene.ids), "wires": len(scene.wires), "dragged_wires": _wires_of(scene, name)}
        window.close()
    result: dict[str, object] = dict(counts)
    result |= {
        "open_s": round(opened[0], 3),
        "open_wall_s": round(opened[1], 3),
        "memory_mb": round(grown, 1),
    }
    result |= {f"{name}_ms": round(median, 3) for name, (median, _) in figures.items()}
    result["p95_ms"] = {name: round(high, 3) for name, (_, high) in figures.items()}
    return result


def _memory() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def _wires_of(scene: object, name: str) -> int:
    wires = scene.wires  # type: ignore[attr-defined]
    return sum(name in (wire.node, wire.source.node) for wire in wires)


class _Bare(QGraphicsItem):
    """A node as a plain item: a rounded rectangle with a name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsMovable)

    def boundingRect(self) -> QRectF:
        return QRectF(-2, -2, 156, 56)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.drawRoundedRect(QRectF(0, 0, 152, 52), 8, 8)
        if painter.worldTransform().m11() > 0.4:
            painter.drawText(QRectF(8, 4, 140, 20), self._name)


def bare(turns: int) -> dict[str, float]:
    """The same drawing in a QGraphicsView with an item for every node and wire."""
    document = drawing()
    places = document.layout().positions
    scene = QGraphicsScene()
    pen = QPen(Qt.GlobalColor.gray, 1.5)
    for name, (x, y) in places.items():
        item = _Bare(name)
        item.setPos(x, y)
        scene.addItem(item)
    for node in document.main.nodes.values():
        for source in (s for sources in node.inputs.values() for s in sources):
            (x, y), (tx, ty) = places[source.node], places[node.id]
            path = QPainterPath(QPointF(x + 152, y + 26))
            path.cubicTo(QPointF(x + 200, y + 26), QPointF(tx - 48, ty + 26), QPointF(tx, ty + 26))
            wire = QGraphicsPathItem(path)
            wire.setPen(pen)
            scene.addItem(wire)
    view = QGraphicsView(scene)
    view.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.resize(WIDTH, HEIGHT)
    view.show()
    view.fitInView(scene.sceneRect(), Qt.AspectRatioMode.KeepAspectRatio)
    QApplication.processEvents()
    result = {}
    for name in ("all", "near"):
        if name == "near":
            view.resetTransform()
            view.centerOn(248 * 50, 140 * 50)
            QApplication.processEvents()
        bar = view.horizontalScrollBar()
        first = bar.value()
        view.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        result[f"pan_{name}_ms"] = timed(
            turns, lambda turn: view.translate(24 if turn % 20 < 10 else -24, 0)
        )[0]
        bar.setValue(first)
        result[f"zoom_{name}_ms"] = timed(
            turns, lambda turn: view.scale(*((1.2, 1.2) if turn % 2 == 0 else (1 / 1.2, 1 / 1.2)))
        )[0]
    view.close()
    return {name: round(value, 3) for name, value in result.items()}


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--turns", type=int, default=60, help="frames for each figure")
    arguments = parser.parse_args()
    application = QApplication.instance() or QApplication(["benchmark"])
    with tempfile.TemporaryDirectory() as state:
        os.environ["TSUMIKI_STATE"] = os.environ["TSUMIKI_RUNS"] = state
        figures = measure(arguments.turns)
    figures["bare"] = bare(max(10, arguments.turns // 4))
    figures["reference_ms"] = round(reference_ms(), 3)
    text = json.dumps(figures) if arguments.json else "\n".join(f"{k:14} {v}" for k, v in figures.items())
    sys.stdout.write(text + "\n")
    del application
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
