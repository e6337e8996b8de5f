"""Sizes: integers, or integer expressions over names (N, T) in a normal form, so that equal ones compare equal.

An expression is a sum of products: ``terms`` maps a product of atoms to its whole factor. An atom is a name or
a floor division whose parts are normal forms themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quotient:
    """``over // under`` where no rule simplifies it."""

    over: Expr
    under: int | Expr

    def __str__(self) -> str:
        under = str(self.under) if isinstance(self.under, int) or self.under.is_single else f"({self.under})"
        over = str(self.over) if self.over.is_single else f"({self.over})"
        return f"{over}//{under}"


Atom = str | Quotient
Product = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Expr:
    """A size that is not a plain number. Made by ``symbol`` and arithmetic only, so it is always normal."""

    terms: tuple[tuple[Product, int], ...]

    @property
    def is_single(self) -> bool:
        """Whether it is one name, so needs no brackets."""
        return len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1

    def __add__(self, other: int | Expr) -> int | Expr:
        terms = dict(self.terms)
        for product, factor in _terms(other):
            terms[product] = terms.get(product, 0) + factor
        return _normal(terms)

    __radd__ = __add__

    def __neg__(self) -> int | Expr:
        return self * -1

    def __sub__(self, other: int | Expr) -> int | Expr:
        return self + (other * -1)

    def __rsub__(self, other: int) -> int | Expr:
        return (self * -1) + other

    def __mul__(self, other: int | Expr) -> int | Expr:
        terms: dict[Product, int] = {}
        for left, a in self.terms:
            for right, b in _terms(other):
                product = tuple(sorted(left + right, key=str))
                terms[product] = terms.get(product, 0) + a * b
        return _normal(terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: int | Expr) -> int | Expr:
        if other == 1:
            return self
        if other == 0:
            raise ZeroDivisionError(f"{self} // 0")
        if self == other:
            return 1
        flat = _flattened(self, other) if isinstance(other, int) and other > 0 else None
        if flat is not None:
            return flat[0] // flat[1]
        exact, rest = _divide(self, other)
        if isinstance(rest, int):
            return exact + rest // other
        if isinstance(other, int) and other > 0:
            rest, other = _reduced(rest, other)
        return exact + _normal({(Quotient(rest, other),): 1})

    def __rfloordiv__(self, other: int) -> int | Expr:
        if other == 0:
            return 0
        return _normal({(Quotient(Expr((((), other),)), self),): 1})

    def __str__(self) -> str:
        parts = []
        for product, factor in self.terms:
            whole = len(product) == 1 and abs(factor) == 1
            name = "·".join(str(a) if whole or isinstance(a, str) else f"({a})" for a in product)
            text = str(abs(factor)) if not product else name if abs(factor) == 1 else f"{abs(factor)}{name}"
            parts.append(("- " if factor < 0 else "+ ") + text)
        joined = " ".join(parts)
        return joined[2:] if joined.startswith("+ ") else "-" + joined[2:]


def symbol(name: str) -> Expr:
    """The size called ``name``."""
    return Expr((((name,), 1),))


def evaluate(size: int | Expr, names: Mapping[str, int]) -> int:
    """The number ``size`` has when its names have these values.

    Raises:
        KeyError: a name without a value.
    """
    if isinstance(size, int):
        return size
    total = 0
    for product, factor in size.terms:
        for atom in product:
            factor *= names[atom] if isinstance(atom, str) else _quotient(atom, names)
        total += factor
    return total


def names_of(size: int | Expr) -> frozenset[str]:
    """The names in ``size``."""
    if isinstance(size, int):
        return frozenset()
    found: set[str] = set()
    for product, _ in size.terms:
        for atom in product:
            found |= {atom} if isinstance(atom, str) else names_of(atom.over) | names_of(atom.under)
    return frozenset(found)


def window(size: int | Expr, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int | Expr:
    """How many positions a window has along an axis: floor((size + 2p - d(k-1) - 1) / s) + 1."""
    return (size + (2 * padding - dilation * (kernel - 1) - 1)) // stride + 1


def _terms(size: int | Expr) -> tuple[tuple[Product, int], ...]:
    return size.terms if isinstance(size, Expr) else (((), size),)


def _normal(terms: Mapping[Product, int]) -> int | Expr:
    kept = sorted(
        ((p, f) for p, f in terms.items() if f), key=lambda term: (not term[0], -len(term[0]), str(term[0]))
    )
    if not kept:
        return 0
    if len(kept) == 1 and not kept[0][0]:
        return kept[0][1]
    return Expr(tuple(kept))


def _divide(size: Expr, divisor: int | Expr) -> tuple[int | Expr, int | Expr]:
    """What divides exactly, divided; and what is left. Floor is kept because the exact part is whole."""
    exact: dict[Product, int] = {}
    rest: dict[Product, int] = {}
    single = _terms(divisor)
    if len(single) != 1:
        return 0, size
    under, number = single[0]
    for product, factor in size.terms:
        remaining = _without(product, under)
        if remaining is None:
            rest[product] = factor
        else:
            exact[remaining] = exact.get(remaining, 0) + factor // number
            rest[product] = factor % number
    return _normal(exact), _normal(rest)


def _flattened(size: Expr, by: int) -> tuple[int | Expr, int] | None:
    """(a//b + c)//d as ((a + b·c), b·d), so that halving twice equals dividing by four; None for other forms."""
    found = [
        product[0]
        for product, factor in size.terms
        if factor == 1 and len(product) == 1 and isinstance(product[0], Quotient)
    ]
    if len(found) != 1 or not isinstance(found[0].under, int) or found[0].under < 1:
        return None
    quotient = found[0]
    under = found[0].under
    others = size - _normal({(quotient,): 1})
    return quotient.over + others * under, under * by


def _reduced(size: Expr, by: int) -> tuple[Expr, int]:
    """Numerator and divisor without their common factor: (2N + 3)//4 is (N + 1)//2."""
    common = math.gcd(by, *(factor for product, factor in size.terms if product))
    if common == 1:
        return size, by
    return Expr(tuple((product, factor // common) for product, factor in size.terms if factor // common)), (
        by // common
    )


def _without(product: Product, under: Product) -> Product | None:
    left = list(product)
    for atom in under:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def _quotient(atom: Quotient, names: Mapping[str, int]) -> int:
    return evaluate(atom.over, names) // evaluate(atom.under, names)


Size = int | Expr
