"""Activations as curves from -4 to 4, with the node's own slope, limit or steepness."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from PySide6.QtCore import QPointF, QRectF

from studio.text import tr
from studio.ui.illustrations.ink import Ink

HEIGHT = 150.0
_LOW, _HIGH, _POINTS = -4.0, 4.0, 161
Curve = Callable[[float, SimpleNamespace], float]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _given(p: SimpleNamespace, name: str, otherwise: float) -> float:
    value = getattr(p, name, otherwise)
    return float(value) if isinstance(value, (int, float)) else otherwise


def _elu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _shrink(x: float, limit: float) -> float:
    return math.copysign(max(abs(x) - limit, 0.0), x)


CURVES: dict[str, Curve] = {
    "ReLU": lambda x, p: max(0.0, x),
    "ReLU6": lambda x, p: min(max(0.0, x), 6.0),
    "LeakyReLU": lambda x, p: x if x > 0 else _given(p, "negative_slope", 0.01) * x,
    "PReLU": lambda x, p: x if x > 0 else _given(p, "init", 0.25) * x,
    "RReLU": lambda x, p: x if x > 0 else (_given(p, "lower", 0.125) + _given(p, "upper", 1 / 3)) / 2 * x,
    "ELU": lambda x, p: _elu(x, _given(p, "alpha", 1.0)),
    "CELU": lambda x, p: (
        max(0.0, x) + min(0.0, _given(p, "alpha", 1.0) * math.expm1(x / _given(p, "alpha", 1.0)))
    ),
    "SELU": lambda x, p: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    "GELU": lambda x, p: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "SiLU": lambda x, p: x * _sigmoid(x),
    "Mish": lambda x, p: x * math.tanh(_softplus(x)),
    "Sigmoid": lambda x, p: _sigmoid(x),
    "LogSigmoid": lambda x, p: -_softplus(-x),
    "Tanh": lambda x, p: math.tanh(x),
    "Tanhshrink": lambda x, p: x - math.tanh(x),
    "Hardtanh": lambda x, p: min(max(x, _given(p, "min_val", -1.0)), _given(p, "max_val", 1.0)),
    "Hardsigmoid": lambda x, p: min(max(x / 6 + 0.5, 0.0), 1.0),
    "Hardswish": lambda x, p: x * min(max(x / 6 + 0.5, 0.0), 1.0),
    "Softplus": lambda x, p: _softplus(x * _given(p, "beta", 1.0)) / _given(p, "beta", 1.0),
    "Softsign": lambda x, p: x / (1 + abs(x)),
    "Softshrink": lambda x, p: _shrink(x, _given(p, "lambd", 0.5)),
    "Hardshrink": lambda x, p: x if abs(x) > _given(p, "lambd", 0.5) else 0.0,
    "Threshold": lambda x, p: x if x > _given(p, "threshold", 0.0) else _given(p, "value", 0.0),
    "PerceptronStep": lambda x, p: 1.0 if x >= 0 else 0.0,
}


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """One activation."""

    curve: Curve
    p: SimpleNamespace

    def caption(self) -> str:
        """What the axes are."""
        return tr("Output over input, from {low} to {high}.", low=f"{_LOW:g}", high=f"{_HIGH:g}")

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Axes through zero, lines at whole numbers, the curve."""
        xs = [_LOW + (_HIGH - _LOW) * at / (_POINTS - 1) for at in range(_POINTS)]
        ys = [self.curve(x, self.p) for x in xs]
        low, high = min(-1.0, *ys), max(1.0, *ys)
        room = (high - low) * 0.06
        low, high = low - room, high + room
        side = QRectF(area.left() + 20, area.top() + 4, min(area.width() - 40, 300), area.height() - 20)

        def place(x: float, y: float) -> QPointF:
            return QPointF(
                side.left() + (x - _LOW) / (_HIGH - _LOW) * side.width(),
                side.bottom() - (y - low) / (high - low) * side.height(),
            )

        for whole in range(math.ceil(low), math.floor(high) + 1):
            if (high - low) < 12 or whole % 2 == 0:
                at = place(_LOW, whole)
                ink.line((at.x(), at.y()), (side.right(), at.y()), colour="line", width=1)
                ink.word(QRectF(at.x() - 26, at.y() - 7, 22, 14), f"{whole}")
        for whole in range(int(_LOW), int(_HIGH) + 1, 2):
            at = place(whole, low)
            ink.line((at.x(), side.top()), (at.x(), at.y()), colour="line", width=1)
            ink.word(QRectF(at.x() - 14, at.y() + 1, 28, 14), f"{whole}")
        zero = place(0, 0)
        ink.line((side.left(), zero.y()), (side.right(), zero.y()), colour="border", width=1)
        ink.line((zero.x(), side.top()), (zero.x(), side.bottom()), colour="border", width=1)
        ink.curve([place(x, y) for x, y in zip(xs, ys, strict=True)], "accent")
