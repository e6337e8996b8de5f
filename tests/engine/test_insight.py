"""What the window asks of a trained network, in the plain JSON it gets."""

from __future__ import annotations

import base64
import importlib
import json
from pathlib import Path

import pytest
import torch

from studio.engine.build import RunError
from studio.engine.insight import generate_text, mistakes, predict, sample
from studio.engine.trained import load_trained
from studio.worker.serve import KINDS
from tests.engine.trained_runs import make_run, train


def quiet(fraction: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run("lenet5", tmp_path_factory.mktemp("lenet") / "run", steps=60)


def test_prediction_of_a_test_sample_is_that_of_the_network(lenet: Path) -> None:
    trained = load_trained(lenet)
    index = trained.data().split["test"][:1]
    raw = trained.data().loaded.raw("image", index).to(torch.uint8)
    pixels = base64.b64encode(bytes(raw.flatten().tolist())).decode()
    found = predict({"run": str(lenet), "pixels": pixels}, quiet)["classes"]
    expected = torch.softmax(trained.run(*trained.batch(index))[0][0], -1)
    assert [name for name, _ in found] == list("0123456789")
    assert [share for _, share in found] == pytest.approx(expected.tolist(), abs=1e-6)


def test_pixels_are_scaled_to_the_raw_values_of_the_set(lenet: Path) -> None:
    white = base64.b64encode(b"\xff" * 784).decode()
    found = dict(predict({"run": str(lenet), "pixels": white}, quiet)["classes"])
    trained = load_trained(lenet)
    scaling = trained.data().batches.scaling["image"]  # the preset's own, whichever it is
    expected = torch.softmax(trained.run(scaling.apply_(torch.full((1, 1, 28, 28), 255.0)))[0][0], -1)
    assert list(found.values()) == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize("pixels", ["", "AAAA", "not base64!"])
def test_a_picture_of_another_size_is_said(lenet: Path, pixels: str) -> None:
    with pytest.raises(RunError, match="28 x 28"):
        predict({"run": str(lenet), "pixels": pixels}, quiet)


def test_mistakes_are_wrong_and_the_surest_come_first(lenet: Path) -> None:
    result = mistakes({"run": str(lenet), "count": 10}, quiet)
    json.dumps(result)
    found = result["mistakes"]
    assert 0 < len(found) <= 10
    assert all(item["truth"] != item["answer"] for item in found)
    assert [item["share"] for item in found] == sorted((item["share"] for item in found), reverse=True)
    trained = load_trained(lenet)
    for item in found:
        assert item["index"] in trained.data().split["test"]
        assert len(base64.b64decode(item["pixels"])) == item["width"] * item["height"] == 784
        again = dict(predict({"run": str(lenet), "pixels": item["pixels"]}, quiet)["classes"])
        assert max(again, key=lambda name: again[name]) == item["answer"]
        assert again[item["answer"]] == pytest.approx(item["share"], abs=1e-5)


def test_mistakes_of_a_table_show_its_first_features(tmp_path: Path) -> None:
    run = make_run("spirals-mlp", tmp_path / "run", steps=3)
    item = mistakes({"run": str(run), "count": 3}, quiet)["mistakes"][0]
    assert item["pixels"] == "" and item["text"].startswith("x ") and ", y " in item["text"]


def test_one_score_knows_two_classes(tmp_path: Path) -> None:
    run = make_run("perceptron", tmp_path / "run", steps=2)
    trained = load_trained(run)
    index = trained.data().part("test")
    shares = trained.shares(trained.run(*trained.batch(index))[0])
    assert shares.shape == (len(index), 2)
    assert torch.allclose(shares.sum(-1), torch.ones(len(index)))


def test_text_goes_on_from_what_is_known_of_the_prompt(tmp_path: Path) -> None:
    run = make_run("char-lstm", tmp_path / "run", steps=3)
    args = {"run": str(run), "prompt": "It was 漢", "length": 90, "temperature": 0.8}
    first = generate_text(args, quiet)["text"]
    assert first.startswith("It was ") and len(first) == 7 + 90
    assert generate_text(args, quiet)["text"] == first
    assert len(generate_text({**args, "prompt": "", "temperature": 0, "length": 5}, quiet)["text"]) == 6


def test_a_text_in_pieces_goes_on_from_any_prompt(tmp_path: Path) -> None:
    run = make_run("gpt-pieces", tmp_path / "run", steps=2)
    args = {"run": str(run), "prompt": "It was 漢", "length": 30, "temperature": 0.8}
    found = generate_text(args, quiet)
    assert found["prompt"] == "It was 漢" and found["text"].startswith("It was 漢")
    assert generate_text(args, quiet) == found
    spelling = load_trained(run).data().loaded.spelling
    assert spelling is not None
    greedy = generate_text({**args, "temperature": 0, "length": 1}, quiet)["text"]
    ids = spelling.encode("It was 漢")
    last = load_trained(run).run(torch.tensor([ids]))[0][0, -1]
    assert greedy == spelling.decode([*ids, int(last.argmax())])


def test_a_passage_of_pieces_is_shown_as_text(tmp_path: Path) -> None:
    run = make_run("bert", tmp_path / "run", steps=2)
    found = sample({"run": str(run), "position": 3}, quiet)
    data = load_trained(run).data()
    index = data.part("test")[3:4]
    assert data.loaded.spelling is not None
    assert found["text"] == data.loaded.spelling.decode(data.loaded.raw("tokens", index)[0].tolist())
    assert found["truth"] in ("speech", "narration") and len(found["classes"]) == 2


def test_a_new_checkpoint_is_seen(tmp_path: Path) -> None:
    run = make_run("mlp-xor", tmp_path / "run", steps=2)
    before = load_trained(run)
    assert load_trained(run) is before and before.step == 2
    train(run, 4, 0.005)
    assert load_trained(run).step == 4


def test_the_worker_knows_every_job() -> None:
    for kind in ("predict", "mistakes", "generate_text", "export"):
        module, name = KINDS[kind]
        assert callable(getattr(importlib.import_module(module), name))
