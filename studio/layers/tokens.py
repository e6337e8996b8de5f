"""What transformers do to tokens around the attention: patches, class token, joining of neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Int, Ints, Pair
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, square

GROUP = "Tokens"


def _patch_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, *sizes = inputs[0].shape
    fixed(channels, "C")
    for size, patch in zip(sizes, p.patch_size, strict=True):
        if isinstance(size, int) and size % patch:
            raise ShapeError(
                "pictures of {shape} can't be cut into patches of {height} by {width}: change the patch size",
                shape=show(sizes),
                height=p.patch_size[0],
                width=p.patch_size[1],
            )
    count = product(size // patch for size, patch in zip(sizes, p.patch_size, strict=True))
    return (TensorSpec((batch, count, p.embedding_dim), inputs[0].dtype),)


def _patch_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[1], "C")
    return {"weight": (p.embedding_dim, channels, *p.patch_size), "bias": (p.embedding_dim,)}


def _patch_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2, inputs[0].shape[1], *p.patch_size, *outputs[0].shape[1:]))


def _patch_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    size = square(p.patch_size)
    build = build_text("nn.Conv2d", inputs[0].shape[1], p.embedding_dim, size, stride=(size, 1))
    return build, "{self}({x}).flatten(2).transpose(1, 2)"


PATCH_EMBEDDING = LayerSpec(
    name="PatchEmbedding",
    category=Category.SEQUENCE,
    summary="Cuts pictures into patches and makes a row of features of each.",
    formula=r"y_t = W\,\operatorname{patch}_t(x) + b",
    inputs=(Port("x", "N C H W", doc="Pictures: channels, height, width."),),
    outputs=(Port("y", "N T E", doc="One row of features for each patch, row by row."),),
    params=(
        Int("embedding_dim", 64, "Features of each patch.", label="Width", min=1, max=2**20),
        Pair(
            "patch_size",
            (4, 4),
            "Height and width of a patch; must divide the picture.",
            label="Patch size",
            min=1,
            max=1024,
            unit="px",
        ),
    ),
    shape=_patch_shape,
    weights=_patch_weights,
    flops=_patch_flops,
    torch=Torch(text=_patch_text),
    source="Dosovitskiy et al., An Image Is Worth 16x16 Words, 2021, eq. 1",
    onnx="Conv, Reshape and Transpose.",
    traits=Traits(learned=True),
    examples=(
        Example({"embedding_dim": 32, "patch_size": 7}, (("N", 1, 28, 28),), ("N", 16, 32), 1600),
        Example({"embedding_dim": 8, "patch_size": (2, 4)}, (("N", 3, 8, 8),), ("N", 8, 8), 200),
    ),
    short="{embedding_dim}, {patch_size}",
    keywords=("ViT", "vision transformer", "patchEmbedding", "tokens", "patchify"),
    pitfalls="The patches do not know where they were: add LearnedPositions after it.",
    group=GROUP,
)

_CLASS_TOKEN = '''
class ClassToken(nn.Module):
    """Puts ``count`` learned rows in front of x (N, T, E)."""

    def __init__(self, width: int, count: int = 1) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, count, width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
'''


def _class_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, time, width = inputs[0].shape
    return (TensorSpec((batch, time + p.count, fixed(width, "E")), inputs[0].dtype),)


def _class_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"token": (1, p.count, fixed(inputs[0].shape[2], "E"))}


def _class_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("ClassToken", inputs[0].shape[2], count=(p.count, 1)), ""


CLASS_TOKEN = LayerSpec(
    name="ClassToken",
    category=Category.SEQUENCE,
    summary="Puts a learned row in front of a sequence, which attention fills with a summary of the rest.",
    formula=r"y = [c;\, x_1;\, \dots;\, x_T]",
    inputs=(Port("x", "N T E", doc="A sequence of features."),),
    outputs=(Port("y", "N T_plus_count E", doc="The learned rows, then the sequence."),),
    params=(
        Int(
            "count",
            1,
            "How many rows; more than one are called register tokens.",
            label="Rows",
            essential=False,
            min=1,
            max=1024,
        ),
    ),
    shape=_class_shape,
    weights=_class_weights,
    torch=Torch(text=_class_text, support=(_CLASS_TOKEN,)),
    source="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2019, section 3",
    onnx="Expand and Concat.",
    traits=Traits(learned=True),
    examples=(
        Example({}, (("N", 16, 32),), ("N", 17, 32), 32),
        Example({"count": 4}, (("N", "T", 8),), ("N", "T + 4", 8), 32),
    ),
    short="{count}",
    keywords=("CLS", "cls_token", "register token", "ViT", "BERT", "embeddingConcatenation", "prompt"),
    pitfalls="Take it out again with Select (axis 1, index 0) after the last block. Add positions after it, so"
    " that it has one too.",
    group=GROUP,
)

_LEARNED_CONSTANT = '''
class LearnedConstant(nn.Module):
    """The same learned numbers for each sample of the batch."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape))

    def forward(self, batch: Tensor) -> Tensor:
        return self.weight.repeat(batch.shape[0], *[1] * self.weight.dim())
