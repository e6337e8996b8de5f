"""Positions, tokens and masks, each against a formula of its own."""

from __future__ import annotations

import math

import pytest
import torch

from tests.engine.stones import stone


def test_sinusoidal_positions_are_those_of_the_paper() -> None:
    x = torch.zeros(2, 7, 10)
    y = stone("SinusoidalPositions", {}, x)(x)
    for time in range(7):
        for feature in range(10):
            angle = time / 10000 ** ((feature - feature % 2) / 10)
            wanted = math.cos(angle) if feature % 2 else math.sin(angle)
            assert y[1, time, feature].item() == pytest.approx(wanted, abs=1e-5)


def test_rotary_positions_multiply_complex_numbers() -> None:
    x = torch.randn(2, 3, 9, 8)
    y = stone("RotaryPositions", {}, x)(x)
    rate = 10000.0 ** (-torch.arange(4) / 4)
    turn = torch.polar(torch.ones(9, 4), torch.arange(9)[:, None] * rate)
    wanted = torch.complex(x[..., :4], x[..., 4:]) * turn
    torch.testing.assert_close(y, torch.cat([wanted.real, wanted.imag], -1), atol=1e-5, rtol=1e-5)


def test_rotated_scores_depend_on_the_distance_alone() -> None:
    query, key = torch.randn(8), torch.randn(8)
    module = stone("RotaryPositions", {"base": 100.0}, torch.zeros(1, 12, 8))
    scores = module(query.expand(1, 12, 8))[0] @ module(key.expand(1, 12, 8))[0].T
    for distance in range(-11, 12):
        torch.testing.assert_close(
            scores.diagonal(distance), scores.diagonal(distance)[:1].expand(12 - abs(distance))
        )


def test_learned_positions_add_their_rows() -> None:
    x = torch.randn(2, 5, 4)
    module = stone("LearnedPositions", {"length": 9}, x)
    torch.testing.assert_close(module(x) - x, module.layer.weight[:5].expand(2, 5, 4))


def test_a_relative_bias_is_one_number_a_distance() -> None:
    x = torch.zeros(1, 9, 3)
    module = stone("RelativePositionBias", {"heads": 2, "farthest": 3}, x)
    bias, table = module(x), module.layer.weight
    for row in range(9):
        for column in range(9):
            distance = max(-3, min(3, column - row))
            assert torch.equal(bias[:, row, column], table[distance + 3])


def test_a_window_bias_is_one_number_a_way() -> None:
    x = torch.zeros(1, 6, 3)
    module = stone("WindowPositionBias", {"heads": 2, "window": (2, 3)}, x)
    bias, table = module(x), module.layer.weight.view(3, 5, 2)
    for row in range(6):
        for column in range(6):
            down, across = row // 3 - column // 3, row % 3 - column % 3
            assert torch.equal(bias[:, row, column], table[down + 1, across + 2])


def test_alibi_falls_with_the_distance() -> None:
    x = torch.zeros(1, 5, 3)
    bias = stone("ALiBi", {"heads": 8}, x)(x)
    assert [bias[head, 0, 1].item() for head in range(8)] == [-(2.0**-n) for n in range(1, 9)]
    torch.testing.assert_close(bias[3], bias[3].T)
    torch.testing.assert_close(bias[:, 4, 1], 3 * bias[:, 1, 0])


def test_patches_are_cut_row_by_row() -> None:
    x = torch.randn(2, 3, 8, 12)
    module = stone("PatchEmbedding", {"embedding_dim": 5, "patch_size": (2, 4)}, x)
    patch = x[1, :, 2:4, 8:12]  # second row, third column of 4 x 3 patches
    weight = module.layer.weight.flatten(1)
    torch.testing.assert_close(module(x)[1, 5], weight @ patch.flatten() + module.layer.bias)


