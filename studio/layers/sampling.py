"""Convolutions whose filters move or change from place to place, and those that work on frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int, Pair
from studio.layers.rules import Specs, fixed, product, show, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Further convolutions"
_PICTURES = Port("x", "N C H W", doc="Pictures: channels, height, width.")
_FILTERS = Int(
    "out_channels", 32, "Number of filters, so of output channels.", label="Filters", min=1, max=2**24
)
_BIAS = Bool("bias", True, "Add a learned constant to each output channel.", label="Bias", essential=False)

_DEFORMABLE = '''
class DeformableConv2d(nn.Module):
    """A convolution whose taps move, at each point, to where a second convolution sends them."""

    def __init__(
        self, channels: int, out_channels: int, size: int, bias: bool = True
    ) -> None:
        super().__init__()
        conv = nn.Conv2d(
            channels, out_channels, size, bias=bias
        )  # for its start values
        self.weight, self.bias = conv.weight, conv.bias
        self.offset = nn.Conv2d(channels, 2 * size**2, size, padding=size // 2)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)
        reach = torch.arange(size) - size // 2
        taps = torch.cartesian_prod(reach, reach).flip(1)  # taps 2: across, down
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = torch.arange(height, device=x.device)
        columns = torch.arange(width, device=x.device)
        point = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)  # H W 2
        offset = self.offset(x).unflatten(1, (-1, 2)).movedim(2, -1)  # N taps H W 2
        place = point + self.taps[:, None, None] + offset  # px
        side = torch.stack([place[..., 0] / width, place[..., 1] / height], -1)
        cell = torch.tensor([1 / width, 1 / height], dtype=x.dtype, device=x.device)
        grid = (2 * side + cell - 1).flatten(1, 2)  # N taps*H W 2, from -1 to 1
        found = F.grid_sample(x, grid, align_corners=False)  # N C taps*H W
        found = found.unflatten(2, (-1, height)).flatten(1, 2)  # N C*taps H W
        return F.conv2d(found, self.weight.flatten(1)[:, :, None, None], self.bias)
'''


def _deformable_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, height, width = inputs[0].shape
    fixed(channels, "C")
    if p.kernel_size % 2 == 0:
        raise ShapeError(
            "a filter of {size} px has no middle, so the picture would change its size: set {odd}",
            (("set", "kernel_size", str(p.kernel_size + 1)),),
            size=p.kernel_size,
            odd=p.kernel_size + 1,
        )
    return (TensorSpec((batch, p.out_channels, height, width), inputs[0].dtype),)


def _deformable_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels, size = fixed(inputs[0].shape[1], "C"), p.kernel_size
    return {
        **weight_and_bias((p.out_channels, channels, size, size), p.out_channels, p.bias),
        "offset.weight": (2 * size**2, channels, size, size),
        "offset.bias": (2 * size**2,),
    }


def _deformable_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    taps = p.kernel_size**2
    return product((2 * taps * (2 * taps + p.out_channels), *inputs[0].shape[1:]))


def _deformable_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text(
        "DeformableConv2d", inputs[0].shape[1], p.out_channels, p.kernel_size, bias=(p.bias, True)
    ), ""


DEFORMABLE_CONV2D = LayerSpec(
    name="DeformableConv2d",
    category=Category.LEARNED,
    summary="A Conv2d whose taps move at each point to where they are useful; the moves are learned too.",
    formula=r"y(p) = b + \sum_k w_k \, x\left(p + p_k + \Delta_k(p)\right)",
    inputs=(_PICTURES,),
    outputs=(Port("y", "N out_channels H W", doc="One picture for each filter, of the same size."),),
    params=(
        _FILTERS,
        Int(
            "kernel_size",
            3,
            "Height and width of a filter; odd.",
            label="Filter size",
            min=1,
            max=31,
            unit="px",
        ),
        _BIAS,
    ),
    shape=_deformable_shape,
    weights=_deformable_weights,
    flops=_deformable_flops,
    torch=Torch(text=_deformable_text, support=(_DEFORMABLE,)),
    source="Dai et al., Deformable Convolutional Networks, 2017, eq. 2",
    onnx="Conv, GridSample and Conv.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 4}, (("N", 3, 8, 7),), ("N", 4, 8, 7), 616),
        Example({"out_channels": 2, "kernel_size": 1, "bias": False}, (("N", 5, 4, 4),), ("N", 2, 4, 4), 22),
    ),
    short="{out_channels}, {kernel_size}",
    keywords=("DeformableConvolution", "DCN", "deform_conv2d", "offset", "spatial transformer"),
    pitfalls="Starts as a plain convolution: the moves start at 0. Costs several times a Conv2d.",
    group=GROUP,
)

_ADAPTIVE = '''
def adaptive_separable(x: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Filters each point of x (N, C, H, W) with a column (N, K, H, W) and a row of its own."""
    tall, wide = down.shape[1], across.shape[1]
    edges = ((wide - 1) // 2, wide // 2, (tall - 1) // 2, tall // 2)
    patches = F.unfold(F.pad(x, edges), (tall, wide))  # N C*tall*wide H*W
    patches = patches.unflatten(1, (-1, tall, wide)).unflatten(-1, x.shape[2:])
    filters = down.unsqueeze(2) * across.unsqueeze(1)  # N tall wide H W
    return (patches * filters.unsqueeze(1)).sum((2, 3))
'''


def _adaptive_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, down, across = (given.shape for given in inputs)
    fixed(down[1], "K"), fixed(across[1], "K")
    place = (x[0], *x[2:])
    if (down[0], *down[2:]) != place or (across[0], *across[2:]) != place:
        raise ShapeError(
            "each point of {x} needs filters of its own, but they come as {down} and {across}",
            x=show(x),
            down=show(down),
            across=show(across),
        )
    return (inputs[0],)


ADAPTIVE_SEPARABLE_CONV2D = LayerSpec(
    name="AdaptiveSeparableConv2d",
    category=Category.SHAPE,
    summary="Filters each point of a picture with a column and a row of its own, which another network made.",
    formula=r"y_{ij} = \sum_{u,v} a_u(i,j)\, b_v(i,j)\, x_{i+u,\, j+v}",
    inputs=(
        _PICTURES,
        Port("down", "N K H W", doc="The column of each point: K numbers."),
        Port("across", "N K_wide H W", doc="The row of each point."),
    ),
    outputs=(Port("y", "N C H W", doc="The filtered picture, of the same size."),),
    params=(),
    shape=_adaptive_shape,
    torch=Torch(call="adaptive_separable({x}, {down}, {across})", support=(_ADAPTIVE,)),
    source="Niklaus, Mai and Liu, Video Frame Interpolation via Adaptive Separable Convolution, 2017",
    onnx="Pad, Gather, Mul and ReduceSum.",
    examples=(
        Example({}, (("N", 3, 6, 9), ("N", 3, 6, 9), ("N", 1, 6, 9)), ("N", 3, 6, 9)),
        Example({}, (("N", 1, 4, 3), ("N", 2, 4, 3), ("N", 3, 4, 3)), ("N", 1, 4, 3)),
    ),
    keywords=("AdaptiveSeparableConvolution", "SepConv", "dynamic filter", "frame interpolation"),
    pitfalls="Needs a good deal of memory for wide filters. Beyond the edge the picture counts as 0.",
    group=GROUP,
)

_SPECTRAL = '''
class SpectralConv2d(nn.Module):
    """Mixes the channels of x (N, C, H, W) frequency by frequency, the lowest ``modes`` each way."""

    def __init__(
        self, channels: int, out_channels: int, rows: int, columns: int
    ) -> None:
        super().__init__()
        shape = (2, 2 * rows, columns, channels, out_channels)  # real and imaginary
        self.weight = nn.Parameter(torch.randn(shape) / channels)
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.view_as_real(torch.fft.rfft2(x, norm="ortho"))  # N C H W/2+1 2
        low = waves[:, :, : self.rows, : self.columns]
        high = waves[:, :, -self.rows :, : self.columns]  # negative frequencies
        kept = torch.cat([low, high], 2)  # N C 2*rows columns 2
        real, imaginary = kept.permute(4, 2, 3, 0, 1)  # 2*rows columns N C
        a, b = self.weight
        mixed = torch.stack([real @ a - imaginary @ b, real @ b + imaginary @ a], -1)
        mixed = mixed.permute(2, 3, 0, 1, 4)  # N out 2*rows columns 2
        after = waves.shape[3] - self.columns
        mixed = F.pad(mixed, (0, 0, 0, after))
        low, high = mixed.chunk(2, 2)
        between = low.new_zeros(
            *low.shape[:2], x.shape[2] - 2 * self.rows, *low.shape[3:]
        )
        waves = torch.cat([low, between, high], 2)
        return torch.fft.irfft2(torch.view_as_complex(waves), x.shape[2:], norm="ortho")
'''


def _spectral_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, height, width = inputs[0].shape
    fixed(channels, "C")
    rows, columns = p.modes
    if 2 * rows > fixed(height, "H") or columns > fixed(width, "W") // 2 + 1:
        raise ShapeError(
            "a picture of {height} by {width} has no {rows} by {columns} frequencies: set fewer",
            height=height,
            width=width,
            rows=rows,
            columns=columns,
        )
    return (TensorSpec((batch, p.out_channels, height, width), inputs[0].dtype),)


def _spectral_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    rows, columns = p.modes
    return {"weight": (2, 2 * rows, columns, fixed(inputs[0].shape[1], "C"), p.out_channels)}


def _spectral_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((4 * 2 * 2 * p.modes[0] * p.modes[1], inputs[0].shape[1], p.out_channels))


def _spectral_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("SpectralConv2d", inputs[0].shape[1], p.out_channels, *p.modes), ""


SPECTRAL_CONV2D = LayerSpec(
    name="SpectralConv2d",
    category=Category.LEARNED,
    summary="Mixes the channels of a picture frequency by frequency, so that each point feels all others.",
    formula=r"y = \mathcal{F}^{-1}\left(W_k \, \mathcal{F}(x)_k\right), \quad |k| \le m",
    inputs=(_PICTURES,),
    outputs=(Port("y", "N out_channels H W", doc="One picture for each filter, of the same size."),),
    params=(
        _FILTERS,
        Pair(
            "modes",
            (4, 4),
            "How many frequencies each way are kept, from the lowest.",
            label="Frequencies",
            min=1,
            max=1024,
        ),
    ),
    shape=_spectral_shape,
    weights=_spectral_weights,
    flops=_spectral_flops,
    torch=Torch(text=_spectral_text, support=(_SPECTRAL,)),
    source="Li et al., Fourier Neural Operator for Parametric Partial Differential Equations, 2021, eq. 5",
    onnx="DFT, MatMul and DFT.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 3, "modes": 2}, (("N", 2, 8, 8),), ("N", 3, 8, 8), 96),
        Example({"out_channels": 2, "modes": (1, 3)}, (("N", 1, 6, 5),), ("N", 2, 6, 5), 24),
    ),
    short="{out_channels}, {modes}",
    keywords=("Fourier neural operator", "FNO", "spectralConvolution2d", "frequency", "PDE", "global filter"),
    pitfalls="Keeps low frequencies only: add a Conv2d of size 1 beside it for the rest, then an activation.",
    group=GROUP,
)

LAYERS = (DEFORMABLE_CONV2D, ADAPTIVE_SEPARABLE_CONV2D, SPECTRAL_CONV2D)
