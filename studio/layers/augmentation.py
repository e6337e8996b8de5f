"""Random views of pictures inside the network: for two views of one sample, which the data itself can't give."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Float, Int, Pair
from studio.layers.rules import Specs, same, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Augmentation"
_PICTURES = (Port("x", "N C H W", doc="Pictures: channels, height, width."),)
_SAME = (Port("y", "N C H W", doc="The same shape; in evaluation the pictures themselves."),)
_LEFT_OUT = "Left out: it does nothing in evaluation."
_SOURCE = (
    "Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, 2020, section 2"
)
_RANDOM = Traits(random=True)
_EXAMPLES = (
    Example({}, (("N", 3, 8, 8),), ("N", 3, 8, 8)),
    Example({}, (("N", 1, 28, 20),), ("N", 1, 28, 20)),
)

_FLIP = '''
class RandomFlip(nn.Module):
    """Mirrors a share of the pictures (N, C, H, W) left to right in training."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        chosen = torch.rand(x.shape[0], 1, 1, 1, device=x.device) < self.p
        return torch.where(chosen, x.flip(3), x)
'''

RANDOM_FLIP = LayerSpec(
    name="RandomFlip",
    category=Category.SHAPE,
    summary="Mirrors some of the pictures left to right in training.",
    formula=r"y_{ij} = x_{i,\, W - 1 - j} \;\text{ with chance } p",
    inputs=_PICTURES,
    outputs=_SAME,
    params=(Float("p", 0.5, "Share of the pictures that are mirrored.", label="Share", min=0, max=1),),
    shape=same,
    torch=Torch(build="RandomFlip({p})", support=(_FLIP,)),
    source=_SOURCE,
    onnx=_LEFT_OUT,
    traits=_RANDOM,
    examples=_EXAMPLES,
    short="{p}",
    keywords=("ImageAugmentation", "mirror", "RandomHorizontalFlip", "SimCLR", "augment"),
    pitfalls="Not for digits or letters. In evaluation it does nothing. Data can mirror too; this one is for several"
    " views of one picture.",
    group=GROUP,
)

_SHIFT = '''
class RandomShift(nn.Module):
    """Moves each picture (N, C, H, W) by up to ``most`` px each way in training; 0 comes in."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        samples, _, height, width = x.shape
        wide = F.pad(x, (self.most,) * 4)
        way = torch.randint(2 * self.most + 1, (2, samples, 1), device=x.device)
        row = torch.arange(height, device=x.device) + way[0]  # N H
        column = torch.arange(width, device=x.device) + way[1]  # N W
        sample = torch.arange(samples, device=x.device)[:, None, None]
        return wide[sample, :, row[:, :, None], column[:, None]].movedim(3, 1)
'''

RANDOM_SHIFT = LayerSpec(
    name="RandomShift",
    category=Category.SHAPE,
    summary="Moves each picture a little at random in training.",
    formula=r"y_{ij} = x_{i + a,\, j + b}, \quad a, b \sim \mathcal{U}\{-m, \dots, m\}",
    inputs=_PICTURES,
    outputs=_SAME,
    params=(
        Int(
            "most",
            2,
            "How far a picture moves at most, each way.",
            unit="px",
            label="Farthest",
            min=0,
            max=1024,
        ),
    ),
    shape=same,
    torch=Torch(build="RandomShift({most})", support=(_SHIFT,)),
    source=_SOURCE,
    onnx=_LEFT_OUT,
    traits=_RANDOM,
    examples=_EXAMPLES,
    short="{most}",
    keywords=("ImageAugmentation", "translate", "jitter", "RandomCrop with padding", "SimCLR", "augment"),
    pitfalls="In evaluation it does nothing. What moves in from the edge is 0: normalize before it.",
    group=GROUP,
)

_ERASE = '''
class RandomErase(nn.Module):
    """Sets a box of ``share`` of each side to 0, somewhere in each picture, in training."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = []
        for size in x.shape[2:]:
            place = (torch.arange(size, device=x.device) + 0.5) / size
            middle = torch.rand(x.shape[0], 1, device=x.device)
            kept.append((place - middle).abs() > self.share / 2)  # N size
        outside = kept[0][:, :, None] | kept[1][:, None]  # N H W
        return x * outside.unsqueeze(1)
