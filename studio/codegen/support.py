"""What layers need beside torch: classes and functions that model.py holds once, and imports."""

from __future__ import annotations

import re

from studio.codegen.scope import Scope
from studio.layers import CATALOGUE
from studio.layers.custom import NAME as CUSTOM
from studio.layers.spec import LayerSpec

_NAME = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


def used_specs(scope: Scope) -> list[LayerSpec]:
    """The records of all layers in a graph and in its blocks: of the catalogue in its order, then those of the user."""
    names: set[str] = set()
    own: dict[str, LayerSpec] = {}
    todo, seen = [scope], set()
    while todo:
        current = todo.pop()
        for name in current.order:
            spec = current.spec(name)
            if spec.name == CUSTOM:
                own.setdefault(spec.torch.support[0], spec)
            names.add(spec.name)
            inner = current.inside(name) if current.role(name) == "block" else None
            if inner is not None and inner.key not in seen:
                seen.add(inner.key)
                todo.append(inner)
    return [*(spec for spec in CATALOGUE.values() if spec.name in names - {CUSTOM}), *own.values()]


def own_names(specs: list[LayerSpec]) -> set[str]:
    """The names that texts written by the user give to model.py."""
    return {name for spec in specs if spec.name == CUSTOM for name in _NAME.findall(spec.torch.support[0])}


def support_texts(specs: list[LayerSpec], body: str) -> list[str]:
    """The supporting texts that ``body`` calls for, each before those that use it.

    Args:
        specs: records that may bring some.
        body: the text of all classes.
    """
    offered = {name: text for spec in specs for text in spec.torch.support for name in _NAME.findall(text)}
    wanted: list[str] = []

    def take(text: str) -> None:
        for name, other in offered.items():
            if other not in wanted and other != text and re.search(rf"\b{name}\b", text):
                take(other)
                if other not in wanted:
                    wanted.append(other)

    take(body)
    return [text.strip("\n") for text in wanted]


def support_imports(specs: list[LayerSpec], text: str) -> list[str]:
    """The import lines beyond torch's own that ``text`` needs: "import math"."""
    lines = {line for spec in specs for line in spec.torch.imports}
    return sorted(line for line in lines if re.search(rf"\b{line.split()[-1]}\b", text))
