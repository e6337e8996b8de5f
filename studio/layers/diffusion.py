"""Diffusion: how noise is mixed in step by step, and how a network is told the step; waves of coordinates."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.params import Choice, Float, Int
from studio.layers.positions import even
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import literal

GROUP = "Diffusion"

_SCHEDULE = '''
class NoiseSchedule(nn.Module):
    """Mixes noise into samples, more from step to step, as ``beta`` (steps,) says."""

    def __init__(self, beta: Tensor) -> None:
        super().__init__()
        self.register_buffer("beta", beta, persistent=False)
        self.register_buffer("left", torch.cumprod(1 - beta, 0), persistent=False)

    def forward(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        left = self.at(self.left, t, x)
        return left.sqrt() * x + (1 - left).sqrt() * noise

    def step_back(
        self, x: Tensor, t: Tensor, predicted: Tensor, noise: Tensor
    ) -> Tensor:
        """x of step t - 1 from that of step t (N,); at step 0 the noise should be 0."""
        beta, left = self.at(self.beta, t, x), self.at(self.left, t, x)
        mean = (x - beta / (1 - left).sqrt() * predicted) / (1 - beta).sqrt()
        return mean + beta.sqrt() * noise

    @staticmethod
    def at(values: Tensor, t: Tensor, x: Tensor) -> Tensor:
        """``values[t]`` (N,) with as many axes as x."""
        return values[t].reshape(-1, *[1] * (x.dim() - 1))
'''
_COSINE = '''
def cosine_betas(steps: int) -> Tensor:
    """Noise for each step, so that what is left of the sample follows a cosine."""
    time = torch.linspace(0, 1, steps + 1)
    left = torch.cos((time + 0.008) / 1.008 * torch.pi / 2).square()
    return (1 - left[1:] / left[:-1]).clamp(max=0.999)
'''


def _schedule_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, t, noise = inputs
    if x.shape != noise.shape:
        raise ShapeError(
            "NoiseSchedule needs noise in the shape of the samples, gets {x} and {noise}",
            x=show(x.shape),
            noise=show(noise.shape),
        )
    if t.classes > p.steps:
        raise ShapeError(
            "{wanted} different steps come in, but NoiseSchedule has {steps}: set {wanted}",
            (("set", "steps", str(t.classes)),),
            wanted=t.classes,
            steps=p.steps,
        )
    return (x,)


def _schedule_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    steps = literal(p.steps)
    if p.schedule == "cosine":
        return f"NoiseSchedule(cosine_betas({steps}))", ""
    return f"NoiseSchedule(torch.linspace({literal(p.first)}, {literal(p.last)}, {steps}))", ""


NOISE_SCHEDULE = LayerSpec(
    name="NoiseSchedule",
    category=Category.NORMALIZATION,
    summary="Mixes noise into samples, as much as belongs to a step of diffusion.",
    formula=r"x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon, \quad"
    r" \bar\alpha_t = \prod_{s \le t} (1 - \beta_s)",
    inputs=(
        Port("x", "N *", doc="Clean samples, scaled to -1..1 or to mean 0 and spread 1."),
        Port("t", "N", "int", doc="The step of each sample, from 0."),
        Port("noise", "N *", doc="Normal random numbers in the shape of the samples."),
    ),
    outputs=(Port("y", "N *", doc="The noisy samples."),),
    params=(
        Int(
            "steps",
            1000,
            "How many steps lead to pure noise.",
            unit="steps",
            label="Steps",
            min=2,
            max=100_000,
        ),
        Choice(
            "schedule",
            "linear",
            "How the noise grows: linear from first to last, or so that the rest follows a cosine.",
            label="Growth",
            options=("linear", "cosine"),
        ),
        Float(
            "first",
            1e-4,
            "Noise of the first step; for linear.",
            label="First",
            essential=False,
            min=1e-8,
            max=0.5,
        ),
        Float(
            "last",
            0.02,
            "Noise of the last step; for linear.",
            label="Last",
            essential=False,
            min=1e-8,
            max=0.999,
        ),
    ),
    shape=_schedule_shape,
    torch=Torch(text=_schedule_text, support=(_SCHEDULE, _COSINE)),
    source="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, eq. 4;"
    " Nichol and Dhariwal, Improved Denoising Diffusion Probabilistic Models, 2021, eq. 17",
    onnx="Gather, Mul and Add.",
    examples=(
        Example({}, (("N", 1, 8, 8), ("N",), ("N", 1, 8, 8)), ("N", 1, 8, 8)),
        Example({"steps": 50, "schedule": "cosine"}, (("N", 2), ("N",), ("N", 2)), ("N", 2)),
    ),
    short="{steps}, {schedule}",
    keywords=("DDPM", "q_sample", "beta schedule", "alphas_cumprod", "forward process", "denoising"),
    pitfalls="The network learns to guess the noise: wire the noise to MSE as well. With fewer than 1000 steps take"
    " the cosine or a larger last, or something of the sample is left at the end.",
    group=GROUP,
)


def _timestep_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((symbol("N"),), "int64", p.steps),)


RANDOM_TIMESTEP = LayerSpec(
    name="RandomTimestep",
    category=Category.SOURCE,
    summary="Draws a step of diffusion for each sample of the batch.",
    formula=r"t \sim \mathcal{U}\{0, \dots, T - 1\}",
    inputs=(),
    outputs=(Port("t", "N", "int", doc="A step for each sample, drawn once for each training step."),),
    params=(
        Int("steps", 1000, "How many steps there are.", unit="steps", label="Steps", min=1, max=100_000),
    ),
    shape=_timestep_shape,
    torch=Torch(call="torch.randint({steps}, (len({batch}),), device={batch}.device)"),
    source="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, algorithm 1",
    onnx="RandomUniform; made an input instead, so that results can be repeated.",
    traits=Traits(random=True, role="source"),
    examples=(Example({"steps": 200}, (), ("N",)), Example({}, (), ("N",))),
    short="{steps}",
    keywords=("DDPM", "randint", "time", "uniform", "RandomTimestep", "t"),
    pitfalls="Give NoiseSchedule the same number of steps. In evaluation steps are drawn as well.",
    group=GROUP,
)

_TIMESTEP_EMBEDDING = '''
def timestep_embedding(t: Tensor, width: int, longest: float = 10000.0) -> Tensor:
    """Sines and cosines (N, width) of a step t (N,), slower and slower."""
    rate = longest ** (-torch.arange(width // 2, device=t.device) / (width // 2))
    angle = t.unsqueeze(1) * rate  # N width/2
    return torch.cat([angle.sin(), angle.cos()], 1)
'''


def _time_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    even(p.width, "TimestepEmbedding")
    return (TensorSpec((inputs[0].shape[0], p.width)),)


def _time_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    usual = p.longest == 10000.0 and not hasattr(p.longest, "text")
    return "", "timestep_embedding({t}, {width}" + ("" if usual else ", {longest}") + ")"


TIMESTEP_EMBEDDING = LayerSpec(
    name="TimestepEmbedding",
    category=Category.SEQUENCE,
    summary="Turns the number of a step into many waves, which a network can read.",
    formula=r"y_{n} = [\sin(t_n \omega_i),\; \cos(t_n \omega_i)], \quad \omega_i = b^{-2i/E}",
    inputs=(Port("t", "N", "int", doc="The step of each sample, from 0."),),
    outputs=(Port("y", "N E", doc="A row of waves for each sample."),),
    params=(
        Int("width", 64, "How many numbers tell the step; even.", label="Width", min=2, max=65536),
        Float(
            "longest",
            10000.0,
            "The slowest wave turns once in about this many steps, times 2π.",
            label="Slowest",
            essential=False,
            min=2,
            max=1e9,
        ),
    ),
    shape=_time_shape,
    torch=Torch(text=_time_text, support=(_TIMESTEP_EMBEDDING,)),
    source="Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, appendix B",
    onnx="Sin, Cos and Concat.",
    traits=Traits(differentiable=False),
    examples=(
        Example({"width": 32}, (("N",),), ("N", 32)),
        Example({"width": 8, "longest": 100.0}, (("N",),), ("N", 8)),
    ),
    short="{width}",
    keywords=("time embedding", "sinusoidal", "diffusion", "DDPM", "step"),
    pitfalls="Follow it with Linear, SiLU and Linear, then FiLM, or add it to the channels.",
    group=GROUP,
)

_FOURIER = '''
class FourierFeatures(nn.Module):
    """Cosines and sines of random directions of x (…, F), so that fine detail can be learned."""

    def __init__(self, features: int, count: int, scale: float) -> None:
        super().__init__()
        self.register_buffer("direction", scale * torch.randn(features, count))

    def forward(self, x: Tensor) -> Tensor:
        angle = 2 * torch.pi * x @ self.direction.to(x.dtype)  # … count
        return torch.cat([angle.cos(), angle.sin()], -1)
'''


def _fourier_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[-1], "F")
    return (TensorSpec((*inputs[0].shape[:-1], 2 * p.count), inputs[0].dtype),)


def _fourier_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.count, *inputs[0].shape[1:]))


FOURIER_FEATURES = LayerSpec(
    name="FourierFeatures",
    category=Category.SEQUENCE,
    summary="Turns coordinates into many waves, so that the layers after it can learn fine detail.",
    formula=r"y = [\cos(2\pi B x), \sin(2\pi B x)], \quad B_{ij} \sim \mathcal{N}(0, \sigma^2)",
    inputs=(Port("x", "N * F", doc="Coordinates, usually from 0 to 1."),),
    outputs=(Port("y", "N * waves", doc="A cosine and a sine for each wave."),),
    params=(
        Int("count", 64, "How many waves.", label="Waves", min=1, max=65536),
        Float("scale", 10.0, "How fine the finest waves are.", label="Scale", min=1e-3, max=1000),
    ),
    shape=_fourier_shape,
    flops=_fourier_flops,
    torch=Torch(build="FourierFeatures({x.F}, {count}, {scale})", support=(_FOURIER,)),
    source="Tancik et al., Fourier Features Let Networks Learn High Frequency Functions, 2020",
    onnx="MatMul, Cos and Sin.",
    examples=(
        Example({"count": 16}, (("N", 2),), ("N", 32)),
        Example({"count": 3, "scale": 1.0}, (("N", "T", 4),), ("N", "T", 6)),
    ),
    short="{count}, {scale}",
    keywords=("NeRF", "coordinate network", "random features", "positional encoding", "spectral bias"),
    pitfalls="The waves are drawn once, when training starts, and saved with the weights. Too large a scale gives"
    " noise between the samples.",
    group="Positions",
)

LAYERS = (NOISE_SCHEDULE, RANDOM_TIMESTEP, TIMESTEP_EMBEDDING, FOURIER_FEATURES)
