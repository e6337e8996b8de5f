"""Learned stones, gates, graphs and style, each against a formula of its own."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tests.engine.stones import stone


def test_stochastic_depth_keeps_the_mean_and_does_nothing_in_evaluation() -> None:
    torch.manual_seed(0)
    x = torch.ones(10_000, 3)
    module = stone("StochasticDepth", {"p": 0.25}, x)
    y = module(x)
    assert y.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(y[:, 0], y[:, 2])
    assert y.mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(module.eval()(x), x)


@pytest.mark.parametrize(("activation", "gate"), [("relu", "sigmoid"), ("silu", "hardsigmoid")])
def test_squeeze_and_excitation_is_two_dense_layers_of_the_mean(activation: str, gate: str) -> None:
    x = torch.randn(2, 6, 4, 5)
    module = stone("SqueezeExcitation", {"squeeze_channels": 3, "activation": activation, "gate": gate}, x)
    inner = module.layer
    mean = x.mean((2, 3))
    narrow = getattr(F, activation)(F.linear(mean, inner.fc1.weight.flatten(1), inner.fc1.bias))
    scores = F.linear(narrow, inner.fc2.weight.flatten(1), inner.fc2.bias)
    weight = scores.sigmoid() if gate == "sigmoid" else ((scores + 3) / 6).clamp(0, 1)
    torch.testing.assert_close(module(x), x * weight[:, :, None, None])


def test_a_separable_convolution_is_one_of_rank_one_filters() -> None:
    x = torch.randn(2, 3, 7, 8)
    module = stone("SeparableConv2d", {"out_channels": 5, "padding": 1, "stride": 2}, x)
    depth, point = module.layer[0].weight, module.layer[1].weight
    full = point[:, :, 0, 0, None, None] * depth[None, :, 0]  # 5 3 k k
    torch.testing.assert_close(module(x), F.conv2d(x, full, module.layer[1].bias, 2, 1))


def test_a_causal_convolution_never_sees_the_future() -> None:
    x = torch.randn(1, 2, 20, requires_grad=True)
    module = stone("CausalConv1d", {"out_channels": 3, "kernel_size": 3, "dilation": 4}, x)
    (gradient,) = torch.autograd.grad(module(x)[0, :, 12].sum(), x)
    assert [at for at in range(20) if gradient[0, :, at].any()] == [4, 8, 12]


def test_standardized_filters_have_mean_zero_and_spread_one() -> None:
    x = torch.randn(2, 3, 6, 6)
    module = stone("WeightStandardizedConv2d", {"out_channels": 4, "bias": False}, x)
    weight = module.layer.weight.flatten(1)
    standard = (weight - weight.mean(1, keepdim=True)) / weight.std(1, correction=0, keepdim=True)
    wanted = F.conv2d(x, standard.view_as(module.layer.weight))
    torch.testing.assert_close(module(x), wanted, atol=1e-3, rtol=1e-3)


def test_coordinates_and_blur() -> None:
    x = torch.randn(2, 3, 5, 9)
    y = stone("AddCoordinates", {}, x)(x)
    assert y[1, 3, :, 4].tolist() == pytest.approx([-1, -0.5, 0, 0.5, 1])
    assert y[0, 4, 2].tolist() == pytest.approx([-1 + at / 4 for at in range(9)])
    flat = torch.full((1, 2, 8, 8), 3.0)
    torch.testing.assert_close(stone("BlurPool2d", {"kernel_size": 5}, flat)(flat), flat[:, :, ::2, ::2])
    point = torch.zeros(1, 1, 7, 7)
    point[0, 0, 3, 3] = 16.0
    blurred = stone("BlurPool2d", {"stride": 1}, point)(point)[0, 0, 2:5, 2:5]
    assert blurred.tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


@pytest.mark.parametrize(("name", "gate"), [("SwiGLU", F.silu), ("GEGLU", F.gelu)])
def test_gated_layers(name: str, gate: object) -> None:
    x = torch.randn(2, 5, 4)
    module = stone(name, {"hidden": 6, "bias": True}, x)
    inner = module.layer
    wanted = gate(inner.gate(x)) * inner.value(x)  # type: ignore[operator]
    assert torch.equal(module(x), wanted)


def test_crelu_squash_and_the_k_largest() -> None:
    x = torch.randn(3, 4, 5)
    y = stone("CReLU", {"dim": -1}, x)(x)
    assert torch.equal(y[..., :5] - y[..., 5:], x) and (y >= 0).all()
    length = x.norm(dim=-1, keepdim=True)
    wanted = length**2 / (1 + length**2) * x / length
    torch.testing.assert_close(stone("Squash", {}, x)(x), wanted)
    kept = stone("KeepTopK", {"k": 2, "dim": 1}, x)(x)
    second = x.sort(1, descending=True).values[:, 1:2]
    assert torch.equal(kept, torch.where(x >= second, x, 0.0))


def test_a_mixture_that_asks_all_experts_is_a_dense_sum() -> None:
    x = torch.randn(3, 7, 6, dtype=torch.float64)
    module = stone("MixtureOfExperts", {"experts": 4, "k": 4, "hidden": 5}, x.float()).double()
    y, balance = module(x)
    inner = module.layer
    chance = inner.router(x).softmax(-1)
    wanted = sum(chance[..., at, None] * expert(x) for at, expert in enumerate(inner.experts))
    torch.testing.assert_close(y, wanted)
    assert balance.item() == pytest.approx(1)  # all get the same share of rows


def test_a_mixture_asks_the_best_experts_only() -> None:
    x = torch.randn(11, 6, dtype=torch.float64)
    module = stone("MixtureOfExperts", {"experts": 5, "k": 2, "hidden": 3}, x.float()).double()
    y, balance = module(x)
    inner = module.layer
    chance = inner.router(x).softmax(-1)
    count = torch.zeros(5, dtype=torch.float64)
    for row in range(11):
        best = sorted(range(5), key=lambda at: -chance[row, at].item())[:2]
        total = chance[row, best].sum()
        wanted = sum(chance[row, at] / total * inner.experts[at](x[row]) for at in best)
        torch.testing.assert_close(y[row], wanted)
        count[best] += 1
    torch.testing.assert_close(balance, 5 * (count / 22 * chance.mean(0)).sum())


def test_the_only_expert_a_row_asks_teaches_the_router() -> None:
    x = torch.randn(8, 4)
    module = stone("MixtureOfExperts", {"experts": 3, "k": 1, "hidden": 5}, x)
    module(x)[0].square().sum().backward()
    assert module.layer.router.weight.grad.abs().sum() > 0


def test_modulated_convolution_is_one_filter_set_for_each_sample() -> None:
    x, style = torch.randn(3, 4, 6, 5), torch.randn(3, 7)
    module = stone("ModulatedConv2d", {"out_channels": 2}, x, style)
    inner = module.layer
    y = module(x, style)
    for sample in range(3):
        weight = inner.weight * inner.style(style[sample])[:, None, None]
        weight = weight / torch.sqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        wanted = F.conv2d(x[sample], weight, inner.bias, padding=1)
        torch.testing.assert_close(y[sample], wanted, atol=1e-5, rtol=1e-4)


def test_style_decides_mean_and_spread() -> None:
    x, style = 5 + 3 * torch.randn(2, 3, 40, 40), torch.randn(2, 4)
    module = stone("AdaIN", {}, x, style)
    scale, shift = module.layer.style(style).chunk(2, 1)
    y = module(x, style)
    torch.testing.assert_close(y.mean((2, 3)), shift, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(y.std((2, 3)), (1 + scale).abs(), atol=1e-3, rtol=1e-3)


def test_a_condition_scales_and_shifts_along_its_axis() -> None:
    x, condition = torch.randn(2, 5, 6), torch.randn(2, 3)
    module = stone("FiLM", {"dim": -1}, x, condition)
    scale, shift = module.layer.condition(condition).chunk(2, 1)
    torch.testing.assert_close(module(x, condition), x * (1 + scale[:, None]) + shift[:, None])


def test_pixel_norm_minibatch_spread_and_noise() -> None:
    x = torch.randn(4, 6, 3, 3)
    y = stone("PixelNorm", {}, x)(x)
    torch.testing.assert_close(y.square().mean(1), torch.ones(4, 3, 3))
    spread = stone("MinibatchStd", {}, x)(x)
    wanted = x.std(0, correction=0).mean()
    torch.testing.assert_close(spread[:, 6], wanted.expand(4, 3, 3))
    module = stone("NoiseInjection", {}, x)
    torch.nn.init.constant_(module.layer.weight, 2.0)
    added = module(x) - x
    torch.testing.assert_close(added, added[:, :1].expand_as(x))
    assert torch.equal(module.eval()(x), x)


def test_a_graph_convolution_gathers_neighbours() -> None:
    x = torch.randn(2, 4, 3)
    edges = torch.tensor([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]).float()
    module = stone("GraphConvolution", {"out_features": 2, "bias": False}, x, edges)
    weight = module.layer.linear.weight
    degree = [2, 3, 2, 1]
    y = module(x, edges)
    middle = x[:, 1] / 3 + (x[:, 0] + x[:, 2]) / math.sqrt(2 * 3)
    torch.testing.assert_close(y[:, 1], middle @ weight.T)
    torch.testing.assert_close(y[:, 3], x[:, 3] @ weight.T / degree[3])
    plain = {"out_features": 2, "normalization": "mean", "self_loops": False}
    module = stone("GraphConvolution", plain, x, edges)
    wanted = module.layer.linear((x[:, 0] + x[:, 2]) / 2)
    torch.testing.assert_close(module(x, edges)[:, 1], wanted)


def test_graph_attention_weighs_neighbours_alone() -> None:
    x = torch.randn(1, 4, 3)
    edges = torch.tensor([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]).float()
    module = stone("GraphAttention", {"out_features": 2, "heads": 2}, x, edges)
    inner = module.layer
    y = module(x, edges)
    rows = (x[0] @ inner.linear.weight.T).view(4, 2, 2)  # V heads out
    for head in range(2):
        near = rows[[0, 1, 2], head]
        score = F.leaky_relu(rows[1, head] @ inner.gathers[head, 0] + near @ inner.gives[head, 0], 0.2)
        torch.testing.assert_close(y[0, 1, 2 * head : 2 * head + 2], score.softmax(0) @ near)
    torch.testing.assert_close(y[0, 3], rows[3].flatten())


@pytest.mark.parametrize("how", ["mean", "sum", "max"])
def test_pooling_leaves_masked_members_out(how: str) -> None:
    x = torch.randn(2, 5, 3)
    mask = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
    y = stone("SetPooling", {"how": how}, x, mask, wired=("mask",))(x, mask)
    plain = stone("SetPooling", {"how": how}, x[:, :2])(x[:, :2])
    torch.testing.assert_close(y[0], plain[0])
    torch.testing.assert_close(y[1], stone("SetPooling", {"how": how}, x)(x)[1])


def test_attention_pooling_weighs_members_that_count() -> None:
    x = torch.randn(2, 5, 3)
    mask = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
    module = stone("AttentionPooling", {"hidden": 4}, x, mask, wired=("mask",))
    y, weight = module(x, mask)
    assert torch.equal(weight[0, 2:], torch.zeros(3))
    torch.testing.assert_close(weight.sum(1), torch.ones(2))
    inner = module.layer
    score = torch.tanh(x[0, :2] @ inner.hidden.weight.T + inner.hidden.bias) @ inner.score.weight[0]
    torch.testing.assert_close(y[0], score.softmax(0) @ x[0, :2])


def test_added_noise_has_the_spread_asked_for() -> None:
    torch.manual_seed(0)
    x = torch.zeros(300, 300)
    module = stone("GaussianNoise", {"std": 0.3}, x)
    assert module(x).std().item() == pytest.approx(0.3, abs=0.005)
    assert torch.equal(module.eval()(x), x)


def test_one_learned_factor() -> None:
    x = torch.randn(4, 3)
    module = stone("LearnedScale", {"start": 14.3, "positive": True}, x)
    torch.testing.assert_close(module(x), 14.3 * x)
    torch.nn.init.constant_(module.layer.weight, -2.0)
    torch.testing.assert_close(module(x), math.exp(-2) * x)
    assert torch.equal(stone("LearnedScale", {"start": -0.5}, x)(x), -0.5 * x)


def test_a_branch_fades_in_while_training_and_waits_in_evaluation() -> None:
    old, new = torch.zeros(2, 3), torch.ones(2, 3)
    module = stone("FadeIn", {"steps": 4, "start": 2}, old, new)
    assert [module(old, new)[0, 0].item() for _ in range(8)] == [0, 0, 0, 0.25, 0.5, 0.75, 1, 1]
    module.layer.used.fill_(3)
    module.eval()
    assert [module(old, new)[0, 0].item() for _ in range(3)] == [0.25] * 3
    assert module.state_dict()["layer.used"] == 3


def test_multiplying_noise_and_shortened_vectors() -> None:
    torch.manual_seed(0)
    x = torch.full((300, 300), 2.0)
    module = stone("GaussianDropout", {"p": 0.2}, x)
    assert module(x).mean().item() == pytest.approx(2, abs=0.01)
    assert module(x).std().item() == pytest.approx(2 * math.sqrt(0.2 / 0.8), abs=0.01)
    assert torch.equal(module.eval()(x), x)
    y = torch.randn(50, 4)
    clipped = stone("ClipNorm", {"limit": 1.5}, y)(y)
    torch.testing.assert_close(clipped.norm(dim=1), y.norm(dim=1).clamp(max=1.5))
    torch.testing.assert_close(F.cosine_similarity(clipped, y), torch.ones(50))


def test_a_deformable_convolution_starts_plain_and_follows_its_moves() -> None:
    x = torch.randn(2, 3, 7, 6)
    module = stone("DeformableConv2d", {"out_channels": 4}, x)
    inner = module.layer
    plain = F.conv2d(x, inner.weight, inner.bias, padding=1)
    torch.testing.assert_close(module(x), plain, atol=1e-4, rtol=1e-4)
    with torch.no_grad():  # all taps one to the right, half a row up
        inner.offset.bias.copy_(torch.tensor([1.0, -0.5]).repeat(9))
    shifted = F.pad(x, (0, 1))[..., 1:]
    shifted = (shifted + F.pad(shifted, (0, 0, 1, 0))[..., :-1, :]) / 2
    wanted = F.conv2d(shifted, inner.weight, inner.bias, padding=1)
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(module(x)[inside], wanted[inside], atol=1e-4, rtol=1e-4)


def test_adaptive_filters_are_those_of_each_point() -> None:
    x, down, across = torch.randn(2, 3, 6, 5), torch.randn(2, 3, 6, 5), torch.randn(2, 1, 6, 5)
    y = stone("AdaptiveSeparableConv2d", {}, x, down, across)(x, down, across)
    wanted = sum(x[1, 2, 3 + u - 1, 4] * down[1, u, 3, 4] for u in range(3)) * across[1, 0, 3, 4]
    torch.testing.assert_close(y[1, 2, 3, 4], wanted)


def test_a_spectral_convolution_multiplies_low_frequencies() -> None:
    x = torch.randn(2, 3, 8, 9)
    module = stone("SpectralConv2d", {"out_channels": 2, "modes": (3, 4)}, x)
    a, b = module.layer.weight
    weight = torch.complex(a, b)  # 6 4 3 2
    waves = torch.fft.rfft2(x)
    mixed = torch.zeros(2, 2, 8, 5, dtype=waves.dtype)
    for at, row in enumerate([0, 1, 2, -3, -2, -1]):
        mixed[:, :, row, :4] = torch.einsum("nck,kco->nok", waves[:, :, row, :4], weight[at])
    torch.testing.assert_close(module(x), torch.fft.irfft2(mixed, (8, 9)), atol=1e-4, rtol=1e-4)


def test_spectral_and_weight_norm_are_what_they_say() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 8)
    module = stone("Conv2d", {"out_channels": 5, "weight_norm": "spectral"}, x)
    for _ in range(50):
        module(x)
    largest = torch.linalg.svdvals(module.layer.weight.flatten(1))[0]
    assert largest.item() == pytest.approx(1, abs=1e-3)
    rows = torch.randn(4, 6)
    linear = stone("Linear", {"out_features": 3, "weight_norm": "weight"}, rows)
    with torch.no_grad():
        linear.layer.parametrizations.weight.original0.copy_(torch.tensor([[1.0], [2.0], [3.0]]))
    torch.testing.assert_close(linear.layer.weight.norm(dim=1), torch.tensor([1.0, 2.0, 3.0]))


def test_an_adapter_is_a_product_of_two_thin_matrices() -> None:
    x = torch.randn(2, 5, 6)
    module = stone("LowRankAdapter", {"out_features": 4, "rank": 2, "strength": 0.5}, x)
    assert not module(x).any()  # nothing changes before it has learned
    torch.nn.init.normal_(module.layer.up.weight)
    full = 0.5 * module.layer.up.weight @ module.layer.down.weight
    torch.testing.assert_close(module(x), x @ full.T)
