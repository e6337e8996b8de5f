"""Layers that the user wrote, seen together: in model.py each name may mean one thing only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from studio.analysis.drawing import Drawing
from studio.analysis.model import Problem
from studio.layers import CATALOGUE
from studio.layers.custom import NAME, TEMPLATE
from studio.layers.signature import Signature, read_signature

_DEFINED = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


def name_clashes(document: Drawing) -> Iterator[Problem]:
    """Problems of layers whose text defines a name that means something else in model.py."""
    seen: dict[str, str] = {}
    for key in ("", *document.blocks):
        for name, node in document.graph(key).nodes.items():
            if node.layer != NAME:
                continue
            code = str(node.params.get("code", TEMPLATE))
            found = read_signature(code)
            for word in found.defined if isinstance(found, Signature) else ():
                if seen.setdefault(word, code) != code:
                    text = "{name} is defined differently in another layer of yours: rename one of them"
                elif word in _of_catalogue():
                    text = "{name} means something in model.py already: take another name"
                else:
                    continue
                yield Problem("error", "code_name", key, name, text, {"name": word})


@lru_cache(maxsize=1)
def _of_catalogue() -> frozenset[str]:
    """What the texts of the catalogue define."""
    own = (spec for spec in CATALOGUE.values() if spec.name != NAME)
    return frozenset(word for spec in own for text in spec.torch.support for word in _DEFINED.findall(text))
