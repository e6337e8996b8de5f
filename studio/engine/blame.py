"""Which node of the drawing is to blame: for an exception, and for the first number that is none."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

_WORST, _BAD, _ODD = 0, 1, 2  # NaN, +inf, -inf; masks hold -inf by intention, so it is blamed last


def node_of_error(
    error: BaseException, model: Path, names: Mapping[str, str], lines: Mapping[str, tuple[int, ...]]
) -> str:
    """The node whose line of model.py raised; "" when none did."""
    frames = traceback.extract_tb(error.__traceback__)
    in_module = False
    for frame in reversed(frames):
        if Path(frame.filename) == model:
            return node_at(frame.lineno or 0, names, lines, in_module=in_module)
        in_module = in_module or frame.name == "_call_impl"
    return ""


def node_at(
    line: int, names: Mapping[str, str], lines: Mapping[str, tuple[int, ...]], *, in_module: bool = False
) -> str:
    """The node written on a line of model.py. A line may hold two: a module inside an operation."""
    nodes = [path for path, numbers in lines.items() if line in numbers]
    fitting = [path for path in nodes if (path in names) == in_module]
    return next(iter(fitting or (nodes if len(nodes) == 1 else ())), "")


def node_of_weight(name: str, names: Mapping[str, str]) -> str:
    """The path on the canvas of a weight: "network.blocks.3.norm1.weight" is of "blocks/norm1"."""
    attributes = [part for part in name.removeprefix("network.").split(".")[:-1] if not part.isdigit()]
    known = _paths(names)
    for end in range(len(attributes), 0, -1):
        found = known.get(".".join(attributes[:end]))
        if found is not None:
            return found
    return "/".join(attributes)


def first_bad_node(
    run: Callable[[], object],
    training: nn.Module,
    model: Path,
    names: Mapping[str, str],
    lines: Mapping[str, tuple[int, ...]],
) -> str:
    """Runs a step, watching every operation; the node that first gave a value that is no number.

    Args:
        run: the forward part of a step; it may raise ArithmeticError when done.
        training: whose modules it calls.
        model: the file of the text.
        names: path on the canvas -> attribute in its class.
        lines: path on the canvas -> lines in the file.
    """
    watch = _Watch(model)
    hooks = [hook for name, module in training.named_modules() for hook in watch.follow(name, module)]
    try:
        with watch, contextlib.suppress(ArithmeticError):
            run()
    finally:
        for hook in hooks:
            hook.remove()
    for kind in (_WORST, _BAD, _ODD):
        for module_name, line in watch.found.get(kind, ()):
            node = node_of_weight(f"{module_name}.", names) if module_name else node_at(line, names, lines)
            if node:  # a line of the step itself is of no node: then the first node that met its value
                return node
    return ""


class _Watch(TorchFunctionMode):
    """Notes where each bad result came from, in order: its innermost module, or else its line in model.py."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        self.found: dict[int, list[tuple[str, int]]] = {}
        self._model = str(model)
        self._inside: list[str] = []

    def follow(self, name: str, module: nn.Module) -> tuple[RemovableHandle, ...]:
        """Notes while a module without parts runs; a line may hold several of them."""
        if next(module.children(), None) is not None:
            return ()
        return (
            module.register_forward_pre_hook(lambda *_: self._inside.append(name)),
            module.register_forward_hook(lambda *_: self._leave()),
        )

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Does what was asked and looks at the result."""
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            kind = _badness(tensor)
            if kind is not None:
                inside = self._inside[-1] if self._inside else ""
                self.found.setdefault(kind, []).append((inside, self._line()))
        return result

    def _leave(self) -> None:
        self._inside.pop()

    def _line(self) -> int:
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code.co_filename != self._model:
            frame = frame.f_back
        return frame.f_lineno if frame is not None else 0


def _badness(tensor: Tensor) -> int | None:
    if not tensor.is_floating_point() or not tensor.numel():
        return None
    with torch._C.DisableTorchFunction():
        values = tensor.detach()
        if bool(values.isfinite().all()):
            return None
        if bool(values.isnan().any()):
            return _WORST
        return _BAD if bool((values == float("inf")).any()) else _ODD


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)


def _paths(names: Mapping[str, str]) -> dict[str, str]:
    """Attributes from the network on -> path on the canvas."""
    known = {}
    for path in names:
        parts = path.split("/")
        whole = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        known[".".join(names.get(part, part.rsplit("/", 1)[-1]) for part in whole)] = path
    return known
