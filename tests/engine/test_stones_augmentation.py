"""Random views of pictures, each against what it says."""

from __future__ import annotations

import pytest
import torch

from tests.engine.stones import stone


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(500, 2, 9, 7) + 1


def test_some_pictures_are_mirrored(x: torch.Tensor) -> None:
    y = stone("RandomFlip", {"p": 0.3}, x)(x)
    mirrored = (y == x.flip(3)).flatten(1).all(1)
    same = (y == x).flatten(1).all(1)
    assert (mirrored ^ same).all()
    assert mirrored.float().mean().item() == pytest.approx(0.3, abs=0.06)


def test_each_picture_moves_its_own_way(x: torch.Tensor) -> None:
    y = stone("RandomShift", {"most": 2}, x)(x)
    wide = torch.nn.functional.pad(x, (2, 2, 2, 2))
    ways = set()
    for sample in range(500):
        fits = [
            (down, across)
            for down in range(5)
            for across in range(5)
            if torch.equal(y[sample], wide[sample, :, down : down + 9, across : across + 7])
        ]
        assert len(fits) == 1
        ways.update(fits)
    assert len(ways) == 25


def test_one_box_is_hidden(x: torch.Tensor) -> None:
    y = stone("RandomErase", {"share": 0.5}, x)(x)
    hidden = y == 0
    assert torch.equal(hidden[:, 0], hidden[:, 1])
    assert torch.equal(y[~hidden], x[~hidden])
    for box in hidden[:, 0]:
        rows, columns = box.any(1), box.any(0)
        assert torch.equal(box, rows[:, None] & columns)  # a box
        assert rows.sum() <= 5 and columns.sum() <= 4
    assert hidden[:, 0].any(2).any(0).all() and hidden[:, 0].any(1).any(0).all()  # anywhere


def test_pieces_are_cut_anywhere_and_from_the_middle_in_evaluation(x: torch.Tensor) -> None:
    module = stone("RandomCrop", {"size": (6, 7)}, x)
    y = module(x)
    tops = [
        next(top for top in range(4) if torch.equal(y[sample], x[sample, :, top : top + 6]))
        for sample in range(500)
    ]
    assert set(tops) == {0, 1, 2, 3}
    assert torch.equal(module.eval()(x), x[:, :, 1:7])


def test_light_and_contrast_change_within_their_limits(x: torch.Tensor) -> None:
    y = stone("RandomLight", {"brightness": 0.3, "contrast": 0.5}, x)(x)
    lighter = y.mean((1, 2, 3)) - x.mean((1, 2, 3))
    stronger = y.std((1, 2, 3)) / x.std((1, 2, 3))
    assert -0.3 <= lighter.min() < -0.25 and 0.25 < lighter.max() <= 0.3
    assert 0.5 <= stronger.min() < 0.55 and 1.45 < stronger.max() <= 1.5


@pytest.mark.parametrize("name", ["RandomFlip", "RandomShift", "RandomErase", "RandomLight"])
def test_nothing_happens_in_evaluation(name: str, x: torch.Tensor) -> None:
    assert torch.equal(stone(name, {}, x).eval()(x), x)


def test_only_the_largest_gradients_pass() -> None:
    x = torch.randn(3, 2, 4, requires_grad=True)
    pull = torch.randn(3, 2, 4)
    module = stone("TopKGradient", {"k": 3}, x)
    assert torch.equal(module(x), x)
    (gradient,) = torch.autograd.grad((module(x) * pull).sum(), x)
    least = pull.abs().flatten(1).sort(1, descending=True).values[:, 2, None, None]
    assert torch.equal(gradient, torch.where(pull.abs() >= least, pull, 0.0))
