"""Python that a project brings, in its file: each text once, line by line, under its SHA-256.

    "custom": {"5f3…": ["import torch", …]}      and in a node      "params": {"code": "sha256:5f3…"}

In memory a node carries its text itself. The text is never looked into here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.document.custom import code_hash
from studio.document.plain import Plain, field_of, typed
from studio.files.errors import FileError
from studio.layers.custom import NAME

_MARK = "sha256:"
_SECTION = "custom"


def fold(plain: Plain) -> Plain:
    """``plain`` with the texts of its nodes in a section of their own; the nodes in it are changed in place."""
    texts: dict[str, list[str]] = {}
    for node, _ in _nodes(plain):
        code = node.get("params", {}).get("code")
        if isinstance(code, str):
            key = code_hash(code)
            texts[key] = code.split("\n")
            node["params"]["code"] = _MARK + key
    if texts:
        plain[_SECTION] = texts
    return plain


def unfold(plain: Plain) -> Plain:
    """``plain`` with the texts back in its nodes.

    Raises:
        FileError: a text is missing, or another than its hash says.
    """
    texts = {key: _text(key, value) for key, value in field_of(plain, _SECTION, dict, "project", {}).items()}
    for node, spot in _nodes(plain):
        params = node.get("params")
        if not isinstance(params, dict) or "code" not in params:
            continue
        name = typed(params["code"], str, f"{spot} params.code")
        if not name.startswith(_MARK) or name.removeprefix(_MARK) not in texts:
            text = "there is no text {name} in the section custom"
            raise FileError(f"{spot} params.code", text, "Open the backup of this file", name=name)
        params["code"] = texts[name.removeprefix(_MARK)]
    return plain


def _text(key: str, lines: Any) -> str:
    place = f"{_SECTION} {key[:12]}"
    for line in typed(lines, list, place):
        typed(line, str, place)
    text = "\n".join(lines)
    if code_hash(text) != key:
        raise FileError(
            place,
            "this code is another than its SHA-256 says",
            "Write it anew in the studio, or open the backup",
        )
    return text


def _nodes(plain: Plain) -> Iterator[tuple[Plain, str]]:
    """The nodes of layers that the user wrote, each with its place; what is no node is left to the reader."""
    lists = [("main", plain.get("main"))]
    blocks = plain.get("blocks")
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        lists.append((f'block "{name}"', block.get("nodes") if isinstance(block, dict) else None))
    for place, nodes in lists:
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict) and node.get("layer") == NAME:
                yield node, f'{place} node "{node.get("id")}"'
