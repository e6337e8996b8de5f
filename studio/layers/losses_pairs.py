"""Losses that compare samples with each other: ranking, similarity, contrast."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.loss_rules import (
    REDUCTION,
    SCALAR,
    loss_record,
)
from studio.layers.params import Bool, Choice, Float, Param
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, Port, Rule, ShapeError, Torch
from studio.layers.text import build_text

SIMILARITY = "Similarity"
_SIGN = "1 or -1 for each pair."
_SWAP = Bool(
    "swap", False, "Takes the harder of the two distances to the other.", label="Swap", essential=False
)


def _margin(default: float) -> Float:
    return Float(
        "margin",
        default,
        "How far apart unlike samples are to be.",
        label="Margin",
        min=-1_000_000,
        max=1_000_000,
    )


def _alike(layer: str, count: int, *, with_target: bool) -> Rule:
    """``count`` inputs of one shape; then a target of one number each, or a pair."""

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        first = inputs[0].shape
        for other in inputs[1:count]:
            if other.shape != first:
                raise ShapeError(
                    "{layer} needs equal shapes, gets {first} and {second}",
                    layer=layer,
                    first=show(first),
                    second=show(other.shape),
                )
        if with_target:
            _check_target(layer, first[:1] if layer != "MarginRanking" else first, inputs[count].shape)
        return SCALAR

    return shape


def _check_target(layer: str, wanted: tuple[object, ...], given: tuple[object, ...]) -> None:
    if given != wanted:
        raise ShapeError(
            "{layer} needs a target of the shape {wanted}, gets {target}",
            layer=layer,
            wanted=show(wanted),  # type: ignore[arg-type]
            target=show(given),  # type: ignore[arg-type]
        )


def _module(module: str, params: tuple[Param, ...]) -> Torch:
    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        return build_text(
            module, **{param.name: (getattr(p, param.name), param.default) for param in params}
        ), ""

    return Torch(text=text)


_RANKING = (_margin(0.0), REDUCTION)
MARGIN_RANKING = loss_record(
    "MarginRanking",
    (
        "Teaches which of two scores should be the higher one.",
        r"L = \frac{1}{n} \sum_i \max(0, -t_i (x_{1,i} - x_{2,i}) + m)",
        "With margin 0 equal scores cost nothing, so a network that always says the same is content: set a margin.",
    ),
    (
        Port("input1", "N *", doc="Scores of the first of each pair."),
        Port("input2", "N *", doc="Scores of the second of each pair."),
        Port(
            "target",
            "N *",
            "any",
            doc="1 where the first should be higher, -1 where the second.",
            low=-1,
            high=1,
        ),
    ),
    _RANKING,
    (_alike("MarginRanking", 2, with_target=True), _module("nn.MarginRankingLoss", _RANKING)),
    examples=(Example({}, (("N",), ("N",), ("N",)), ()), Example({}, (("N", 4), ("N", 4), ("N", 4)), ())),
    keywords=("ranking", "learning to rank", "pairs", "search"),
    module="nn.MarginRankingLoss",
    group=SIMILARITY,
)
_COSINE = (_margin(0.0), REDUCTION)
COSINE_EMBEDDING = loss_record(
    "CosineEmbedding",
    (
        "Turns vectors of like pairs in one direction and those of unlike pairs apart.",
        r"l = \begin{cases} 1 - \cos(x_1, x_2) & t = 1 \\ \max(0, \cos(x_1, x_2) - m) & t = -1 \end{cases}",
        "Only directions count, never lengths; a margin above 0 lets unlike pairs be a little alike.",
    ),
    (
        Port("input1", "N E", doc="Vectors of the first of each pair."),
        Port("input2", "N E", doc="Vectors of the second of each pair."),
        Port("target", "N", "any", doc=_SIGN, low=-1, high=1),
    ),
    _COSINE,
    (_alike("CosineEmbedding", 2, with_target=True), _module("nn.CosineEmbeddingLoss", _COSINE)),
    examples=(Example({}, (("N", 16), ("N", 16), ("N",)), ()),),
    keywords=("cosine similarity", "pairs", "siamese", "CosineSimilarity", "embedding"),
    module="nn.CosineEmbeddingLoss",
    group=SIMILARITY,
)
_TRIPLET_PORTS = (
    Port("anchor", "N E", doc="Vectors of the samples."),
    Port("positive", "N E", doc="Vectors of a like sample for each."),
    Port("negative", "N E", doc="Vectors of an unlike sample for each."),
)
_TRIPLET = (
    _margin(1.0),
    Float("p", 2.0, "The norm that measures distance; 2 is the straight line.", label="Norm", min=0, max=100),
    Float("eps", 1e-6, "Keeps a distance of 0 away.", label="Epsilon", essential=False, min=1e-12, max=1),
    _SWAP,
    REDUCTION,
)
TRIPLET_MARGIN = loss_record(
    "TripletMargin",
    (
        "Brings a sample nearer to a like one than to an unlike one: for faces and search.",
        r"L = \frac{1}{n} \sum_i \max(0, d(a_i, p_i) - d(a_i, n_i) + m)",
        "Easy triplets cost 0 and teach nothing: choose unlike samples that look alike.",
    ),
    _TRIPLET_PORTS,
    _TRIPLET,
    (_alike("TripletMargin", 3, with_target=False), _module("nn.TripletMarginLoss", _TRIPLET)),
    examples=(Example({}, (("N", 16), ("N", 16), ("N", 16)), ()),),
    keywords=("triplet", "siamese", "FaceNet", "metric learning", "embedding", "distance"),
    module="nn.TripletMarginLoss",
    group=SIMILARITY,
)
_DISTANCES = {
    "cosine": "lambda a, b: 1 - F.cosine_similarity(a, b)",
    "manhattan": "lambda a, b: F.pairwise_distance(a, b, p=1)",
}


def _triplet_distance_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    parts = []
    if p.distance_function in _DISTANCES:
        parts.append(f"distance_function={_DISTANCES[p.distance_function]}")
    text = build_text(
        "nn.TripletMarginWithDistanceLoss",
        margin=(p.margin, 1.0),
        swap=(p.swap, False),
        reduction=(p.reduction, "mean"),
    )
    inner = text.partition("(")[2][:-1]
    return f"nn.TripletMarginWithDistanceLoss({', '.join([*parts, inner] if inner else parts)})", ""


TRIPLET_DISTANCE = loss_record(
    "TripletMarginWithDistance",
    (
        "A triplet loss with a choice of how distance is measured.",
        r"L = \frac{1}{n} \sum_i \max(0, d(a_i, p_i) - d(a_i, n_i) + m)",
        "Cosine distances lie between 0 and 2, so a margin of 1 is large: try 0.2.",
    ),
    _TRIPLET_PORTS,
    (
        Choice(
            "distance_function",
            "euclidean",
            "How distance is measured: along the straight line, along the axes, or by direction.",
            label="Distance",
            options=("euclidean", "manhattan", "cosine"),
        ),
        _margin(1.0),
        _SWAP,
        REDUCTION,
    ),
    (_alike("TripletMarginWithDistance", 3, with_target=False), Torch(text=_triplet_distance_text)),
    examples=(
        Example({}, (("N", 16), ("N", 16), ("N", 16)), ()),
        Example({"distance_function": "cosine"}, (("N", 16), ("N", 16), ("N", 16)), ()),
    ),
    keywords=("triplet", "siamese", "metric learning", "cosine distance", "embedding"),
    module="nn.TripletMarginWithDistanceLoss",
    group=SIMILARITY,
)
_CONTRASTIVE = '''
def contrastive_loss(
    first: Tensor, second: Tensor, same: Tensor, margin: float
) -> Tensor:
    """Squared distance of like pairs (same is 1), squared lack of distance of unlike ones (same is 0)."""
    distance = F.pairwise_distance(first, second)
    same = same.to(distance.dtype)
    return (same * distance**2 + (1 - same) * F.relu(margin - distance) ** 2).mean() / 2
'''
CONTRASTIVE = loss_record(
    "Contrastive",
    (
        "Pulls vectors of like pairs together and pushes unlike ones beyond a margin.",
        r"L = \frac{1}{2n} \sum_i t_i d_i^2 + (1 - t_i) \max(0, m - d_i)^2",
        "Targets are 1 for like and 0 for unlike. With few unlike pairs all vectors fall onto one point.",
    ),
    (
        Port("input1", "N E", doc="Vectors of the first of each pair."),
        Port("input2", "N E", doc="Vectors of the second of each pair."),
        Port("target", "N", "any", doc="1 for a like pair, 0 for an unlike one.", low=0, high=1),
    ),
    (_margin(1.0),),
    (
        _alike("Contrastive", 2, with_target=True),
        Torch(
            call="contrastive_loss({input1}, {input2}, {target}, margin={margin})", support=(_CONTRASTIVE,)
        ),
    ),
    examples=(Example({}, (("N", 16), ("N", 16), ("N",)), ()),),
    keywords=("siamese", "pairs", "similarity", "metric learning", "contrast"),
    source="Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006, eq. 4",
    group=SIMILARITY,
)
_INFO_NCE = '''
def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Cross entropy of finding each sample's partner among all of the batch, asked from both sides."""
    scores = F.normalize(first, dim=1) @ F.normalize(second, dim=1).T / temperature
    right = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, right) + F.cross_entropy(scores.T, right)) / 2
