"""Sets a formula's tree with QPainter: fractions, roots, sums with limits, brackets that grow; breaks long lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.layers.formula import Accent, Fence, Frac, Piece, Root, Row, Scripts, Sym, Table, plain_text
from studio.text import tr
from studio.ui.theme import ui_font

_SCRIPT, _LEAST_PX = 0.74, 8.5
_UP, _DOWN, _AXIS = (
    0.76,
    0.22,
    0.27,
)  # of the letter size: above and below the line, height of a fraction's line
_SPACES = {"": 0.0, "thin": 0.17, "medium": 0.22, "thick": 0.3, "quad": 1.0, "qquad": 2.0}
_LEAST_SCALE = 0.72
_LINE_GAP = 6.0
Ink = Callable[[QPainter, float, float], None]


@dataclass(slots=True)
class Box:
    """Something set: its size about the base line, what it inks itself, and what stands in it."""

    width: float
    up: float
    down: float
    ink: Ink | None = None
    parts: list[tuple[float, float, Box]] = field(default_factory=list)

    def draw(self, painter: QPainter, x: float, y: float) -> None:
        """Paints it with its base line at y, in the painter's pen colour."""
        if self.ink is not None:
            self.ink(painter, x, y)
        for dx, dy, part in self.parts:
            part.draw(painter, x + dx, y + dy)


def set_piece(piece: Piece, px: float) -> Box:
    """The box of a piece at a letter size."""
    if isinstance(piece, Sym):
        return _sign(piece, px)
    if isinstance(piece, Row):
        return _beside([(one, set_piece(one, px)) for one in piece.items], px)
    if isinstance(piece, Frac):
        return _fraction(piece, px)
    if isinstance(piece, Root):
        return _root(piece, px)
    if isinstance(piece, Scripts):
        return _scripts(piece, px)
    if isinstance(piece, Accent):
        return _accent(piece, px)
    if isinstance(piece, Fence):
        return _fenced(piece, px)
    return _table(piece, px)


def set_lines(row: Row, px: float, width: float) -> list[Box]:
    """A formula as lines no wider than ``width`` where it can be broken, a little smaller where it can't."""
    whole = set_piece(row, px)
    if whole.width <= width:
        return [whole]
    lines = [line for part in _split_at_spaces(row) for line in _broken(part, px, width)]
    widest = max(line.width for line in lines)
    if widest > width and px * _LEAST_SCALE > _LEAST_PX:
        return set_lines(
            row, max(px * max(_LEAST_SCALE, width / widest), _LEAST_PX), max(width, widest * _LEAST_SCALE)
        )
    return lines


