"""Drawn training as runs: the worker and train.py agree to the bit, resumes are exact, blocks start from weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.edits import add_weights
from studio.document.model import Document
from studio.engine.build import RunError, build_training, read_plan
from studio.engine.export import export_run
from studio.engine.pretrained import copy_weights, load_pretrained
from studio.engine.trained import load_trained
from studio.files.errors import FileError
from studio.files.project import project_bytes
from studio.files.runs import create_run
from studio.files.views import Views, read_views
from studio.files.weights import describe_weights, leave_weights, recall_weights, remember_weights
from tests.analysis.drawings import document
from tests.analysis.drawings import node as N
from tests.analysis.drawn import gpt, odds, resnet
from tests.engine.drawn_training import belief, boltzmann, cyclegan, distillation, gan, wasserstein
from tests.engine.runs import make_trainer
from tests.engine.test_generated_code import both


def small(doc: Document, **settings: object) -> Document:
    """The drawing with a short run on few samples."""
    for node in doc.main.nodes.values():
        if node.layer == "Data":
            doc = doc.with_graph("", doc.main.with_node(node.with_params({"split": (96, 32, 32)})))
    run = replace(doc.run, **{"batch_size": 16, "epochs": 2, "device": "cpu", "seed": 5} | settings)  # type: ignore[arg-type]
    return replace(doc, run=run)


def run_of(doc: Document, root: Path) -> Path:
    """A run folder of a drawing."""
    return create_run(root, project_bytes(doc), generate(doc, analyze(doc)), doc.run)


def attentive() -> Document:
    """A critic with attention whose slope is held: attention must be differentiated twice."""
    heads = {"query": "rows", "key": "rows", "value": "rows"}
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("rows", "Reshape", {"x": "digits.image"}, shape=(8, 8)),
        N("attention", "MultiheadAttention", heads, num_heads=2),
        N("flat", "Flatten", {"x": "attention"}),
        N("score", "Linear", {"x": "flat"}, out_features=1),
        N("up", "Wasserstein", {"score": "score"}),
        N("steep", "GradientPenalty", {"input": "rows", "score": "score"}),
        N("adam", "Optimizer", {"loss": ["up", "steep"]}),
        N("out", "Output", {"x": "score"}),
        title="Attentive critic",
    )


@pytest.mark.parametrize(
    ("doc", "epochs"),
    [
        (gan(), 2),
        (belief(), 4),
        (distillation(), 2),
        (odds(), 2),
        (cyclegan(), 1),
        (wasserstein(), 2),
        (attentive(), 1),
        (boltzmann(), 5),
    ],
)
def test_train_py_gives_the_losses_of_the_studio_to_the_bit(
    doc: Document, epochs: int, tmp_path: Path
) -> None:
    doc = small(doc, epochs=epochs)
    reader, losses, _ = both(doc, tmp_path)
    nodes = [node for node in doc.main.nodes.values() if node.layer == "Optimizer"]
    nodes.sort(key=lambda node: (int(str(node.params.get("order", 1))), node.id))
    names = [f"train.{node.id}" for node in nodes] if len(nodes) > 1 else ["train.loss"]
    points = [
        (step, place, value)
        for place, name in enumerate(names)
        for step, value in zip(*_points(reader.series[name]), strict=True)
    ]
    assert [value for _, _, value in sorted(points)] == losses


def _points(series: object) -> tuple[list[int], list[float]]:
    return series.steps, series.values  # type: ignore[attr-defined]


@pytest.mark.parametrize("doc", [gan(), belief(), odds(), boltzmann()])
def test_a_run_resumes_exactly(doc: Document, tmp_path: Path) -> None:
    doc = small(doc, epochs=4, steps=17)
    whole = make_trainer(run_of(doc, tmp_path / "whole"))
    assert whole.run() == "finished"
    folder = run_of(doc, tmp_path / "parts")
    first = make_trainer(folder)
    first.train_until(9)
    first._save(is_best=False)
    first.saver.wait()
    second = make_trainer(folder)
    assert second.state.step == 9 and second.run() == "finished"
    for (name, one), two in zip(whole.training.state_dict().items(), second.training.state_dict().values()):
        assert torch.equal(one, two), name


def test_views_show_what_flows_without_disturbing(tmp_path: Path) -> None:
    doc = small(odds())
    doc = doc.with_graph("", doc.main.with_node(N("picture", "View", {"x": "digits.image"})))
    doc = doc.with_graph("", doc.main.with_node(N("spread", "View", {"x": "logits"})))
    assert read_views(tmp_path) == Views()
    folder = run_of(doc, tmp_path / "watched")
    watched = make_trainer(folder)
    assert watched.run() == "finished"
    views = read_views(folder)
    assert views.step >= 0 and set(views.views) == {"look", "picture", "spread"}
    picture, spread, look = views.views["picture"], views.views["spread"], views.views["look"]
    assert (picture.kind, picture.shape) == ("image", [16, 1, 8, 8]) and len(picture.numbers) == 16 * 64
    assert (look.kind, look.shape) == ("heatmap", [8, 32])
    assert spread.kind == "histogram" and sum(spread.numbers) == 16 * 10
    plain = doc.with_graph("", doc.main.without("look", "picture", "spread"))
    other = make_trainer(run_of(plain, tmp_path / "plain"))
    other.run()
    for one, two in zip(watched.training.state_dict().values(), other.training.state_dict().values()):
        assert torch.equal(one, two)


def test_an_average_that_stands_in_is_what_leaves(tmp_path: Path) -> None:
    folder = run_of(small(odds()), tmp_path)
    trainer = make_trainer(folder)
    trainer.run()
    trained = load_trained(folder)
    slow = trained.training.get_submodule("slow").state_dict()
    assert all(torch.equal(slow[name], value) for name, value in trained.network.first.state_dict().items())


def pretrained(root: Path) -> tuple[Document, dict[str, torch.Tensor]]:
    """A distillation whose teacher has trained weights, saved from a network in which it was called body."""
    doc = small(distillation())
    torch.manual_seed(9)
    teacher = build_training(run_of(doc, root / "earlier"), 1).get_submodule("teacher")
    weights = {
        name: torch.rand_like(value.double()).to(value.dtype) for name, value in teacher.state_dict().items()
    }
    path = root / "teacher.safetensors"
    save_file({f"body.{name}": value for name, value in weights.items()}, path)
    remember_weights("wise", path)
    doc = add_weights(doc, "wise", describe_weights(path))
    node = doc.main.nodes["teacher"].with_params({"weights": "wise"})
    return doc.with_graph("", doc.main.with_node(node)), weights


def test_a_block_starts_from_trained_weights(tmp_path: Path) -> None:
    doc, weights = pretrained(tmp_path)
    assert analyze(doc).can_run
    assert "“wise”" in analyze(replace(doc, weights={})).problems[0].message
    folder = run_of(doc, tmp_path / "runs")
    plan = read_plan(folder)
    training = build_training(folder, 1)
    load_pretrained(plan, training)
    own = training.get_submodule("teacher").state_dict()
    assert all(torch.equal(own[name], value) for name, value in weights.items())
    settings = generate(doc, analyze(doc)).training["pretrained"]
    (left,) = leave_weights(settings, tmp_path / "source")
    assert left.name == "wise.safetensors" and left.parent.name == "weights"
    text = generate(doc, analyze(doc)).files["train.py"]
    assert 'training.teacher.load_state_dict(load_file("weights/wise.safetensors"))' in text


def test_weights_that_do_not_fit_are_refused_in_words(tmp_path: Path) -> None:
    doc, weights = pretrained(tmp_path)
    folder = run_of(doc, tmp_path / "runs")
    plan, training = read_plan(folder), build_training(folder, 1)
    teacher = training.get_submodule("teacher")
    with pytest.raises(RunError, match="lack 2 of its"):
        copy_weights(teacher, {n: v for n, v in weights.items() if "narrow" not in n}, "teacher")
    with pytest.raises(RunError, match="wide.weight is 3×3, but the block needs 64×64"):
        copy_weights(teacher, {**weights, "wide.weight": torch.zeros(3, 3)}, "teacher")
    path = recall_weights("wise")
    assert path is not None
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(RunError, match="no longer the weights"):
        load_pretrained(plan, training)
    path.unlink()
    with pytest.raises(RunError, match="not on this machine"):
        load_pretrained(plan, training)
    (tmp_path / "no.safetensors").write_bytes(json.dumps({}).encode())
    with pytest.raises(FileError, match="holds no weights"):
        describe_weights(tmp_path / "no.safetensors")


@pytest.mark.parametrize("doc", [odds(), gpt(), resnet((2, 1, 1, 1)), gan()])
def test_networks_of_blocks_leave_as_onnx(doc: Document, tmp_path: Path) -> None:
    folder = run_of(replace(doc, run=replace(doc.run, device="cpu", steps=2, batch_size=8)), tmp_path)
    trainer = make_trainer(folder)
    trainer.train_until(2)
    trainer._save(is_best=False)
    trainer.saver.wait()
    result = export_run(folder, tmp_path / "net.onnx", lambda fraction, text: None)
    assert result["max_abs_error"] <= 1e-4
