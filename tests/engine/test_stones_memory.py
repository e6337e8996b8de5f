"""Layers beyond torch's own against what they must be: LSTMs with another memory, steps that can be undone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.engine.stones import stone


def test_a_peephole_that_sees_nothing_is_an_lstm() -> None:
    x, h, c = torch.randn(3, 5), torch.randn(3, 4), torch.randn(3, 4)
    made = stone("PeepholeLSTMCell", {"hidden": 4}, x, h, c, wired=("h", "c"))
    cell, torchs = made.layer, nn.LSTMCell(5, 4)
    with torch.no_grad():
        cell.peep.zero_()
        cell.gates.weight.copy_(torch.cat([torchs.weight_ih, torchs.weight_hh], 1))
        cell.gates.bias.copy_(torchs.bias_ih + torchs.bias_hh)
        for ours, theirs in zip(made(x, h, c), torchs(x, (h, c)), strict=True):
            assert torch.allclose(ours, theirs, atol=1e-6)
        before = made(x, h, c)[1]
        cell.peep[1] = 100.0  # the gate that forgets looks at the memory
        after = made(x, h, c)[1]
    assert torch.allclose((after - before)[c > 0.1].sign(), torch.ones_like(c)[c > 0.1])


def test_a_convolutional_lstm_on_single_pixels_is_an_lstm() -> None:
    x = torch.randn(2, 3, 5, 1, 1)
    made = stone("ConvLSTM", {"hidden": 4, "kernel_size": 1}, x)
    torchs = nn.LSTM(5, 4, batch_first=True)
    with torch.no_grad():
        weight = torch.cat([torchs.weight_ih_l0, torchs.weight_hh_l0], 1)
        made.layer.cell.gates.weight.copy_(weight[:, :, None, None])
        made.layer.cell.gates.bias.copy_(torchs.bias_ih_l0 + torchs.bias_hh_l0)
        assert torch.allclose(made(x)[0][..., 0, 0], torchs(x[..., 0, 0])[0], atol=1e-6)


@pytest.mark.parametrize("name", ["ActNorm", "InvertibleConv2d"])
def test_a_flow_step_is_undone_and_knows_how_much_it_stretches(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 3, 2, 2) * 3 + 1
    step = stone(name, {}, x).layer.double()
    x = x.double()
    y, stretched = step(x)
    back, undone = step.inverse(y)
    assert torch.allclose(back, x) and torch.allclose(undone, -stretched)

    def one(value: Tensor) -> Tensor:
        return step(value[None])[0][0].flatten()  # type: ignore[no-any-return]

    step.eval()
    jacobian = torch.autograd.functional.jacobian(one, x[0]).reshape(12, 12)
    assert torch.allclose(torch.linalg.slogdet(jacobian).logabsdet, stretched[0])
    if name == "ActNorm":
        assert torch.allclose(y.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-9)


def test_a_signal_comes_back_from_its_frequencies() -> None:
    x = torch.randn(3, 64)
    spectrum = stone("STFT", {"n_fft": 8}, x)(x)
    back = stone("InverseSTFT", {"n_fft": 8}, spectrum)(spectrum)
    assert torch.allclose(back, x, atol=1e-5)
