"""A formula's tree as MathML, which browsers set by themselves: for the manual."""

from __future__ import annotations

from html import escape

from studio.layers.formula import Accent, Fence, Frac, Piece, Root, Row, Scripts, Sym, Table, parse_formula

_SPACES = {"thin": 0.17, "medium": 0.22, "thick": 0.28, "quad": 1.0, "qquad": 2.0}
_MARKS = {"hat": "^", "bar": "¯", "tilde": "~", "dot": "˙", "vec": "→"}
_TAGS = {"number": "mn", "name": "mi"}


def mathml(latex: str) -> str:
    """A formula of a record as one <math> element.

    Raises:
        FormulaError: it can't be set.
    """
    return f'<math display="block">{_element(parse_formula(latex))}</math>'


def _element(piece: Piece) -> str:
    if isinstance(piece, Sym):
        return _sign(piece)
    if isinstance(piece, Row):
        return f"<mrow>{''.join(map(_element, piece.items))}</mrow>"
    if isinstance(piece, Frac):
        line = "" if piece.line else ' linethickness="0"'
        return f"<mfrac{line}>{_element(piece.top)}{_element(piece.bottom)}</mfrac>"
    if isinstance(piece, Root):
        return f"<msqrt>{_element(piece.body)}</msqrt>"
    if isinstance(piece, Accent):
        return f'<mover accent="true">{_element(piece.base)}<mo stretchy="false">{_MARKS[piece.mark]}</mo></mover>'
    if isinstance(piece, Fence):
        left, right = (f"<mo>{escape(sign)}</mo>" if sign else "" for sign in (piece.left, piece.right))
        return f"<mrow>{left}{_element(piece.body)}{right}</mrow>"
    if isinstance(piece, Table):
        rows = ("".join(f"<mtd>{_element(cell)}</mtd>" for cell in row) for row in piece.rows)
        return f"<mtable>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable>"
    return _scripts(piece)


def _scripts(piece: Scripts) -> str:
    base = _element(piece.base)
    sub = _element(piece.sub) if piece.sub else ""
    sup = _element(piece.sup) if piece.sup else ""
    tag = {(True, False): "sub", (False, True): "sup", (True, True): "subsup"}[bool(sub), bool(sup)]
    if piece.limits:
        tag = {"sub": "under", "sup": "over", "subsup": "underover"}[tag]
    return f"<m{tag}>{base}{sub}{sup}</m{tag}>"


def _sign(sign: Sym) -> str:
    text = escape(sign.text)
    if sign.kind == "space":
        return f'<mspace width="{_SPACES[sign.text]}em"/>' if sign.text else ""
    if sign.kind == "word":
        weight = ' style="font-weight:bold"' if sign.bold else ""
        return f"<mtext{weight}>{text.replace(' ', chr(160))}</mtext>"
    tag = _TAGS.get(sign.kind, "mo")
    return f"<{tag}>{text}</{tag}>"
