"""Losses of networks that make things: variational, adversarial, and the penalties that go with them."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.loss_rules import SCALAR, loss_record
from studio.layers.params import Choice, Float, NodeRefs
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits

GENERATIVE, PENALTIES = "Generative", "Penalties"


def _scalar(p: SimpleNamespace, inputs: Specs) -> Specs:
    return SCALAR


def _kl_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    mean, log_variance = inputs
    if mean.shape != log_variance.shape:
        raise ShapeError(
            "KLUnitGaussian needs equal shapes on mean and log_variance, gets {mean} and {log_variance}",
            mean=show(mean.shape),
            log_variance=show(log_variance.shape),
        )
    return SCALAR


_KL = '''
def kl_unit_gaussian(mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far bell curves are from the one with mean 0 and variance 1, a mean over samples, in nats."""
    return (
        0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).flatten(1).sum(1).mean()
    )
'''
KL_UNIT_GAUSSIAN = loss_record(
    "KLUnitGaussian",
    (
        "How far predicted bell curves are from the unit one: the second loss of a VAE.",
        r"L = \frac{1}{2N} \sum_{n,i} \mu_{ni}^2 + \sigma_{ni}^2 - 1 - \log \sigma_{ni}^2",
        "It adds up over the code's axes; a reconstruction that is averaged over pixels weighs little beside it:"
        " lower its weight, or let it rise from 0, else every code becomes the same.",
    ),
    (
        Port("mean", "N *", doc="The means of the code."),
        Port("log_variance", "N *", doc="The logarithms of its variances."),
    ),
    (),
    (_kl_shape, Torch(call="kl_unit_gaussian({mean}, {log_variance})", support=(_KL,))),
    examples=(Example({}, (("N", 16), ("N", 16)), ()), Example({}, (("N", 4, 8, 8), ("N", 4, 8, 8)), ())),
    keywords=("VAE", "variational autoencoder", "Kullback-Leibler", "KL divergence", "beta-VAE", "latent"),
    source="Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B",
    group=GENERATIVE,
)
_SCORE = Port("score", "N *", doc="What the discriminator says of each sample, a raw score.")
_SCORES = (Example({}, (("N", 1),), ()), Example({"target": "fake"}, (("N", 1, 4, 4),), ()))
_SIDES = Choice(
    "target",
    "real",
    "What the samples are to be taken for; a generator wants its own to be taken for real.",
    label="Target",
    options=("real", "fake"),
)


def _gan_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    like = "ones" if p.target == "real" else "zeros"
    return "", f"F.binary_cross_entropy_with_logits({{score}}, torch.{like}_like({{score}}))"


GAN_LOSS = loss_record(
    "GANLoss",
    (
        "Whether samples are taken for real, as yes and no: the classic, non-saturating GAN loss.",
        r"L = -\frac{1}{n} \sum_i \log \sigma(\pm s_i)",
        "Feed raw scores. A discriminator that is always right teaches little: weaken it, or add R1.",
    ),
    (_SCORE,),
    (_SIDES,),
    (_scalar, Torch(text=_gan_text)),
    examples=_SCORES,
    keywords=(
        "GAN",
        "adversarial",
        "non-saturating",
        "discriminator",
        "generator",
        "BCE",
        "DCGAN",
        "real or fake",
    ),
    source="Goodfellow et al., Generative Adversarial Nets, 2014, section 3",
    group=GENERATIVE,
)
_ROLES = Choice(
    "target",
    "real",
    "real and fake teach the discriminator, generator the generator.",
    label="Target",
    options=("real", "fake", "generator"),
)


def _hinge_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", {
        "real": "F.relu(1 - {score}).mean()",
        "fake": "F.relu(1 + {score}).mean()",
        "generator": "-{score}.mean()",
    }[p.target]


HINGE_GAN = loss_record(
    "HingeGAN",
    (
        "A GAN loss that leaves the discriminator alone once it is clearly right.",
        r"L_{real} = \max(0, 1 - s),\quad L_{fake} = \max(0, 1 + s),\quad L_G = -s",
        "It counts on a discriminator whose slope is bounded: use spectral norm in it.",
    ),
    (_SCORE,),
    (_ROLES,),
    (_scalar, Torch(text=_hinge_text)),
    examples=(*_SCORES, Example({"target": "generator"}, (("N", 1),), ())),
    keywords=("GAN", "adversarial", "hinge", "SAGAN", "BigGAN", "discriminator", "generator"),
    source="Lim and Ye, Geometric GAN, 2017; Miyato et al., Spectral Normalization, 2018, equations 16 and 17",
    group=GENERATIVE,
)


def _wasserstein_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "{score}.mean()" if p.target == "fake" else "-{score}.mean()"


WASSERSTEIN = loss_record(
    "Wasserstein",
    (
        "How far apart a critic puts real and made samples; it measures as it trains.",
        r"L_{critic} = \bar s_{fake} - \bar s_{real},\quad L_G = -\bar s_{fake}",
        "Without GradientPenalty on the critic the scores run away. Let the critic act more often than the"
        " generator.",
    ),
    (_SCORE,),
    (_SIDES,),
    (_scalar, Torch(text=_wasserstein_text)),
    examples=_SCORES,
    keywords=("WGAN", "earth mover", "critic", "GAN", "adversarial"),
    source="Arjovsky, Chintala and Bottou, Wasserstein GAN, 2017",
    group=GENERATIVE,
)


def _least_squares_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "({score} - 1).square().mean()" if p.target == "real" else "{score}.square().mean()"


LEAST_SQUARES_GAN = loss_record(
    "LeastSquaresGAN",
    (
        "A GAN loss with squares instead of yes and no: a gentler slope far from the border.",
        r"L_{real} = (s - 1)^2,\quad L_{fake} = s^2",
        "Scores have no upper end, so one wild sample weighs much; good with patches, as in CycleGAN.",
    ),
    (_SCORE,),
    (_SIDES,),
    (_scalar, Torch(text=_least_squares_text)),
    examples=_SCORES,
    keywords=("LSGAN", "GAN", "adversarial", "CycleGAN", "pix2pix", "discriminator"),
    source="Mao et al., Least Squares Generative Adversarial Networks, 2017",
    group=GENERATIVE,
)
_PENALTY_PORTS = (
    Port("input", "N *", doc="What the discriminator looked at."),
    Port("score", "N *", doc="What it said of it."),
)
_PENALTY = Traits(role="loss", gradient_of="input")
_SLOPE = '''
def input_gradient(score: Tensor, input: Tensor) -> Tensor:
    """The gradient of each sample's score with respect to that sample, N and the rest in one row."""
    (gradient,) = torch.autograd.grad(score.sum(), input, create_graph=True)
    return gradient.flatten(1)
