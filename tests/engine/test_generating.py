"""Pictures a trained network makes: held against the same networks called by hand."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from studio.analysis import analyze
from studio.codegen import generate
from studio.engine.build import RunError
from studio.engine.generating import Wish, diffuse, generate_pictures, generator_of, make, redraw
from studio.engine.trained import load_trained
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import create_run
from studio.worker.serve import KINDS
from tests.engine.trained_runs import make_run, train


def quiet(fraction: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def vae(runs: Path) -> Path:
    return make_run("vae", runs / "vae", steps=30)


@pytest.fixture(scope="module")
def told(runs: Path) -> Path:
    return make_run("conditional-vae", runs / "told", steps=30)


@pytest.fixture(scope="module")
def ddpm(runs: Path) -> Path:
    """A diffusion of seven steps."""
    doc = load_preset("ddpm")
    params = tuple(replace(p, default=7) if p.name == "steps" else p for p in doc.params)
    doc = replace(doc, params=params, run=replace(doc.run, batch_size=8))
    run = create_run(runs, project_bytes(doc), generate(doc, analyze(doc)), doc.run, folder=runs / "ddpm")
    train(run, 2, 0.001)
    return run


def pixels(row: dict[str, Any]) -> list[int]:
    return list(base64.b64decode(row["pixels"]))


def test_a_code_is_what_the_decoder_decodes(vae: Path) -> None:
    trained = load_trained(vae)
    code = [0.5 * place - 2 for place in range(16)]
    found = generate_pictures({"run": str(vae), "code": code}, quiet)
    with torch.no_grad():
        by_hand = torch.sigmoid(trained.network.decoder(torch.tensor([code])))  # type: ignore[operator]
    assert found["kind"] == "code" and len(found["pictures"]) == 1
    assert pixels(found["pictures"][0]) == (by_hand * 255).round().to(torch.uint8).flatten().tolist()
    json.dumps(found)


def test_a_seed_gives_the_same_pictures_and_another_seed_others(vae: Path) -> None:
    ask = {"run": str(vae), "count": 5, "seed": 3}
    first, again, other = (generate_pictures({**ask, "seed": seed}, quiet)["pictures"] for seed in (3, 3, 4))
    assert len(first) == 5 and first == again and first != other
    assert pixels(first[0]) != pixels(first[1])


def test_a_class_is_drawn_when_it_is_asked_for(told: Path) -> None:
    trained = load_trained(told)
    ask = {"run": str(told), "count": 3, "seed": 1}
    in_turn, sevens = (generate_pictures({**ask, "label": label}, quiet)["pictures"] for label in (-1, 7))
    generator = generator_of(trained)
    code = torch.randn((3, 8), generator=torch.Generator().manual_seed(1))
    for labels, found in ((torch.arange(3), in_turn), (torch.full((3,), 7), sevens)):
        one_hot = torch.nn.functional.one_hot(labels, 10).float()
        with torch.no_grad():
            by_hand = torch.sigmoid(trained.network.decoder(code, one_hot))  # type: ignore[operator]
        assert torch.allclose(make(trained, generator, Wish(3, 1, labels)), by_hand, atol=1e-6)
        assert pixels(found[0]) == (by_hand[0] * 255).round().to(torch.uint8).flatten().tolist()


def test_a_diffusion_takes_the_steps_of_the_paper(ddpm: Path) -> None:
    trained = load_trained(ddpm)
    network: Any = trained.network
    noise = torch.Generator().manual_seed(5)
    x, states = torch.randn((2, 1, 8, 8), generator=noise), []
    beta = torch.linspace(0.0005, 0.06, 7)
    for t in reversed(range(7)):  # algorithm 2, by hand
        alpha, left = 1 - beta[t], torch.prod(1 - beta[: t + 1])
        states.append(x)
        with torch.no_grad():
            guess = network.network(x, torch.full((2,), t), torch.tensor([4, 9]))
        x = (x - (1 - alpha) / (1 - left).sqrt() * guess) / alpha.sqrt()
        x = x + beta[t].sqrt() * torch.randn(x.shape, generator=noise) if t else x
    found = list(diffuse(trained, generator_of(trained), Wish(2, 5, torch.tensor([4, 9]))))
    assert [step for step, _ in found] == [7, 6, 5, 4, 3, 2, 1, 0]
    for (_, made), by_hand in zip(found, [*states, x], strict=True):
        torch.testing.assert_close(made, by_hand, rtol=1e-4, atol=1e-4)


def test_the_way_from_noise_to_picture_is_told(ddpm: Path) -> None:
    heard: list[float] = []
    ask = {"run": str(ddpm), "count": 2, "seed": 5, "shown": 4}
    found = generate_pictures(ask, lambda fraction, text: heard.append(fraction))
    assert [row["step"] for row in found["steps"]] == [7, 5, 2, 0]
    assert found["steps"][-1]["pictures"] == found["pictures"] != found["steps"][0]["pictures"]
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_old_pictures_stand_beside_what_is_made_of_them(vae: Path) -> None:
    trained = load_trained(vae)
    index = trained.data().split["test"][3:5]
    found = redraw({"run": str(vae), "position": 3, "count": 2}, quiet)
    raw: Tensor = trained.data().loaded.raw("image", index)
    assert [pixels(row) for row in found["before"]] == raw.to(torch.uint8).flatten(1).tolist()
    by_hand = trained.run(*trained.batch(index))[0]
    assert pixels(found["after"][1]) == (by_hand[1] * 255).round().to(torch.uint8).flatten().tolist()


def test_what_can_not_be_made_is_said(vae: Path, ddpm: Path, runs: Path) -> None:
    with pytest.raises(RunError, match="16 numbers, but got 3"):
        generate_pictures({"run": str(vae), "code": [1, 2, 3]}, quiet)
    lenet = make_run("lenet5", runs / "lenet", steps=1)
    with pytest.raises(RunError, match="no pictures by itself"):
        generate_pictures({"run": str(lenet)}, quiet)
    for run in (lenet, ddpm):
        with pytest.raises(RunError, match="no pictures out of pictures"):
            redraw({"run": str(run)}, quiet)


@pytest.mark.parametrize("kind", ["generate_pictures", "redraw"])
def test_the_helper_process_knows_the_request(kind: str) -> None:
    assert KINDS[kind] == ("studio.engine.generating", kind)
