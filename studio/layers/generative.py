"""What generative networks draw and quantize: reparameterization, Gumbel softmax, a codebook, mixed samples."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Random"


def _alike(layer: str, inputs: Specs) -> Specs:
    if inputs[0].shape != inputs[1].shape:
        raise ShapeError(
            "{layer} needs equal shapes, gets {first} and {second}",
            layer=layer,
            first=show(inputs[0].shape),
            second=show(inputs[1].shape),
        )
    return (inputs[0],)


_REPARAMETERIZE = '''
class Reparameterize(nn.Module):
    """A random draw around a mean in training, the mean itself in evaluation."""

    def forward(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        if not self.training:
            return mean
        return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
'''


def _reparameterize_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return _alike("Reparameterize", inputs)


REPARAMETERIZE = LayerSpec(
    name="Reparameterize",
    category=Category.NORMALIZATION,
    summary="Draws numbers from normal distributions in such a way that mean and spread can learn.",
    formula=r"z = \mu + e^{\frac{1}{2} \log\sigma^2} \, \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)",
    inputs=(
        Port("mean", "N *", doc="The middle of each distribution."),
        Port("log_variance", "N *", doc="The logarithm of the squared spread."),
    ),
    outputs=(Port("y", "N *", doc="A draw of the same shape; in evaluation the mean."),),
    params=(),
    shape=_reparameterize_shape,
    torch=Torch(build="Reparameterize()", support=(_REPARAMETERIZE,)),
    source="Kingma and Welling, Auto-Encoding Variational Bayes, 2014, section 2.4",
    onnx="The mean is passed on: nothing is drawn in evaluation.",
    traits=Traits(random=True),
    examples=(
        Example({}, (("N", 16), ("N", 16)), ("N", 16)),
        Example({}, (("N", 4, 7, 7), ("N", 4, 7, 7)), ("N", 4, 7, 7)),
    ),
    keywords=("VAE", "variational", "latent", "sampling", "reparameterization trick", "rsample"),
    pitfalls="In evaluation it gives the mean. A KL loss on the same two wires keeps the spread from shrinking to"
    " nothing.",
    group=GROUP,
)

_GUMBEL = '''
class GumbelSoftmax(nn.Module):
    """A random choice that gradients can pass in training, the likeliest in evaluation."""

    def __init__(self, tau: float = 1.0, hard: bool = False, dim: int = -1) -> None:
        super().__init__()
        self.tau, self.hard, self.dim = tau, hard, dim

    def forward(self, logits: Tensor) -> Tensor:
        if self.training:
            return F.gumbel_softmax(logits, self.tau, self.hard, dim=self.dim)
        if not self.hard:
            return F.softmax(logits / self.tau, self.dim)
        best = logits.argmax(self.dim, keepdim=True)
        return torch.zeros_like(logits).scatter(self.dim, best, 1.0)
'''


def _gumbel_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    axis_of(p.dim, len(inputs[0].shape), "GumbelSoftmax")
    return (inputs[0],)


def _gumbel_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("GumbelSoftmax", tau=(p.tau, 1.0), hard=(p.hard, False), dim=(p.dim, -1)), ""


GUMBEL_SOFTMAX = LayerSpec(
    name="GumbelSoftmax",
    category=Category.ACTIVATION,
    summary="Chooses one of several at random, in such a way that gradients can pass.",
    formula=r"y = \operatorname{softmax}\left(\frac{x + g}{\tau}\right), \quad g_i = -\log(-\log u_i)",
    inputs=(Port("x", "*", doc="Scores before softmax."),),
    outputs=(Port("y", "*", doc="The same shape: nearly one 1 and else 0."),),
    params=(
        Float(
            "tau",
            1.0,
            "Temperature: near 0 it decides for one, higher it mixes.",
            label="Temperature",
            min=0.01,
            max=100,
        ),
        Bool("hard", False, "Give exactly one 1; gradients pass as if it were soft.", label="Hard"),
        Int("dim", -1, "The axis of the choices.", label="Axis", essential=False),
    ),
    shape=_gumbel_shape,
    torch=Torch(text=_gumbel_text, support=(_GUMBEL,)),
    source="Jang, Gu and Poole, Categorical Reparameterization with Gumbel-Softmax, 2017",
    onnx="Softmax, or ArgMax and ScatterElements: nothing is drawn in evaluation.",
    traits=Traits(random=True),
    examples=(
        Example({}, (("N", 10),), ("N", 10)),
        Example({"tau": 0.5, "hard": True, "dim": 1}, (("N", 4, 6),), ("N", 4, 6)),
    ),
    short="{tau}",
    keywords=("categorical", "discrete", "concrete", "sampling", "straight-through", "F.gumbel_softmax"),
    pitfalls="In evaluation nothing is drawn: soft gives the softmax, hard the likeliest. Below a temperature of 0.3"
    " gradients become wild.",
    group=GROUP,
)

_VECTOR_QUANTIZE = '''
class VectorQuantize(nn.Module):
    """Replaces each vector of x (N, C, …) by the nearest one of a learned codebook.

    Gives the found vectors, whose gradient passes straight to x; the loss that draws codebook
    and x together; and the number (N, …) of each found vector.
    """

    def __init__(self, codes: int, channels: int, commitment: float = 0.25) -> None:
        super().__init__()
        self.codebook = nn.Parameter(
            torch.empty(codes, channels).uniform_(-1, 1) / codes
        )
        self.commitment = commitment

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = x.movedim(1, -1)  # N … C
        distance = (
            self.codebook.square().sum(1) - 2 * rows @ self.codebook.T
        )  # N … codes
        index = distance.argmin(-1)  # N …
        found = self.codebook[index].movedim(-1, 1)  # N C …
        loss = F.mse_loss(found, x.detach())
        loss = loss + self.commitment * F.mse_loss(x, found.detach())
        return found.detach() + (x - x.detach()), loss, index
'''
_VECTOR_QUANTIZE_EMA = '''
class VectorQuantizeEMA(nn.Module):
    """Replaces each vector of x (N, C, …) by the nearest one of a codebook of running means.

    Gives the found vectors, whose gradient passes straight to x; the loss that draws x to them;
    and the number (N, …) of each found vector.
    """

    def __init__(
        self, codes: int, channels: int, commitment: float, decay: float
    ) -> None:
        super().__init__()
        codebook = torch.empty(codes, channels).uniform_(-1, 1) / codes
        self.register_buffer("codebook", codebook)
        self.register_buffer("count", torch.ones(codes))
        self.register_buffer("total", codebook.clone())
        self.commitment, self.decay = commitment, decay

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = x.movedim(1, -1)  # N … C
        distance = (
            self.codebook.square().sum(1) - 2 * rows @ self.codebook.T
        )  # N … codes
        index = distance.argmin(-1)  # N …
        found = self.codebook[index].movedim(-1, 1)  # N C …
        if self.training:
            self.follow(rows.detach().flatten(0, -2), index.flatten())
        loss = self.commitment * F.mse_loss(x, found)
        return found + (x - x.detach()), loss, index

    @torch.no_grad()
    def follow(self, rows: Tensor, index: Tensor) -> None:
        """Moves each code towards the mean of the rows that chose it."""
        chosen = F.one_hot(index, len(self.codebook)).to(rows.dtype)  # R codes
        self.count.lerp_(chosen.sum(0), 1 - self.decay)
        self.total.lerp_(chosen.T @ rows, 1 - self.decay)
        self.codebook.copy_(self.total / (self.count + 1e-5).unsqueeze(1))
'''


def _quantize_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    fixed(shape[1], "C")
    index = TensorSpec((shape[0], *shape[2:]), "int64", p.codes)
    return (inputs[0], TensorSpec((), inputs[0].dtype), index)


def _quantize_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {} if p.decay else {"codebook": (p.codes, fixed(inputs[0].shape[1], "C"))}


def _quantize_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.codes, *inputs[0].shape[1:]))


def _quantize_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    channels = inputs[0].shape[1]
    if p.decay:
        return build_text("VectorQuantizeEMA", p.codes, channels, p.commitment, p.decay), ""
    return build_text("VectorQuantize", p.codes, channels, commitment=(p.commitment, 0.25)), ""


VECTOR_QUANTIZE = LayerSpec(
    name="VectorQuantize",
    category=Category.LEARNED,
    summary="Replaces each vector by the nearest one of a learned codebook: pictures become few kinds of tiles.",
    formula=r"y = e_{k^*}, \quad k^* = \arg\min_k \lVert x - e_k \rVert^2, \quad"
    r" L = \lVert \bar{x} - e \rVert^2 + \beta \lVert x - \bar{e} \rVert^2",
    inputs=(Port("x", "N C *", doc="Vectors along axis 1."),),
    outputs=(
        Port("y", "N C *", doc="The vectors found, in the same shape; gradients pass straight through."),
        Port("loss", "", doc="Draws codebook and vectors together; wire it to a Minimize."),
        Port("index", "N *", "int", doc="The number of each vector found."),
    ),
    params=(
        Int("codes", 64, "How many vectors the codebook has.", label="Codes", min=1, max=2**20),
        Float(
            "commitment",
            0.25,
            "How strongly the vectors are drawn to the codebook, against the codebook to them.",
            label="Commitment",
            essential=False,
            min=0,
            max=100,
        ),
        Float(
            "decay",
            0.0,
            "0: the codebook learns by gradients; near 1, such as 0.99: it holds running means of what chose it.",
            label="Decay of means",
            essential=False,
            min=0,
            max=0.9999,
        ),
    ),
    shape=_quantize_shape,
    weights=_quantize_weights,
    flops=_quantize_flops,
    torch=Torch(text=_quantize_text, support=(_VECTOR_QUANTIZE, _VECTOR_QUANTIZE_EMA)),
    source="van den Oord, Vinyals and Kavukcuoglu, Neural Discrete Representation Learning, 2017, eq. 3",
    onnx="MatMul, ArgMin and Gather.",
    traits=Traits(learned=True, stateful=True),
    examples=(
        Example({"codes": 32}, (("N", 8, 7, 7),), ("N", 8, 7, 7), 256),
        Example({"codes": 5, "commitment": 1.0}, (("N", 4),), ("N", 4), 20),
    ),
    short="{codes}",
    keywords=("VQ-VAE", "codebook", "discrete", "tokenizer", "straight-through", "commitment loss"),
    pitfalls="Codes that nobody chooses stay unused: fewer codes, or running means, help. In evaluation the codebook"
    " stands still.",
    group="Quantization",
)

_INTERPOLATE = '''
class RandomInterpolate(nn.Module):
    """A point between each sample of a and b: random in training, the middle in evaluation."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        if not self.training:
            return (a + b) / 2
        shape = (a.shape[0], *[1] * (a.dim() - 1))  # N 1 …
        share = torch.rand(shape, dtype=a.dtype, device=a.device)
        return a + share * (b - a)
