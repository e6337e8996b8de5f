"""The numbers of the whole drawing as one frozen dataclass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from studio.codegen.layout import WIDTH
from studio.codegen.scope import attribute
from studio.graph.model import BlockParam
from studio.layers.text import literal

_TYPES = {"text": "str", "ints": "tuple[int, ...]", "floats": "tuple[float, ...]"}


def sizes_text(params: Iterable[BlockParam], values: Mapping[str, object], body: str) -> str:
    """The class Sizes with the parameters that ``body`` reads; "" when it reads none.

    Args:
        params: of the drawing.
        values: theirs.
        body: the text of all classes.
    """
    read = set(re.findall(r"\bsizes\.(\w+)", body))
    lines = [_field(param, values[param.name]) for param in params if attribute(param.name) in read]
    if not lines:
        return ""
    head = ["@dataclass(frozen=True)", "class Sizes:", '    """Numbers that several nodes share."""', ""]
    return "\n\n" + "\n".join([*head, *lines]) + "\n"


def _field(param: BlockParam, value: object) -> str:
    line = f"    {attribute(param.name)}: {_TYPES.get(param.kind, param.kind)} = {literal(value)}"
    comment = f"  # {param.doc}" if param.doc and param.doc.isascii() else ""
    return line + comment if len(line + comment) <= WIDTH else line
