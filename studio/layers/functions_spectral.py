"""Frequencies and complex numbers: Fourier transforms, and the parts of a complex value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from studio.graph.sizes import Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.dtypes import with_phase, without_phase
from studio.layers.functions import Written, function, of_two, on_each
from studio.layers.params import Choice, Int, Ints
from studio.layers.rules import Specs, axes_of
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text

_GROUP = "Spectrum"
_NORM = Choice(
    "norm",
    "backward",
    "Where the count is divided out: on the way back, on the way there, or its root on both.",
    label="Scaling",
    essential=False,
    options=("backward", "ortho", "forward"),
)
_DIM = Int("dim", -1, "The axis that is transformed; -1 is the last.", label="Axis")
_DIMS = Ints("dim", (-2, -1), "The two axes that are transformed.", label="Axes", essential=False, count=2)
_CALLED = {"input": "called x, as in the other layers"}
_LENGTH = {"n": "None, the length of the axis: Pad or Slice before it changes it", **_CALLED}
_HALF = {"n": "0 stands for None", **_CALLED}
_LENGTHS = {"s": "None, the lengths of the axes: Pad or Slice before it changes them", **_CALLED}
_REAL = Port("x", "*", doc="Real numbers: a signal.")
_SPECTRUM = Port("x", "*", "complex", doc="Complex numbers: a spectrum.")
_WAVES = Port("y", "*", "complex", doc="One complex number for each frequency.")
_HALF_WAVES = Port("y", "*", "complex", doc="The frequencies from 0 up; the other half mirrors them.")


def _replaced(shape: tuple[Size, ...], axis: int, size: Size) -> tuple[Size, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _as_they_are(sizes: tuple[Size, ...], n: int) -> Size:
    return sizes[-1]


def _one_sided(sizes: tuple[Size, ...], n: int) -> Size:
    """How many frequencies a real signal has: the others mirror them."""
    return sizes[-1] // 2 + 1


def _both_sided(sizes: tuple[Size, ...], n: int) -> Size:
    """How long the real signal of a half spectrum is; n says which of the two possible lengths."""
    size = n or (sizes[-1] - 1) * 2
    if size == 2 * symbol("N") - 2 or (isinstance(size, int) and size < 1):
        raise ShapeError("a single frequency makes no signal: set the length to 1 or more")
    return size


def _transform(name: str, word: str, summary: str, tex: str, pitfalls: str, **rest: Any) -> LayerSpec:
    """A Fourier transform; ``last`` gives the size of the last transformed axis from theirs and n."""
    last = rest.pop("last", _as_they_are)
    params = (*rest.pop("more", ()), rest.pop("axes", _DIM), _NORM)
    back = rest["outputs"][0].dtype == "float"
    names = [param.name for param in params]

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        x = inputs[0]
        dims = p.dim if isinstance(p.dim, tuple) else (p.dim,)
        axes = axes_of(dims, len(x.shape), name)
        size = last(tuple(x.shape[axis] for axis in axes), getattr(p, "n", 0))
        dtype = without_phase(x.dtype) if back else with_phase(x.dtype)
        return (TensorSpec(_replaced(x.shape, axes[-1], size), dtype),)

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        defaults: dict[str, object] = {"n": 0, "dim": params[-2].default, "norm": "backward"}
        named = {key: (getattr(p, key), defaults[key]) for key in names}
        return "", build_text(f"torch.fft.{word}", Written("{x}"), **named)

    rest.setdefault("differs", _LENGTHS if params[-2] is _DIMS else _LENGTH)
    return function(
        name,
        summary,
        tex,
        params=params,
        shape=shape,
        torch=Torch(text=text),
        pitfalls=pitfalls,
        group=_GROUP,
        torch_name=f"torch.fft.{word}",
        short="{dim}",
        **rest,
    )


def _examples(size: int, real: int) -> tuple[Example, ...]:
    return (Example({}, (("N", real),), ("N", size)), Example({"dim": 1}, (("N", real, 3),), ("N", size, 3)))


def _pictures(size: int, real: int) -> tuple[Example, ...]:
    return (Example({}, (("N", 3, 6, real),), ("N", 3, 6, size)),)


FFT = _transform(
    "FFT",
    "fft",
    "Takes a signal apart into its frequencies.",
    r"y_k = \sum_t x_t \, e^{-2 \pi i k t / n}",
    "Gives complex numbers; Abs is how strong each frequency is. Of real signals RFFT does half the work.",
    inputs=(Port("x", "*", "float|complex", doc="A signal."),),
    outputs=(_WAVES,),
    examples=_examples(8, 8),
    onnx="DFT.",
    keywords=("Fourier", "spectrum", "frequency", "DFT", "FNet"),
)
IFFT = _transform(
    "InverseFFT",
    "ifft",
    "Puts a signal together from its frequencies.",
    r"x_t = \frac{1}{n} \sum_k y_k \, e^{2 \pi i k t / n}",
    "Gives complex numbers even where the signal is real: Real drops the rest.",
    inputs=(_SPECTRUM,),
    outputs=(Port("y", "*", "complex", doc="The signal, as complex numbers."),),
    examples=_examples(8, 8),
    onnx="DFT with inverse.",
    keywords=("inverse Fourier", "IFFT", "synthesis", "IDFT", "ifft"),
)
RFFT = _transform(
    "RFFT",
    "rfft",
    "Takes a real signal apart into its frequencies, and leaves out the half that mirrors them.",
    r"y_k = \sum_t x_t \, e^{-2 \pi i k t / n},\quad k \le n / 2",
    "A signal of n numbers has n // 2 + 1 frequencies.",
    inputs=(_REAL,),
    outputs=(_HALF_WAVES,),
    last=_one_sided,
    examples=(*_examples(5, 8), Example({}, (("N", "T"),), ("N", "T//2 + 1"))),
    onnx="DFT with onesided.",
    keywords=("real Fourier", "spectrum", "frequency", "half spectrum", "FNO"),
)
IRFFT = _transform(
    "InverseRFFT",
    "irfft",
    "Puts a real signal together from half of its frequencies.",
    r"x_t = \frac{1}{n} \sum_k y_k \, e^{2 \pi i k t / n}",
    "The length can't be seen from the half spectrum: set it when it is odd.",
    inputs=(_SPECTRUM,),
    outputs=(Port("y", "*", doc="The signal, as real numbers."),),
    last=_both_sided,
    more=(
        Int(
            "n",
            0,
            "How long the signal is; 0 takes twice the frequencies less 2.",
            label="Length",
            min=0,
            max=2**31,
        ),
    ),
    examples=(*_examples(8, 5), Example({"n": 9}, (("N", 5),), ("N", 9))),
    onnx="Concat of the mirrored half, DFT with inverse.",
    differs=_HALF,
    keywords=("inverse real Fourier", "IRFFT", "synthesis", "FNO", "irfft"),
)
FFT2 = _transform(
    "FFT2",
    "fft2",
    "Takes pictures apart into waves of all directions.",
    r"y_{kl} = \sum_{hw} x_{hw} \, e^{-2 \pi i (k h / H + l w / W)}",
    "FFTShift brings the slow waves from the corners to the middle.",
    inputs=(Port("x", "N * H W", "float|complex", doc="Pictures, or anything with two axes at the end."),),
    outputs=(_WAVES,),
    axes=_DIMS,
    examples=_pictures(8, 8),
    onnx="DFT twice.",
    keywords=("Fourier", "2D spectrum", "frequency", "texture"),
)
IFFT2 = _transform(
    "InverseFFT2",
    "ifft2",
    "Puts pictures together from waves of all directions.",
    r"x_{hw} = \frac{1}{H W} \sum_{kl} y_{kl} \, e^{2 \pi i (k h / H + l w / W)}",
    "Gives complex numbers even where the picture is real: Real drops the rest.",
    inputs=(Port("x", "N * H W", "complex", doc="Complex numbers: a spectrum."),),
    outputs=(Port("y", "*", "complex", doc="The signal, as complex numbers."),),
    axes=_DIMS,
    examples=_pictures(8, 8),
    onnx="DFT with inverse, twice.",
    keywords=("inverse Fourier", "IFFT2", "synthesis", "ifft2"),
)
RFFT2 = _transform(
    "RFFT2",
    "rfft2",
    "Takes real pictures apart into waves, without the half that mirrors them.",
    r"y_{kl} = \sum_{hw} x_{hw} \, e^{-2 \pi i (k h / H + l w / W)},\quad l \le W / 2",
    "A Fourier neural operator keeps the slow waves, mixes their channels, and goes back.",
    inputs=(Port("x", "N * H W", doc="Pictures, or anything with two axes at the end."),),
    outputs=(_HALF_WAVES,),
    axes=_DIMS,
    last=_one_sided,
    examples=_pictures(5, 8),
    onnx="DFT with onesided, and DFT.",
    keywords=("real Fourier", "2D spectrum", "FNO", "spectralConvolution2d"),
)
IRFFT2 = _transform(
    "InverseRFFT2",
    "irfft2",
    "Puts real pictures together from half of their waves.",
    r"x_{hw} = \frac{1}{H W} \sum_{kl} y_{kl} \, e^{2 \pi i (k h / H + l w / W)}",
    "Gives an even width: of an odd one the last column is lost.",
    inputs=(Port("x", "N * H W", "complex", doc="Complex numbers: a spectrum."),),
    outputs=(Port("y", "*", doc="The signal, as real numbers."),),
    axes=_DIMS,
    last=_both_sided,
    examples=_pictures(8, 5),
    onnx="Concat of the mirrored half, DFT with inverse.",
    keywords=("inverse real Fourier", "IRFFT2", "FNO", "irfft2"),
)


def _shift(name: str, word: str, summary: str, tex: str, pitfalls: str, words: tuple[str, ...]) -> LayerSpec:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        axes_of(p.dim, len(inputs[0].shape), name)
        return (inputs[0],)

    return function(
        name,
        summary,
        tex,
        inputs=(Port("x", "N * F", "any", doc="A spectrum, or anything with the axes."),),
        outputs=(Port("y", "N * F", "any", doc="The same shape."),),
        params=(Ints("dim", (-1,), "The axes whose halves change places.", label="Axes", count=0),),
        shape=shape,
        torch=Torch(call=f"torch.fft.{word}({{x}}, {{dim}})"),
        examples=(
            Example({}, (("N", 8),), ("N", 8)),
            Example({"dim": (2, 3)}, (("N", 3, 6, 8),), ("N", 3, 6, 8)),
        ),
        short="{dim}",
        pitfalls=pitfalls,
        group=_GROUP,
        torch_name=f"torch.fft.{word}",
        onnx="Slice and Concat.",
        keywords=words,
        differs=_CALLED | {"dim": "the last axis, never the batch"},
    )


FFT_SHIFT = _shift(
    "FFTShift",
    "fftshift",
    "Exchanges the halves of a spectrum, so that frequency 0 stands in the middle.",
    r"y_i = x_{(i - \lfloor n/2 \rfloor) \bmod n}",
    "For showing, or for cutting out slow waves around the middle.",
    ("centre", "frequency", "fftshift"),
)
IFFT_SHIFT = _shift(
    "InverseFFTShift",
    "ifftshift",
    "Undoes FFTShift: puts frequency 0 back to the front.",
    r"y_i = x_{(i + \lfloor n/2 \rfloor) \bmod n}",
    "Differs from FFTShift for odd lengths only.",
    ("centre", "frequency", "ifftshift"),
)

_COMPLEX = (Port("x", "*", "complex", doc="Complex numbers."),)
_PART = (Port("y", "*", doc="Real numbers of the same shape."),)
REAL = on_each(
    "Real",
    "Takes the real part of complex numbers.",
    r"y = \operatorname{Re} x",
    "{x}.real",
    "After an InverseFFT of a real signal the imaginary part is only rounding.",
    dtype=without_phase,
    inputs=_COMPLEX,
    outputs=_PART,
    group=_GROUP,
    torch_name="torch.real",
    onnx="Slice of the pair.",
    keywords=("real part", "complex"),
    differs=_CALLED,
)
IMAGINARY = on_each(
    "Imaginary",
    "Takes the imaginary part of complex numbers.",
    r"y = \operatorname{Im} x",
    "{x}.imag",
    "Real numbers have none: this layer wants complex ones.",
    dtype=without_phase,
    inputs=_COMPLEX,
    outputs=_PART,
    group=_GROUP,
    torch_name="torch.imag",
    onnx="Slice of the pair.",
    keywords=("imaginary part", "complex"),
    differs=_CALLED,
)
ANGLE = on_each(
    "Angle",
    "Gives the angle of complex numbers: the phase of each frequency.",
    r"y = \arg x",
    "torch.atan2({x}.imag, {x}.real)",
    "Jumps from π to -π. Between -π and π, in radians.",
    dtype=without_phase,
    inputs=_COMPLEX,
    outputs=_PART,
    group=_GROUP,
    torch_name="torch.angle",
    onnx="Atan, Div and Where.",
    keywords=("phase", "argument", "complex"),
    differs=_CALLED,
)
CONJUGATE = on_each(
    "Conjugate",
    "Turns the sign of the imaginary part around.",
    r"y = \bar{x}",
    "{x}.conj().resolve_conj()",
    "A spectrum times the conjugate of another is their cross-correlation.",
    dtype=lambda dtype: dtype,
    inputs=_COMPLEX,
    outputs=(Port("y", "*", "complex", doc="The same shape."),),
    group=_GROUP,
    torch_name="torch.conj",
    onnx="Mul of the pair.",
    keywords=("conj", "correlation", "complex"),
    differs=_CALLED,
)


def _complex_dtype(dtype: str) -> str:
    return "complex128" if dtype == "float64" else "complex64"


COMPLEX = of_two(
    "Complex",
    "Makes complex numbers of a real and an imaginary part.",
    r"y = a + i b",
    "torch.complex({real}, {imag})",
    "Both parts must be of one kind of numbers and one shape, or stretch to it.",
    dtype=_complex_dtype,
    inputs=(
        Port("real", "*", doc="The real part."),
        Port("imag", "*", doc="The imaginary part; size 1 stretches."),
    ),
    outputs=(Port("y", "*", "complex", doc="Complex numbers of the stretched shape."),),
    group=_GROUP,
    torch_name="torch.complex",
    onnx="Concat of both parts.",
    keywords=("real and imaginary", "complex"),
)
POLAR = of_two(
    "Polar",
    "Makes complex numbers of a length and an angle.",
    r"y = r \, e^{i \varphi}",
    "torch.polar({abs}, {angle})",
    "With the length 1 it makes turns, as rotary positions do.",
    dtype=_complex_dtype,
    inputs=(
        Port("abs", "*", doc="The length."),
        Port("angle", "*", doc="The angle in radians; size 1 stretches."),
    ),
    outputs=(Port("y", "*", "complex", doc="Complex numbers of the stretched shape."),),
    group=_GROUP,
    torch_name="torch.polar",
    onnx="Cos, Sin, Mul and Concat.",
    keywords=("magnitude and phase", "rotation", "complex", "rotary"),
)


def _to_pairs(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((*inputs[0].shape, 2), without_phase(inputs[0].dtype)),)


VIEW_AS_REAL = function(
    "ViewAsReal",
    "Lays complex numbers out as pairs of real ones, along a new last axis.",
    r"a + i b \to (a, b)",
    inputs=_COMPLEX,
    outputs=(Port("y", "* 2", doc="Pairs: real and imaginary part."),),
    shape=_to_pairs,
    torch=Torch(call="torch.view_as_real({x})"),
    examples=(Example({}, (("N", 8),), ("N", 8, 2)), Example({}, (("N", "T", 3),), ("N", "T", 3, 2))),
    pitfalls="Ordinary layers take no complex numbers: go through pairs, then Flatten or Concat.",
    group=_GROUP,
    torch_name="torch.view_as_real",
    onnx="Nothing: complex numbers are pairs there.",
    keywords=("pairs", "complex to real", "channels"),
    differs=_CALLED,
)


def _from_pairs(p: SimpleNamespace, inputs: Specs) -> Specs:
    if inputs[0].dtype == "bfloat16":
        raise ShapeError("there are no complex numbers of bfloat16: insert Cast", (("insert", "Cast"),))
    return (TensorSpec(inputs[0].shape[:-1], with_phase(inputs[0].dtype)),)


VIEW_AS_COMPLEX = function(
    "ViewAsComplex",
    "Reads pairs of real numbers as complex ones.",
    r"(a, b) \to a + i b",
    inputs=(Port("x", "* 2", doc="Pairs: real and imaginary part."),),
    outputs=(Port("y", "*", "complex", doc="One complex number for each pair."),),
    shape=_from_pairs,
    torch=Torch(call="torch.view_as_complex({x}.contiguous())"),
    examples=(Example({}, (("N", 8, 2),), ("N", 8)), Example({}, (("N", "T", 3, 2),), ("N", "T", 3))),
    pitfalls="The last axis must have size 2: Unflatten makes it.",
    group=_GROUP,
    torch_name="torch.view_as_complex",
    onnx="Nothing: complex numbers are pairs there.",
    keywords=("pairs", "real to complex", "rotary"),
    differs=_CALLED,
)


def _stft_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    size = x.shape[1]
    if isinstance(size, int) and p.n_fft // 2 >= size:
        raise ShapeError(
            "a window of {window} is too long for {size} samples: set at most {most}",
            (("set", "n_fft", str(2 * size - 2)),) if size > 2 else (),
            window=p.n_fft,
            size=size,
            most=2 * size - 2,
        )
    around = size + 2 * (p.n_fft // 2)
    frames = (around - p.n_fft) // _hop(p) + 1
    return (TensorSpec((x.shape[0], p.n_fft // 2 + 1, frames), with_phase(x.dtype)),)


def _hop(p: SimpleNamespace) -> int:
    return int(p.hop_length or max(1, p.n_fft // 4))


def _stft_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    window = f"torch.hann_window({p.n_fft}, device={{x}}.device)"
    return "", (f"torch.stft({{x}}, {p.n_fft}, hop_length={_hop(p)}, window={window}, return_complex=True)")


STFT = function(
    "STFT",
    "Takes the frequencies of a signal in short windows, one after the other.",
    r"y_{k m} = \sum_t x_{t + m h} \, w_t \, e^{-2 \pi i k t / n}",
    inputs=(Port("x", "N T", doc="A signal for each sample."),),
    outputs=(Port("y", "N K M", "complex", doc="Frequencies by windows, as complex numbers."),),
    params=(
        Int("n_fft", 16, "Length of a window.", label="Window", min=2, max=65536),
        Int(
            "hop_length",
            0,
            "Distance between two windows; 0 takes a quarter of the window.",
            label="Hop",
            min=0,
            max=65536,
        ),
    ),
    shape=_stft_shape,
    torch=Torch(text=_stft_text),
    examples=(
        Example({}, (("N", 64),), ("N", 9, 17)),
        Example({"n_fft": 8, "hop_length": 8}, (("N", 32),), ("N", 5, 5)),
    ),
    short="{n_fft}, {hop_length}",
    pitfalls="Long windows tell frequencies apart, short ones moments. Abs of it is the spectrogram.",
    group=_GROUP,
    torch_name="torch.stft",
    onnx="STFT.",
    keywords=("short-time Fourier", "spectrogram", "audio", "stft", "window"),
    differs={
        **_CALLED,
        "n_fft": "16 unless said",
        "win_length": "always the whole window",
        "window": "always a Hann window, the usual one",
        "center": "the signal is mirrored at its ends",
        "pad_mode": "the signal is mirrored at its ends",
        "normalized": "a MultiplyScalar after it does it",
        "onesided": "real signals need half only",
        "return_complex": "ports know complex numbers",
        "align_to_window": "goes with center",
    },
)

LAYERS: tuple[LayerSpec, ...] = (
    FFT,
    IFFT,
    RFFT,
    IRFFT,
    FFT2,
    IFFT2,
    RFFT2,
    IRFFT2,
    FFT_SHIFT,
    IFFT_SHIFT,
    REAL,
    IMAGINARY,
    ANGLE,
    CONJUGATE,
    COMPLEX,
    POLAR,
    VIEW_AS_REAL,
    VIEW_AS_COMPLEX,
    STFT,
)
