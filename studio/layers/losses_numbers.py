"""Losses between numbers: how far predictions are from what is right."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from studio.layers.loss_rules import (
    DIFFERS,
    GUESS,
    LOSS,
    LOSS_OUTPUT,
    NOT_EXPORTED,
    NUMBERS,
    REDUCTION,
    RIGHT,
    SCALAR,
    pair_text,
    squeezes,
    torch_page,
)
from studio.layers.params import Bool, Choice, Float, Param
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch
from studio.layers.text import build_text

_ONE_EACH = (Example({}, (("N", 1), ("N", 1)), ()), Example({}, (("N", 4), ("N", 4)), ()))


def _pair_shape(layer: str) -> Callable[[SimpleNamespace, Specs], Specs]:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        squeezes(inputs[0], inputs[1], layer)
        return SCALAR

    return shape


def _module_text(layer: str, module: str, params: tuple[Param, ...]) -> Torch:
    """The text of a torch module whose arguments are called as our parameters."""

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        guess, wanted = pair_text(inputs, layer)
        named = {param.name: (getattr(p, param.name), param.default) for param in params}
        return build_text(module, **named), f"{{self}}({guess}, {wanted})"

    return Torch(text=text)


def _torch_loss(
    module: str,
    summary: str,
    formula: str,
    pitfalls: str,
    *,
    params: tuple[Param, ...] = (),
    keywords: tuple[str, ...],
    inputs: tuple[Port, ...] = (GUESS, RIGHT),
) -> LayerSpec:
    """The record of a loss of torch.nn that takes a prediction and a target of one shape."""
    name = module.removeprefix("nn.").removesuffix("Loss")
    params = (*params, REDUCTION)
    return LayerSpec(
        name=name,
        category=Category.LOSS,
        summary=summary,
        formula=formula,
        inputs=inputs,
        outputs=LOSS_OUTPUT,
        params=params,
        shape=_pair_shape(name),
        torch=_module_text(name, module, params),
        source=torch_page(module),
        onnx=NOT_EXPORTED,
        exportable=False,
        traits=LOSS,
        examples=_ONE_EACH,
        keywords=(*keywords, module),
        pitfalls=pitfalls,
        group=NUMBERS,
        torch_name=module,
        differs=DIFFERS,
    )


L1 = _torch_loss(
    "nn.L1Loss",
    "The mean of the distances: for numbers with wild values among them.",
    r"L = \frac{1}{n} \sum_i |y_i - t_i|",
    "Its slope is the same near and far, so it ends less exactly than MSE: lower the learning rate at the end.",
    keywords=("MAE", "mean absolute error", "regression", "AbsoluteError", "l1loss", "median"),
)
SMOOTH_L1 = _torch_loss(
    "nn.SmoothL1Loss",
    "Squares small differences and takes large ones as they are: for positions and boxes.",
    r"l = \begin{cases} \frac{(y - t)^2}{2\beta} & |y - t| < \beta \\ |y - t| - \frac{\beta}{2} \end{cases}",
    "Beta is in units of the target: with targets of thousands the default acts like L1.",
    params=(Float("beta", 1.0, "Below this difference it squares.", label="Beta", min=0, max=1_000_000),),
    keywords=("smooth L1", "box regression", "Fast R-CNN", "rcnnBoxRegression"),
)
HUBER = _torch_loss(
    "nn.HuberLoss",
    "Squares small differences and takes large ones linearly: wild targets weigh less.",
    r"l = \begin{cases} \frac{1}{2} (y - t)^2 & |y - t| < \delta \\ \delta (|y - t| - \frac{\delta}{2})"
    r" \end{cases}",
    "Delta is in units of the target: scale targets, or set it to the size of an ordinary error.",
    params=(
        Float(
            "delta",
            1.0,
            "Below this difference it squares.",
            label="Delta",
            min=1e-6,
            max=1_000_000,
        ),
    ),
    keywords=("Huber", "robust regression", "HuberLoss", "outliers"),
)
POISSON_NLL = _torch_loss(
    "nn.PoissonNLLLoss",
    "How surprised a predicted rate is by a count: for numbers of events.",
    r"L = \frac{1}{n} \sum_i e^{y_i} - t_i\, y_i",
    "With “input is a logarithm” feed the plain output of Linear; without it the output must be positive.",
    params=(
        Bool(
            "log_input", True, "Whether the input is the logarithm of the rate.", label="Input is a logarithm"
        ),
        Bool(
            "full", False, "Adds Stirling's term, which no weight depends on.", label="Full", essential=False
        ),
        Float(
            "eps",
            1e-8,
            "Keeps the logarithm of 0 away.",
            label="Epsilon",
            essential=False,
            min=1e-12,
            max=1,
        ),
    ),
    inputs=(
        Port("input", "N *", doc="The logarithm of the rate, or the rate itself.", low=0.0),
        Port("target", "N *", "any", doc="Counts, from 0.", low=0.0),
    ),
    keywords=("Poisson", "counts", "events", "negative log likelihood", "Poisson loss"),
)


def _gaussian_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    squeezes(inputs[0], inputs[1], "GaussianNLL")
    squeezes(inputs[2], inputs[0], "GaussianNLL")
    return SCALAR


def _gaussian_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "GaussianNLL")
    build = build_text(
        "nn.GaussianNLLLoss", full=(p.full, False), eps=(p.eps, 1e-6), reduction=(p.reduction, "mean")
    )
    var = "{var}.squeeze(-1)" if ".squeeze" in guess and inputs[2].shape == inputs[0].shape else "{var}"
    return build, f"{{self}}({guess}, {wanted}, {var})"


GAUSSIAN_NLL = LayerSpec(
    name="GaussianNLL",
    category=Category.LOSS,
    summary="How surprised a predicted bell curve is: learns a value and how sure it is.",
    formula=r"L = \frac{1}{2n} \sum_i \log \sigma_i^2 + \frac{(y_i - t_i)^2}{\sigma_i^2}",
    inputs=(
        GUESS,
        RIGHT,
        Port("var", "N *", doc="The predicted variance, positive; one number for each prediction.", low=0.01),
    ),
    outputs=LOSS_OUTPUT,
    params=(
        Bool(
            "full",
            False,
            "Adds the constant term, which no weight depends on.",
            label="Full",
            essential=False,
        ),
        Float(
            "eps", 1e-6, "Smallest variance that counts.", label="Epsilon", essential=False, min=1e-12, max=1
        ),
        REDUCTION,
    ),
    shape=_gaussian_shape,
    torch=Torch(text=_gaussian_text),
    source=torch_page("nn.GaussianNLLLoss"),
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(Example({}, (("N", 3), ("N", 3), ("N", 3)), ()),),
    keywords=("uncertainty", "heteroscedastic", "negative log likelihood", "nn.GaussianNLLLoss", "variance"),
    pitfalls="The variance must be positive: put Exp or Softplus before it, or training stops with an error.",
    group=NUMBERS,
    torch_name="nn.GaussianNLLLoss",
    differs=DIFFERS,
)


def _kl_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "KLDiv")
    build = build_text("nn.KLDivLoss", reduction=(p.reduction, "mean"), log_target=(p.log_target, False))
    return build, f"{{self}}({guess}, {wanted})"


KL_DIV = LayerSpec(
    name="KLDiv",
    category=Category.LOSS,
    summary="How far one distribution is from another: for distillation and soft targets.",
    formula=r"L = \frac{1}{n} \sum_i t_i (\log t_i - y_i)",
    inputs=(
        Port("input", "N *", doc="Logarithms of the predicted shares (LogSoftmax)."),
        Port(
            "target", "N *", doc="The wanted shares, adding up to 1; or their logarithms.", low=0.0, high=1.0
        ),
    ),
    outputs=LOSS_OUTPUT,
    params=(
        Choice(
            "reduction",
            "batchmean",
            "batchmean adds up and divides by the samples, which is the divergence; mean divides by all positions.",
            label="Reduction",
            options=("batchmean", "mean", "sum"),
        ),
        Bool("log_target", False, "Whether the target holds logarithms too.", label="Target is a logarithm"),
    ),
    shape=_pair_shape("KLDiv"),
    torch=Torch(text=_kl_text),
    source=torch_page("nn.KLDivLoss"),
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(Example({}, (("N", 10), ("N", 10)), ()),),
    keywords=("Kullback-Leibler", "distillation", "KLDivergence", "KLMultinomial", "nn.KLDivLoss", "teacher"),
    pitfalls="The input is a logarithm: put LogSoftmax before it. With raw scores the loss means nothing.",
    group=NUMBERS,
    torch_name="nn.KLDivLoss",
    differs={
        **DIFFERS,
        "reduction": "batchmean is the mathematical divergence and torch's own advice; there is no “none”.",
    },
)


def _epsilon_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "EpsilonInsensitive")
    return "", f"F.relu(({guess} - {wanted}).abs() - {{epsilon}}).{{reduction}}()".replace(
        "{reduction}", p.reduction
    )


EPSILON_INSENSITIVE = LayerSpec(
    name="EpsilonInsensitive",
    category=Category.LOSS,
    summary="Lets small differences pass and counts only what goes beyond them.",
    formula=r"L = \frac{1}{n} \sum_i \max(0, |y_i - t_i| - \epsilon)",
    inputs=(GUESS, RIGHT),
    outputs=LOSS_OUTPUT,
    params=(
        Float("epsilon", 0.1, "Differences up to this cost nothing.", label="Epsilon", min=0, max=1_000_000),
        REDUCTION,
    ),
    shape=_pair_shape("EpsilonInsensitive"),
    torch=Torch(text=_epsilon_text),
    source="Vapnik, The Nature of Statistical Learning Theory, 1995, section 6.1",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=_ONE_EACH,
    keywords=("support vector regression", "SVR", "EpsilonInsensitiveLoss", "tolerance", "dead zone"),
    pitfalls="Epsilon is in units of the target: larger than the spread of the targets, nothing is learned.",
    group=NUMBERS,
)


def _log_cosh_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "LogCosh")
    return "", f"log_cosh({guess} - {wanted}).{p.reduction}()"


_LOG_COSH = '''
def log_cosh(x: Tensor) -> Tensor:
    """log(cosh(x)), written so that large numbers stay finite."""
    return x.abs() + F.softplus(-2 * x.abs()) - math.log(2)
'''
LOG_COSH = LayerSpec(
    name="LogCosh",
    category=Category.LOSS,
    summary="Like MSE near the target and like L1 far from it, smooth everywhere.",
    formula=r"L = \frac{1}{n} \sum_i \log \cosh (y_i - t_i)",
    inputs=(GUESS, RIGHT),
    outputs=LOSS_OUTPUT,
    params=(REDUCTION,),
    shape=_pair_shape("LogCosh"),
    torch=Torch(text=_log_cosh_text, support=(_LOG_COSH,), imports=("import math",)),
    source="https://keras.io/api/losses/regression_losses/#logcosh-class",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=_ONE_EACH,
    keywords=("log cosh", "logcosh", "LogCosh", "robust regression", "smooth"),
    pitfalls="There is nothing to tune: where errors of 1 are small for your targets, scale the targets.",
    group=NUMBERS,
)

LAYERS = (L1, SMOOTH_L1, HUBER, POISSON_NLL, GAUSSIAN_NLL, KL_DIV, EPSILON_INSENSITIVE, LOG_COSH)
