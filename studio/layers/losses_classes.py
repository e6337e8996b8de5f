"""Losses for classes, yes and no, regions and sequences of symbols."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec, is_float
from studio.layers.loss_rules import (
    CLASS_WEIGHTS,
    CLASSES,
    IGNORE_INDEX,
    REDUCTION,
    SCALAR,
    check_classes,
    class_weights,
    loss_record,
    pair_text,
    squeezes,
)
from studio.layers.params import Float, Int, Param
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, Port, Rule, ShapeError, Torch
from studio.layers.text import build_text

_SCORES = Port("input", "N C *", doc="Scores for each class, classes on axis 1.")
_LABEL = Port("target", "N *", "int", doc="The right class, a whole number from 0.")
_SIGN = Port("target", "N *", "any", doc="1 or -1.", low=-1.0, high=1.0)
_YES = Port("target", "N *", "any", doc="1 for yes, 0 for no, or a share between.", low=0.0, high=1.0)
_MARGIN = Float(
    "margin", 1.0, "How far apart right and wrong answers are to be.", label="Margin", min=0, max=1_000_000
)


def class_targets(layer: str, scores: TensorSpec, target: TensorSpec) -> Size:
    """The number of classes of scores N C * whose right classes are N *.

    Raises:
        ShapeError: the shapes do not belong together, or the data has another number of classes.
    """
    shape = scores.shape
    if target.shape != (shape[0], *shape[2:]):
        raise ShapeError(
            "{layer} needs scores N C * and the right classes N *, gets {input} and {target}",
            layer=layer,
            input=show(shape),
            target=show(target.shape),
        )
    check_classes(layer, shape[1], target.classes)
    return shape[1]


def _nll_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    class_weights(p.class_weights, class_targets("NLL", *inputs))
    return SCALAR


def _nll_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "nn.NLLLoss",
        **class_weights(p.class_weights, inputs[0].shape[1]),
        ignore_index=(p.ignore_index, -100),
        reduction=(p.reduction, "mean"),
    )
    return build, ""


NLL = loss_record(
    "NLL",
    (
        "How surprised the network is by the right class, from logarithms of shares.",
        r"L = -\frac{1}{n} \sum_i x_{i,t_i}",
        "It wants logarithms: put LogSoftmax before it, or use CrossEntropy, which does both at once.",
    ),
    (Port("input", "N C *", doc="Logarithms of shares for each class (LogSoftmax)."), _LABEL),
    (CLASS_WEIGHTS, IGNORE_INDEX, REDUCTION),
    (_nll_shape, Torch(text=_nll_text)),
    examples=(Example({}, (("N", 10), ("N",)), ()), Example({}, (("N", 3, 8, 8), ("N", 8, 8)), ())),
    keywords=("negative log likelihood", "log softmax", "NegativeLogLikelihoodLoss"),
    module="nn.NLLLoss",
    group=CLASSES,
)


def _multi_margin_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    class_weights(p.class_weights, class_targets("MultiMargin", *inputs))
    return SCALAR


def _multi_margin_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text(
        "nn.MultiMarginLoss",
        p=(p.p, 1),
        margin=(p.margin, 1.0),
        **class_weights(p.class_weights, inputs[0].shape[1]),
        reduction=(p.reduction, "mean"),
    ), ""


MULTI_MARGIN = loss_record(
    "MultiMargin",
    (
        "The hinge loss of several classes: the right score should lead by a margin.",
        r"L = \frac{1}{C} \sum_{j \ne t} \max(0, m - x_t + x_j)^p",
        "Once all samples lead by the margin the gradient is 0; scores are no shares, so no certainty comes out.",
    ),
    (Port("input", "N C", doc="Scores for each class."), Port("target", "N", "int", doc=_LABEL.doc)),
    (
        Int("p", 1, "1 takes what is missing as it is, 2 squares it.", label="Power", min=1, max=2),
        _MARGIN,
        CLASS_WEIGHTS,
        REDUCTION,
    ),
    (_multi_margin_shape, Torch(text=_multi_margin_text)),
    examples=(Example({}, (("N", 10), ("N",)), ()),),
    keywords=("hinge", "SVM", "support vector machine", "categorical hinge", "CategoricalHinge"),
    module="nn.MultiMarginLoss",
    group=CLASSES,
)


def _pair_rule(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        squeezes(inputs[0], inputs[1], layer)
        return SCALAR

    return shape


def _pair_module(layer: str, module: str, params: tuple[Param, ...]) -> Torch:
    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        guess, wanted = pair_text(inputs, layer)
        named = {param.name: (getattr(p, param.name), param.default) for param in params}
        return build_text(module, **named), f"{{self}}({guess}, {wanted})"

    return Torch(text=text)


BCE = loss_record(
    "BCE",
    (
        "How surprised the network is by each yes or no, from shares between 0 and 1.",
        r"L = -\frac{1}{n} \sum_i t_i \log y_i + (1 - t_i) \log (1 - y_i)",
        "The input must lie between 0 and 1: put Sigmoid before it. BCEWithLogits does both and is more exact.",
    ),
    (Port("input", "N *", doc="Shares between 0 and 1, after a Sigmoid.", low=0.0, high=1.0), _YES),
    (REDUCTION,),
    (_pair_rule("BCE"), _pair_module("BCE", "nn.BCELoss", (REDUCTION,))),
    examples=(Example({}, (("N", 1), ("N", 1)), ()), Example({}, (("N", 4), ("N", 4)), ())),
    keywords=("binary cross entropy", "BinaryCrossEntropy", "BinaryCrossentropy", "yes or no"),
    module="nn.BCELoss",
    group=CLASSES,
)
_HINGE_PARAMS = (_MARGIN, REDUCTION)
HINGE_EMBEDDING = loss_record(
    "HingeEmbedding",
    (
        "Pulls distances of like pairs to 0 and pushes those of unlike ones beyond a margin.",
        r"l = \begin{cases} x & t = 1 \\ \max(0, m - x) & t = -1 \end{cases}",
        "The input is a distance, so never negative; targets are 1 and -1, not 1 and 0.",
    ),
    (Port("input", "N *", doc="Distances of pairs."), _SIGN),
    _HINGE_PARAMS,
    (_pair_rule("HingeEmbedding"), _pair_module("HingeEmbedding", "nn.HingeEmbeddingLoss", _HINGE_PARAMS)),
    examples=(Example({}, (("N", 1), ("N",)), ()), Example({}, (("N", 4), ("N", 4)), ())),
    keywords=("hinge", "pairs", "similarity", "semi-supervised", "Hinge"),
    module="nn.HingeEmbeddingLoss",
    group=CLASSES,
)
SOFT_MARGIN = loss_record(
    "SoftMargin",
    (
        "Logistic loss for answers 1 and -1: the score should have the sign of the target.",
        r"L = \frac{1}{n} \sum_i \log(1 + e^{-t_i x_i})",
        "Targets are 1 and -1. With 0 and 1 use BCEWithLogits, which is the same loss.",
    ),
    (Port("input", "N *", doc="Scores; above 0 means 1."), _SIGN),
    (REDUCTION,),
    (_pair_rule("SoftMargin"), _pair_module("SoftMargin", "nn.SoftMarginLoss", (REDUCTION,))),
    examples=(Example({}, (("N", 1), ("N",)), ()), Example({}, (("N", 4), ("N", 4)), ())),
    keywords=("logistic", "two classes", "sign"),
    module="nn.SoftMarginLoss",
    group=CLASSES,
)


def _many_shape(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        given, target = inputs
        if given.shape != target.shape:
            squeezes(given, target, layer)
        class_weights(getattr(p, "class_weights", ()), given.shape[1])
        return SCALAR

    return shape


def _soft_many_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "nn.MultiLabelSoftMarginLoss",
        **class_weights(p.class_weights, inputs[0].shape[1]),
        reduction=(p.reduction, "mean"),
    )
    return build, "{self}({input}, {target})" if is_float(inputs[1]) else "{self}({input}, {target}.float())"


MULTI_LABEL_SOFT_MARGIN = loss_record(
    "MultiLabelSoftMargin",
    (
        "Several labels at once: yes or no for each class, averaged over the classes.",
        r"L = -\frac{1}{C} \sum_c t_c \log \sigma(x_c) + (1 - t_c) \log \sigma(-x_c)",
        "Feed raw scores. It is BCEWithLogits with a weight for each class.",
    ),
    (Port("input", "N C", doc="Scores for each class."), Port("target", "N C", "any", doc=_YES.doc)),
    (CLASS_WEIGHTS, REDUCTION),
    (_many_shape("MultiLabelSoftMargin"), Torch(text=_soft_many_text)),
    examples=(Example({}, (("N", 5), ("N", 5)), ()),),
    keywords=("multi-label", "tags", "several labels"),
    module="nn.MultiLabelSoftMarginLoss",
    group=CLASSES,
)
MULTI_LABEL_MARGIN = loss_record(
    "MultiLabelMargin",
    (
        "Several labels at once by margins: each right class should lead all wrong ones.",
        r"L = \frac{1}{C} \sum_{j \in t} \sum_{i \notin t} \max(0, 1 - (x_j - x_i))",
        "The target lists the right classes first and then -1, not yes and no for each class.",
    ),
    (
        Port("input", "N C", doc="Scores for each class."),
        Port("target", "N C", "int", doc="Indices of the right classes, then -1 to the end."),
    ),
    (REDUCTION,),
    (
        _many_shape("MultiLabelMargin"),
        Torch(
            text=lambda p, inputs: (
                build_text("nn.MultiLabelMarginLoss", reduction=(p.reduction, "mean")),
                "",
            )
        ),
    ),
    examples=(Example({}, (("N", 5), ("N", 5)), ()),),
    keywords=("multi-label", "tags", "hinge", "ranking"),
    module="nn.MultiLabelMarginLoss",
    group=CLASSES,
)

LAYERS = (
    BCE,
    NLL,
    MULTI_MARGIN,
    MULTI_LABEL_MARGIN,
    MULTI_LABEL_SOFT_MARGIN,
    SOFT_MARGIN,
    HINGE_EMBEDDING,
)
