"""View nodes are seen while a network trains: from a drawing to pixels, with a real worker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.analysis import analyze
from studio.document import edits
from studio.files.presets import load_preset
from studio.files.views import View, read_views, write_views
from studio.graph.model import Node, Source
from studio.ui.panels.views import ViewPicture, ViewsStrip
from studio.ui.runs import RunControl

WAIT_MS = 60_000


def test_a_run_shows_its_views(qtbot: QtBot) -> None:
    document = load_preset("lenet5")
    for name, source in (("raw", "digits"), ("maps", "pool1"), ("answer", "logits")):
        node = Node(name, "View", inputs={"x": (Source(source),)})
        document = edits.add_node(document, "", node, (0.0, 900.0))
    document = replace(document, run=replace(document.run, epochs=1, batch_size=256, device="cpu"))
    control = RunControl()
    strip = ViewsStrip(control)
    qtbot.addWidget(strip)
    control.start(document, analyze(document))
    qtbot.waitUntil(lambda: len(strip._pictures) == 3, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not control.is_live, timeout=WAIT_MS)
    assert control.status is not None and control.status.state == "finished", control.status
    assert not strip.isHidden()
    found = read_views(control.folder)  # type: ignore[arg-type]
    assert {view.kind for view in found.views.values()} == {"image", "heatmap", "histogram"}
    image = strip._pictures["raw"].grab().toImage()
    shades = {
        image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, min(60, image.height()), 3)
    }
    assert len(shades) > 4


@pytest.mark.parametrize(
    "view",
    (
        View("a", "image", [2, 3, 4, 5], 0.0, 1.0, [0.5] * 120),
        View("a", "image", [1, 1, 2, 2], 0.0, 0.0, [float("nan")] * 4),
        View("a", "histogram", [0]),
        View("a", "histogram", [3], 0.0, 1.0, [0.0, 0.0, 0.0]),
        View("a", "heatmap", [2, 3], -1.0, 1.0, [-1.0, 0.0, 1.0, 1.0, 0.0, -1.0]),
        View("a", "curve", [3], 0.0, 1.0, [0.0, float("nan"), 1.0]),
        View("a", "text", [1, 4], numbers=[3, 1, 4, 1]),
        View("a", "text", [2, 2], numbers=[3, 1, 4, 1], text="ab\ncd"),
    ),
)
def test_each_kind_is_painted(qtbot: QtBot, tmp_path: Path, view: View) -> None:
    write_views(tmp_path, 3, [view])
    picture = ViewPicture()
    qtbot.addWidget(picture)
    for dark in (True, False):
        picture.show_view(view, dark)
        assert not picture.grab().isNull()
