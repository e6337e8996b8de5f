"""What a scene holds, how wires run, what fits and what is found; without a hand."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from studio.analysis import analyze
from studio.document import edits
from studio.document.model import Document, Frame
from studio.files.presets import load_preset
from studio.graph.expression import parse
from studio.graph.model import Graph, Node, Source
from studio.graph.persistent import PersistentMap
from studio.ui.canvas.cards import long_shape, shape_text
from studio.ui.canvas.geometry import Box, card_height, port_y
from studio.ui.canvas.placing import arrange
from studio.ui.canvas.routing import route_all
from studio.ui.canvas.scene import Scene, instance_prefix
from studio.ui.canvas.search_box import layer_entries, ranked
from studio.ui.canvas.view import CanvasView
from studio.ui.picture import paint_document, write_picture
from studio.ui.session import Session
from studio.ui.tokens import category_colour


def scene_of(document: Document, key: str = "") -> Scene:
    scene = Scene()
    scene.sync(document, key, analyze(document))
    return scene


def test_lenet_as_drawn(qtbot: QtBot) -> None:
    scene = scene_of(load_preset("lenet5"))
    assert scene.card("conv1").line == "Conv2d · 6, 5×5"
    assert scene.card("conv1").outputs[0].text == "N 6 28 28"
    assert scene.card("adam").line == "AdamW · trains all"
    assert [mark.kind for mark in scene.card("digits").outputs] == ["float", "int"]
    assert scene.card("digits").outputs[1].text == "label N int64"
    assert scene.card("loss").outputs[0].text == "loss"
    assert scene.card("head").block == "head"


def test_inside_a_block_shapes_of_its_first_use_show(qtbot: QtBot) -> None:
    document = load_preset("lenet5")
    assert instance_prefix(document, "head") == "head/"
    assert scene_of(document, "head").card("linear1").outputs[0].text == "N 120"


def test_no_routed_wire_crosses_a_card(qtbot: QtBot) -> None:
    scene = scene_of(load_preset("lenet5"))
    for wire in scene.wires:
        points = scene.route(wire).points
        for name in scene.ids:
            if name in (wire.node, wire.source.node):
                continue
            box = scene.box(name).grown(-2)
            inside = (points[:, 0] > box.x) & (points[:, 0] < box.right)
            inside &= (points[:, 1] > box.y) & (points[:, 1] < box.bottom)
            assert not inside.any(), (wire, name)


def test_unchanged_cards_are_the_same_objects(qtbot: QtBot) -> None:
    document = load_preset("lenet5")
    scene, before = Scene(), analyze(document)
    scene.sync(document, "", before)
    cards = dict(zip(scene.ids, scene.cards, strict=True))
    after = edits.set_param(document, "", "logits", "out_features", 12)
    scene.sync(after, "", analyze(after, before))
    assert scene.card("conv1") is cards["conv1"]
    assert scene.card("logits") is not cards["logits"]


def test_backward_wire_goes_round_and_is_found_by_the_mouse() -> None:
    boxes = np.array([[0, 0, 152, 52], [0, 140, 152, 192]], float)
    (way,) = route_all([(152, 26, 0, 166)], [""], boxes)
    assert way.points[:, 0].max() > 152
    assert way.points[:, 0].min() < 0
    x, y = way.label
    assert 52 < y < 140
    assert way.distance(x, y) < 1
    assert way.touches(Box(x, y, 1, 1))
    assert way.crosses((x, y - 20), (x, y + 20))


def test_straight_neighbours_get_a_flat_wire() -> None:
    (way,) = route_all([(152, 26, 248, 26)], ["N 1"], np.zeros((0, 4)))
    assert way.flat
    assert way.room > 70


@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_ports_stand_on_their_card(count: int) -> None:
    height = card_height(count, 1)
    places = [port_y(at, count, height) for at in range(count)]
    assert places[0] >= 12
    assert places[-1] <= height - 12
    assert places == sorted(places)


def test_long_chain_is_folded_without_overlap() -> None:
    nodes = {}
    for at in range(60):
        fed = {"x": (Source(f"n{at - 1}"),)} if at else {}
        nodes[f"n{at}"] = Node(f"n{at}", "ReLU", inputs=fed)
    places = arrange(Graph(PersistentMap(nodes)), dict.fromkeys(nodes, (152.0, 52.0)))
    assert len(set(places.values())) == 60
    width, height = (max(p[axis] for p in places.values()) for axis in (0, 1))
    assert 0.4 < width / height < 6


def test_missing_places_are_found(qtbot: QtBot) -> None:
    document = edits.add_node(
        load_preset("lenet5"), "", Node("extra", "ReLU", inputs={"x": (Source("conv1"),)})
    )
    scene = scene_of(document)
    box = scene.box("extra")
    touched = [scene.ids[int(at)] for at in scene.inside(box)]
    assert touched == ["extra"]


def test_shape_texts(qtbot: QtBot) -> None:
    spec = scene_of(load_preset("lenet5")).card("conv2").outputs[0].spec
    assert spec is not None
    assert shape_text(spec) == "N 16 10 10"
    assert long_shape(spec).endswith("float32")
    assert shape_text(None) == ""


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("conv2", "Conv2d"),
        ("lin", "Linear"),
        ("relu", "ReLU"),
        ("crossent", "CrossEntropy"),
        ("畳み込み", "Conv"),
    ],
)
def test_search_finds(typed: str, first: str) -> None:
    found = ranked(layer_entries(), typed)
    assert found
    assert found[0].title.startswith(first)


def test_search_offers_blocks_and_hides_inputs() -> None:
    titles = [entry.title for entry in layer_entries(["head"])]
    assert "head" in titles
    assert "Input" not in titles
    assert "Input" in [entry.title for entry in layer_entries(inside_block=True)]


@pytest.mark.parametrize("end", ["png", "svg", "pdf"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(qtbot: QtBot, tmp_path: Path, end: str, theme: str) -> None:
    path = tmp_path / f"lenet.{end}"
    write_picture(load_preset("lenet5"), path, theme)
    assert path.stat().st_size > 5_000
    if end == "png":
        image = QImage(str(path))
        assert image.width() > 1500
        places = ((x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9))
        assert len({image.pixel(x, y) for x, y in places}) > 20


def test_pictures_of_other_kinds_are_refused(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.png"):
        write_picture(Document(), tmp_path / "x.bmp")
    with pytest.raises(ValueError, match="folder"):
        write_picture(Document(), tmp_path / "none" / "x.png")


def test_empty_and_broken_documents_are_painted(qtbot: QtBot, tmp_path: Path) -> None:
    write_picture(Document(), tmp_path / "empty.png")
    nodes = {
        "a": Node("a", "NoSuchLayer", inputs={"q": (Source("gone"),)}),
        "b": Node("b", "Block", {"block": "?"}),
    }
    write_picture(Document(main=Graph(PersistentMap(nodes))), tmp_path / "broken.png")
    assert (tmp_path / "broken.png").exists()


def test_a_card_says_what_a_use_sets_of_its_block(qtbot: QtBot) -> None:
    document = edits.expose_param(load_preset("lenet5"), "head", "linear1", "out_features", "width")
    assert scene_of(document).card("head").line.endswith("width 120")
    document = edits.set_argument(document, "", "head", "width", 60)
    assert scene_of(document).card("head").line.endswith("width 60")


def test_cards_of_the_main_graph_say_what_expressions_come_to(qtbot: QtBot) -> None:
    resnet = load_preset("resnet")
    scene = scene_of(resnet)
    assert scene.card("photos").line == "Data · fashion-5k"
    assert scene.card("stage2").line.endswith("width 32, depth 1, stride 2")
    card = scene.card("head")
    wide = edits.set_value(resnet, "width", 24)
    scene.sync(wide, "", analyze(wide))
    assert scene.card("stage2").line.endswith("width 48, depth 1, stride 2")
    scene.sync(wide, "stage", analyze(wide))
    assert "width" in scene.card("basics").line  # in a block it differs from use to use
    unknown = edits.set_argument(wide, "", "stage2", "width", parse("2*nothing"))
    assert "width 2*nothing" in scene_of(unknown).card("stage2").line
    assert card.id == "head"


def test_small_pictures_go_without_the_words_of_frames_and_long_titles_are_cut(qtbot: QtBot) -> None:
    def drawn(title: str, size: tuple[int, int]) -> QImage:
        document = edits.add_frame(load_preset("mlp-xor"), "", Frame("frame1", title, -20, -40, 700, 400))
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        paint_document(painter, QRectF(0, 0, *size), document, analyze(document), "dark")
        painter.end()
        return image

    whole = scene_of(load_preset("mlp-xor")).bounds()
    assert whole is not None
    small = (round(whole.width * 0.45), round(whole.height * 0.45) + 60)
    assert drawn("words", small) == drawn("", small)
    large = (round(whole.width * 0.95), round(whole.height * 0.95) + 100)
    assert drawn("words", large) != drawn("", large)
    assert drawn("words " * 40, large) == drawn("words " * 80, large)


def test_preset_pictures_show_every_card_in_its_colour(qtbot: QtBot) -> None:
    document = load_preset("lenet5")
    image = QImage(320, 140, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    paint_document(painter, QRectF(0, 0, 320, 140), document, analyze(document), "dark")
    painter.end()
    seen = {image.pixelColor(x, y).name() for x in range(320) for y in range(140)}
    categories = {card.category for card in scene_of(document).cards}
    assert {category_colour(one, True).lower() for one in categories} <= seen


def test_a_whole_view_stays_whole_when_the_window_shrinks_and_a_chosen_one_stays(qtbot: QtBot) -> None:
    session = Session(load_preset("lenet5"))
    view = CanvasView(session)
    qtbot.addWidget(view)
    view.resize(1200, 800)
    view.show()
    qtbot.waitExposed(view)
    view.zoom_to_all()
    view.resize(1200, 500)
    box, seen = view.scene.bounds(), view.seen()
    assert box is not None and seen.y <= box.y and box.bottom <= seen.bottom
    view.pan(37, 5)
    chosen = view.camera.state()
    view.resize(1200, 400)
    assert view.camera.state() == chosen
