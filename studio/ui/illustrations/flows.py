"""Attention, recurrent cells, residual joins, dropout, normalization and embedding, as the papers draw them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen, QPolygonF

from studio.text import tr
from studio.ui.illustrations.ink import LEFT, Ink


@dataclass(frozen=True, slots=True)
class AttentionPicture:
    """Scores of every step against every other, row by row a share of 1."""

    heads: int
    head_size: int
    is_causal: bool

    def caption(self) -> str:
        """Heads and what they may see."""
        text = (
            tr("{heads} heads; each step looks at itself and the steps before it.")
            if self.is_causal
            else tr("{heads} heads; each step looks at every step.")
        )
        said = text.format(heads=self.heads)
        return said + (" " + tr("A head has {size} numbers.", size=self.head_size) if self.head_size else "")

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Q and K give scores, scores weigh V; heads stand behind each other."""
        count, cell = 6, 13.0
        x, y = area.left() + 70, area.top() + 24
        for back in range(min(self.heads, 4) - 1, 0, -1):
            ink.cell(QRectF(x + 4 * back, y - 4 * back, count * cell, count * cell), "card")
        for row in range(count):
            total = sum(_weight(row, column) for column in range(count) if self._sees(row, column))
            for column in range(count):
                box = QRectF(x + column * cell, y + row * cell, cell, cell)
                if self._sees(row, column):
                    ink.cell(box, "card")
                    ink.cell(box, "hue", min(1.0, 0.12 + 1.4 * _weight(row, column) / total))
                else:
                    ink.cell(box, "field", 1.0, "line")
        middle = y + count * cell / 2
        ink.box(area.left() + 22, middle, 40, 22, "Q")
        ink.box(x + count * cell / 2, y + count * cell + 24, 40, 20, "K")
        ink.arrow((area.left() + 43, middle), (x - 4, middle))
        ink.arrow((x + count * cell / 2, y + count * cell + 14), (x + count * cell / 2, y + count * cell + 3))
        right = x + count * cell
        ink.sign(right + 38, middle, "×")
        ink.arrow((right + 16, middle), (right + 28, middle))
        ink.box(right + 38, middle + 44, 36, 20, "V")
        ink.arrow((right + 38, middle + 34), (right + 38, middle + 11))
        ink.arrow((right + 48, middle), (right + 66, middle))
        ink.word(QRectF(right + 68, middle - 8, 14, 16), "y", "text")

    def _sees(self, row: int, column: int) -> bool:
        return not self.is_causal or column <= row


def _weight(row: int, column: int) -> float:
    """Scores that look like some: strong near the step itself, never the same twice."""
    return math.exp(-0.35 * abs(row - column) + 0.8 * math.sin(2.1 * row + 3.7 * column))


@dataclass(frozen=True, slots=True)
class CellPicture:
    """One step of an LSTM, GRU or RNN with its gates."""

    kind: str
    hidden: int

    def caption(self) -> str:
        """What each gate does."""
        text = {
            "LSTM": tr("f forgets, i lets in what g proposes, o lets out. State of {hidden} numbers."),
            "GRU": tr(
                "r decides how much of the past n sees, z how much of it stays. State of {hidden} numbers."
            ),
        }.get(self.kind, tr("The state goes into the next step. State of {hidden} numbers."))
        return text.format(hidden=self.hidden)

    def paint(self, ink: Ink, area: QRectF) -> None:
        """The state runs along the top, what comes in along the bottom, gates between them."""
        left, right = area.left() + 34, min(area.right() - 34, area.left() + 260)
        top, low, gate = area.top() + 18, area.bottom() - 22, area.center().y() + 10
        gates = {"LSTM": "f i g o", "GRU": "r n z"}.get(self.kind, "tanh").split()
        names = {"g": "tanh", "n": "tanh", "tanh": "tanh"}
        state, into = ("c", "h, x") if self.kind == "LSTM" else ("h", "x")
        ink.word(QRectF(left - 34, top - 8, 30, 16), f"{state}ₜ₋₁", "text")
        ink.word(QRectF(left - 34, low - 8, 30, 16), into, "text")
        ink.arrow((left, top), (right, top))
        ink.word(QRectF(right + 2, top - 8, 26, 16), f"{state}ₜ", "text")
        ink.line((left, low), (right - 24, low))
        step = (right - left - 40) / max(len(gates) - 1, 1)
        for at, name in enumerate(gates):
            x = left + 20 + at * step if len(gates) > 1 else (left + right) / 2
            ink.arrow((x, low), (x, gate + 12))
            ink.box(
                x, gate, 40, 22, f"{name} {'' if name in names else 'σ'}".strip() if name != "g" else "g tanh"
            )
            ink.arrow((x, gate - 12), (x, top + 10))
            ink.sign(x, top, self._sign(name))
        if self.kind == "LSTM":
            ink.word(QRectF(right - 8, gate - 9, 40, 18), "→ hₜ", "text", LEFT)

    def _sign(self, gate: str) -> str:
        return {"i": "×", "f": "×", "g": "+", "o": "×", "r": "×", "z": "×", "n": "+"}.get(gate, "+")


@dataclass(frozen=True, slots=True)
class ResidualPicture:
    """A way through layers and a way around them, added."""

    count: int

    def caption(self) -> str:
        """How many come together."""
        return tr("{count} inputs are added, number by number.", count=self.count)

    def paint(self, ink: Ink, area: QRectF) -> None:
        """The way around passes above."""
        y, left = area.center().y() + 14, area.left() + 10
        ink.word(QRectF(left - 8, y - 8, 16, 16), "x", "text")
        ink.arrow((left + 10, y), (left + 62, y))
        ink.box(left + 92, y, 60, 24, "f(x)")
        ink.arrow((left + 122, y), (left + 160, y))
        ink.arrow(
            (left + 30, y), (left + 30, y - 42), (left + 170, y - 42), (left + 170, y - 11), colour="hue"
        )
        ink.sign(left + 170, y, "+")
        ink.arrow((left + 180, y), (left + 218, y))
        ink.word(QRectF(left + 220, y - 8, 66, 16), "x + f(x)", "text", LEFT)


