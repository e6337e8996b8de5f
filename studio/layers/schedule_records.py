"""The records of the schedules: what palette, form, help and translations say of each."""

from __future__ import annotations

from dataclasses import dataclass, field

_LR = "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.{}.html"
_END = "Our end_factor is a share of the highest rate, so it need not be changed with the rate."
_RUN = "Read off the length of the run, so that the curve always ends with it."


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. ``params`` are the parameters of the Optimizer that it reads."""

    name: str
    summary: str
    formula: str
    pitfalls: str
    source: str
    params: tuple[str, ...] = ()
    torch_name: str = ""
    keywords: tuple[str, ...] = ()
    differs: dict[str, str] = field(default_factory=dict)


SCHEDULES = (
    Schedule(
        "constant",
        "The same learning rate from beginning to end.",
        r"\eta_t = \eta",
        "A good beginning with Adam; the last digits of accuracy usually want a rate that falls.",
        _LR.format("ConstantLR"),
        torch_name="optim.lr_scheduler.ConstantLR",
        keywords=("fixed", "none", "ConstantLR"),
        differs={"factor": "Warm-up does this, smoothly.", "total_iters": "Warm-up does this, smoothly."},
    ),
    Schedule(
        "linear",
        "Down a straight line over the whole run.",
        r"\eta_t = \eta_{end} + (\eta - \eta_{end})(1 - t/T)",
        "With a warm-up it is what most language models are trained with.",
        _LR.format("LinearLR"),
        ("end_factor",),
        "optim.lr_scheduler.LinearLR",
        ("LinearLR", "ramp", "linear decay"),
        {"start_factor": "It starts at the full rate; warm-up climbs.", "total_iters": _RUN},
    ),
    Schedule(
        "exponential",
        "Each epoch takes the same share of the rate away.",
        r"\eta_t = \eta\, \gamma^{epoch}",
        "After n epochs the gamma to the power of n is left: 0.95 leaves 60 % after ten and 0.6 % after a hundred.",
        _LR.format("ExponentialLR"),
        ("epoch_gamma",),
        "optim.lr_scheduler.ExponentialLR",
        ("ExponentialLR", "ExponentialDecay", "decay"),
        {"gamma": "Called epoch_gamma: that of drops is another number."},
    ),
    Schedule(
        "polynomial",
        "Down a curve that is steep first and flat at the end.",
        r"\eta_t = \eta_{end} + (\eta - \eta_{end})(1 - t/T)^p",
        "Power 1 is the straight line; 0.9 is usual in segmentation.",
        _LR.format("PolynomialLR"),
        ("power", "end_factor"),
        "optim.lr_scheduler.PolynomialLR",
        ("PolynomialLR", "poly", "PolynomialDecay"),
        {
            "total_iters": _RUN,
            "power": "torch's 1 is the straight line, which is a schedule of its own here.",
        },
    ),
    Schedule(
        "cosine",
        "Slowly down, then faster, then slowly again: half a cosine.",
        r"\eta_t = \eta_{end} + \frac{1}{2}(\eta - \eta_{end})(1 + \cos(\pi t/T))",
        "The best part comes at the very end: a run that is stopped early misses it.",
        _LR.format("CosineAnnealingLR"),
        ("end_factor",),
        "optim.lr_scheduler.CosineAnnealingLR",
        ("CosineAnnealingLR", "CosineDecay", "annealing", "SGDR"),
        {"T_max": _RUN, "eta_min": _END},
    ),
    Schedule(
        "cosine-restarts",
        "Down a cosine again and again, each time from the top.",
        r"\eta_t = \eta_{end} + \frac{1}{2}(\eta - \eta_{end})(1 + \cos(\pi t_i/T_i))",
        "The network is worst right after a restart: judge it at the end of a cycle.",
        _LR.format("CosineAnnealingWarmRestarts"),
        ("period", "period_factor", "end_factor"),
        "optim.lr_scheduler.CosineAnnealingWarmRestarts",
        ("CosineAnnealingWarmRestarts", "SGDR", "CosineDecayRestarts", "warm restarts"),
        {"T_0": "Called period.", "T_mult": "Called period_factor.", "eta_min": _END},
    ),
    Schedule(
        "one-cycle",
        "Up for a third of the run, then down to almost nothing.",
        r"\eta: \frac{\eta}{25} \to \eta \to \frac{\eta}{250000}",
        "It stands a high rate, three to ten times that of a constant one, and needs the whole run.",
        _LR.format("OneCycleLR"),
        (),
        "optim.lr_scheduler.OneCycleLR",
        ("OneCycleLR", "super-convergence", "1cycle"),
        {
            "max_lr": "It is the learning rate.",
            "total_steps": _RUN,
            "pct_start": "It is the warm-up, 0.3 where none is set.",
            "cycle_momentum": "Momentum stays: with AdamW it gains nothing.",
        },
    ),
    Schedule(
        "cyclic",
        "Up and down along straight lines, over and over.",
        r"\eta_t = \eta_{end} + (\eta - \eta_{end})\, \wedge(t)",
        "Some epochs are always worse than the ones before them: judge at the low points.",
        _LR.format("CyclicLR"),
        ("period", "mode", "end_factor", "epoch_gamma"),
        "optim.lr_scheduler.CyclicLR",
        ("CyclicLR", "triangular", "cyclical"),
        {
            "base_lr": _END,
            "max_lr": "It is the learning rate.",
            "step_size_up": "Half of the period, which counts epochs.",
            "gamma": "Called epoch_gamma, and counts by epoch.",
        },
    ),
    Schedule(
        "step",
        "Drops by a factor every few epochs.",
        r"\eta_t = \eta\, \gamma^{\lfloor epoch / k \rfloor}",
        "Each drop should come when the loss has come to rest; too early, and training crawls.",
        _LR.format("StepLR"),
        ("step_size", "gamma"),
        "optim.lr_scheduler.StepLR",
        ("StepLR", "piecewise", "drop"),
    ),
    Schedule(
        "multi-step",
        "Drops by a factor at chosen epochs.",
        r"\eta_t = \eta\, \gamma^{|\{m : m \le epoch\}|}",
        "Milestones beyond the last epoch do nothing: change them with the length of the run.",
        _LR.format("MultiStepLR"),
        ("milestones", "gamma"),
        "optim.lr_scheduler.MultiStepLR",
        ("MultiStepLR", "milestones", "PiecewiseConstantDecay"),
    ),
    Schedule(
        "inverse-root",
        "Falls with the root of the steps, after a warm-up: the schedule of the first transformers.",
        r"\eta_t = \eta \sqrt{\frac{w}{t}}",
        "It needs a warm-up; it never reaches 0, so a run can go on.",
        "Vaswani et al., Attention Is All You Need, 2017, equation 3",
        keywords=("Noam", "transformer", "inverse square root", "rsqrt"),
    ),
    Schedule(
        "plateau",
        "Drops by a factor when the monitored value has stopped getting better.",
        r"\eta \leftarrow \gamma\, \eta",
        "It follows the monitor of the run; a noisy one needs more patience.",
        _LR.format("ReduceLROnPlateau"),
        ("gamma", "patience", "end_factor"),
        "optim.lr_scheduler.ReduceLROnPlateau",
        ("ReduceLROnPlateau", "patience", "stuck"),
        {
            "mode": "Read off the monitor of the run.",
            "factor": "Called gamma, as in the other schedules that drop.",
            "min_lr": _END,
        },
    ),
)
SCHEDULE: dict[str, Schedule] = {record.name: record for record in SCHEDULES}
LEFT_OUT = {
    "LambdaLR": "Its formula is a Python function, which a drawing can't hold.",
    "MultiplicativeLR": "Its factor is a Python function, which a drawing can't hold.",
    "SequentialLR": "The parameter “then” says which schedule follows.",
    "ChainedScheduler": "Warm-up multiplies into every schedule; nothing else is chained.",
    "LRScheduler": "The base class.",
}


def used_by(param: str) -> tuple[str, ...]:
    """The schedules that read a parameter."""
    return tuple(record.name for record in SCHEDULES if param in record.params)
