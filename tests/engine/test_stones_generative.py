"""What generative networks are made of, each against a formula of its own."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from tests.engine.stones import stone, support


def test_reparameterize_draws_with_mean_and_spread_and_evaluates_to_the_mean() -> None:
    torch.manual_seed(0)
    mean = torch.full((20_000, 2), 3.0, requires_grad=True)
    log_variance = torch.full((20_000, 2), 2 * math.log(0.5), requires_grad=True)
    module = stone("Reparameterize", {}, mean, log_variance)
    drawn = module(mean, log_variance)
    assert drawn.mean().item() == pytest.approx(3.0, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.5, abs=0.02)
    drawn.sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))
    assert mean.grad is not None and log_variance.grad is not None
    torch.testing.assert_close(log_variance.grad, (drawn - mean).detach() / 2)
    assert torch.equal(module.eval()(mean, log_variance), mean)


def test_gumbel_softmax_draws_by_the_scores() -> None:
    torch.manual_seed(0)
    chance = torch.tensor([0.2, 0.5, 0.3])
    logits = chance.log().expand(20_000, 3)
    module = stone("GumbelSoftmax", {"hard": True}, logits)
    drawn = module(logits)
    assert set(drawn.detach().unique().tolist()) <= {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), chance, atol=0.02, rtol=0)
    assert torch.equal(module.eval()(logits)[0], torch.tensor([0.0, 1.0, 0.0]))
    soft = stone("GumbelSoftmax", {"tau": 2.0}, logits).eval()
    torch.testing.assert_close(soft(logits), F.softmax(logits / 2, -1))


def test_quantized_vectors_are_the_nearest_and_gradients_pass_straight() -> None:
    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    module = stone("VectorQuantize", {"codes": 7, "commitment": 0.5}, x)
    torch.nn.init.normal_(module.layer.codebook)
    y, loss, index = module(x)
    book = module.layer.codebook
    distance = (x.movedim(1, -1).unsqueeze(-2) - book).square().sum(-1)
    assert torch.equal(index, distance.argmin(-1))
    found = book[index].movedim(-1, 1)
    assert torch.equal(y, found)
    difference = (x - found).square().mean()
    torch.testing.assert_close(loss, 1.5 * difference)
    pull = torch.randn_like(y)
    (passed,) = torch.autograd.grad((y * pull).sum(), x, retain_graph=True)
    assert torch.equal(passed, pull)
    from_loss, to_book = torch.autograd.grad(loss, (x, book))
    torch.testing.assert_close(from_loss, 0.5 * 2 * (x - found).detach() / x.numel())
    pulled = torch.zeros_like(book).index_add(
        0, index.flatten(), (found - x).movedim(1, -1).reshape(-1, 3).detach()
    )
    torch.testing.assert_close(to_book, 2 * pulled / x.numel())


def test_a_codebook_of_means_moves_to_what_chose_it_and_stands_still_in_evaluation() -> None:
    torch.manual_seed(0)
    centres = torch.tensor([[5.0, 0.0], [-5.0, 0.0], [0.0, 5.0]])
    x = centres[torch.randint(0, 3, (300,))] + 0.1 * torch.randn(300, 2)
    module = stone("VectorQuantize", {"codes": 3, "decay": 0.5}, x)
    module.layer.codebook.copy_(centres / 2)
    for _ in range(40):
        module(x)
    torch.testing.assert_close(module.layer.codebook, centres, atol=0.05, rtol=0.05)
    before = module.layer.codebook.clone()
    module.eval()(x + 1)
    assert torch.equal(module.layer.codebook, before)
    assert not list(module.parameters())


def tiny_rbm() -> tuple[torch.nn.Module, torch.Tensor]:
    torch.manual_seed(1)
    visible = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
    module = stone("RBM", {"hidden": 3}, visible.float()).double()
    for weight in module.parameters():
        torch.nn.init.normal_(weight)
    return module, visible


def test_the_free_energy_of_an_rbm_is_the_sum_over_its_hidden_units() -> None:
    module, visible = tiny_rbm()
    rbm = module.layer
    energy = torch.zeros(16, 8, dtype=torch.float64)
    for at, hidden in enumerate(itertools.product([0.0, 1.0], repeat=3)):
        h = torch.tensor(hidden, dtype=torch.float64)
        energy[:, at] = -(visible @ rbm.visible_bias + h @ rbm.hidden_bias + visible @ rbm.weight.T @ h)
    torch.testing.assert_close(rbm.free_energy(visible), -torch.logsumexp(-energy, 1))
    weights = torch.softmax(-energy, 1)  # chance of each hidden state
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    torch.testing.assert_close(rbm.up(visible), weights @ states)


def test_contrastive_divergence_has_the_gradient_of_two_correlations() -> None:
    module, visible = tiny_rbm()
    rbm = module.layer
    torch.manual_seed(2)
    dreamed = rbm.dream(visible)
    assert set(dreamed.unique().tolist()) <= {0.0, 1.0} and not dreamed.requires_grad
    torch.manual_seed(2)
    hidden, loss, seen = module(visible)
    (gradient,) = torch.autograd.grad(loss, rbm.weight)
    wanted = (rbm.up(dreamed).T @ dreamed - rbm.up(visible).T @ visible) / 16
    torch.testing.assert_close(gradient, wanted.detach())
    torch.testing.assert_close(seen, torch.sigmoid(hidden @ rbm.weight + rbm.visible_bias))


def test_a_long_chain_of_an_rbm_follows_its_distribution() -> None:
    torch.manual_seed(0)
    module, visible = tiny_rbm()
    start = visible[torch.randint(0, 16, (20_000,))]
    chain = stone("RBM", {"hidden": 3, "steps": 30}, start.float()).double()
    chain.load_state_dict(module.state_dict())
    dreamed = chain.layer.dream(start)
    found = (dreamed @ torch.tensor([8.0, 4, 2, 1], dtype=torch.float64)).long().bincount(
        minlength=16
    ) / 20_000
    wanted = torch.softmax(-module.layer.free_energy(visible), 0)
    torch.testing.assert_close(found, wanted.detach().float(), atol=0.02, rtol=0)


def test_lasting_chains_go_on_and_are_saved() -> None:
    visible = torch.rand(5, 4).round()
    module = stone("RBM", {"hidden": 3, "particles": 6}, visible)
    first = module.layer.chain.clone()
    torch.manual_seed(3)
    module(visible)
    torch.manual_seed(3)
    assert torch.equal(module.layer.chain, dreamt(module, first))
    assert module.state_dict()["layer.chain"].shape == (6, 4)
    kept = module.layer.chain.clone()
    module.eval()(visible)
    assert torch.equal(module.layer.chain, kept)


def dreamt(module: torch.nn.Module, chain: torch.Tensor) -> torch.Tensor:
    """One step up and down from ``chain``, by hand."""
    hidden = torch.bernoulli(torch.sigmoid(chain @ module.layer.weight.T + module.layer.hidden_bias))
    return torch.bernoulli(torch.sigmoid(hidden @ module.layer.weight + module.layer.visible_bias))


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("features", [2, 5])
def test_a_coupling_can_be_undone_and_knows_its_jacobian(features: int, swap: bool) -> None:
    x = torch.randn(4, features, dtype=torch.float64)
    params = {"hidden": 6, "swap": swap}
    forward = stone("AffineCoupling", params, x).double()
    backward = stone("AffineCoupling", {**params, "inverse": True}, x).double()
    backward.load_state_dict(forward.state_dict())
    y, log_det = forward(x)
    again, undone = backward(y)
    torch.testing.assert_close(again, x)
    torch.testing.assert_close(undone, -log_det)
    for sample in range(4):
        jacobian = torch.autograd.functional.jacobian(lambda row: forward(row[None])[0][0], x[sample])
        torch.testing.assert_close(jacobian.slogdet().logabsdet, log_det[sample])
    half, rest = features - features // 2, features // 2
    wanted = [True] * half + [False] * rest if swap else [False] * rest + [True] * half
    assert (y != x).any(0).tolist() == wanted


def test_noise_grows_while_the_spread_stays_one() -> None:
    torch.manual_seed(0)
    for params in ({"steps": 1000}, {"steps": 100, "schedule": "cosine"}):
        steps = int(params["steps"])  # type: ignore[call-overload]
        x, noise = torch.randn(steps, 400), torch.randn(steps, 400)
        module = stone("NoiseSchedule", dict(params), x, torch.arange(steps), noise)
        y = module(x, torch.arange(steps), noise)
        assert y.var().item() == pytest.approx(1, abs=0.02)
        left = (y * x).mean(1)  # how much of x there is: the root of alpha bar
        assert left[0].item() > 0.9 and abs(left[-1].item()) < 0.2
        assert not list(module.state_dict())


def test_noise_is_mixed_as_the_paper_says() -> None:
    x, noise = torch.randn(3, 2, dtype=torch.float64), torch.randn(3, 2, dtype=torch.float64)
    t = torch.tensor([0, 7, 49])
    params = {"steps": 50, "first": 0.001, "last": 0.05}
    y = stone("NoiseSchedule", dict(params), x.float(), t, noise.float()).double()(x, t, noise)
    for row, step in enumerate(t.tolist()):
        left = math.prod(1 - (0.001 + (0.05 - 0.001) * s / 49) for s in range(step + 1))
        wanted = math.sqrt(left) * x[row] + math.sqrt(1 - left) * noise[row]
        torch.testing.assert_close(y[row], wanted, atol=1e-6, rtol=1e-6)


def test_steps_back_with_the_true_noise_lead_home() -> None:
    brought = support("NoiseSchedule")
    schedule = brought.NoiseSchedule(torch.linspace(1e-4, 0.1, 60).double())
    x, noise = torch.randn(5, 3).double(), torch.randn(5, 3).double()
    now = schedule(x, torch.full((5,), 59), noise)
    for step in range(59, -1, -1):
        t = torch.full((5,), step)
        true = (now - schedule.left[step].sqrt() * x) / (1 - schedule.left[step]).sqrt()
        now = schedule.step_back(now, t, true, torch.zeros_like(now))
    torch.testing.assert_close(now, x)


def test_timesteps_become_waves() -> None:
    t = torch.tensor([0, 3, 500])
    y = stone("TimestepEmbedding", {"width": 8}, t)(t)
    for row, step in enumerate(t.tolist()):
        angles = [step / 10000 ** (i / 4) for i in range(4)]
        wanted = [math.sin(a) for a in angles] + [math.cos(a) for a in angles]
        torch.testing.assert_close(y[row], torch.tensor(wanted), atol=1e-4, rtol=0)


def test_points_between_two_samples() -> None:
    torch.manual_seed(0)
    a, b = torch.zeros(4000, 2, 3), torch.ones(4000, 2, 3)
    module = stone("RandomInterpolate", {}, a, b)
    y = module(a, b)
    share = y[:, 0, 0]
    assert torch.equal(y, share[:, None, None].expand(4000, 2, 3))  # one share a sample
    assert share.min() >= 0 and share.max() <= 1 and share.std().item() == pytest.approx(12**-0.5, abs=0.01)
    assert torch.equal(module.eval()(a, b), torch.full((4000, 2, 3), 0.5))


def test_a_reversed_gradient_and_a_clipped_one() -> None:
    x = torch.randn(6, 5, requires_grad=True)
    pull = 3 * torch.randn(6, 5)
    reverse = stone("GradientReversal", {"strength": 0.5}, x)
    assert torch.equal(reverse(x), x)
    (gradient,) = torch.autograd.grad((reverse(x) * pull).sum(), x)
    assert torch.equal(gradient, -0.5 * pull)
    clip = stone("ClipGradient", {"limit": 2.0}, x)
    assert torch.equal(clip(x), x)
    (gradient,) = torch.autograd.grad((clip(x) * pull).sum(), x)
    assert torch.equal(gradient, pull.clamp(-2, 2))
    length = stone("ClipGradient", {"limit": 2.0, "by": "length"}, x)
    (gradient,) = torch.autograd.grad((length(x) * pull).sum(), x)
    torch.testing.assert_close(gradient, pull / pull.norm() * 2)
    (gradient,) = torch.autograd.grad((length(x) * pull * 1e-3).sum(), x)
    torch.testing.assert_close(gradient, pull * 1e-3)