@dataclass(frozen=True, slots=True)
class DropoutPicture:
    """Numbers of which some are left out and the others grow."""

    p: float

    def caption(self) -> str:
        """How many stay and by how much they grow."""
        if self.p >= 1:
            return tr("In training nothing stays.")
        text = tr("In training {left_out} of them become 0; the others are multiplied by {factor}.")
        return text.format(left_out=f"{100 * self.p:g} %", factor=f"{1 / (1 - self.p):.3g}")

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Twenty cells, as many crossed out as the chance says."""
        count, rows = 10, 2
        cell = min(24.0, (area.width() - 8) / count)
        order = sorted(range(count * rows), key=lambda at: (at * 7 + 3) % (count * rows + 1))
        out = set(order[: round(self.p * count * rows)])
        for at in range(count * rows):
            x, y = area.left() + 2 + (at % count) * cell, area.top() + 8 + (at // count) * cell
            box = QRectF(x + 2, y + 2, cell - 4, cell - 4)
            if at in out:
                ink.cell(box, "", edge="line")
                ink.line(
                    (box.left() + 4, box.top() + 4), (box.right() - 4, box.bottom() - 4), colour="secondary"
                )
                ink.line(
                    (box.right() - 4, box.top() + 4), (box.left() + 4, box.bottom() - 4), colour="secondary"
                )
            else:
                ink.cell(box, "hue", 0.55)


@dataclass(frozen=True, slots=True)
class NormPicture:
    """A block of numbers N by C by places; what shares one mean and deviation is filled."""

    over: str  # "batch", "layer", "instance", "group"

    def caption(self) -> str:
        """What is averaged together."""
        return {
            "batch": tr("One mean and deviation for each channel, over the whole batch."),
            "layer": tr("One mean and deviation for each sample, over its features."),
            "instance": tr("One mean and deviation for each channel of each sample."),
        }.get(self.over, tr("One mean and deviation for each group of channels of each sample."))

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Front: channels across, places down; depth: samples. The filled part touches the front right edge."""
        n, cell, lean = 5, 14.0, 8.0
        x, y = area.left() + 44, area.bottom() - 18 - n * cell
        group = {"batch": 1, "instance": 1, "layer": n}.get(self.over, 2)
        deep = n if self.over == "batch" else 1
        for row in range(n):
            for column in range(n):
                filled = column >= n - group
                ink.cell(QRectF(x + column * cell, y + row * cell, cell, cell), "hue" if filled else "field",
                         0.6 if filled else 1.0)  # fmt: skip
        for back in range(n):
            for at in range(n):
                top = [
                    (x + at * cell, 0),
                    (x + (at + 1) * cell, 0),
                    (x + (at + 1) * cell, 1),
                    (x + at * cell, 1),
                ]
                points = [(px + lean * (back + up), y - lean * (back + up)) for px, up in top]
                self._face(ink, points, back < deep and at >= n - group)
                side = [(at, 0), (at, 1), (at + 1, 1), (at + 1, 0)]
                right = x + n * cell
                points = [
                    (right + lean * (back + up), y + down * cell - lean * (back + up)) for down, up in side
                ]
                self._face(ink, points, back < deep)
        ink.word(QRectF(x, y + n * cell + 2, n * cell, 16), "C")
        ink.word(QRectF(x - 34, y, 30, n * cell), "H, W")
        ink.word(QRectF(x + n * cell + lean * n / 2 + 8, y + n * cell - lean * n / 2 - 2, 20, 16), "N")

    def _face(self, ink: Ink, points: list[tuple[float, float]], filled: bool) -> None:
        ink.painter.setPen(QPen(ink.colour("border"), 1.0))
        ink.painter.setBrush(ink.colour("hue", 0.4) if filled else ink.colour("panel"))
        ink.painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))


@dataclass(frozen=True, slots=True)
class EmbeddingPicture:
    """A table from which a number takes its row."""

    rows: int
    width: int

    def caption(self) -> str:
        """The size of the table."""
        return tr(
            "A table of {rows} rows; each number takes its row of {width} numbers.",
            rows=self.rows,
            width=self.width,
        )

    def paint(self, ink: Ink, area: QRectF) -> None:
        """The third row is taken."""
        cell, count, taken = 15.0, 6, 2
        x, y = area.left() + 74, area.top() + 10
        for row in range(count):
            for column in range(6):
                ink.cell(QRectF(x + column * cell, y + row * cell, cell, cell), "hue" if row == taken else "field",
                         0.6 if row == taken else 1.0)  # fmt: skip
            ink.word(QRectF(x - 22, y + row * cell, 18, cell), str(row))
        middle = y + (taken + 0.5) * cell
        ink.painter.setPen(Qt.PenStyle.NoPen)
        ink.cell(QRectF(area.left() + 2, middle - 10, 22, 20), "card")
        ink.word(QRectF(area.left() + 2, middle - 10, 22, 20), str(taken), "text")
        ink.arrow((area.left() + 27, middle), (x - 24, middle))
        right = x + 6 * cell
        ink.arrow((right + 4, middle), (right + 28, middle))
        for column in range(6):
            ink.cell(QRectF(right + 32 + column * 9, middle - 7, 9, 14), "hue", 0.6)
