r"""Reads the formulas of the records: a small, strict part of LaTeX, as a tree that window and manual set.

What is not understood is refused, so that a formula that nobody can read fails the tests and not the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


class FormulaError(ValueError):
    """A formula with something in it that can't be set; the text names it."""


@dataclass(frozen=True, slots=True)
class Sym:
    """A sign. ``kind``: name (italic), number, word (upright), binary, relation, open, close, punct, big, space."""

    text: str
    kind: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Things beside each other."""

    items: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Frac:
    """One above the other; ``line`` is False in a binomial."""

    top: Piece
    bottom: Piece
    line: bool = True


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    body: Piece


@dataclass(frozen=True, slots=True)
class Scripts:
    """Sub- and superscript; ``limits`` puts them below and above (sums, argmax)."""

    base: Piece
    sub: Piece | None
    sup: Piece | None
    limits: bool = False


@dataclass(frozen=True, slots=True)
class Accent:
    """A mark over something: "hat", "bar", "tilde", "dot", "vec"."""

    base: Piece
    mark: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Brackets as tall as what they hold; "" draws none."""

    left: str
    body: Piece
    right: str


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of cells: cases and matrices."""

    rows: tuple[tuple[Piece, ...], ...]


Piece = Sym | Row | Frac | Root | Scripts | Accent | Fence | Table

_LETTER_NAMES = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi"
    " varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell partial nabla infty hbar"
)
_LETTERS = dict(zip(_LETTER_NAMES.split(), "αβγδεεζηθικλμνξπρστυφφχψωΓΔΘΛΞΠΣΦΨΩℓ∂∇∞ℏ", strict=True))
_RELATIONS: Mapping[str, str] = {
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "in": "∈", "notin": "∉", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "gets": "←", "mapsto": "↦", "sim": "∼", "approx": "≈", "equiv": "≡",
    "propto": "∝", "subset": "⊂", "mid": "|", "parallel": "‖", "Rightarrow": "⇒", "iff": "⇔", "ll": "≪", "gg": "≫",
    "downarrow": "↓", "uparrow": "↑", "colon": ":", "longrightarrow": "→", "hookrightarrow": "↪", "leftrightarrow": "↔",
    "subseteq": "⊆", "supset": "⊃", "simeq": "≃", "cong": "≅", "perp": "⊥", "implies": "⇒", "Leftarrow": "⇐",
    "Leftrightarrow": "⇔", "models": "⊨", "vdash": "⊢", "doteq": "≐", "triangleq": "≜", "coloneqq": "≔", "nmid": "∤",
    "forall": "∀", "exists": "∃",
}  # fmt: skip
_BINARY: Mapping[str, str] = {
    "cdot": "·", "times": "×", "star": "⋆", "ast": "∗", "odot": "⊙", "otimes": "⊗", "oplus": "⊕", "pm": "±",
    "circ": "∘", "div": "÷", "wedge": "∧", "vee": "∨", "land": "∧", "lor": "∨", "cup": "∪", "cap": "∩", "setminus": "∖",
    "bmod": "mod", "mp": "∓", "veebar": "⊻", "oslash": "⊘", "ominus": "⊖", "bullet": "•", "backslash": "∖",
    "triangle": "△", "diamond": "⋄", "uplus": "⊎", "mod": "mod",
}  # fmt: skip
_PLAIN: Mapping[str, str] = {
    "ldots": "…", "dots": "…", "cdots": "⋯", "vdots": "⋮", "top": "⊤", "bot": "⊥", "lnot": "¬", "neg": "¬",
    "prime": "′", "emptyset": "∅", "varnothing": "∅", "angle": "∠", "Re": "ℜ", "Im": "ℑ", "aleph": "ℵ",
    "imath": "ı", "jmath": "ȷ",
    "square": "□", "dagger": "†", "degree": "°", "ddots": "⋱", "%": "%", "_": "_", "#": "#", "&": "&", "$": "$",
}  # fmt: skip
_BIG: Mapping[str, str] = {"sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigoplus": "⨁",
    "bigvee": "⋁", "bigwedge": "⋀", "bigcap": "⋂",
    "coprod": "∐", "iint": "∬", "oint": "∮",
}  # fmt: skip
_WORD_NAMES = (
    "log ln exp sin cos tan sinh cosh tanh arcsin arccos arctan arg det dim ker deg Pr gcd sgn erf max min sup inf lim"
    " argmax argmin sec csc cot coth sech csch sinc hom limsup liminf"
)
_WORDS = frozenset(_WORD_NAMES.split())
_LIMIT_WORDS = ("max", "min", "sup", "inf", "lim", "argmax", "argmin", "arg max", "arg min")
_SPACES: Mapping[str, str] = {
    ",": "thin", ";": "thick", ":": "medium", "!": "", " ": "thick", "quad": "quad", "qquad": "qquad",
    "enspace": "thick",
}  # fmt: skip
_FENCES: Mapping[str, str] = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", ".": "", "\\{": "{", "\\}": "}", "\\|": "‖", "\\lfloor": "⌊",
    "\\rfloor": "⌋", "\\lceil": "⌈", "\\rceil": "⌉", "\\langle": "⟨", "\\rangle": "⟩", "\\lvert": "|", "\\rvert": "|",
    "\\lVert": "‖", "\\Vert": "‖", "\\vert": "|",
    "\\rVert": "‖", "\\lbrace": "{", "\\rbrace": "}", "<": "⟨", ">": "⟩", "/": "/",
}  # fmt: skip
_ACCENTS: Mapping[str, str] = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "vec": "vec", "mathring": "dot",
}  # fmt: skip
_UPRIGHT = ("mathrm", "text", "operatorname", "textrm", "mbox", "mathsf", "mathtt", "texttt", "textit")
_BLACKBOARD: Mapping[str, str] = dict(zip("RNZQCEP1", "ℝℕℤℚℂ𝔼ℙ𝟙", strict=True))
_TABLES: Mapping[str, tuple[str, str]] = {
    "cases": ("{", ""), "bmatrix": ("[", "]"), "pmatrix": ("(", ")"), "matrix": ("", ""), "vmatrix": ("|", "|"),
    "aligned": ("", ""),
}  # fmt: skip
_OPEN, _CLOSE = "([⌊⌈⟨{", ")]⌋⌉⟩}"
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


def parse_formula(latex: str) -> Row:
    """The tree of a formula.

    Raises:
        FormulaError: it holds something that can't be set.
    """
    reader = _Reader(_TOKEN.findall(latex))
    row = reader.row(())
    if reader.token():
        raise FormulaError(f"“{reader.token()}” closes nothing in {latex}")
    return row


class _Reader:
    """Walks the tokens once, from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def token(self) -> str:
        """The next token, spaces passed over; "" at the end."""
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def row(self, ends: tuple[str, ...]) -> Row:
        """Pieces up to one of ``ends``, which is left standing."""
        items: list[Piece] = []
        while (
            (token := self.token())
            and token not in ends
            and token not in ("}", "\\right", "\\end", "&", "\\\\")
        ):
            items.append(_signed(self._scripted(), items[-1] if items else None))
        return Row(tuple(items))

    def _take(self) -> str:
        token = self.token()
        if not token:
            raise FormulaError("the formula ends too early")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        found = self.token()
        if found != wanted:
            raise FormulaError(f"“{wanted}” is missing before “{found or 'the end'}”")
        self._at += 1

    def _scripted(self) -> Piece:
        base: Piece = Row(()) if self.token() in ("_", "^") else self._piece()
        limits = isinstance(base, Sym) and (base.kind == "big" or base.text in _LIMIT_WORDS)
        if self.token() in ("\\limits", "\\nolimits"):
            limits = self._take() == "\\limits"
        sub: Piece | None = None
        sup: Piece | None = None
        primes: tuple[Piece, ...] = ()
        while self.token() in ("_", "^", "'"):
            mark = self._take()
            if mark == "_" and sub is None:
                sub = self._piece()
            elif mark == "^" and sup is None:
                sup = self._piece()
            elif mark == "'":
                primes = (*primes, Sym("′", "name"))
            else:
                raise FormulaError(f"two “{mark}” on one sign")
        if primes:
            sup = Row((*primes, *((sup,) if sup is not None else ())))
        return base if sub is None and sup is None else Scripts(base, sub, sup, limits)

    def _group(self) -> Row:
        self._expect("{")
        inner = self.row(())
        self._expect("}")
        return inner

    def _raw_group(self) -> str:
        """The text between braces as it stands, spaces kept."""
        self._expect("{")
        depth = 1
        found: list[str] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                return "".join(found)
            found.append(
                " " if token in ("\\ ", "\\,") else token.removeprefix("\\") if token in ("\\_",) else token
            )
        raise FormulaError("a brace is not closed")

    def _piece(self) -> Piece:
        token = self.token()
        if token == "{":
            return self._group()
        token = self._take()
        if token.startswith("\\"):
            return self._command(token[1:])
        return _plain_sign(token)

    def _command(self, name: str) -> Piece:
        found = _named_sign(name)
        if found is not None:
            return found
        if name in ("frac", "tfrac", "dfrac", "binom"):
            top, bottom = self._piece(), self._piece()
            if name != "binom":
                return Frac(top, bottom)
            return Fence("(", Frac(top, bottom, line=False), ")")
        if name == "sqrt":
            return Root(self._piece())
        if name in _ACCENTS:
            return Accent(self._piece(), _ACCENTS[name])
        if name.rstrip("*") in _UPRIGHT:
            return Sym(self._raw_group(), "word")
        if name in ("mathbf", "boldsymbol", "mathbb", "mathcal", "mathfrak"):
            return self._lettered(name)
        return self._framed(name)

    def _framed(self, name: str) -> Piece:
        if name == "left":
            left = self._fence()
            body = self.row(("\\right",))
            self._expect("\\right")
            return Fence(left, body, self._fence())
        if name in ("big", "Big", "bigg", "bigl", "bigr", "Bigl", "Bigr"):
            sign = self._fence()
            return Sym(sign, "open" if sign in _OPEN else "close")
        if name == "begin":
            return self._table()
        if name in ("underbrace", "underline"):
            return self._piece()
        if name in ("displaystyle", "textstyle"):
            return Row(())
        raise FormulaError(f"“\\{name}” is not known")

    def _fence(self) -> str:
        token = self._take()
        if token not in _FENCES:
            raise FormulaError(f"“{token}” is no bracket")
        return _FENCES[token]

    def _lettered(self, name: str) -> Piece:
        if self.token() != "{":
            inner: Piece = self._piece()
        else:
            inner = self._group()
        text = "".join(
            one.text for one in (inner.items if isinstance(inner, Row) else (inner,)) if isinstance(one, Sym)
        )
        if name == "mathbb":
            return Sym("".join(_BLACKBOARD.get(letter, letter) for letter in text), "word")
        return Sym(text, "name" if name == "mathcal" else "word", bold=name in ("mathbf", "boldsymbol"))

    def _table(self) -> Piece:
        kind = self._raw_group()
        if kind not in _TABLES:
            raise FormulaError(f"“{kind}” is no kind of table")
        rows, cells = [], [self.row(())]
        while (token := self.token()) in ("&", "\\\\"):
            self._at += 1
            if token == "\\\\":
                rows.append(tuple(cells))
                cells = []
            cells.append(self.row(()))
        self._expect("\\end")
        if self._raw_group() != kind:
            raise FormulaError(f"{kind} is closed by another word")
        rows.append(tuple(cells))
        left, right = _TABLES[kind]
        return Fence(left, Table(tuple(rows)), right)