'''
INFO_NCE = loss_record(
    "InfoNCE",
    (
        "Each sample should recognise its partner among all others of the batch: for learning without labels.",
        r"L = -\frac{1}{n} \sum_i \log \frac{e^{\cos(a_i, b_i) / \tau}}{\sum_j e^{\cos(a_i, b_j) / \tau}}",
        "Everything else in the batch counts as unlike: it wants large batches, and suffers from equal samples.",
    ),
    (
        Port("input1", "N E", doc="Vectors of one view of each sample."),
        Port("input2", "N E", doc="Vectors of the other view, in the same order."),
    ),
    (
        Float(
            "temperature",
            0.1,
            "How sharply near others are pushed away; smaller is sharper.",
            label="Temperature",
            min=0.001,
            max=100,
        ),
    ),
    (
        _alike("InfoNCE", 2, with_target=False),
        Torch(call="info_nce({input1}, {input2}, temperature={temperature})", support=(_INFO_NCE,)),
    ),
    examples=(Example({}, (("N", 16), ("N", 16)), ()),),
    keywords=("NT-Xent", "SimCLR", "CLIP", "contrastive", "self-supervised", "InfoNCE", "two towers"),
    source="van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018; both sides as"
    " in Radford et al., CLIP, 2021",
    group=SIMILARITY,
)

LAYERS = (
    MARGIN_RANKING,
    COSINE_EMBEDDING,
    TRIPLET_MARGIN,
    TRIPLET_DISTANCE,
    CONTRASTIVE,
    INFO_NCE,
)
