"""Metrics of numbers, pictures and text."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.loss_rules import SCALAR
from studio.layers.metric_rules import (
    GUESS,
    METRIC,
    RIGHT,
    RISING,
    class_axis,
    metric_record,
    number_rule,
    number_text,
)
from studio.layers.params import Float, Int
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, LayerSpec, Port, Rule, ShapeError, Torch
from studio.layers.text import build_text

NUMBERS, PICTURES, TEXT = "Metrics of numbers", "Metrics of pictures", "Metrics of text"
_PAIRS = (Example({}, (("N", 1), ("N",)), ()), Example({}, (("N", 4), ("N", 4)), ()))


def _metric(
    name: str,
    kind: str,
    texts: tuple[str, str, str],
    *,
    page: str,
    gives: str,
    keywords: tuple[str, ...],
    rises: bool = False,
    **named: tuple[object, object],
) -> LayerSpec:
    return metric_record(
        name,
        texts,
        (GUESS, RIGHT),
        (),
        (number_rule(name), number_text(name, "regression", kind, **named)),
        page=f"regression/{page}",
        gives=gives,
        examples=_PAIRS,
        keywords=keywords,
        group=NUMBERS,
        traits=RISING if rises else METRIC,
    )


MEAN_SQUARED_ERROR = _metric(
    "MeanSquaredError",
    "MeanSquaredError",
    (
        "The mean of the squared differences.",
        r"\frac{1}{n} \sum_i (y_i - t_i)^2",
        "Its unit is that of the target, squared: RootMeanSquaredError is easier to read.",
    ),
    page="mean_squared_error",
    gives="The mean square.",
    keywords=("MSE", "L2", "regression"),
)
ROOT_MEAN_SQUARED_ERROR = _metric(
    "RootMeanSquaredError",
    "MeanSquaredError",
    (
        "The root of the mean squared difference, in the unit of the target.",
        r"\sqrt{\frac{1}{n} \sum_i (y_i - t_i)^2}",
        "A few wild errors decide it: compare with MeanAbsoluteError.",
    ),
    page="mean_squared_error",
    gives="The root of the mean square.",
    keywords=("RMSE", "regression", "standard error"),
    squared=(False, True),
)
R2 = _metric(
    "R2",
    "R2Score",
    (
        "The share of the targets' spread that the predictions explain.",
        r"R^2 = 1 - \frac{\sum_i (y_i - t_i)^2}{\sum_i (t_i - \bar t)^2}",
        "0 is what always guessing the mean gives; it can be below 0.",
    ),
    page="r2_score",
    gives="1 is perfect, 0 is guessing the mean.",
    keywords=("coefficient of determination", "R squared", "explained"),
    rises=True,
)
MAPE = _metric(
    "MeanAbsolutePercentageError",
    "MeanAbsolutePercentageError",
    (
        "How far off predictions are on average, as a share of the target.",
        r"\frac{1}{n} \sum_i \frac{|y_i - t_i|}{|t_i|}",
        "Targets near 0 make it huge: use it where they are far from 0.",
    ),
    page="mean_absolute_percentage_error",
    gives="A share; 0.1 is ten percent.",
    keywords=("MAPE", "percent", "relative error"),
)
PEARSON = _metric(
    "PearsonCorrelation",
    "PearsonCorrCoef",
    (
        "How well predictions and targets lie on a straight line.",
        r"\frac{\mathrm{cov}(y, t)}{\sigma_y \sigma_t}",
        "It does not see a wrong scale or a constant error: R2 does.",
    ),
    page="pearson_corr_coef",
    gives="Between -1 and 1.",
    keywords=("correlation", "r"),
    rises=True,
)
SPEARMAN = _metric(
    "SpearmanCorrelation",
    "SpearmanCorrCoef",
    (
        "How well predictions put samples in the right order.",
        r"\mathrm{corr}(\mathrm{rank}\, y, \mathrm{rank}\, t)",
        "It keeps all numbers until the end.",
    ),
    page="spearman_corr_coef",
    gives="Between -1 and 1.",
    keywords=("rank correlation", "order", "rho"),
    rises=True,
)
EXPLAINED_VARIANCE = _metric(
    "ExplainedVariance",
    "ExplainedVariance",
    (
        "The share of the targets' spread that is explained, whatever constant error there is.",
        r"1 - \frac{\mathrm{var}(t - y)}{\mathrm{var}(t)}",
        "Higher than R2 where the predictions are all off by the same amount.",
    ),
    page="explained_variance",
    gives="1 is perfect, 0 is guessing the mean.",
    keywords=("variance", "R2"),
    rises=True,
)


def _rows(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        if inputs[0].shape != inputs[1].shape:
            raise ShapeError(
                "{layer} needs equal shapes on input and target, gets {input} and {target}",
                layer=layer,
                input=show(inputs[0].shape),
                target=show(inputs[1].shape),
            )
        return SCALAR

    return shape


COSINE_SIMILARITY = metric_record(
    "CosineSimilarityMetric",
    (
        "How far predicted and right vectors point the same way.",
        r"\frac{1}{n} \sum_i \frac{y_i \cdot t_i}{\Vert y_i \Vert \Vert t_i \Vert}",
        "Lengths do not count, only directions.",
    ),
    (Port("input", "N E", doc="Predicted vectors."), Port("target", "N E", doc="Right vectors.")),
    (),
    (
        _rows("CosineSimilarityMetric"),
        Torch(
            'CosineSimilarity(reduction="mean")',
            imports=("from torchmetrics.regression import CosineSimilarity",),
        ),
    ),
    page="regression/cosine_similarity",
    gives="Between -1 and 1.",
    examples=(Example({}, (("N", 8), ("N", 8)), ()),),
    keywords=("cosine", "embedding", "direction", "CosineSimilarity"),
    group=NUMBERS,
    traits=RISING,
)
_IMAGE = Port("input", "N C H W", doc="Pictures that the network made.", low=0.0, high=1.0)
_TRUE_IMAGE = Port("target", "N C H W", doc="The right pictures.", low=0.0, high=1.0)
_RANGE = Float(
    "data_range",
    1.0,
    "Between the darkest and the brightest value that there can be.",
    label="Range of values",
    min=1e-6,
    max=1e9,
)


def _ssim_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _rows("SSIM")(p, inputs)
    for size in inputs[0].shape[2:]:
        if isinstance(size, int) and size < 11:
            raise ShapeError(
                "SSIM looks through a window of 11 pixels, but the pictures are {shape}: use PSNR",
                shape=show(inputs[0].shape),
            )
    return SCALAR


SSIM = metric_record(
    "SSIM",
    (
        "How alike pictures look: brightness, contrast and structure in small windows.",
        r"\frac{(2\mu_y\mu_t + c_1)(2\sigma_{yt} + c_2)}{(\mu_y^2 + \mu_t^2 + c_1)(\sigma_y^2 + \sigma_t^2 + c_2)}",
        "The range must be that of the pictures: with scaled ones 2 or more, not 1.",
    ),
    (_IMAGE, _TRUE_IMAGE),
    (_RANGE,),
    (
        _ssim_shape,
        Torch(
            "StructuralSimilarityIndexMeasure(data_range={data_range})",
            imports=("from torchmetrics.image import StructuralSimilarityIndexMeasure",),
        ),
    ),
    page="image/structural_similarity",
    gives="1 is equal.",
    examples=(Example({}, (("N", 1, 16, 16), ("N", 1, 16, 16)), ()),),
    keywords=("structural similarity", "picture quality", "restoration"),
    group=PICTURES,
    traits=RISING,
)
PSNR = metric_record(
    "PSNR",
    (
        "How faint the error of a picture is beside its brightest value, in decibels.",
        r"10 \log_{10} \frac{range^2}{MSE}",
        "The range must be that of the pictures. It likes blurred pictures better than eyes do.",
    ),
    (_IMAGE, _TRUE_IMAGE),
    (_RANGE,),
    (
        _rows("PSNR"),
        Torch(
            "PeakSignalNoiseRatio(data_range={data_range})",
            imports=("from torchmetrics.image import PeakSignalNoiseRatio",),
        ),
    ),
    page="image/peak_signal_noise_ratio",
    gives="Decibels; 30 is good, more is better.",
    examples=(Example({}, (("N", 1, 8, 8), ("N", 1, 8, 8)), ()),),
    keywords=("peak signal to noise", "decibel", "denoising", "super-resolution"),
    group=PICTURES,
    traits=RISING,
)
_WORDS = Port("input", "N T C", doc="Scores for each symbol at each place.")
_TRUE_WORDS = Port("target", "N T", "int", doc="The right symbols.")


def _words(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        if class_axis(layer, inputs) < 0 or inputs[0].shape[:2] != inputs[1].shape:
            raise ShapeError(
                "{layer} needs scores N T C and the right symbols N T, gets {input} and {target}",
                layer=layer,
                input=show(inputs[0].shape),
                target=show(inputs[1].shape),
            )
        return SCALAR

    return shape


_SEQUENCES = (Example({}, (("N", 7, 5), ("N", 7)), ()),)


def _perplexity_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    ignored = {} if p.ignore_index == -100 else {"ignore_index": (p.ignore_index, None)}
    return build_text("Perplexity", **ignored), ""


PERPLEXITY = metric_record(
    "Perplexity",
    (
        "Among how many symbols the network hesitates on average.",
        r"e^{-\frac{1}{n} \sum_i \log p(t_i)}",
        "Only networks over the same symbols can be compared: one over letters looks far better.",
    ),
    (_WORDS, _TRUE_WORDS),
    (
        Int(
            "ignore_index",
            -100,
            "Targets of this number don't count, such as padding.",
            label="Ignored target",
            essential=False,
        ),
    ),
    (
        _words("Perplexity"),
        Torch(text=_perplexity_text, imports=("from torchmetrics.text import Perplexity",)),
    ),
    page="text/perplexity",
    gives="1 is certain; guessing gives the number of symbols.",
    examples=_SEQUENCES,
    keywords=("language model", "surprise", "PPL"),
    group=TEXT,
)
_BLEU = '''
class TokenBLEU(BLEUScore):
    """BLEU of the most likely symbols (N, T, C) against the right ones (N, T)."""

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Takes one batch."""
        guesses = [" ".join(map(str, row)) for row in scores.argmax(-1).tolist()]
        super().update(guesses, [[" ".join(map(str, row))] for row in target.tolist()])
