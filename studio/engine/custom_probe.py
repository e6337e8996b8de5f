"""Tries out a layer that the user wrote: builds it and calls it, without numbers where that works.

Only a worker process does this, and only for a project that is trusted.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_MODULE = "own_layer"
_TAIL = """


def _built_for_a_try():
    return {build}


def _called_for_a_try(layer, {arguments}):
    return {call}
"""


def try_custom(args: dict[str, Any], progress: Callable[..., None]) -> dict[str, Any]:
    """Outputs ([shape, dtype] for each try) and weights of a layer; or its error and the line of the text."""
    code = str(args["code"])
    with tempfile.TemporaryDirectory(prefix="studio-try-") as folder:
        path = Path(folder) / f"{_MODULE}.py"
        count = len(args["tries"][0])
        arguments = ", ".join(f"x{at}" for at in range(count))
        tail = _TAIL.format(build=args["build"], call=args["call"], arguments=arguments)
        path.write_text(code + tail, encoding="utf-8")
        try:
            module = _loaded(path)
            return _tried(module, args["tries"])
        except Exception as error:  # noqa: BLE001 - whatever the user's text raises is what is told
            return {"error": f"{type(error).__name__}: {error}"[:500], "line": _line(error, path, code)}
        finally:
            sys.modules.pop(_MODULE, None)


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    vars(module).update(torch=torch, nn=nn, F=F, Tensor=Tensor)  # as at the head of model.py
    sys.modules[_MODULE] = module
    spec.loader.exec_module(module)
    return module


def _tried(module: ModuleType, tries: list[list[dict[str, Any]]]) -> dict[str, Any]:
    try:
        return _on("meta", module, tries)
    except Exception:  # noqa: BLE001 - a layer that looks at its numbers needs some
        return _on("cpu", module, tries)


def _on(device: str, module: ModuleType, tries: list[list[dict[str, Any]]]) -> dict[str, Any]:
    with torch.device(device):
        layer = module._built_for_a_try()
    if not isinstance(layer, nn.Module):
        raise TypeError("the class makes no torch module")
    outputs = []
    for one in tries:
        given = [_tensor(entry, device) for entry in one]
        with torch.no_grad():
            result = module._called_for_a_try(layer.train(), *given)
        found = result if isinstance(result, (tuple, list)) else (result,)
        if not all(isinstance(part, Tensor) for part in found):
            raise TypeError("forward must return a tensor, or a tuple of tensors")
        outputs.append([[list(part.shape), str(part.dtype).removeprefix("torch.")] for part in found])
    weights = {name: list(weight.shape) for name, weight in layer.named_parameters()}
    return {"outputs": outputs, "weights": weights}


def _tensor(entry: dict[str, Any], device: str) -> Tensor:
    dtype = getattr(torch, str(entry["dtype"]))
    assert isinstance(dtype, torch.dtype)
    return torch.zeros([int(size) for size in entry["shape"]], dtype=dtype, device=device)


def _line(error: Exception, path: Path, code: str) -> int:
    """The innermost line of the user's own text in a traceback; 0 for none."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    lines = [
        frame.lineno or 0
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    own = [line for line in lines if 0 < line <= code.count("\n") + 1]
    return own[-1] if own else 0