'''
R1 = loss_record(
    "R1",
    (
        "Keeps the discriminator's slope at real samples small: a GAN that converges.",
        r"L = \frac{1}{2N} \sum_n \Vert \nabla_{x_n} s(x_n) \Vert^2",
        "Give it real samples only, a weight of about 10, or sixteen times that every 16th step. The batch norm of a"
        " discriminator mixes samples and spoils it.",
    ),
    _PENALTY_PORTS,
    (),
    (_scalar, Torch(call="0.5 * input_gradient({score}, {input}).square().sum(1).mean()", support=(_SLOPE,))),
    examples=(Example({}, (("N", 8), ("N", 8)), ()),),
    keywords=("R1 regularization", "gradient penalty", "StyleGAN", "GAN", "zero-centered"),
    source="Mescheder, Geiger and Nowozin, Which Training Methods for GANs do actually Converge?, 2018, eq. 9",
    traits=_PENALTY,
    group=PENALTIES,
)
GRADIENT_PENALTY = loss_record(
    "GradientPenalty",
    (
        "Holds the critic's slope at a given steepness: what makes a Wasserstein GAN work.",
        r"L = \frac{1}{N} \sum_n (\Vert \nabla_{x_n} s(x_n) \Vert - k)^2",
        "Give it mixtures of real and made samples, a weight of about 10, and no batch norm in the critic.",
    ),
    _PENALTY_PORTS,
    (Float("slope", 1.0, "The steepness that is held.", label="Slope", essential=False, min=0, max=1000),),
    (
        _scalar,
        Torch(
            call="(input_gradient({score}, {input}).norm(dim=1) - {slope}).square().mean()", support=(_SLOPE,)
        ),
    ),
    examples=(Example({}, (("N", 8), ("N", 8)), ()),),
    keywords=("WGAN-GP", "gradient penalty", "Lipschitz", "critic", "GAN"),
    source="Gulrajani et al., Improved Training of Wasserstein GANs, 2017, equation 3",
    traits=_PENALTY,
    group=PENALTIES,
)
_OF = NodeRefs(
    "of", (), "Nodes and blocks whose weights count; none chosen means all.", label="Of", essential=True
)
_L1 = '''
def l1_penalty(*modules: nn.Module) -> Tensor:
    """All weights of the modules as distances from 0, added up; biases and scales (one axis) don't count."""
    weights = (
        weight
        for module in modules
        for weight in module.parameters()
        if weight.dim() > 1
    )
    return torch.stack([weight.abs().sum() for weight in weights]).sum()
'''
_L2 = '''
def l2_penalty(*modules: nn.Module) -> Tensor:
    """Half the squares of all weights of the modules, added up; biases and scales (one axis) don't count."""
    weights = (
        weight
        for module in modules
        for weight in module.parameters()
        if weight.dim() > 1
    )
    return 0.5 * torch.stack([weight.square().sum() for weight in weights]).sum()
'''


def _weight_penalty(
    norm: int, texts: tuple[str, str, str], keywords: tuple[str, ...], source: str
) -> LayerSpec:
    support = _L1 if norm == 1 else _L2
    return loss_record(
        f"L{norm}Penalty",
        texts,
        (),
        (_OF,),
        (_scalar, Torch(call=f"l{norm}_penalty({{modules}})", support=(support,))),
        examples=(Example({}, (), ()),),
        keywords=keywords,
        source=source,
        group=PENALTIES,
    )


L1_PENALTY = _weight_penalty(
    1,
    (
        "Pulls chosen weights to exactly 0, so that few remain.",
        r"L = \sum_i |w_i|",
        "It adds up over all weights, so give it a small weight such as 0.00001. Its slope is the same however"
        " small a weight is.",
    ),
    ("L1 regularization", "lasso", "sparse", "ActivityRegularization", "pruning"),
    "Tibshirani, Regression Shrinkage and Selection via the Lasso, 1996",
)
L2_PENALTY = _weight_penalty(
    2,
    (
        "Pulls chosen weights toward 0, the more the larger they are.",
        r"L = \frac{1}{2} \sum_i w_i^2",
        "It adds up over all weights: a weight of 0.0001 is usual. With Adam use weight decay instead: Adam"
        " scales this one away.",
    ),
    ("L2 regularization", "ridge", "weight decay", "Tikhonov", "L2Regularization"),
    "Hoerl and Kennard, Ridge Regression, 1970",
)

LAYERS = (
    KL_UNIT_GAUSSIAN,
    GAN_LOSS,
    HINGE_GAN,
    WASSERSTEIN,
    LEAST_SQUARES_GAN,
    R1,
    GRADIENT_PENALTY,
    L1_PENALTY,
    L2_PENALTY,
)
