"""Signals put together again from their frequencies."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.dtypes import without_phase
from studio.layers.functions import function
from studio.layers.params import Int
from studio.layers.rules import Specs, fixed
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch


def _hop(p: SimpleNamespace) -> int:
    return int(p.hop_length or max(1, p.n_fft // 4))


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, rows, windows = inputs[0].shape
    if rows != p.n_fft // 2 + 1:
        raise ShapeError(
            "windows of {window} have {needed} frequencies, but {rows} come in: set the window of the STFT",
            window=p.n_fft,
            needed=p.n_fft // 2 + 1,
            rows=rows,
        )
    if _hop(p) >= p.n_fft:
        raise ShapeError(
            "windows of {window} that stand {hop} apart leave gaps: set a smaller hop",
            window=p.n_fft,
            hop=_hop(p),
        )
    if isinstance(windows, int) and windows < 2:
        raise ShapeError("InverseSTFT needs two windows or more, gets {windows}", windows=windows)
    length = (windows - 1) * _hop(p) + p.n_fft - 2 * (p.n_fft // 2)
    return (TensorSpec((batch, length), without_phase(inputs[0].dtype)),)


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    fixed(p.n_fft)
    window = f"torch.hann_window({p.n_fft}, device={{x}}.device)"
    return "", f"torch.istft({{x}}, {p.n_fft}, hop_length={_hop(p)}, window={window})"


INVERSE_STFT = function(
    "InverseSTFT",
    "Puts a signal together again from its frequencies in short windows.",
    r"x_t = \frac{\sum_m w_{t - m h} \, x^{(m)}_{t - m h}}{\sum_m w_{t - m h}^2}",
    inputs=(Port("x", "N K M", "complex", doc="Frequencies by windows, as STFT gives them."),),
    outputs=(Port("y", "N T", doc="A signal for each sample."),),
    params=(
        Int(
            "n_fft", 16, "Length of a window, the same as that of the STFT.", label="Window", min=2, max=65536
        ),
        Int(
            "hop_length",
            0,
            "Distance between two windows, the same as that of the STFT; 0 takes a quarter of the window.",
            label="Hop",
            min=0,
            max=65536,
        ),
    ),
    shape=_shape,
    torch=Torch(text=_text),
    examples=(
        Example({}, (("N", 9, 17),), ("N", 64)),
        Example({"n_fft": 8, "hop_length": 4}, (("N", 5, 5),), ("N", 16)),
    ),
    short="{n_fft}, {hop_length}",
    pitfalls="Both numbers must be those of the STFT before it; a changed spectrum need not belong to any signal.",
    group="Spectrum",
    torch_name="torch.istft",
    onnx="Not exportable: PyTorch's exporter knows no inverse of STFT.",
    exportable=False,
    keywords=("inverse short-time Fourier", "istft", "audio", "synthesis", "vocoder", "overlap-add"),
    differs={
        "input": "called x, as in the other layers",
        "n_fft": "16 unless said",
        "win_length": "always the whole window",
        "window": "always a Hann window, the usual one",
        "center": "the signal is mirrored at its ends",
        "normalized": "a MultiplyScalar after it does it",
        "onesided": "real signals need half only",
        "length": "what the windows give: Slice after it cuts",
        "return_complex": "the signal is real",
    },
)
LAYERS: tuple[LayerSpec, ...] = (INVERSE_STFT,)
