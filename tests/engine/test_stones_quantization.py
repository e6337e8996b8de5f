"""Few bits, boxes and sound, each against a formula of its own."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tests.engine.stones import stone


def gradient_of(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """d(sum of outputs)/dx."""
    (gradient,) = torch.autograd.grad(module(x).sum(), x)
    return gradient


def test_binary_activations_and_their_straight_gradients() -> None:
    x = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
    sigmoid, tanh = stone("BinarySigmoid", {}, x), stone("BinaryTanh", {}, x)
    assert sigmoid(x).tolist() == [0, 0, 0, 1, 1]
    assert tanh(x).tolist() == [-1, -1, -1, 1, 1]
    assert gradient_of(sigmoid, x).tolist() == [0, 0.5, 0.5, 0.5, 0]
    assert gradient_of(tanh, x).tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("scaled", [False, True])
def test_binary_layers_count_with_signs(scaled: bool) -> None:
    x = torch.randn(3, 6)
    module = stone("BinaryLinear", {"out_features": 4, "scaled": scaled}, x)
    weight = module.layer.weight
    signs = weight.sign() * (weight.abs().mean(1, keepdim=True) if scaled else 1)
    torch.testing.assert_close(module(x), F.linear(x, signs, module.layer.bias))
    module(x).sum().backward()
    torch.testing.assert_close(weight.grad, x.sum(0).expand(4, 6))
    pictures = torch.randn(2, 3, 5, 5)
    conv = stone("BinaryConv2d", {"out_channels": 2, "padding": 1, "scaled": scaled}, pictures)
    weight = conv.layer.weight
    signs = weight.sign() * (weight.abs().mean((1, 2, 3), keepdim=True) if scaled else 1)
    torch.testing.assert_close(conv(pictures), F.conv2d(pictures, signs, conv.layer.bias, padding=1))


def test_fixed_point_rounds_within_its_range() -> None:
    x = torch.tensor([-9.0, -0.3, 0.1, 0.4, 9.0], requires_grad=True)
    module = stone("FixedPointQuantize", {"bits": 3, "step": 0.25}, x)
    assert module(x).tolist() == [-0.75, -0.25, 0.0, 0.5, 0.75]
    assert gradient_of(module, x).tolist() == [0, 1, 1, 1, 0]
    unsigned = stone("FixedPointQuantize", {"bits": 3, "step": 0.25, "signed": False}, x)
    assert unsigned(x).tolist() == [0.0, 0.0, 0.0, 0.5, 1.75]


def test_powers_of_two() -> None:
    x = torch.tensor([-9.0, -0.3, 0.0, 0.01, 0.36, 1.5, 3.0], requires_grad=True)
    module = stone("Pow2Quantize", {"bits": 4, "largest": 1}, x)  # 2^-2 … 2^1, both signs, and 0
    assert module(x).tolist() == [-2.0, -0.25, 0.0, 0.0, 0.5, 2.0, 2.0]
    assert gradient_of(module, x).tolist() == [0, 1, 1, 1, 1, 1, 0]
    unsigned = stone("Pow2Quantize", {"bits": 2, "largest": 0, "signed": False, "with_zero": False}, x)
    assert unsigned(x).tolist() == [0.125, 0.125, 0.125, 0.125, 0.5, 1.0, 1.0]


def test_a_running_range_is_followed_in_training_only() -> None:
    torch.manual_seed(0)
    x = torch.rand(4000) * 3 - 1
    module = stone("MinMaxQuantize", {"bits": 4}, x)
    y = module(x)
    assert module.layer.low.item() == x.min() and module.layer.high.item() == x.max()
    step = (x.max() - x.min()).item() / 15
    assert (y - x).abs().max().item() <= step / 2 + step / 2  # half a step, and half for an exact 0
    assert len(y.unique()) == 16 and 0.0 in y.unique()
    module.eval()(100 * x)
    assert module.layer.high.item() == x.max()
    assert module(torch.tensor([50.0])).item() == pytest.approx(y.max().item())


def test_pruning_keeps_the_largest_of_each_sample() -> None:
    x = torch.randn(4, 3, 5, requires_grad=True)
    module = stone("Prune", {"share": 0.6}, x)
    y = module(x)
    assert ((y != 0).flatten(1).sum(1) == 6).all()
    smallest = torch.where(y != 0, y.abs(), torch.inf).flatten(1).amin(1)
    largest = torch.where(y == 0, x.abs(), 0).flatten(1).amax(1)
    assert (smallest >= largest).all()
    assert torch.equal(gradient_of(module, x), torch.ones_like(x))


def test_grid_boxes_lie_in_their_cells() -> None:
    x = torch.zeros(1, 4, 2, 4)
    boxes = stone("GridBoxes", {}, x)(x)
    assert boxes.shape == (1, 8, 4)
    assert boxes[0, 6].tolist() == pytest.approx([2.5 / 4 - 0.25, 0.75 - 0.25, 2.5 / 4 + 0.25, 0.75 + 0.25])


def overlap(a: list[float], b: list[float]) -> float:
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return wide * high / (both - wide * high)


def test_the_best_of_overlapping_boxes_stay() -> None:
    torch.manual_seed(0)
    middle, size = torch.rand(3, 20, 2), 0.1 + 0.3 * torch.rand(3, 20, 2)
    boxes, scores = torch.cat([middle - size, middle + size], -1), torch.rand(3, 20)
    module = stone("NonMaxSuppression", {"overlap": 0.3, "least": 0.2}, boxes, scores)
    kept = module(boxes, scores)
    for sample in range(3):
        stay: list[int] = []
        for at in scores[sample].argsort(descending=True).tolist():
            near = any(overlap(boxes[sample, at].tolist(), boxes[sample, o].tolist()) > 0.3 for o in stay)
            if scores[sample, at] > 0.2 and not near:
                stay.append(at)
        assert kept[sample].nonzero().flatten().tolist() == sorted(stay)
    assert 0 < kept.sum() < 45


def test_a_box_over_whole_cells_is_cut_out_exactly() -> None:
    x = torch.randn(2, 3, 8, 8)
    boxes = torch.tensor([[[0.25, 0.5, 0.75, 1.0], [0, 0, 1, 1]]]).expand(2, 2, 4)
    y = stone("RoiAlign", {"size": 4, "samples": 1}, x, boxes)(x, boxes)
    torch.testing.assert_close(y[:, 0], x[:, :, 4:8, 2:6], atol=1e-5, rtol=1e-4)
    whole = stone("RoiAlign", {"size": 4, "samples": 2}, x, boxes)(x, boxes)
    torch.testing.assert_close(whole[:, 1], F.avg_pool2d(x, 2), atol=1e-5, rtol=1e-4)


def test_a_tone_is_one_line_of_the_spectrogram() -> None:
    rate, window = 8000, 256
    x = torch.sin(2 * math.pi * 1000 * torch.arange(4000) / rate)[None]
    module = stone("Spectrogram", {"window": window, "hop": 64, "log": False}, x)
    y = module(x)
    assert (y[0, :, 5:-5].argmax(0) == 1000 * window // rate).all()
    frame = x[0, 640 : 640 + window] * torch.hann_window(window)
    wanted = torch.fft.rfft(frame).abs().square()
    torch.testing.assert_close(y[0, :, (640 + window // 2) // 64], wanted, atol=1e-2, rtol=1e-3)


def test_mel_bands_gather_frequencies() -> None:
    rate = 8000
    for tone in (500, 1500, 3000):
        x = torch.sin(2 * math.pi * tone * torch.arange(4000) / rate)[None]
        module = stone("MelSpectrogram", {"bands": 20, "rate": rate}, x)
        y = module(x)
        top = 2595 * math.log10(1 + rate / 2 / 700)
        place = 2595 * math.log10(1 + tone / 700) / top * 21 - 1  # bands start at 0
        assert abs(y[0, :, 10].argmax().item() - place) <= 0.75
    plain = stone("Spectrogram", {"log": False}, x)(x)
    torch.testing.assert_close(y.exp() - 1e-6, module.layer.filters @ plain, atol=1e-3, rtol=1e-3)


def test_each_cell_learns_the_box_with_its_middle_there() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 0.2, 0.2], [0.5, 0.5, 0.9, 0.7], [0.6, 0.5, 0.8, 0.7], [0, 0, 1, 1]]])
    labels = torch.tensor([[4, 7, 2, -1]])
    present, box, label = stone("GridTargets", {"size": (2, 3)}, boxes, labels)(boxes, labels)
    assert present.tolist() == [[1, 0, 0, 0, 0, 1]]  # middles (.1, .1) and (.7, .6), twice
    assert label.tolist() == [[4, -100, -100, -100, -100, 2]]
    assert torch.equal(box[0, 5], boxes[0, 2]) and not box[0, 1:5].any()
    cells = stone("GridBoxes", {}, torch.zeros(1, 4, 2, 3))(torch.zeros(1, 4, 2, 3))
    middle = (cells[0, 5, :2] + cells[0, 5, 2:]) / 2
    assert int(middle[0] * 3) == 2 and int(middle[1] * 2) == 1
