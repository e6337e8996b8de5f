"""Edits written as text: ``conv1.out_channels=8``, as the command line's ``--set`` takes them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from studio.document.model import MAIN, Document
from studio.document.nodes import node_of, set_argument, set_param, set_run
from studio.document.parameters import set_value
from studio.document.plain import run_from_plain, run_to_plain, value_from_plain
from studio.document.ports import block_of
from studio.graph.model import GraphError
from studio.text import tr


def assigned(doc: Document, text: str) -> Document:
    """``doc`` with one assignment: ``node.param=value``, ``block/node.param=value``, ``run.setting=value`` or,
    of the drawing's own parameters, ``params.name=value``.

    The value is read as JSON where it is that (8, 0.5, true, [3, 3], {"=": "4*width"}), as text elsewhere.

    Raises:
        GraphError: it is no assignment, or one the document does not allow.
        FileError: the value is of a wrong type.
    """
    target, equals, written = text.partition("=")
    path, dot, name = target.strip().rpartition(".")
    if not equals or not dot or not path or not name:
        raise GraphError(tr("“{text}” sets nothing: write node.param=value", text=text[:80]))
    value = _value(written.strip())
    if path == "run" and "run" not in doc.main.nodes:
        return _run(doc, name, value)
    if path == "params" and "params" not in doc.main.nodes:
        return set_value(doc, name, value_from_plain(value, target))
    key, _, node_id = path.rpartition("/")
    stored = value_from_plain(value, target)
    block = block_of(doc, node_of(doc, key, node_id))
    if block is not None and any(param.name == name for param in block.params):
        return set_argument(doc, key, node_id, name, stored)
    return set_param(doc, key or MAIN, node_id, name, stored)


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _run(doc: Document, name: str, value: Any) -> Document:
    if name == "extra" or name not in {field.name for field in fields(doc.run)}:
        raise GraphError(tr("There is no run setting “{name}”", name=name))
    run = run_from_plain({**run_to_plain(doc.run), name: value})
    return set_run(doc, **{name: getattr(run, name)})
