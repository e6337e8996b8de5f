"""The line of a wire: a curve from port to port, or straight stretches with round corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from studio.ui.canvas.geometry import Box

Floats = NDArray[np.float64]
Point = tuple[float, float]
Ends = tuple[float, float, float, float]  # x and y of the start, x and y of the end

OUT, IN = 38.0, 32.0  # how far a wire runs straight before it turns
TURN = 24.0  # radius of its corners
NEAREST = 24.0  # an end this far right of its start is reached by a curve
_PIECES = 20


@dataclass(frozen=True, slots=True)
class Route:
    """A wire's line. ``label`` is where its shape stands, ``room`` how wide it may be, ``flat`` that it goes above."""

    points: Floats
    path: QPainterPath
    label: Point
    room: float
    flat: bool
    corners: tuple[Point, ...] = ()  # of a laned one

    def distance(self, x: float, y: float) -> float:
        """How far a point is from the line."""
        start, step = self.points[:-1], np.diff(self.points, axis=0)
        offset = np.array((x, y)) - start
        length = np.maximum((step * step).sum(axis=1), 1e-9)
        along = np.clip((offset * step).sum(axis=1) / length, 0, 1)
        away = offset - step * along[:, None]
        return float(np.sqrt((away * away).sum(axis=1).min()))

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the line."""
        return (*self.points.min(axis=0).tolist(), *self.points.max(axis=0).tolist())

    def touches(self, area: Box) -> bool:
        """Whether the box around the line meets ``area``."""
        left, top, right, bottom = self.box()
        return left <= area.right and right >= area.x and top <= area.bottom and bottom >= area.y

    def crosses(self, a: Point, b: Point) -> bool:
        """Whether the line from ``a`` to ``b`` cuts this wire."""
        return bool(crossings(self.points[:-1], self.points[1:], np.array([a]), np.array([b])).any())


def crossings(p: Floats, q: Floats, a: Floats, b: Floats) -> NDArray[np.bool_]:
    """A table: whether the stretch ``p`` to ``q`` of a row cuts the stretch ``a`` to ``b`` of a column."""
    low, high = np.minimum(p, q)[:, None], np.maximum(p, q)[:, None]
    near = (low <= np.maximum(a, b)[None]).all(axis=2) & (high >= np.minimum(a, b)[None]).all(axis=2)
    result = np.zeros(near.shape, np.bool_)
    row, column = np.nonzero(near)  # few boxes meet: only those are looked at closely
    p, q, a, b = p[row], q[row], a[column], b[column]
    first = _cross(b - a, p - a) * _cross(b - a, q - a)
    second = _cross(q - p, a - p) * _cross(q - p, b - p)
    result[row, column] = (first < 0) & (second < 0)
    return result


def curve(ends: Ends) -> Route:
    """One cubic curve that leaves and arrives level."""
    sx, sy, tx, ty = ends
    reach = min(max(abs(tx - sx) * 0.5, 24.0), 180.0)
    path = QPainterPath(QPointF(sx, sy))
    path.cubicTo(QPointF(sx + reach, sy), QPointF(tx - reach, ty), QPointF(tx, ty))
    places: Floats = np.array(((sx, sy), (sx + reach, sy), (tx - reach, ty), (tx, ty)))
    flat = abs(ty - sy) < 10
    return Route(_WEIGHTS @ places, path, ((sx + tx) / 2, (sy + ty) / 2), abs(tx - sx) - 14, flat)


def loose(ends: Ends, backwards: bool = False) -> Route:
    """A wire in the hand: the curve from a port to the cursor."""
    return curve((ends[2], ends[3], ends[0], ends[1]) if backwards else ends)


def quick(ends: Ends) -> Route:
    """A wire where nothing is asked about what stands in between."""
    sx, sy, tx, ty = ends
    if tx - sx >= NEAREST:
        return curve(ends)
    lane = (sy + ty) / 2 if abs(ty - sy) > 3 * TURN else max(sy, ty) + 2 * TURN
    return laned([(sx, sy), (sx + OUT, sy), (sx + OUT, lane), (tx - IN, lane), (tx - IN, ty), (tx, ty)])


def laned(corners: Sequence[Point]) -> Route:
    """Straight stretches along ``corners``, with round turns."""
    corners = [p for at, p in enumerate(corners) if at == 0 or p != corners[at - 1]]
    path, points = QPainterPath(QPointF(*corners[0])), [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        a, b = _toward(corner, before), _toward(corner, after)
        path.lineTo(QPointF(*a))
        path.cubicTo(QPointF(*_mix(a, corner)), QPointF(*_mix(b, corner)), QPointF(*b))
        points += [_quad(a, corner, b, t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    path.lineTo(QPointF(*corners[-1]))
    points.append(corners[-1])
    (ax, ay), (bx, _) = max(pairwise(corners), key=lambda ab: abs(ab[0][0] - ab[1][0]))
    room = abs(bx - ax) - 2 * TURN
    return Route(np.array(points), path, ((ax + bx) / 2, ay), room, False, tuple(corners))


def _toward(corner: Point, end: Point) -> Point:
    """The point of the way to ``end`` where the corner's round begins."""
    dx, dy = end[0] - corner[0], end[1] - corner[1]
    length = max(abs(dx) + abs(dy), 1e-9)
    share = min(TURN, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share


def _mix(end: Point, corner: Point) -> Point:
    """The handle that makes a cubic curve a quarter of a circle."""
    kappa = 0.5523
    return end[0] + (corner[0] - end[0]) * kappa, end[1] + (corner[1] - end[1]) * kappa


def _quad(a: Point, b: Point, c: Point, t: float) -> Point:
    u = 1 - t
    return u * u * a[0] + 2 * u * t * b[0] + t * t * c[0], u * u * a[1] + 2 * u * t * b[1] + t * t * c[1]


def _cross(a: Floats, b: Floats) -> Floats:
    result: Floats = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return result


def _weights() -> Floats:
    t = np.linspace(0, 1, _PIECES + 1)[:, None]
    return np.hstack(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3))


_WEIGHTS = _weights()  # of the four handles of a cubic curve, at the points it is drawn and hit by
