"""The counts of a trained network, held against the network itself, and the samples behind a count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from studio.engine.build import RunError
from studio.engine.confusion import confusion, samples
from studio.engine.insight import mistakes
from studio.engine.trained import load_trained
from studio.worker.serve import KINDS
from tests.engine.trained_runs import make_run


def quiet(fraction: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run("lenet5", tmp_path_factory.mktemp("lenet") / "run", steps=30)


def test_every_test_sample_is_counted_once_where_the_network_puts_it(lenet: Path) -> None:
    found = confusion({"run": str(lenet)}, quiet)
    json.dumps(found)
    trained = load_trained(lenet)
    part = trained.data().part("test", "validation")
    truth = trained.data().loaded.raw("label", part).reshape(-1)
    said = torch.cat([trained.run(*trained.batch(piece))[0].argmax(-1) for piece in part.split(100)])
    assert found["classes"] == list("0123456789")
    expected = torch.zeros(10, 10, dtype=torch.int64)
    expected.index_put_((truth, said), torch.ones(len(part), dtype=torch.int64), accumulate=True)
    assert found["counts"] == expected.tolist()
    wrong = int(expected.sum() - expected.diagonal().sum())
    assert wrong == len(mistakes({"run": str(lenet), "count": 10_000}, quiet)["mistakes"])
    place = {int(index): at for at, index in enumerate(part)}
    for row, column, cell in found["samples"]:
        assert len(cell) == min(24, expected[row, column])
        assert [share for _, share in cell] == sorted((share for _, share in cell), reverse=True)
        for index, _ in cell:
            assert (int(truth[place[index]]), int(said[place[index]])) == (row, column)


def test_the_samples_of_a_count_are_shown(lenet: Path) -> None:
    row, column, cell = confusion({"run": str(lenet)}, quiet)["samples"][0]
    indices = [index for index, _ in cell]
    found = samples({"run": str(lenet), "indices": indices}, quiet)["samples"]
    assert [item["index"] for item in found] == indices
    assert all(item["width"] == item["height"] == 28 for item in found)
    outside = int(load_trained(lenet).data().part("train")[0])
    with pytest.raises(RunError, match="Count again"):
        samples({"run": str(lenet), "indices": [outside]}, quiet)


def test_a_network_without_classes_says_so(tmp_path: Path) -> None:
    run = make_run("universal-approximation", tmp_path / "run", steps=2)
    with pytest.raises(RunError, match="does not choose between classes"):
        confusion({"run": str(run)}, quiet)


def test_two_classes_by_one_number_are_counted(tmp_path: Path) -> None:
    found = confusion({"run": str(make_run("mlp-xor", tmp_path / "run", steps=2))}, quiet)
    assert len(found["classes"]) == len(found["counts"]) == 2
    assert sum(map(sum, found["counts"])) > 0


def test_the_worker_knows_both() -> None:
    assert {"confusion", "samples"} <= set(KINDS)
