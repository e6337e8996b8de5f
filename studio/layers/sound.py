"""Sound as pictures: how strong each frequency is over time."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.sizes import window as positions
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int
from studio.layers.rules import Specs, product
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text

GROUP = "Sound"
_WAVE = (Port("x", "N * T", doc="Sound: samples along time, also with an axis of channels."),)
_WINDOW = Int(
    "window",
    256,
    "How many samples are looked at together: longer tells frequencies better, shorter times.",
    unit="samples",
    label="Window",
    min=2,
    max=65536,
)
_HOP = Int("hop", 128, "Samples from one window to the next.", unit="samples", label="Hop", min=1, max=65536)
_LOG = Bool("log", True, "Give the logarithm, as the ear does.", label="Logarithm")

_SPECTROGRAM = '''
class Spectrogram(nn.Module):
    """Sound (…, T) -> how strong each frequency is over time (…, frequencies, frames)."""

    def __init__(self, window: int, hop: int, log: bool) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(window), persistent=False)
        self.hop, self.log = hop, log

    def forward(self, x: Tensor) -> Tensor:
        power = self.power(x)
        return torch.log(power + 1e-6) if self.log else power

    def power(self, x: Tensor) -> Tensor:
        waves = torch.stft(
            x.flatten(0, -2),
            len(self.window),
            self.hop,
            window=self.window.to(x.dtype),
            return_complex=True,
        )
        power = torch.view_as_real(waves).square().sum(-1)  # sounds frequencies frames
        return power.reshape(*x.shape[:-1], *power.shape[1:])
'''


def _frames(p: SimpleNamespace, inputs: Specs) -> Size:
    time = inputs[0].shape[-1]
    if isinstance(time, int) and time <= p.window // 2:
        raise ShapeError(
            "a window of {window} samples needs sounds longer than {half}, gets {time}: set a shorter one",
            window=p.window,
            half=p.window // 2,
            time=time,
        )
    if p.hop > p.window:
        raise ShapeError(
            "a hop of {hop} leaves samples out between windows of {window}: set at most {window}",
            (("set", "hop", str(p.window)),),
            hop=p.hop,
            window=p.window,
        )
    if len(inputs[0].shape) > 3:
        raise ShapeError("sound has samples along time and perhaps channels, but there are more axes")
    return positions(time, p.window, p.hop, p.window // 2)


def _spectrogram_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    frames = _frames(p, inputs)
    return (TensorSpec((*inputs[0].shape[:-1], p.window // 2 + 1, frames), inputs[0].dtype),)


SPECTROGRAM = LayerSpec(
    name="Spectrogram",
    category=Category.SHAPE,
    summary="Turns sound into a picture: how strong each frequency is at each time.",
    formula=r"y_{f,t} = \log\left(\left|\sum_n w_n x_{ht + n} e^{-2\pi i f n / W}\right|^2 + \epsilon\right)",
    inputs=_WAVE,
    outputs=(Port("y", "N * F frames", doc="Frequencies from low to high, along time."),),
    params=(_WINDOW, _HOP, _LOG),
    shape=_spectrogram_shape,
    torch=Torch(build="Spectrogram({window}, {hop}, {log})", support=(_SPECTROGRAM,)),
    source="https://docs.pytorch.org/docs/stable/generated/torch.stft.html",
    onnx="STFT.",
    examples=(
        Example({}, (("N", 4000),), ("N", 129, 32)),
        Example({"window": 64, "hop": 16, "log": False}, (("N", 1, 256),), ("N", 1, 33, 17)),
    ),
    short="{window}, {hop}",
    keywords=("STFT", "stft", "fourier", "audio", "frequency", "torch.stft", "sound"),
    pitfalls="Put an axis of channels before it (N 1 T) and Conv2d can read the result as a picture.",
    group=GROUP,
)

_MEL = '''
class MelSpectrogram(Spectrogram):
    """Sound (…, T) -> how strong each of ``bands`` bands is over time, spaced as the ear hears."""

    def __init__(self, window: int, hop: int, log: bool, bands: int, rate: int) -> None:
        super().__init__(window, hop, log)
        top = 2595 * math.log10(1 + rate / 2 / 700)  # mel of the highest frequency
        edges = 700 * (10 ** (torch.linspace(0, top, bands + 2) / 2595) - 1)  # Hz
        frequency = torch.linspace(0, rate / 2, window // 2 + 1)  # Hz
        low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        rise = (frequency - low) / (middle - low)
        fall = (high - frequency) / (high - middle)
        filters = torch.minimum(rise, fall).clamp(min=0)  # bands frequencies
        self.register_buffer("filters", filters, persistent=False)

    def power(self, x: Tensor) -> Tensor:
        return self.filters.to(x.dtype) @ super().power(x)
'''


def _mel_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    frames = _frames(p, inputs)
    if p.bands > p.window // 2:
        raise ShapeError(
            "a window of {window} samples tells {half} frequencies, too few for {bands} bands: lengthen it",
            (("set", "bands", str(p.window // 2)),),
            window=p.window,
            half=p.window // 2,
            bands=p.bands,
        )
    return (TensorSpec((*inputs[0].shape[:-1], p.bands, frames), inputs[0].dtype),)


def _mel_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * (p.window // 2 + 1), *outputs[0].shape[1:]))


def _mel_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("MelSpectrogram", p.window, p.hop, p.log, p.bands, p.rate), ""


MEL_SPECTROGRAM = LayerSpec(
    name="MelSpectrogram",
    category=Category.SHAPE,
    summary="Turns sound into a picture with bands as the ear hears them: fine for low tones, coarse for high.",
    formula=r"y_{b,t} = \log\left(\sum_f M_{b,f} |X_{f,t}|^2 + \epsilon\right), \quad m = 2595 \log_{10}(1 + f / 700)",
    inputs=_WAVE,
    outputs=(Port("y", "N * bands frames", doc="Bands from low to high, along time."),),
    params=(
        Int("bands", 40, "How many bands.", label="Bands", min=1, max=1024),
        Int(
            "rate",
            16000,
            "Samples of the sound in a second.",
            unit="Hz",
            label="Sample rate",
            min=100,
            max=1_000_000,
        ),
        _WINDOW,
        _HOP,
        _LOG,
    ),
    shape=_mel_shape,
    flops=_mel_flops,
    torch=Torch(text=_mel_text, support=(_SPECTROGRAM, _MEL), imports=("import math",)),
    source="Davis and Mermelstein, Comparison of Parametric Representations for Monosyllabic Word Recognition, 1980",
    onnx="STFT and MatMul.",
    examples=(
        Example({}, (("N", 4000),), ("N", 40, 32)),
        Example({"bands": 8, "window": 64, "hop": 16, "rate": 8000}, (("N", 1, 256),), ("N", 1, 8, 17)),
    ),
    short="{bands}",
    keywords=("mel", "MFCC", "audio", "filter bank", "speech", "sound", "log-mel"),
    pitfalls="Bands below the first few hundred hertz can stay empty with a short window: lengthen it or take fewer"
    " bands.",
    group=GROUP,
)

LAYERS = (SPECTROGRAM, MEL_SPECTROGRAM)
