"""Metrics of classes and regions."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.metric_rules import (
    AVERAGE,
    CLASS,
    METRIC,
    RISING,
    SCORES,
    THRESHOLD,
    UNCHECKED,
    class_axis,
    class_call,
    class_rule,
    class_text,
    classes_of,
    metric_record,
)
from studio.layers.params import Int, Param
from studio.layers.rules import Specs
from studio.layers.spec import Example, LayerSpec, ShapeError, Torch
from studio.layers.text import build_text

CLASSES = "Metrics of classes"
_SHARE = "A share between 0 and 1."
_EXAMPLES = (
    Example({}, (("N", 5), ("N",)), ()),
    Example({}, (("N", 1), ("N",)), ()),
    Example({}, (("N", 7, 4), ("N", 7)), ()),
)


def _metric(
    name: str,
    kind: str,
    texts: tuple[str, str, str],
    params: tuple[Param, ...],
    *,
    keywords: tuple[str, ...],
    page: str,
    certain: bool = False,
    gives: str = _SHARE,
    rises: bool = True,
) -> LayerSpec:
    """A metric that torchmetrics has for classes and for yes or no."""
    names = tuple(param.name for param in params if param.name != "threshold")
    return metric_record(
        name,
        texts,
        (SCORES, CLASS),
        params,
        (class_rule(name), class_text(name, kind, certain=certain, names=names)),
        page=f"classification/{page}",
        gives=gives,
        examples=_EXAMPLES,
        keywords=keywords,
        group=CLASSES,
        traits=RISING if rises else METRIC,
    )


def _top_k_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    found = class_rule("TopKAccuracy", several=True)(p, inputs)
    classes = classes_of(inputs, class_axis("TopKAccuracy", inputs))
    if p.k > classes:
        raise ShapeError(
            "TopKAccuracy looks at the first {k} of {classes} classes: choose fewer",
            (("set", "k", str(classes)),),
            k=p.k,
            classes=classes,
        )
    return found


def _top_k_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    axis = class_axis("TopKAccuracy", inputs)
    build = build_text(
        "MulticlassAccuracy",
        classes_of(inputs, axis),
        top_k=(p.k, 1),
        average=("micro", "macro"),
        **UNCHECKED,
    )
    return build, class_call(inputs, axis)


TOP_K = metric_record(
    "TopKAccuracy",
    (
        "The share of samples whose right class is among the k highest scores.",
        r"a_k = \frac{1}{n} \sum_i [t_i \in \mathrm{top}_k(x_i)]",
        "With few classes it says little: five of ten are found by guessing half the time.",
    ),
    (SCORES, CLASS),
    (Int("k", 5, "How many of the highest scores count.", label="k", min=1, max=1_000_000),),
    (
        _top_k_shape,
        Torch(text=_top_k_text, imports=("from torchmetrics.classification import MulticlassAccuracy",)),
    ),
    page="classification/accuracy",
    gives=_SHARE,
    examples=(Example({"k": 3}, (("N", 5), ("N",)), ()),),
    keywords=("top-5", "top-k", "TopNError", "TopKCategoricalAccuracy", "ImageNet"),
    group=CLASSES,
    traits=RISING,
)
PRECISION = _metric(
    "Precision",
    "Precision",
    (
        "How many of those that were called a class are of it.",
        r"\frac{TP}{TP + FP}",
        "A network that says yes only once, and rightly, has 1: look at Recall too.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("positive predictive value", "false alarms"),
    page="precision",
)
RECALL = _metric(
    "Recall",
    "Recall",
    (
        "How many of those that are of a class were found.",
        r"\frac{TP}{TP + FN}",
        "A network that always says yes has 1: look at Precision too.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("sensitivity", "hit rate", "true positive rate", "missed"),
    page="recall",
)
F1 = _metric(
    "F1",
    "F1Score",
    (
        "Precision and recall in one number, which is low when either is.",
        r"F_1 = \frac{2 TP}{2 TP + FP + FN}",
        "With macro a rare class counts as much as a common one: that is often what is wanted.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("F-score", "F1Score", "harmonic mean", "imbalance"),
    page="f1_score",
)
SPECIFICITY = _metric(
    "Specificity",
    "Specificity",
    (
        "How many of those that are not of a class were called so.",
        r"\frac{TN}{TN + FP}",
        "Nearly 1 for every rare class, however bad the network is.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("true negative rate", "selectivity"),
    page="specificity",
)
AUROC = _metric(
    "AUROC",
    "AUROC",
    (
        "How often a sample of the class gets a higher score than one that is not.",
        r"P(x_+ > x_-)",
        "0.5 is guessing. It keeps all scores until the end, and looks good on rare classes: see AveragePrecision.",
    ),
    (),
    keywords=("AUC", "ROC", "area under the curve", "ranking"),
    page="auroc",
    certain=True,
)
AVERAGE_PRECISION = _metric(
    "AveragePrecision",
    "AveragePrecision",
    (
        "Precision averaged over all thresholds: for finding rare things.",
        r"\sum_k (R_k - R_{k-1}) P_k",
        "Guessing gives the share of the class, not 0.5. It keeps all scores until the end.",
    ),
    (),
    keywords=("AP", "PR curve", "area under precision recall", "detection"),
    page="average_precision",
    certain=True,
)
MATTHEWS = _metric(
    "MatthewsCorrelation",
    "MatthewsCorrCoef",
    (
        "Agreement of answers and truth that does not forgive guessing the common class.",
        r"\frac{TP \cdot TN - FP \cdot FN}{\sqrt{(TP+FP)(TP+FN)(TN+FP)(TN+FN)}}",
        "0 is guessing, 1 is perfect, below 0 is worse than guessing.",
    ),
    (THRESHOLD,),
    keywords=("MCC", "phi coefficient", "correlation", "imbalance"),
    page="matthews_corr_coef",
    gives="Between -1 and 1; 0 is guessing.",
)
COHEN_KAPPA = _metric(
    "CohenKappa",
    "CohenKappa",
    (
        "Agreement of answers and truth beyond what chance would give.",
        r"\kappa = \frac{p_o - p_e}{1 - p_e}",
        "0 is guessing; what counts as good depends on how well people agree on the task.",
    ),
    (THRESHOLD,),
    keywords=("kappa", "agreement", "chance", "raters"),
    page="cohen_kappa",
    gives="Between -1 and 1; 0 is guessing.",
)
CALIBRATION = _metric(
    "CalibrationError",
    "CalibrationError",
    (
        "How far the network's certainty is from how often it is right.",
        r"\sum_b \frac{n_b}{n} |acc_b - conf_b|",
        "A network can be well calibrated and useless: look at accuracy too.",
    ),
    (),
    keywords=("ECE", "certainty", "confidence", "reliability"),
    page="calibration_error",
    certain=True,
    rises=False,
)
IOU = _metric(
    "IoU",
    "JaccardIndex",
    (
        "How much predicted and right regions overlap: for segmentation.",
        r"\frac{TP}{TP + FP + FN}",
        "Half an object found gives 0.5 at most; the background usually counts as a class.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("Jaccard", "intersection over union", "mIoU", "segmentation", "MeanIoU"),
    page="jaccard_index",
)
DICE_SCORE = _metric(
    "DiceScore",
    "F1Score",
    (
        "Overlap of predicted and right regions over all pixels: F1 by its name in segmentation.",
        r"\frac{2 TP}{2 TP + FP + FN}",
        "Always higher than IoU on the same answers: compare like with like.",
    ),
    (AVERAGE, THRESHOLD),
    keywords=("Dice", "Sorensen", "segmentation", "overlap", "F1"),
    page="f1_score",
)


def _confusion_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    classes = classes_of(inputs, class_axis("ConfusionMatrix", inputs))
    return (TensorSpec((classes, classes), "int64"),)


CONFUSION = metric_record(
    "ConfusionMatrix",
    (
        "Which class is taken for which: a row for each right class, a column for each answer.",
        r"C_{jk} = \sum_i [t_i = j][\hat y_i = k]",
        "The curve shows the share on its diagonal, the accuracy; the table itself is in the run folder.",
    ),
    (SCORES, CLASS),
    (THRESHOLD,),
    (_confusion_shape, class_text("ConfusionMatrix", "ConfusionMatrix", certain=False)),
    page="classification/confusion_matrix",
    gives="Counts: right classes down, answers across.",
    examples=(Example({}, (("N", 5), ("N",)), (5, 5)), Example({}, (("N", 1), ("N",)), (2, 2))),
    keywords=("mistakes", "contingency", "which for which", "table"),
    group=CLASSES,
    traits=RISING,
    scalar=False,
)

LAYERS = (
    TOP_K,
    PRECISION,
    RECALL,
    F1,
    SPECIFICITY,
    AUROC,
    AVERAGE_PRECISION,
    MATTHEWS,
    COHEN_KAPPA,
    CALIBRATION,
    CONFUSION,
    IOU,
    DICE_SCORE,
)