def test_a_class_token_stands_first_for_each_sample() -> None:
    x = torch.randn(3, 4, 6)
    module = stone("ClassToken", {"count": 2}, x)
    torch.nn.init.normal_(module.layer.token)
    y = module(x)
    assert torch.equal(y[:, 2:], x)
    assert torch.equal(y[:, :2], module.layer.token.expand(3, 2, 6))


def test_merged_patches_hold_their_four_corners() -> None:
    x = torch.randn(1, 4, 6, 2)
    module = stone("PatchMerge", {}, x)
    corners = torch.cat([x[0, 2, 4], x[0, 3, 4], x[0, 2, 5], x[0, 3, 5]])
    wanted = module.layer.reduction(module.layer.norm(corners))
    torch.testing.assert_close(module(x)[0, 1, 2], wanted)


def test_joined_steps_keep_their_order() -> None:
    x = torch.arange(12.0).view(1, 6, 2)
    y = stone("JoinSteps", {"factor": 3}, x)(x)
    assert y.tolist() == [[[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]]


@pytest.mark.parametrize("window", [0, 1, 3])
def test_a_causal_mask_shows_the_past(window: int) -> None:
    x = torch.zeros(2, 6, 1)
    seen = stone("CausalMask", {"window": window}, x)(x)
    hidden = stone("CausalMask", {"window": window, "true_means": "hide"}, x)(x)
    for row in range(6):
        for column in range(6):
            wanted = column <= row and (window == 0 or row - column < window)
            assert seen[row, column].item() == wanted
    assert torch.equal(hidden, ~seen)


def test_a_causal_mask_fits_attention() -> None:
    x = torch.randn(2, 4, 6, 8)
    mask = stone("CausalMask", {}, x[:, 0])(x[:, 0])
    attend = torch.nn.functional.scaled_dot_product_attention
    torch.testing.assert_close(attend(x, x, x, attn_mask=mask), attend(x, x, x, is_causal=True))


def test_a_padding_mask_finds_the_fillers() -> None:
    tokens = torch.tensor([[5, 3, 0, 0], [1, 2, 3, 4]])
    assert stone("PaddingMask", {}, tokens)(tokens).tolist() == [[True, True, False, False], [True] * 4]
    params = {"for_heads": True, "true_means": "hide"}
    assert torch.equal(stone("PaddingMask", params, tokens)(tokens), (tokens == 0)[:, None, None])


def test_masked_tokens_follow_the_shares_of_bert() -> None:
    torch.manual_seed(0)
    tokens = torch.randint(0, 50, (200, 500))
    module = stone("MaskTokens", {"words": 50}, tokens)
    masked, target = module(tokens)
    chosen = target != -100
    assert torch.equal(target[chosen], tokens[chosen])
    assert torch.equal(masked[~chosen], tokens[~chosen])
    assert chosen.float().mean().item() == pytest.approx(0.15, abs=0.01)
    hidden, same = masked[chosen] == 50, masked[chosen] == tokens[chosen]
    assert hidden.float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert same.float().mean().item() == pytest.approx(0.1 + 0.1 / 50, abs=0.02)


def test_in_evaluation_the_same_tokens_are_hidden_each_time() -> None:
    tokens = torch.randint(0, 9, (4, 20))
    module = stone("MaskTokens", {"words": 9, "share": 0.25, "mask": 3}, tokens).eval()
    masked, target = module(tokens)
    chosen = torch.arange(20) % 4 == 0
    assert torch.equal(target != -100, chosen.expand(4, 20))
    assert (masked[:, chosen] == 3).all() and torch.equal(masked[:, ~chosen], tokens[:, ~chosen])
    assert torch.equal(module(tokens)[0], masked)


def test_fourier_features_are_waves_of_fixed_directions() -> None:
    x = torch.rand(4, 2)
    module = stone("FourierFeatures", {"count": 5, "scale": 2.0}, x)
    angle = 2 * math.pi * x @ module.layer.direction
    torch.testing.assert_close(module(x), torch.cat([angle.cos(), angle.sin()], -1))
    assert "layer.direction" in module.state_dict() and not list(module.parameters())