class FormulaView(QWidget):
    """Shows one formula in the palette's text colour, as high as it needs."""

    def __init__(self, formula: Row, px: float = 14.0) -> None:
        super().__init__()
        self._formula, self._px = formula, px
        self._set: dict[int, list[Box]] = {}  # by width; a panel has few of them
        self.setAccessibleName(plain_text(formula))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = self._lines(width)
        return round(sum(line.up + line.down for line in lines) + _LINE_GAP * (len(lines) - 1) + 4)

    def sizeHint(self) -> QSize:
        width = max(self.width(), 200)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.heightForWidth(max(self.width(), 60)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.setPen(QPen(self.palette().windowText().color(), 1.1))
        y = 2.0
        for line in self._lines(self.width()):
            line.draw(painter, 0.0, y + line.up)
            y += line.up + line.down + _LINE_GAP
        painter.end()

    def _lines(self, width: int) -> list[Box]:
        if width not in self._set:
            self._set[width] = set_lines(self._formula, self._px, width)
        return self._set[width]


def _font(px: float, italic: bool, bold: bool) -> QFont:
    font = ui_font(12, bold)
    font.setPixelSize(max(1, round(px)))
    font.setItalic(italic)
    return font


def _text(text: str, px: float, italic: bool = False, bold: bool = False) -> Box:
    font = _font(px, italic, bold)
    width = QFontMetricsF(font).horizontalAdvance(text) + (0.06 * px if italic else 0)

    def ink(painter: QPainter, x: float, y: float) -> None:
        painter.setFont(font)
        painter.drawText(QPointF(x, y), text)

    return Box(width, _UP * px, _DOWN * px, ink)


def _sign(sign: Sym, px: float) -> Box:
    if sign.kind == "space":
        return Box(_SPACES[sign.text] * px, 0, 0)
    if sign.kind == "big":
        inner = _text(sign.text, 1.45 * px)
        drop = 0.18 * px
        return Box(inner.width, inner.up - drop, inner.down + drop, None, [(0, drop, inner)])
    if sign.kind == "word" and sign.text.strip():
        said = tr(sign.text.strip())  # words in a formula speak the user's language
        spaces = sign.text[0].isspace(), sign.text[-1].isspace()
        text = " " * spaces[0] + said + " " * spaces[1]
        return _text(text, px, bold=sign.bold)
    return _text(sign.text, px, italic=sign.kind == "name" and sign.text.isalpha(), bold=sign.bold)


def _space_around(piece: Piece, before: Piece | None, after: Piece | None) -> tuple[float, float]:
    """Room left and right of a piece in a row, in letter sizes."""
    if not isinstance(piece, Sym):
        bare = (
            isinstance(piece, Scripts) and isinstance(piece.base, Sym) and piece.base.kind in ("word", "big")
        )
        return (0.12, 0.14) if bare and before is not None else (0.0, 0.14 if bare else 0.0)
    if piece.kind == "relation":
        return 0.28, 0.28
    if piece.kind == "binary":
        return 0.2, 0.2
    if piece.kind == "punct" and piece.text != "/":
        return 0.0, 0.18
    if piece.kind == "word":
        opens = isinstance(after, Fence) or (
            isinstance(after, Sym) and after.kind in ("open", "punct", "close")
        )
        left = 0.12 if before is not None and not (isinstance(before, Sym) and before.kind == "open") else 0.0
        return left, 0.0 if opens or after is None else 0.14
    return 0.0, 0.0


def _beside(pieces: list[tuple[Piece, Box]], px: float) -> Box:
    made = Box(0.0, _UP * px, _DOWN * px)
    tight = 0.55 if px < 11 else 1.0  # scripts stand closer
    for at, (piece, box) in enumerate(pieces):
        before = pieces[at - 1][0] if at else None
        after = pieces[at + 1][0] if at + 1 < len(pieces) else None
        left, right = _space_around(piece, before, after)
        made.width += left * px * tight
        made.parts.append((made.width, 0.0, box))
        made.width += box.width + right * px * tight
        made.up, made.down = max(made.up, box.up), max(made.down, box.down)
    return made


def _fraction(piece: Frac, px: float) -> Box:
    small = max(px * 0.86, _LEAST_PX)
    top, bottom = set_piece(piece.top, small), set_piece(piece.bottom, small)
    axis, gap = _AXIS * px, 0.16 * px
    width = max(top.width, bottom.width) + 0.3 * px

    def ink(painter: QPainter, x: float, y: float) -> None:
        if piece.line:
            painter.drawLine(QPointF(x + 0.06 * px, y - axis), QPointF(x + width - 0.06 * px, y - axis))

    parts = [
        ((width - top.width) / 2, -axis - gap - top.down, top),
        ((width - bottom.width) / 2, -axis + gap + bottom.up, bottom),
    ]
    return Box(width, axis + gap + top.down + top.up, -axis + gap + bottom.up + bottom.down, ink, parts)


def _root(piece: Root, px: float) -> Box:
    body = set_piece(piece.body, px)
    lead, top = 0.62 * px, body.up + 0.14 * px

    def ink(painter: QPainter, x: float, y: float) -> None:
        path = QPainterPath(QPointF(x + 0.04 * px, y - 0.28 * px))
        path.lineTo(x + 0.2 * px, y - 0.36 * px)
        path.lineTo(x + 0.36 * px, y + body.down - 1)
        path.lineTo(x + lead - 0.06 * px, y - top)
        path.lineTo(x + lead + body.width + 0.06 * px, y - top)
        _stroke(painter, path)

    return Box(lead + body.width + 0.1 * px, top + 0.1 * px, body.down, ink, [(lead, 0.0, body)])


def _scripts(piece: Scripts, px: float) -> Box:
    base = set_piece(piece.base, px)
    small = max(px * _SCRIPT, _LEAST_PX)
    sub = set_piece(piece.sub, small) if piece.sub else None
    sup = set_piece(piece.sup, small) if piece.sup else None
    if piece.limits:
        return _limits(base, sub, sup, px)
    made = Box(base.width, base.up, base.down, None, [(0.0, 0.0, base)])
    if sub is not None:
        dy = max(0.2 * px, base.down - 0.04 * px)
        made.parts.append((base.width, dy, sub))
        made.down = max(made.down, dy + sub.down)
    if sup is not None:
        dy = -max(0.36 * px, base.up - 0.4 * px)
        made.parts.append((base.width, dy, sup))
        made.up = max(made.up, -dy + sup.up)
    made.width += max(sub.width if sub else 0.0, sup.width if sup else 0.0) + 0.04 * px
    return made


def _limits(base: Box, sub: Box | None, sup: Box | None, px: float) -> Box:
    width = max(base.width, sub.width if sub else 0.0, sup.width if sup else 0.0)
    made = Box(width, base.up, base.down, None, [((width - base.width) / 2, 0.0, base)])
    if sub is not None:
        dy = base.down + sub.up + 0.02 * px
        made.parts.append(((width - sub.width) / 2, dy, sub))
        made.down = dy + sub.down
    if sup is not None:
        dy = -(base.up + sup.down + 0.06 * px)
        made.parts.append(((width - sup.width) / 2, dy, sup))
        made.up = -dy + sup.up
    return made


def _accent(piece: Accent, px: float) -> Box:
    base = set_piece(piece.base, px)
    letter = _letter_height(piece.base) * px
    height = min(base.up, letter) if letter else base.up

    def ink(painter: QPainter, x: float, y: float) -> None:
        middle, top, half = (
            x + base.width / 2 + 0.04 * px,
            y - height - 0.12 * px,
            min(0.24 * px, base.width / 2),
        )
        path = QPainterPath()
        if piece.mark == "hat":
            path.moveTo(middle - half, top + 0.02 * px)
            path.lineTo(middle, top - 0.14 * px)
            path.lineTo(middle + half, top + 0.02 * px)
        elif piece.mark == "tilde":
            path.moveTo(middle - half, top)
            path.cubicTo(
                middle - half / 2,
                top - 0.22 * px,
                middle + half / 2,
                top + 0.14 * px,
                middle + half,
                top - 0.08 * px,
            )
        elif piece.mark == "dot":
            path.addEllipse(QPointF(middle, top - 0.05 * px), 0.05 * px, 0.05 * px)
        else:
            path.moveTo(x + 0.04 * px, top)
            path.lineTo(x + base.width - 0.02 * px, top)
        _stroke(painter, path)

    return Box(base.width, max(base.up, height + 0.34 * px), base.down, ink, [(0.0, 0.0, base)])


def _letter_height(piece: Piece) -> float:
    """How high a lone letter stands: small ones carry their mark lower."""
    while isinstance(piece, Row) and len(piece.items) == 1:
        piece = piece.items[0]
    if isinstance(piece, Scripts):
        piece = piece.base
    if not isinstance(piece, Sym):
        return 0.0
    return 0.54 if piece.text in "acegmnopqrsuvwxyzαεγμνσπ" else 0.76


def _fenced(piece: Fence, px: float) -> Box:
    body = set_piece(piece.body, px)
    axis = _AXIS * px
    half = max(body.up - axis, body.down + axis) + 0.06 * px
    up, down = half + axis, half - axis
    lead = 0.4 * px if piece.left else 0.0
    trail = 0.4 * px if piece.right else 0.0

    def ink(painter: QPainter, x: float, y: float) -> None:
        high = QRectF(x + 0.08 * px, y - up, 0.24 * px, up + down)
        if piece.left:
            _bracket(painter, piece.left, high)
        if piece.right:
            _bracket(painter, piece.right, high.translated(lead + body.width, 0))

    return Box(lead + body.width + trail, up, down, ink, [(lead, 0.0, body)])


def _bracket(painter: QPainter, sign: str, area: QRectF) -> None:
    """One bracket of any height, drawn as a line so that it keeps its weight."""
    near, far, top, low = area.right(), area.left(), area.top(), area.bottom()
    if sign in ")]}⌋⌉⟩":
        near, far = far, near
    middle, centre = (top + low) / 2, (near + far) / 2
    path = QPainterPath()
    if sign in "()":
        path.moveTo(near, top)
        path.cubicTo(far, top + (low - top) * 0.25, far, low - (low - top) * 0.25, near, low)
    elif sign in "{}":
        path.moveTo(near, top)
        path.cubicTo(centre - (near - far) * 0.1, top, centre, top + 2, centre, (top + middle) / 2)
        path.cubicTo(centre, middle - 2, centre, middle, far, middle)
        path.cubicTo(centre, middle, centre, middle + 2, centre, (low + middle) / 2)
        path.cubicTo(centre, low - 2, centre - (near - far) * 0.1, low, near, low)
    elif sign in "⟨⟩":
        path.moveTo(near, top)
        path.lineTo(far, middle)
        path.lineTo(near, low)
    elif sign in "|‖/":
        for x in (centre - 1.6, centre + 1.6) if sign == "‖" else (centre,):
            path.moveTo(x, top)
            path.lineTo(x, low)
    else:
        _square(path, sign, near, far, top, low)
    _stroke(painter, path)


def _square(path: QPainterPath, sign: str, near: float, far: float, top: float, low: float) -> None:
    path.moveTo(near if sign in "[]⌈⌉" else far, top)
    path.lineTo(far, top)
    path.lineTo(far, low)
    if sign in "[]⌊⌋":
        path.lineTo(near, low)


def _table(piece: Table, px: float) -> Box:
    rows = [[set_piece(cell, px) for cell in row] for row in piece.rows]
    columns = max(len(row) for row in rows)
    widths = [max((row[at].width for row in rows if at < len(row)), default=0.0) for at in range(columns)]
    gap, height = 0.9 * px, sum(max(c.up for c in row) + max(c.down for c in row) + 0.3 * px for row in rows)
    made = Box(sum(widths) + gap * (columns - 1), height / 2 + _AXIS * px, height / 2 - _AXIS * px)
    y = -made.up + 0.15 * px
    for row in rows:
        y += max(cell.up for cell in row)
        x = 0.0
        for at, cell in enumerate(row):
            made.parts.append((x, y, cell))
            x += widths[at] + gap
        y += max(cell.down for cell in row) + 0.3 * px
    return made


def _stroke(painter: QPainter, path: QPainterPath) -> None:
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.restore()


def _split_at_spaces(row: Row) -> list[Row]:
    """The formulas that stand beside each other, a wide space between them."""
    parts: list[list[Piece]] = [[]]
    for piece in row.items:
        if isinstance(piece, Sym) and piece.kind == "space" and piece.text in ("quad", "qquad"):
            parts.append([])
        else:
            parts[-1].append(piece)
    return [Row(tuple(part)) for part in parts if part]


def _broken(row: Row, px: float, width: float) -> list[Box]:
    """One formula in lines; a line begins with the sign before which it was broken."""
    lines: list[Box] = []
    rest, indent = list(row.items), 0.0
    while rest:
        count = _fitting(rest, px, width - indent)
        box = _beside([(one, set_piece(one, px)) for one in rest[:count]], px)
        lines.append(Box(box.width + indent, box.up, box.down, None, [(indent, 0.0, box)]))
        rest, indent = rest[count:], 1.2 * px
    return lines


def _fitting(items: list[Piece], px: float, width: float) -> int:
    """How many pieces the line takes: all, or up to the last sign where it may break."""
    best = len(items)
    for at in range(1, len(items)):
        one, before = items[at], items[at - 1]
        breaks = isinstance(one, Sym) and one.kind in ("relation", "binary")
        breaks = breaks or (isinstance(before, Sym) and before.kind == "punct" and before.text != "/")
        if not breaks:
            continue
        if _beside([(part, set_piece(part, px)) for part in items[:at]], px).width > width:
            return best if best < len(items) else at
        best = at
    whole = _beside([(part, set_piece(part, px)) for part in items], px).width
    return len(items) if whole <= width else best
