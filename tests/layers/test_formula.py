"""Formulas are read strictly: each record's can be set, and what can't be set is refused with its name."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from studio.layers import CATALOGUE
from studio.layers.formula import Fence, FormulaError, Frac, Row, Scripts, Sym, parse_formula, plain_text
from studio.layers.mathml import mathml

FORMULAS = [spec for spec in CATALOGUE.values() if spec.formula]


@pytest.mark.parametrize("spec", FORMULAS, ids=lambda spec: spec.name)
def test_every_formula_can_be_set(spec: object) -> None:
    formula = spec.formula  # type: ignore[attr-defined]
    row = parse_formula(formula)
    assert row.items
    text = plain_text(row)
    assert text.strip() and "\\" not in text
    ElementTree.fromstring(mathml(formula))


def test_the_tree_is_what_was_written() -> None:
    row = parse_formula(r"y_i = \frac{e^{x}}{\sum_{j=1}^n e^{x_j}}")
    scripts, equals, fraction = row.items
    assert isinstance(scripts, Scripts) and scripts.sup is None
    assert equals == Sym("=", "relation")
    assert isinstance(fraction, Frac) and isinstance(fraction.bottom, Row)
    total = fraction.bottom.items[0]
    assert isinstance(total, Scripts) and total.limits and total.base == Sym("∑", "big")
    assert plain_text(row) == "y_i = (e^x)/(∑_j = 1^ne^x_j)"


def test_a_minus_that_joins_nothing_is_a_sign() -> None:
    row = parse_formula("-a = -b - c")
    kinds = [one.kind for one in row.items if isinstance(one, Sym) and one.text == "−"]
    assert kinds == ["name", "name", "binary"]


def test_cases_and_matrices() -> None:
    row = parse_formula(r"y = \begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}")
    fence = row.items[-1]
    assert isinstance(fence, Fence) and (fence.left, fence.right) == ("{", "")
    assert plain_text(row) == "y = {x x > 0; 0 otherwise "


@pytest.mark.parametrize(
    ("latex", "word"),
    [
        (r"\unheardof x", "unheardof"),
        (r"\frac{1}", "too early"),
        (r"{x", "}"),
        (r"x}", "closes nothing"),
        (r"\left( x", "right"),
        (r"\left\alpha x \right)", "no bracket"),
        (r"x_1_2", "two"),
        (r"\begin{cases} x \end{matrix}", "another word"),
        (r"\begin{tabular} x \end{tabular}", "no kind of table"),
        ("a € b", "€"),
    ],
)
def test_what_cannot_be_set_is_named(latex: str, word: str) -> None:
    with pytest.raises(FormulaError, match=re.escape(word)):
        parse_formula(latex)
