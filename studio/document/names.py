"""Names of nodes, blocks and parameters: what is allowed, and how a free one is found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from studio.document.model import MAIN, Document
from studio.graph.model import GraphError
from studio.layers import find
from studio.text import tr

LONGEST_NAME = 64
MAIN_IN_FILES = "main"  # how the main graph is called in files and messages; no block may take it


def is_name(text: object) -> bool:
    """Whether ``text`` can name a node: letters, digits and _, no digit first, one spelling only."""
    return (
        isinstance(text, str)
        and len(text) <= LONGEST_NAME
        and text.isidentifier()
        and unicodedata.normalize("NFKC", text) == text
    )


def check_name(text: str) -> str:
    """``text`` when it is a name.

    Raises:
        GraphError: it is not.
    """
    if not is_name(text):
        raise GraphError(
            tr("“{name}” is no name: use letters, digits and _, and start with a letter", name=text[:80])
        )
    return text


def free_name(base: str, taken: Container[str]) -> str:
    """``base`` when it is free, else its stem with the first free number: conv1, conv2, …"""
    if base not in taken:
        return base
    stem = base.rstrip("0123456789") or base
    number = 2 if stem == base else 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def unique_name(doc: Document, key: str, base: str) -> str:
    """A free node name in graph ``key``, made from ``base``: a layer, or a name to keep when it is free.

    Layers and activations count from 1 (Conv2d gives conv1); data, losses, outputs, optimizers go without a
    number as long as they can.
    """
    return free_name(plain_name(base), doc.graph(key).nodes)


def plain_name(base: str) -> str:
    """``base`` with everything no name may hold taken out, before its uniqueness is looked at."""
    spec = find(base)
    if spec is not None:
        stem = re.sub(r"\dd$", "", base).lower()
        return f"{stem}1" if spec.traits.role == "layer" else stem
    stem = re.sub(r"\W", "_", unicodedata.normalize("NFKC", base))[: LONGEST_NAME - 8] or "node"
    return stem if stem.isidentifier() else f"_{stem}"


def block_names(doc: Document) -> set[str]:
    """Names no new block may take."""
    return {*doc.blocks, MAIN, MAIN_IN_FILES}
