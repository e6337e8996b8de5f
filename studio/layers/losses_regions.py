"""Losses for rare classes, regions of a picture, long vocabularies and sequences without alignment."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import is_float
from studio.layers.loss_rules import CLASSES, LOSS, REDUCTION, SCALAR, loss_record, squeezes, torch_page
from studio.layers.losses_classes import class_targets
from studio.layers.params import Bool, Float, Int, Ints
from studio.layers.rules import Specs, fixed, show
from studio.layers.spec import Category, Example, LayerSpec, Port, Rule, ShapeError, Torch
from studio.layers.text import build_text

_INPUT = Port("input", "N *", doc="Scores for each class (N C *), or one score for yes or no.")
_TARGET = Port(
    "target", "N *", "any", doc="The right class (N *), or 1 for yes and 0 for no.", low=0.0, high=1.0
)
_EXAMPLES = (
    Example({}, (("N", 5), ("N",)), ()),
    Example({}, (("N", 3, 8, 8), ("N", 8, 8)), ()),
    Example({}, (("N", 8, 8), ("N", 8, 8)), ()),
)


def _is_binary(layer: str, inputs: Specs) -> bool:
    """Whether there is one score for yes or no, not one for each class.

    Raises:
        ShapeError: the shapes do not belong together.
    """
    given, target = inputs
    if given.shape == target.shape or (is_float(target) and squeezes(given, target, layer)):
        return True
    if len(given.shape) < 2:
        squeezes(given, target, layer)
    if given.shape[1] == 1 and (given.shape[0], *given.shape[2:]) == target.shape:
        return True
    class_targets(layer, given, target)
    return False


def _shape(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        _is_binary(layer, inputs)
        return SCALAR

    return shape


def _arguments(layer: str, inputs: Specs) -> str:
    """Input and target as the supporting functions take them."""
    given, target = inputs
    if given.shape == target.shape or not _is_binary(layer, inputs):
        return "{input}, {target}"
    axis = 1 if given.shape[1] == 1 and len(given.shape) > 1 else -1
    return f"{{input}}.squeeze({axis}), {{target}}"


def _kind(layer: str, inputs: Specs) -> str:
    """Which of the supporting functions: that for yes or no, or that for classes."""
    return "" if _is_binary(layer, inputs) else "class_"


_FOCAL = '''
def focal_loss(
    scores: Tensor, target: Tensor, gamma: float, alpha: float = -1.0
) -> Tensor:
    """Cross entropy in which what is already known well counts little: -(1 - p)^gamma log p.

    Scores are N C * with right classes N *, or N * with yes and no; a loss for each position.
    alpha is the weight of yes against no; below 0 both count alike.
    """
    if scores.shape == target.shape:
        target = target.to(scores.dtype)
        surprise = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
        if alpha >= 0:
            surprise = surprise * (alpha * target + (1 - alpha) * (1 - target))
        known = torch.sigmoid(scores) * target + torch.sigmoid(-scores) * (1 - target)
        return (1 - known) ** gamma * surprise
    surprise = F.cross_entropy(scores, target, reduction="none")
    return (1 - torch.exp(-surprise)) ** gamma * surprise
'''


def _focal_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    alpha = f", alpha={p.alpha!r}" if p.alpha >= 0 and _is_binary("Focal", inputs) else ""
    return "", f"focal_loss({_arguments('Focal', inputs)}, gamma={p.gamma!r}{alpha}).{p.reduction}()"


FOCAL = loss_record(
    "Focal",
    (
        "Cross entropy that counts well-known samples less: for rare classes.",
        r"L = -\frac{1}{n} \sum_i (1 - p_i)^\gamma \log p_i",
        "Gamma 0 is CrossEntropy. It makes the network less certain, so read its scores as ranks, not as shares.",
    ),
    (_INPUT, _TARGET),
    (
        Float(
            "gamma", 2.0, "How much less well-known samples count; 0 is none.", label="Gamma", min=0, max=20
        ),
        Float(
            "alpha",
            -1.0,
            "For yes or no: weight of yes against no; -1 weighs both alike.",
            label="Alpha",
            essential=False,
            min=-1,
            max=1,
        ),
        REDUCTION,
    ),
    (_shape("Focal"), Torch(text=_focal_text, support=(_FOCAL,))),
    examples=_EXAMPLES,
    keywords=("focal loss", "imbalance", "rare classes", "RetinaNet", "focalLoss", "BinaryFocalCrossentropy"),
    source="Lin et al., Focal Loss for Dense Object Detection, 2017, equation 5",
    group=CLASSES,
)
_DOC = {
    "": "Scores are N *, for yes or no.",
    "class_": "Scores are N C *, with right classes N *; averaged over samples and classes.",
}
_REGIONS = {
    "": "    guess, right = torch.sigmoid(scores).flatten(1), target.flatten(1)",
    "class_": """    guess = torch.softmax(scores, 1).flatten(2)
    right = F.one_hot(target, scores.shape[1]).movedim(-1, 1).flatten(2)""",
}
_DICE = tuple(
    f'''
def {kind}dice_loss(scores: Tensor, target: Tensor, smooth: float) -> Tensor:
    """One minus the overlap of predicted and right regions.

    {_DOC[kind]}
    """
{regions}
    both, sizes = (guess * right).sum(-1), guess.sum(-1) + right.sum(-1)
    return 1 - ((2 * both + smooth) / (sizes + smooth)).mean()
'''
    for kind, regions in _REGIONS.items()
)
_TVERSKY = tuple(
    f'''
def {kind}tversky_loss(
    scores: Tensor, target: Tensor, alpha: float, beta: float, smooth: float
) -> Tensor:
    """Dice with a weight alpha of what was marked by mistake, and beta of what was missed.

    {_DOC[kind]}
    """
{regions}
    both = (guess * right).sum(-1)
    extra, missed = (guess * (1 - right)).sum(-1), ((1 - guess) * right).sum(-1)
    whole = both + alpha * extra + beta * missed
    return 1 - ((both + smooth) / (whole + smooth)).mean()
'''
    for kind, regions in _REGIONS.items()
)
_SMOOTH = Float(
    "smooth",
    1.0,
    "Added above and below, so that an empty region is no 0 by 0.",
    label="Smoothing",
    essential=False,
    min=1e-6,
    max=1000,
)


def _needs_region(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        _is_binary(layer, inputs)
        if len(inputs[1].shape) < 2:
            raise ShapeError(
                "{layer} compares regions, so the target needs axes after N; it is {target}: use CrossEntropy",
                layer=layer,
                target=show(inputs[1].shape),
            )
        return SCALAR

    return shape


def _dice_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", f"{_kind('Dice', inputs)}dice_loss({_arguments('Dice', inputs)}, smooth={p.smooth!r})"


DICE = loss_record(
    "Dice",
    (
        "One minus the overlap of predicted and right regions: for segmentation.",
        r"L = 1 - \frac{2 \sum_i y_i t_i + s}{\sum_i y_i + \sum_i t_i + s}",
        "Its gradient is noisy where a region is a few pixels: add CrossEntropy as a second loss.",
    ),
    (_INPUT, _TARGET),
    (_SMOOTH,),
    (_needs_region("Dice"), Torch(text=_dice_text, support=_DICE)),
    examples=_EXAMPLES[1:],
    keywords=("segmentation", "overlap", "F1", "generalised Dice", "Sorensen", "mask"),
    source="Milletari et al., V-Net, 2016, section 3",
    group=CLASSES,
)


def _tversky_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    arguments = _arguments("Tversky", inputs)
    kind = _kind("Tversky", inputs)
    return "", f"{kind}tversky_loss({arguments}, alpha={p.alpha!r}, beta={p.beta!r}, smooth={p.smooth!r})"


TVERSKY = loss_record(
    "Tversky",
    (
        "Dice with a choice of what is worse: marking too much or missing something.",
        r"L = 1 - \frac{TP + s}{TP + \alpha FP + \beta FN + s}",
        "Alpha and beta of 0.5 are Dice; a beta near 1 finds small regions and marks too much.",
    ),
    (_INPUT, _TARGET),
    (
        Float("alpha", 0.3, "Weight of what was marked by mistake.", label="Alpha", min=0, max=10),
        Float("beta", 0.7, "Weight of what was missed.", label="Beta", min=0, max=10),
        _SMOOTH,
    ),
    (_needs_region("Tversky"), Torch(text=_tversky_text, support=_TVERSKY)),
    examples=_EXAMPLES[1:],
    keywords=("segmentation", "overlap", "small regions", "lesions", "mask", "Tversky"),
    source="Salehi et al., Tversky Loss Function for Image Segmentation, 2017",
    group=CLASSES,
)


def _ctc_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    scores, target = inputs[0], inputs[1]
    classes = scores.shape[2]
    if isinstance(classes, int) and p.blank >= classes:
        raise ShapeError(
            "CTC takes class {blank} as blank, but there are {classes} classes: choose one below",
            (("set", "blank", "0"),),
            blank=p.blank,
            classes=classes,
        )
    if isinstance(classes, int) and target.classes > classes:
        raise ShapeError(
            "{classes} classes in the data, {outputs} outputs into {layer}: set {classes}",
            (("set_source_features", str(target.classes), "input"),),
            classes=target.classes,
            outputs=classes,
            layer="CTC",
        )
    return SCALAR


def _ctc_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "nn.CTCLoss",
        blank=(p.blank, 0),
        reduction=(p.reduction, "mean"),
        zero_infinity=(p.zero_infinity, False),
    )
    heard = (
        "{input_lengths}" if "input_lengths" in p.wired else "torch.full((len({input}),), {input}.shape[1])"
    )
    said = "{target_lengths}" if "target_lengths" in p.wired else f"({{target}} != {p.blank}).sum(1)"
    return build, f"{{self}}({{input}}.movedim(1, 0), {{target}}, {heard}, {said})"


CTC = loss_record(
    "CTC",
    (
        "Learns a sequence of symbols without being told where each one stands: for speech and handwriting.",
        r"L = -\log \sum_{\pi \to t} \prod_\tau y_{\tau, \pi_\tau}",
        "It wants LogSoftmax before it, and more time steps than symbols: else the loss is infinite, so turn"
        " “zero infinity” on.",
    ),
    (
        Port("input", "N T C", doc="Logarithms of shares for each class and time step (LogSoftmax)."),
        Port("target", "N L", "int", doc="The symbols, filled up with the blank."),
        Port("input_lengths", "N", "int", True, doc="How many time steps count; without it all do."),
        Port("target_lengths", "N", "int", True, doc="How many symbols count; without it all but blanks do."),
    ),
    (
        Int("blank", 0, "The class that stands for no symbol.", label="Blank", min=0),
        Bool(
            "zero_infinity",
            False,
            "Lets samples whose symbols do not fit into the time count as 0.",
            label="Zero infinity",
        ),
        REDUCTION,
    ),
    (_ctc_shape, Torch(text=_ctc_text)),
    examples=(Example({}, (("N", 12, 6), ("N", 3)), ()),),
    keywords=("connectionist temporal classification", "speech", "handwriting", "ASR", "OCR", "alignment"),
    module="nn.CTCLoss",
    group=CLASSES,
)


def _adaptive_classes(p: SimpleNamespace, inputs: Specs) -> int:
    classes = int(p.n_classes or inputs[1].classes)
    if not classes:
        raise ShapeError("AdaptiveLogSoftmaxWithLoss must know the number of classes: set n_classes")
    if not p.cutoffs or list(p.cutoffs) != sorted(set(p.cutoffs)) or p.cutoffs[-1] >= classes:
        raise ShapeError(
            "the cutoffs {cutoffs} must rise and stay below the {classes} classes: change them",
            cutoffs=", ".join(map(str, p.cutoffs)),
            classes=classes,
        )
    return classes


def _adaptive_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _adaptive_classes(p, inputs)
    if inputs[0].shape[:-1] != inputs[1].shape:
        raise ShapeError(
            "AdaptiveLogSoftmaxWithLoss needs features * F and the right classes *, gets {input} and {target}",
            input=show(inputs[0].shape),
            target=show(inputs[1].shape),
        )
    return SCALAR


def _adaptive_weights(p: SimpleNamespace, inputs: Specs) -> dict[str, tuple[int, ...]]:
    features = fixed(inputs[0].shape[-1], "F")
    ends = [*p.cutoffs, _adaptive_classes(p, inputs)]
    head = ends[0] + len(p.cutoffs)
    found: dict[str, tuple[int, ...]] = {"head.weight": (head, features)}
    if p.head_bias:
        found["head.bias"] = (head,)
    for at in range(len(p.cutoffs)):
        narrow = int(features // p.div_value ** (at + 1))
        found[f"tail.{at}.0.weight"] = (narrow, features)
        found[f"tail.{at}.1.weight"] = (ends[at + 1] - ends[at], narrow)
    return found


def _adaptive_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "nn.AdaptiveLogSoftmaxWithLoss",
        fixed(inputs[0].shape[-1], "F"),
        _adaptive_classes(p, inputs),
        list(p.cutoffs),
        div_value=(p.div_value, 4.0),
        head_bias=(p.head_bias, False),
    )
    flat = ".flatten(0, -2)", ".flatten()"
    first, second = flat if len(inputs[1].shape) > 1 else ("", "")
    return build, f"{{self}}({{input}}{first}, {{target}}{second}).loss"


ADAPTIVE = LayerSpec(
    name="AdaptiveLogSoftmaxWithLoss",
    category=Category.LOSS,
    summary="Linear and CrossEntropy in one for very many classes: rare ones share fewer weights.",
    formula=r"L = -\frac{1}{n} \sum_i \log p(c_i \mid x_i)\, p(t_i \mid c_i, x_i)",
    inputs=(
        Port("input", "N * F", doc="Features of each position, not scores."),
        Port("target", "N *", "int", doc="The right class; classes are numbered from frequent to rare."),
    ),
    outputs=(Port("loss", "", doc="The loss, a mean over the batch."),),
    params=(
        Int("n_classes", 0, "How many classes there are; 0 takes it from the data.", label="Classes", min=0),
        Ints(
            "cutoffs",
            (100,),
            "Where the next, rarer group of classes begins.",
            label="Cutoffs",
            count=0,
            min=1,
        ),
        Float(
            "div_value",
            4.0,
            "How many times narrower each rarer group is.",
            label="Narrowing",
            essential=False,
            min=1,
            max=64,
        ),
        Bool("head_bias", False, "Whether the frequent group has a bias.", label="Bias", essential=False),
    ),
    shape=_adaptive_shape,
    weights=_adaptive_weights,
    torch=Torch(text=_adaptive_text),
    source=torch_page("nn.AdaptiveLogSoftmaxWithLoss"),
    onnx="Not exported: losses stay behind.",
    exportable=False,
    traits=LOSS,
    examples=(
        Example(
            {"n_classes": 1000, "cutoffs": (100, 500)},
            (("N", 64), ("N",)),
            (),
            16 * 64 + 102 * 64 + 400 * 16 + 4 * 64 + 500 * 4,
        ),
    ),
    keywords=("adaptive softmax", "large vocabulary", "language model", "rare words", "hierarchical softmax"),
    pitfalls="It learns weights itself, so the exported network has no scores: use it where only the features leave.",
    group=CLASSES,
    torch_name="nn.AdaptiveLogSoftmaxWithLoss",
    no_gradient={"*": "a group of rare classes learns only from batches in which they occur"},
    differs={
        "in_features": "Read off the input.",
        "n_classes": "0 takes it from the data.",
        "cutoffs": "torch has no default; one group of 100 frequent classes is a beginning.",
        "weight": "Every loss has it: what the loss counts for beside others.",
    },
)

LAYERS = (FOCAL, DICE, TVERSKY, CTC, ADAPTIVE)