'''


def _interpolate_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return _alike("RandomInterpolate", inputs)


RANDOM_INTERPOLATE = LayerSpec(
    name="RandomInterpolate",
    category=Category.NORMALIZATION,
    summary="Gives a random point between each two samples, such as between a real and a made picture.",
    formula=r"y = a + u\,(b - a), \quad u \sim \mathcal{U}(0, 1)",
    inputs=(
        Port("a", "N *", doc="Samples of one kind, such as real ones."),
        Port("b", "N *", doc="Samples of another kind, such as made ones."),
    ),
    outputs=(Port("y", "N *", doc="One point between each two; in evaluation the middle."),),
    params=(),
    shape=_interpolate_shape,
    torch=Torch(build="RandomInterpolate()", support=(_INTERPOLATE,)),
    source="Gulrajani et al., Improved Training of Wasserstein GANs, 2017, section 4",
    onnx="Add and Div: the middle.",
    traits=Traits(random=True),
    examples=(
        Example({}, (("N", 16), ("N", 16)), ("N", 16)),
        Example({}, (("N", 1, 8, 8), ("N", 1, 8, 8)), ("N", 1, 8, 8)),
    ),
    keywords=("WGAN-GP", "gradient penalty", "mixup", "lerp", "between"),
    pitfalls="Feeds the discriminator where a gradient penalty is measured. In evaluation it gives the middle.",
    group=GROUP,
)

LAYERS = (REPARAMETERIZE, GUMBEL_SOFTMAX, VECTOR_QUANTIZE, RANDOM_INTERPOLATE)
