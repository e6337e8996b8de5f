"""Modules made from the text of a record, for tests that hold them against an independent formula."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace

import torch
from torch import Tensor, nn

from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.render import assignment, render
from studio.layers.values import values

DTYPES = {torch.int64: "int64", torch.bool: "bool", torch.complex64: "complex64"}
SOURCE = """{imports}
import torch
import torch.nn.functional as F
from torch import Tensor, nn

{support}

class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        {build}

    def forward(self, {arguments}):
        {targets} = {call}
        return {results}
"""


def stone(name: str, params: dict[str, object], *inputs: Tensor, wired: tuple[str, ...] = ()) -> nn.Module:
    """A module with the layer ``name`` as its ``layer``, made for inputs like these.

    Args:
        name: the layer.
        params: its parameters.
        inputs: tensors, in the order of the ports.
        wired: names of the optional ports among them.
    """
    spec = CATALOGUE[name]
    p = values(spec, params, wired=frozenset(wired))  # type: ignore[arg-type]
    specs = tuple(TensorSpec(tuple(x.shape), DTYPES.get(x.dtype, "float32")) for x in inputs)
    ports = [port.name for port in spec.inputs if not port.optional or port.name in wired]
    assert len(ports) == len(inputs)
    spec.shape(p, specs)
    build, call = render(spec, p, specs, {port: [port] for port in ports}, "layer")
    outputs = [port.name for port in spec.outputs]
    left, right = assignment(spec, p, {port: f"out_{port}" for port in outputs}, call)
    text = SOURCE.format(
        imports="\n".join(spec.torch.imports),
        support="\n\n".join(spec.torch.support),
        build=f"self.layer = {build}" if build else "pass",
        arguments=", ".join(ports),
        targets=left,
        call=right,
        results=", ".join(f"out_{port}" for port in outputs),
    )
    made = _module(text).Layer()
    assert isinstance(made, nn.Module)
    return made


def support(name: str) -> SimpleNamespace:
    """The classes and functions that the layer ``name`` brings."""
    spec = CATALOGUE[name]
    text = SOURCE.split("class Layer")[0].format(
        imports="\n".join(spec.torch.imports), support="\n\n".join(spec.torch.support)
    )
    return SimpleNamespace(**vars(_module(text)))


@cache
def _module(text: str) -> ModuleType:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "stone_text.py"
        path.write_text(text, encoding="utf-8")
        found = importlib.util.spec_from_file_location("stone_text", path)
        assert found and found.loader
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    return module