'''
BLEU = metric_record(
    "BLEU",
    (
        "How many short runs of symbols agree with the right text.",
        r"b \cdot e^{\sum_n \frac{1}{4} \log p_n}",
        "Made for translation of whole texts; on single sentences it is often 0.",
    ),
    (_WORDS, _TRUE_WORDS),
    (Int("n_gram", 4, "Longest run that is looked at.", label="Longest run", min=1, max=9),),
    (
        _words("BLEU"),
        Torch(
            text=lambda p, inputs: (build_text("TokenBLEU", n_gram=(p.n_gram, 4)), ""),
            imports=("from torchmetrics.text import BLEUScore",),
            support=(_BLEU,),
        ),
    ),
    page="text/bleu_score",
    gives="Between 0 and 1.",
    examples=_SEQUENCES,
    keywords=("translation", "n-gram", "machine translation"),
    group=TEXT,
    traits=RISING,
)
_EDITS = '''
class TokenErrorRate(Metric):
    """Changes that lead from the most likely symbols (N, T, C) to the right ones (N, T), by their number."""

    def __init__(self) -> None:
        super().__init__()
        zero = torch.zeros((), dtype=torch.float64)
        self.add_state("changes", zero, dist_reduce_fx="sum")
        self.add_state("symbols", zero.clone(), dist_reduce_fx="sum")

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Takes one batch."""
        guesses = scores.argmax(-1).tolist()
        for guess, right in zip(guesses, target.tolist(), strict=True):
            row = list(range(len(right) + 1))
            for at, symbol in enumerate(guess, 1):
                corner, row[0] = row[0], at
                for column, wanted in enumerate(right, 1):
                    change = min(row[column], row[column - 1]) + 1
                    change = min(change, corner + (symbol != wanted))
                    corner, row[column] = row[column], change
            self.changes += row[-1]
            self.symbols += len(right)

    def compute(self) -> Tensor:
        """The rate so far."""
        return (self.changes / self.symbols).float()
'''
TOKEN_ERROR_RATE = metric_record(
    "TokenErrorRate",
    (
        "How many symbols must be changed, added or taken away to get the right text.",
        r"\frac{S + D + I}{n}",
        "One missing symbol at the front is one error here, and makes all others wrong for Accuracy.",
    ),
    (_WORDS, _TRUE_WORDS),
    (),
    (
        _words("TokenErrorRate"),
        Torch("TokenErrorRate()", imports=("from torchmetrics import Metric",), support=(_EDITS,)),
    ),
    page="text/edit",
    gives="0 is perfect; it can be above 1.",
    examples=_SEQUENCES,
    keywords=("WER", "CER", "word error rate", "character error rate", "Levenshtein", "edit distance"),
    group=TEXT,
)

LAYERS = (
    MEAN_SQUARED_ERROR,
    ROOT_MEAN_SQUARED_ERROR,
    R2,
    MAPE,
    PEARSON,
    SPEARMAN,
    EXPLAINED_VARIANCE,
    COSINE_SIMILARITY,
    SSIM,
    PSNR,
    PERPLEXITY,
    BLEU,
    TOKEN_ERROR_RATE,
)