'''

RANDOM_ERASE = LayerSpec(
    name="RandomErase",
    category=Category.SHAPE,
    summary="Hides a box somewhere in each picture in training, so that no single spot is relied on.",
    formula=r"y = x \odot m, \quad m = 0 \text{ inside a random box}",
    inputs=_PICTURES,
    outputs=_SAME,
    params=(
        Float("share", 0.4, "Side of the box, as a share of the picture's.", label="Share", min=0, max=1),
    ),
    shape=same,
    torch=Torch(build="RandomErase({share})", support=(_ERASE,)),
    source="DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017",
    onnx=_LEFT_OUT,
    traits=_RANDOM,
    examples=_EXAMPLES,
    short="{share}",
    keywords=("Cutout", "RandomErasing", "occlusion", "ImageAugmentation", "mask", "augment"),
    pitfalls="In evaluation it does nothing. Boxes may reach over the edge, so less may be hidden.",
    group=GROUP,
)

_CROP = '''
class RandomCrop(nn.Module):
    """Cuts a piece of one size out of each picture: anywhere in training, the middle in evaluation."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        down, across = x.shape[2] - self.height, x.shape[3] - self.width  # px to spare
        if not self.training:
            top, left = down // 2, across // 2
            return x[:, :, top : top + self.height, left : left + self.width]
        samples = (x.shape[0], 1)
        top = torch.randint(down + 1, samples, device=x.device)
        left = torch.randint(across + 1, samples, device=x.device)
        row = torch.arange(self.height, device=x.device) + top  # N height
        column = torch.arange(self.width, device=x.device) + left  # N width
        sample = torch.arange(x.shape[0], device=x.device)[:, None, None]
        return x[sample, :, row[:, :, None], column[:, None]].movedim(3, 1)
'''


def _crop_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, *sizes = inputs[0].shape
    if any(isinstance(size, int) and size < cut for size, cut in zip(sizes, p.size, strict=True)):
        raise ShapeError(
            "a piece of {height} by {width} can't be cut out of {shape}: make it smaller",
            height=p.size[0],
            width=p.size[1],
            shape=show(inputs[0].shape),
        )
    return (TensorSpec((batch, channels, *p.size), inputs[0].dtype),)


def _crop_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("RandomCrop", *p.size), ""


RANDOM_CROP = LayerSpec(
    name="RandomCrop",
    category=Category.SHAPE,
    summary="Cuts a piece of one size out of each picture: anywhere in training, the middle in evaluation.",
    formula=r"y_{ij} = x_{i + a,\, j + b}, \quad 0 \le i < h, \; 0 \le j < w",
    inputs=_PICTURES,
    outputs=(Port("y", "N C H_out W_out", doc="The pieces."),),
    params=(
        Pair("size", (24, 24), "Height and width of the piece.", label="Size", min=1, max=65536, unit="px"),
    ),
    shape=_crop_shape,
    torch=Torch(text=_crop_text, support=(_CROP,)),
    source="Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012",
    onnx="Slice: the middle.",
    traits=_RANDOM,
    examples=(
        Example({"size": 6}, (("N", 3, 8, 8),), ("N", 3, 6, 6)),
        Example({"size": (4, 10)}, (("N", 1, 4, 20),), ("N", 1, 4, 10)),
    ),
    short="{size}",
    keywords=("crop2d", "CenterCrop", "Cropping2D", "ImageAugmentation", "SimCLR", "augment"),
    pitfalls="In evaluation the middle is cut out, so what lies at the edge is never seen there.",
    group=GROUP,
)

_LIGHT = '''
class RandomLight(nn.Module):
    """Makes each picture (N, C, H, W) lighter or darker, stronger or fainter, in training."""

    def __init__(self, brightness: float, contrast: float) -> None:
        super().__init__()
        self.brightness, self.contrast = brightness, contrast

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = (2, x.shape[0], 1, 1, 1)
        light, strong = 2 * torch.rand(shape, dtype=x.dtype, device=x.device) - 1
        mean = x.mean((1, 2, 3), keepdim=True)  # N 1 1 1
        return (
            mean + (1 + self.contrast * strong) * (x - mean) + self.brightness * light
        )
'''

RANDOM_LIGHT = LayerSpec(
    name="RandomLight",
    category=Category.SHAPE,
    summary="Makes each picture lighter or darker, stronger or fainter at random in training.",
    formula=r"y = \bar{x} + (1 + c u)(x - \bar{x}) + b v, \quad u, v \sim \mathcal{U}(-1, 1)",
    inputs=_PICTURES,
    outputs=_SAME,
    params=(
        Float(
            "brightness", 0.2, "How much light is added or taken at most.", label="Brightness", min=0, max=100
        ),
        Float(
            "contrast",
            0.2,
            "How much the differences grow or shrink at most.",
            label="Contrast",
            min=0,
            max=1,
        ),
    ),
    shape=same,
    torch=Torch(build="RandomLight({brightness}, {contrast})", support=(_LIGHT,)),
    source=_SOURCE,
    onnx=_LEFT_OUT,
    traits=_RANDOM,
    examples=_EXAMPLES,
    short="{brightness}, {contrast}",
    keywords=("ColorJitter", "brightness", "contrast", "ImageAugmentation", "SimCLR", "augment"),
    pitfalls="In evaluation it does nothing. Brightness is in the units of the pictures: 0.2 is much for 0..1.",
    group=GROUP,
)

LAYERS = (RANDOM_FLIP, RANDOM_SHIFT, RANDOM_ERASE, RANDOM_CROP, RANDOM_LIGHT)
