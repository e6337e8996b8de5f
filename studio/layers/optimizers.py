"""The records of the algorithms that an Optimizer moves weights by, and their parameters.

An argument of torch is read from a parameter of the Optimizer node; where algorithms disagree on a default, each has
a parameter of its own. What torch lacks is brought as text, which model.py holds: the trainer and train.py take it
from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from studio.layers import optimizer_texts as texts
from studio.layers.params import Bool, Choice, Float, Int, Numbers, Param

_PAGE = "https://docs.pytorch.org/docs/stable/generated/torch.optim.{}.html"


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of an algorithm: torch's name and default, and the Optimizer's parameter it is read from."""

    name: str
    param: str
    default: object


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm.

    Attributes:
        name: of the class; a key of files.
        arguments: beyond weights and learning rate.
        support: the text of the class, where torch has none.
        fused: whether torch has a fused version, also on the CPU.
        again: whether it asks for the loss again and again within a step.
        differs: argument of torch -> why it is not here, or has another default.
    """

    name: str
    summary: str
    formula: str
    pitfalls: str
    arguments: tuple[Argument, ...]
    source: str
    support: str = ""
    fused: bool = False
    again: bool = False
    keywords: tuple[str, ...] = ()
    differs: dict[str, str] = field(default_factory=dict)

    @property
    def torch_name(self) -> str:
        """What of torch it is; "" where torch has no such thing."""
        return "" if self.support else f"optim.{self.name}"

    @property
    def text(self) -> str:
        """The class as train.py writes it."""
        return self.name if self.support else f"torch.optim.{self.name}"


def _arguments(text: str, **defaults: object) -> tuple[Argument, ...]:
    """Arguments of one word each: "betas eps" or, with a parameter of another name, "eps=lamb_eps"."""
    found = []
    for word in text.split():
        name, _, param = word.partition("=")
        default = defaults.get(name, PARAMS[param or name].default)
        found.append(Argument(name, param or name, default))
    return tuple(found)


def _number(name: str, default: float, doc: str, label: str, low: float = 0.0, high: float = 1e6) -> Float:
    return Float(name, default, doc, label=label, essential=False, min=low, max=high)


_BETAS = "Memory of the gradient and of its square."
_EPS = "Keeps a division by 0 away."
_MOMENTUM = "Share of the last step that is kept."
_NESTEROV = "Looks where the momentum leads before it measures."
PARAMS: dict[str, Param] = {
    param.name: param
    for param in (
        _number("momentum", 0.0, _MOMENTUM, "Momentum", 0, 0.9999),
        _number("lars_momentum", 0.9, _MOMENTUM, "Momentum", 0, 0.9999),
        _number("muon_momentum", 0.95, _MOMENTUM, "Momentum", 0, 0.9999),
        _number("dampening", 0.0, "Share of the new gradient that momentum leaves out.", "Dampening", 0, 1),
        Bool("nesterov", False, _NESTEROV, label="Nesterov", essential=False),
        Bool("muon_nesterov", True, _NESTEROV, label="Nesterov", essential=False),
        _number("weight_decay", 0.0, "Pulls weights toward 0, against overfitting.", "Weight decay", 0, 100),
        Numbers("betas", (0.9, 0.999), _BETAS, label="Betas", essential=False, min=0),
        Numbers("lion_betas", (0.9, 0.99), _BETAS, label="Betas", essential=False, min=0),
        _number("eps", 1e-8, _EPS, "Epsilon"),
        _number("adadelta_eps", 1e-6, _EPS, "Epsilon"),
        _number("adagrad_eps", 1e-10, _EPS, "Epsilon"),
        _number("belief_eps", 1e-16, _EPS, "Epsilon"),
        Bool(
            "amsgrad",
            False,
            "Divides by the largest square so far, so that steps only become smaller.",
            label="AMSGrad",
            essential=False,
        ),
        Bool(
            "decoupled_weight_decay",
            False,
            "Takes weight decay out of the gradient, as AdamW does.",
            label="Decoupled decay",
            essential=False,
        ),
        _number("momentum_decay", 0.004, "How fast the momentum changes.", "Momentum decay", 0, 1),
        _number("rho", 0.9, "Memory of the squares.", "Rho", 0, 0.9999),
        _number("lr_decay", 0.0, "Makes the rate fall with the steps.", "Rate decay", 0, 100),
        _number("initial_accumulator_value", 0.0, "What the sums of squares begin with.", "First sum", 0, 1000),
        _number("beta2_decay", -0.8, "How fast the memory of squares grows.", "Decay of beta 2", -10, 0),
        _number("d", 1.0, "Longest step that is let through, in root mean squares.", "Clip", 0.001, 1000),
        _number("alpha", 0.99, "Memory of the squares.", "Alpha", 0, 0.9999),
        _number("average_alpha", 0.75, "Power of the falling rate.", "Alpha", 0, 10),
        _number("lambd", 0.0001, "How fast the rate falls.", "Lambda", 0, 100),
        _number("t0", 1e6, "Steps before weights are averaged.", "Start of averaging", 0, 1e12),
        Bool("centered", False, "Takes the mean gradient off its square.", label="Centered", essential=False),
        Numbers("etas", (0.5, 1.2), "What a step is multiplied by after a turn, and without one.", label="Etas",
                essential=False, min=0),
        Numbers("step_sizes", (1e-6, 50.0), "Smallest and largest step.", label="Step sizes", essential=False,
                min=0),
        Int("max_iter", 20, "How often it asks for the loss within a step.", label="Iterations",
            essential=False, min=1, max=10_000),
        _number("tolerance_grad", 1e-7, "It rests when no gradient is larger.", "Smallest gradient", 0, 1),
        _number("tolerance_change", 1e-9, "It rests when nothing changes more.", "Smallest change", 0, 1),
        Int("history_size", 100, "How many past steps it remembers.", label="History", essential=False, min=1,
            max=10_000),
        Choice("line_search_fn", "none", "How it looks for the length of a step; strong_wolfe is safer.",
               label="Line search", essential=False, options=("none", "strong_wolfe")),
        Int("ns_steps", 5, "Rounds that make a step orthogonal.", label="Rounds", essential=False, min=1, max=99),
        Choice("adjust_lr_fn", "match_rms_adamw",
               "match_rms_adamw makes the rate mean what it means to AdamW; original is that of the paper.",
               label="Rate of matrices", essential=False, options=("original", "match_rms_adamw")),
        _number("trust", 0.001, "Longest step as a share of the weights' length.", "Trust", 0, 1),
        _number("final_lr", 0.1, "The rate of SGD that it ends as.", "Final rate", 0, 1000),
        _number("bound_gamma", 0.001, "How fast it turns into SGD.", "Gamma", 0, 1),
        Bool("amsbound", False, "Divides by the largest square so far.", label="AMSBound", essential=False),
    )
}  # fmt: skip
_NO_DECAY = {"weight_decay": "0 here for all algorithms, so that changing one changes nothing else."}

ALGORITHMS = (
    Algorithm(
        "SGD",
        "Goes straight downhill; with momentum it keeps some of its speed.",
        r"v \leftarrow \mu v + g,\quad w \leftarrow w - \eta v",
        "Wants a tuned rate, often 0.1 with momentum 0.9 for pictures; it then often ends better than Adam.",
        _arguments("momentum dampening weight_decay nesterov"),
        _PAGE.format("SGD"),
        fused=True,
        keywords=("Momentum", "Nesterov", "stochastic gradient descent", "sgdm"),
    ),
    Algorithm(
        "Adam",
        "Each weight gets a rate of its own, from the mean and the spread of its gradients.",
        r"w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \epsilon}",
        "Its weight decay goes into the gradient and is scaled away; AdamW does that better.",
        _arguments("betas eps weight_decay amsgrad"),
        _PAGE.format("Adam"),
        fused=True,
        keywords=("AMSGRAD", "adaptive moments"),
        differs={"decoupled_weight_decay": "That is AdamW."},
    ),
    Algorithm(
        "AdamW",
        "Adam whose weight decay acts on the weights themselves; suits nearly everything.",
        r"w \leftarrow w - \eta \left( \frac{\hat m}{\sqrt{\hat v} + \epsilon} + \lambda w \right)",
        "Decay of 0.01 to 0.1 is usual; keep it off biases and norms in transformers.",
        _arguments("betas eps weight_decay amsgrad", weight_decay=0.01),
        _PAGE.format("AdamW"),
        fused=True,
        keywords=("decoupled weight decay",),
        differs=_NO_DECAY,
    ),
    Algorithm(
        "Adamax",
        "Adam that measures gradients by the largest one, not by their squares.",
        r"u \leftarrow \max(\beta_2 u, |g|),\quad w \leftarrow w - \frac{\eta}{1 - \beta_1^t} \frac{m}{u}",
        "Calm where gradients have rare peaks, as with embeddings; 0.002 is its usual rate.",
        _arguments("betas eps weight_decay"),
        _PAGE.format("Adamax"),
        keywords=("infinity norm",),
    ),
    Algorithm(
        "NAdam",
        "Adam that looks ahead, as Nesterov's momentum does.",
        r"w \leftarrow w - \eta \frac{\mu_{t+1} \hat m + (1 - \mu_t) \hat g}{\sqrt{\hat v} + \epsilon}",
        "Often a little faster than Adam at first; 0.002 is its usual rate.",
        _arguments("betas eps weight_decay momentum_decay decoupled_weight_decay"),
        _PAGE.format("NAdam"),
        keywords=("Nesterov", "Nadam"),
    ),
    Algorithm(
        "RAdam",
        "Adam that warms itself up: no division by squares until they are known well.",
        r"w \leftarrow w - \eta\, r_t \frac{\hat m}{\sqrt{\hat v} + \epsilon}",
        "It makes a warm-up superfluous; its first steps are those of SGD with momentum.",
        _arguments("betas eps weight_decay decoupled_weight_decay"),
        _PAGE.format("RAdam"),
        keywords=("rectified",),
    ),
    Algorithm(
        "Adadelta",
        "Sets its rates by itself from past steps and gradients.",
        r"\Delta = \frac{\sqrt{u + \epsilon}}{\sqrt{v + \epsilon}}\, g",
        "Set the learning rate to 1: smaller ones only slow it down.",
        _arguments("rho eps=adadelta_eps weight_decay"),
        _PAGE.format("Adadelta"),
        keywords=("adaptive rate",),
    ),
    Algorithm(
        "Adafactor",
        "Adam for large networks: remembers rows and columns in place of every square.",
        r"v \approx \frac{r\, c^T}{\sum r}",
        "Saves nearly half of Adam's memory; less exact on small networks.",
        _arguments("beta2_decay d weight_decay"),
        _PAGE.format("Adafactor"),
        keywords=("memory", "T5", "factored"),
        differs={"eps": "torch takes two, one of them chosen by the dtype: left as they are."},
    ),
    Algorithm(
        "Adagrad",
        "Weights that moved often move less: for rare words and features.",
        r"s \leftarrow s + g^2,\quad w \leftarrow w - \frac{\eta}{\sqrt s + \epsilon} g",
        "The sums only grow, so the steps die away in long runs.",
        _arguments("lr_decay weight_decay initial_accumulator_value eps=adagrad_eps"),
        _PAGE.format("Adagrad"),
        fused=True,
        keywords=("sparse features",),
    ),
    Algorithm(
        "ASGD",
        "SGD with a falling rate that also averages the weights.",
        r"\eta_t = \frac{\eta}{(1 + \lambda \eta t)^\alpha}",
        "torch keeps the averaged weights aside and trains on the others: it rarely pays.",
        _arguments("lambd alpha=average_alpha t0 weight_decay"),
        _PAGE.format("ASGD"),
        keywords=("averaged", "Polyak"),
    ),
    Algorithm(
        "RMSprop",
        "Divides each gradient by the root of its recent squares.",
        r"v \leftarrow \alpha v + (1 - \alpha) g^2,\quad w \leftarrow w - \frac{\eta}{\sqrt v + \epsilon} g",
        "Good for recurrent networks and reinforcement; a high momentum makes it swing.",
        _arguments("alpha eps weight_decay momentum centered"),
        _PAGE.format("RMSprop"),
        keywords=("RMSpropGraves", "rmsprop"),
    ),
    Algorithm(
        "Rprop",
        "Looks at the sign of the gradient alone and grows or shrinks its own steps.",
        r"w \leftarrow w - \delta\, \mathrm{sign}(g)",
        "For whole data sets in one batch: the noise of small batches misleads it.",
        _arguments("etas step_sizes"),
        _PAGE.format("Rprop"),
        keywords=("resilient", "sign"),
    ),
    Algorithm(
        "LBFGS",
        "Guesses the curve of the loss from past steps: few steps, each of many looks at the loss.",
        r"w \leftarrow w - \eta H g",
        "For whole data sets in one batch and few weights. Dropout and batch norm disturb it.",
        _arguments(
            "max_iter tolerance_grad tolerance_change history_size line_search_fn", line_search_fn=None
        ),
        _PAGE.format("LBFGS"),
        again=True,
        keywords=("L-BFGS", "lbfgs", "quasi-Newton", "second order"),
        differs={"max_eval": "torch's own, a quarter more than the iterations."},
    ),
    Algorithm(
        "Muon",
        "Makes each step of a matrix orthogonal; what is no matrix goes by AdamW.",
        r"w \leftarrow w - \eta\, \mathrm{orthogonal}(\mu v + g)",
        "For the inner matrices of transformers. Embeddings and the last layer usually do better with AdamW: give"
        " them an Optimizer of their own.",
        _arguments(
            "momentum=muon_momentum nesterov=muon_nesterov ns_steps weight_decay adjust_lr_fn betas eps",
        ),
        _PAGE.format("Muon"),
        support=texts.MUON,
        keywords=("Newton-Schulz", "orthogonal", "matrices"),
    ),
    Algorithm(
        "Lion",
        "Steps of one size in the direction of the sign: half of Adam's memory.",
        r"w \leftarrow w - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g)",
        "Take a third to a tenth of Adam's rate, and three to ten times its weight decay.",
        _arguments("betas=lion_betas weight_decay"),
        "Chen et al., Symbolic Discovery of Optimization Algorithms, 2023, program 1",
        support=texts.LION,
        keywords=("sign", "EvoLved Sign Momentum"),
    ),
    Algorithm(
        "LAMB",
        "Adam whose steps are measured by the length of each layer's weights: for huge batches.",
        r"w \leftarrow w - \eta \frac{\Vert w \Vert}{\Vert u \Vert} u",
        "With batches below a thousand it gains nothing over AdamW.",
        _arguments("betas eps=adadelta_eps weight_decay"),
        "You et al., Large Batch Optimization for Deep Learning, 2020, algorithm 2",
        support=texts.LAMB,
        keywords=("large batch", "Lamb", "BERT"),
    ),
    Algorithm(
        "LARS",
        "SGD whose steps are measured by the length of each layer's weights: for huge batches.",
        r"v \leftarrow \mu v + \eta \tau \frac{\Vert w \Vert}{\Vert g + \lambda w \Vert} (g + \lambda w)",
        "Needs a large rate, often above 1, and a warm-up.",
        _arguments("momentum=lars_momentum weight_decay trust"),
        "You, Gitman and Ginsburg, Large Batch Training of Convolutional Networks, 2017",
        support=texts.LARS,
        keywords=("large batch", "Lars", "layer-wise"),
    ),
    Algorithm(
        "AdaBelief",
        "Adam that goes far where gradients are as it expected, and little where they surprise it.",
        r"s \leftarrow \beta_2 s + (1 - \beta_2)(g - m)^2",
        "Its epsilon is far smaller than Adam's and matters: leave it.",
        _arguments("betas eps=belief_eps weight_decay"),
        "Zhuang et al., AdaBelief Optimizer, 2020, algorithm 2",
        support=texts.ADABELIEF,
        keywords=("belief",),
    ),
    Algorithm(
        "AdaBound",
        "Begins as Adam and turns into SGD, by bounds that close in on one rate.",
        r"\eta_w = \mathrm{clip}\left(\frac{\eta}{\sqrt v + \epsilon}, low_t, high_t\right)",
        "The final rate is that of SGD: set it as you would for SGD.",
        _arguments("betas eps weight_decay final_lr gamma=bound_gamma amsbound"),
        "Luo et al., Adaptive Gradient Methods with Dynamic Bound of Learning Rate, 2019",
        support=texts.ADABOUND,
        keywords=("AMSBound", "bounds"),
    ),
    Algorithm(
        "SGDW",
        "SGD with momentum whose weight decay acts on the weights themselves.",
        r"v \leftarrow \mu v + g,\quad w \leftarrow w - \eta (v + \lambda w)",
        "Decay no longer depends on the momentum, so both can be tuned one by one.",
        _arguments("momentum nesterov weight_decay"),
        "Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 1",
        support=texts.SGDW,
        keywords=("SgdW", "decoupled weight decay"),
    ),
)
ALGORITHM: dict[str, Algorithm] = {record.name: record for record in ALGORITHMS}
LEFT_OUT = {
    "SparseAdam": "It takes sparse gradients only, which no layer here gives: Embedding's are dense.",
    "Optimizer": "The base class.",
}


def algorithm_params() -> tuple[Param, ...]:
    """The parameters of all algorithms, each shown where it applies."""
    made = []
    for name, param in PARAMS.items():
        users = [record.name for record in ALGORITHMS if any(a.param == name for a in record.arguments)]
        made.append(replace(param, when=("algorithm", *users)))
    return tuple(made)


def decaying() -> tuple[str, ...]:
    """Algorithms with a weight decay that groups of weights may differ in."""
    return tuple(
        record.name
        for record in ALGORITHMS
        if not record.again and any(argument.param == "weight_decay" for argument in record.arguments)
    )


def arguments_of(record: Algorithm, entry: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """What an algorithm is called with: argument -> (value, torch's default). Learning rate and weights aside.

    Args:
        record: of the algorithm.
        entry: parameters of the Optimizer, as in training.json.
    """
    found: dict[str, tuple[object, object]] = {}
    for argument in record.arguments:
        param = PARAMS[argument.param]
        value = entry.get(argument.param, param.default)
        if isinstance(param, Numbers) and isinstance(value, (list, tuple)):
            value = tuple(float(number) for number in value)
        elif isinstance(param, Float):
            value = float(value)
        elif isinstance(param, Choice) and value in ("none", "original"):
            value = None if argument.default is None or value == "none" else value
        found[argument.name] = (value, argument.default)
    return found
