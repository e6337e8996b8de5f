"""The inspector shows the settings that do something, and draws what an Optimizer's schedule does."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.files.presets import load_preset
from studio.graph.model import Node, Source
from studio.layers.schedules import curve
from studio.ui.panels.inspector import Inspector
from studio.ui.session import Session


def shown(inspector: Inspector) -> set[str]:
    """The settings whose rows can be seen, the folded ones included."""
    return {name for name, (form, row) in inspector._rows.items() if form.isRowVisible(row)}


def test_an_optimizer_shows_what_its_algorithm_takes(qtbot: QtBot) -> None:
    session = Session(load_preset("lenet5"))
    inspector = Inspector(session)
    qtbot.addWidget(inspector)
    session.select({"adam"})
    assert "betas" in shown(inspector) and not {"momentum", "patience", "history_size"} & shown(inspector)
    for name, value in (("algorithm", "SGD"), ("schedule", "plateau")):
        session.apply("set", lambda doc, n=name, v=value: edits.set_param(doc, "", "adam", n, v))
    assert {"momentum", "nesterov", "patience"} <= shown(inspector) and "betas" not in shown(inspector)
    assert inspector._more is not None and inspector._notes is not None
    button, rest = inspector._more
    assert str(sum(param.name in shown(inspector) for param in rest)) in button.text()
    assert "downhill" in inspector._notes.algorithm.text()


def test_the_curve_is_the_one_that_is_trained_by(qtbot: QtBot) -> None:
    document = load_preset("lenet5")
    session = Session(replace(document, run=replace(document.run, epochs=4)))
    inspector = Inspector(session)
    qtbot.addWidget(inspector)
    session.select({"adam"})
    assert inspector._notes is not None
    params = {"learning_rate": 0.003, "schedule": "one-cycle"}
    assert inspector._notes.curve.values == curve(params, 400, 100, 240)
    assert "0.003" in inspector._notes.curve.toolTip()
    inspector.resize(320, 900)
    inspector.show()
    qtbot.waitExposed(inspector)
    picture = inspector._notes.curve.grab().toImage()
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 2) for y in range(picture.height())}
    assert len(colours) > 3, "a line is drawn"


def test_a_learned_layer_offers_beginnings(qtbot: QtBot) -> None:
    session = Session(load_preset("lenet5"))
    inspector = Inspector(session)
    qtbot.addWidget(inspector)
    session.select({"conv1"})
    assert "weight_init" in shown(inspector) and "init_mode" not in shown(inspector)
    session.apply("set", lambda doc: edits.set_param(doc, "", "conv1", "weight_init", "kaiming_normal"))
    assert {"init_mode", "init_nonlinearity"} <= shown(inspector) and "init_std" not in shown(inspector)


def test_an_algorithm_that_looks_again_wants_to_be_alone() -> None:
    from studio.analysis import analyze

    document = load_preset("lenet5")
    document = edits.set_param(document, "", "adam", "algorithm", "LBFGS")
    assert not [p for p in analyze(document).problems if p.code == "alone"]
    other = Node("other", "Optimizer", {"order": 2}, {"loss": (Source("loss"),)})
    found = analyze(replace(document, main=document.main.with_node(other))).problems
    assert [p.node for p in found if p.code == "alone"] == ["adam"]