def _signed(piece: Piece, before: Piece | None) -> Piece:
    """A minus or a times that joins nothing is a sign of what follows, and stands close to it."""
    joins = ("binary", "relation", "open", "punct", "space", "big", "word")
    alone = before is None or (isinstance(before, Sym) and before.kind in joins)
    return Sym(piece.text, "name") if alone and isinstance(piece, Sym) and piece.kind == "binary" else piece


def _named_sign(name: str) -> Sym | None:
    for table, kind in (
        (_LETTERS, "name"),
        (_RELATIONS, "relation"),
        (_BINARY, "binary"),
        (_PLAIN, "name"),
        (_BIG, "big"),
    ):
        if name in table:
            return Sym(table[name], kind)
    if name in _WORDS:
        return Sym({"argmax": "arg max", "argmin": "arg min"}.get(name, name), "word")
    if name in _SPACES:
        return Sym(_SPACES[name], "space")
    fence = _FENCES.get("\\" + name)
    if fence is not None:
        both = {"|": "name", "‖": "name"}
        return Sym(fence, both.get(fence, "open" if fence in _OPEN else "close"))
    return None


def _plain_sign(token: str) -> Sym:
    if token[0].isdigit():
        return Sym(token, "number")
    if token.isalpha() or token in "!?@…⋯°½′⊤":
        return Sym(token, "name")
    if token in "+-*/−±×·⊙⋆∘":
        return Sym({"-": "−", "*": "∗"}.get(token, token), "punct" if token == "/" else "binary")
    if token in "=<>:~≤≥≠∈→←≈∼":
        return Sym({"~": " "}.get(token, token), "relation" if token != "~" else "word")
    if token in "([":
        return Sym(token, "open")
    if token in ")]":
        return Sym(token, "close")
    if token in ",;.":
        return Sym(token, "punct")
    if token == "|":
        return Sym("|", "name")
    raise FormulaError(f"“{token}” can't be set")


def plain_text(piece: Piece) -> str:
    """A formula on one line, for screen readers and search."""
    if isinstance(piece, Sym):
        spaced = {
            "relation": f" {piece.text} ",
            "binary": f" {piece.text} ",
            "space": " ",
            "word": f"{piece.text} ",
        }
        return spaced.get(piece.kind, piece.text)
    if isinstance(piece, Row):
        return re.sub(r"\s+", " ", "".join(map(plain_text, piece.items)))
    if isinstance(piece, Frac):
        return f"({plain_text(piece.top)})/({plain_text(piece.bottom)})"
    if isinstance(piece, Root):
        return f"√({plain_text(piece.body)})"
    if isinstance(piece, Accent):
        return plain_text(piece.base)
    if isinstance(piece, Fence):
        return f"{piece.left}{plain_text(piece.body)}{piece.right}"
    if isinstance(piece, Table):
        return "; ".join(" ".join(map(plain_text, row)) for row in piece.rows)
    sub = f"_{plain_text(piece.sub)}" if piece.sub else ""
    return plain_text(piece.base) + sub + (f"^{plain_text(piece.sup)}" if piece.sup else "")