'''


def _constant_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((inputs[0].shape[0], *p.shape)),)


def _constant_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": tuple(p.shape)}


def _constant_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("LearnedConstant", *p.shape), ""


LEARNED_CONSTANT = LayerSpec(
    name="LearnedConstant",
    category=Category.LEARNED,
    summary="Gives the same learned numbers for each sample; the input only says how many samples there are.",
    formula=r"y_n = W",
    inputs=(Port("batch", "N *", "any", doc="Anything with the batch as its first axis."),),
    outputs=(Port("y", "N *", doc="The learned numbers, for each sample."),),
    params=(Ints("shape", (16,), "Sizes of one sample, without the batch.", label="Shape", count=0, min=1),),
    shape=_constant_shape,
    weights=_constant_weights,
    torch=Torch(text=_constant_text, support=(_LEARNED_CONSTANT,)),
    source="Karras, Laine and Aila, A Style-Based Generator Architecture, 2019, section 2",
    onnx="Tile.",
    traits=Traits(learned=True),
    examples=(
        Example({"shape": (8, 4, 4)}, (("N", 16),), ("N", 8, 4, 4), 128),
        Example({"shape": (10, 32)}, (("N", "T"),), ("N", 10, 32), 320),
    ),
    short="{shape}",
    keywords=("Parameter", "StyleGAN", "query", "object queries", "DETR", "prompt", "initial state"),
    pitfalls="What comes in changes nothing but the count of samples; let something else bring the differences.",
    group=GROUP,
)


def _join_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, time, width = inputs[0].shape
    if isinstance(time, int) and time % p.factor:
        raise ShapeError(
            "{time} steps can't be joined {factor} by {factor}: choose a number that divides them",
            time=time,
            factor=p.factor,
        )
    return (TensorSpec((batch, time // p.factor, width * p.factor), inputs[0].dtype),)


JOIN_STEPS = LayerSpec(
    name="JoinSteps",
    category=Category.SEQUENCE,
    summary="Joins neighbouring steps of a sequence into one with all their features: shorter and wider.",
    formula=r"y_t = [x_{kt};\, \dots;\, x_{kt+k-1}]",
    inputs=(Port("x", "N T E", doc="A sequence of features."),),
    outputs=(Port("y", "N T_out E_out", doc="The shorter, wider sequence."),),
    params=(
        Int("factor", 2, "How many steps become one.", unit="steps", label="Steps joined", min=1, max=65536),
    ),
    shape=_join_shape,
    torch=Torch(call="{x}.unflatten(1, (-1, {factor})).flatten(2)"),
    source="Chan et al., Listen, Attend and Spell, 2016, section 3.1",
    onnx="Reshape.",
    examples=(
        Example({}, (("N", 16, 32),), ("N", 8, 64)),
        Example({"factor": 4}, (("N", 8, 3),), ("N", 2, 12)),
    ),
    short="{factor}",
    keywords=("patch merge", "chunk", "frame stacking", "pyramid", "PatchTST", "fold"),
    pitfalls="The length must be a multiple: pad or cut the sequence first.",
    group=GROUP,
)

_PATCH_MERGE = '''
class PatchMerge(nn.Module):
    """x (N, H, W, C) -> (N, H/2, W/2, 2 C): each four neighbours become one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        top, bottom = x[:, 0::2], x[:, 1::2]  # N H/2 W C
        corners = [side[:, :, at::2] for at in (0, 1) for side in (top, bottom)]
        return self.reduction(self.norm(torch.cat(corners, -1)))
'''


def _merge_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, height, width, channels = inputs[0].shape
    if any(isinstance(size, int) and size % 2 for size in (height, width)):
        raise ShapeError(
            "PatchMerge joins patches two by two, so both sides must be even; it gets {shape}",
            shape=show(inputs[0].shape),
        )
    return (TensorSpec((batch, height // 2, width // 2, 2 * fixed(channels, "C")), inputs[0].dtype),)


def _merge_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[3], "C")
    return {
        "norm.weight": (4 * channels,),
        "norm.bias": (4 * channels,),
        "reduction.weight": (2 * channels, 4 * channels),
    }


def _merge_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((8 * fixed(inputs[0].shape[3], "C"), *outputs[0].shape[1:]))


PATCH_MERGE = LayerSpec(
    name="PatchMerge",
    category=Category.SEQUENCE,
    summary="Joins each two by two patches into one of twice the features: the step between stages of Swin.",
    formula=r"y = W\,\operatorname{LayerNorm}([x_{00};\, x_{10};\, x_{01};\, x_{11}])",
    inputs=(Port("x", "N H W C", doc="Patches in rows and columns, features last."),),
    outputs=(Port("y", "N H_half W_half C_double", doc="A quarter of the patches, twice the features."),),
    params=(),
    shape=_merge_shape,
    weights=_merge_weights,
    flops=_merge_flops,
    torch=Torch(build="PatchMerge({x.C})", support=(_PATCH_MERGE,)),
    source="Liu et al., Swin Transformer: Hierarchical Vision Transformer using Shifted Windows, 2021, section 3.1",
    onnx="Slice, Concat, LayerNormalization and MatMul.",
    traits=Traits(learned=True),
    examples=(Example({}, (("N", 8, 6, 4),), ("N", 4, 3, 8), 160),),
    keywords=("Swin", "patch merging", "downsample", "hierarchical", "pyramid"),
    pitfalls="Features stand last here. For N C H W take a Conv2d of size 2 and stride 2.",
    group=GROUP,
)

LAYERS = (
    PATCH_EMBEDDING,
    CLASS_TOKEN,
    LEARNED_CONSTANT,
    JOIN_STEPS,
    PATCH_MERGE,
)
