"""What a layer that the user wrote takes and gives, read from its text with ``ast``. Nothing of it is executed.

The text holds imports, constants, functions and classes; its last class is the layer. Arguments of ``__init__``
with a default are parameters; those without take a size from an input, by the name of an axis. Arguments of
``forward`` are the input ports. The docstring says the rest::

    shape: image: N channels H W, mask: N H W bool -> y: N width H//2 W//2
    width: Number of filters.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from studio.graph.model import Value
from studio.layers.params import Bool, Choice, Float, Int, Ints, Numbers, Param, ParamError, Text
from studio.layers.shape_line import ShapeLine, ShapeLineError, read_shape_line
from studio.layers.spec import Port
from studio.text import tr

LONGEST_CODE = 100_000  # characters
HEAD_NAMES = ("torch", "nn", "F", "Tensor")  # what model.py imports already
_OF_MODEL = (
    "Update",
    "Evaluation",
    "Training",
    "Sizes",
    "Acts",
    "Callable",
    "dataclass",
    "math",
    "copy",
    "Self",
)
_OF_RULES = (
    "wired",
    "schemas",
    "code",
    "names",
    "turns",
    "weight_of",
    "weights_of",
    "block",
    "times",
    "init",
)
_DEEP = "this is nested too deeply to be read"
_TOP = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_RANDOM = re.compile(r"dropout|\brand|bernoulli|multinomial|normal_\(|uniform_\(", re.IGNORECASE)
_SAID = re.compile(r"^\s*(\w+)(?: \([^)]*\))?: +(\S.*)$")


class CodeFault(ValueError):
    """A text that is no layer; ``line`` counts from 1. ``template`` holds {names} of ``values``."""

    def __init__(self, line: int, template: str, /, **values: object) -> None:
        super().__init__(template.format(**values))
        self.line, self.template, self.values = line, template, values

    def __str__(self) -> str:
        """What is wrong, in the current language."""
        return tr(self.template, **self.values)


@dataclass(frozen=True, slots=True)
class Signature:
    """A layer as its text declares it.

    Attributes:
        name: of the class.
        summary: first sentence of its docstring, "" for none.
        params: arguments of the constructor with a default.
        sizes: arguments without one; each is also an axis of an input.
        by_name: arguments that can only be given by name.
        inputs: arguments of forward.
        outputs: what it returns.
        shape: what the shape line says; None without one.
        imports: import lines, without those of model.py itself.
        body: the text without its imports.
        defined: the names that the text gives to model.py.
        is_random: whether it seems to draw random numbers.
    """

    name: str
    summary: str
    params: tuple[Param, ...]
    sizes: tuple[str, ...]
    by_name: frozenset[str]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    shape: ShapeLine | None
    imports: tuple[str, ...]
    body: str
    defined: tuple[str, ...]
    is_random: bool


@lru_cache(maxsize=256)
def read_signature(code: str) -> Signature | CodeFault:
    """The signature of the layer in ``code``, or what is wrong with the text and where; never raises."""
    try:
        return _read(code)
    except CodeFault as fault:
        return fault
    except (RecursionError, MemoryError):
        return CodeFault(1, _DEEP)


def _read(code: str) -> Signature:
    _check_letters(code)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a "\d" in a string is no reason to write into the console
            tree = ast.parse(code)
    except SyntaxError as error:
        text = "this is not Python ({why})"
        raise CodeFault(error.lineno or 1, text, why=error.msg) from None
    except (ValueError, RecursionError, MemoryError):
        raise CodeFault(1, _DEEP) from None
    layer = _layer_class(tree)
    _check_top(tree)
    docs = _docs(layer)
    params, sizes, by_name = _parameters(layer, docs)
    forward = _method(layer, "forward")
    if forward is None:
        raise CodeFault(layer.lineno, "{name} needs a method forward", name=layer.name)
    shape = _shape_line(layer)
    inputs = _inputs(forward, shape, docs)
    outputs = _outputs(forward, shape)
    _check_sizes(layer, sizes, shape)
    return Signature(
        layer.name,
        docs.get("", ""),
        params,
        sizes,
        by_name,
        inputs,
        outputs,
        shape,
        _imports(tree),
        _body(code, tree),
        tuple(_defined(tree)),
        _RANDOM.search(code) is not None,
    )


def _check_letters(code: str) -> None:
    if len(code) > LONGEST_CODE:
        raise CodeFault(1, "the text has more than {limit} characters", limit=LONGEST_CODE)
    for number, line in enumerate(code.split("\n"), 1):
        odd = next((letter for letter in line if not letter.isprintable() and letter != "\t"), "")
        if odd:
            text = "the character U+{code} can't be seen, so it may hide something: remove it"
            raise CodeFault(number, text, code=f"{ord(odd):04X}")


def _layer_class(tree: ast.Module) -> ast.ClassDef:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if not classes:
        raise CodeFault(1, "there is no class: write class Mine(nn.Module)")
    layer = classes[-1]
    if not layer.bases:
        raise CodeFault(layer.lineno, "{name} must derive from nn.Module", name=layer.name)
    return layer


def _check_top(tree: ast.Module) -> None:
    for at, node in enumerate(tree.body):
        is_doc = at == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, _TOP) and not is_doc:
            raise CodeFault(node.lineno, "only imports, constants, functions and classes may stand here")
        if isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.level):
            raise CodeFault(node.lineno, "this import can't stand in model.py: leave it out")
        if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names):
            raise CodeFault(node.lineno, "import names one by one, not *")
    for name, line in _defined(tree).items():
        if name in (*HEAD_NAMES, *_OF_MODEL):
            raise CodeFault(line, "{name} means something in model.py already: take another name", name=name)


def _defined(tree: ast.Module) -> dict[str, int]:
    """The names of the top level, each with its line; imports are not among them."""
    found: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node.lineno
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [*targets, node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            found |= {part.id: node.lineno for part in ast.walk(target) if isinstance(part, ast.Name)}
    return found


def _docs(layer: ast.ClassDef) -> dict[str, str]:
    """Argument -> what the docstrings say of it; "" -> the first sentence of the class."""
    found: dict[str, str] = {}
    parts: list[ast.ClassDef | ast.FunctionDef | None] = [layer, _method(layer, "__init__")]
    for part in (*parts, _method(layer, "forward")):
        for line in (ast.get_docstring(part) or "").split("\n") if part is not None else ():
            if said := _SAID.match(line):
                found.setdefault(said.group(1), said.group(2).strip())
    first = (ast.get_docstring(layer) or "").strip().split("\n\n")[0].replace("\n", " ")
    found[""] = "" if first.startswith("shape:") else first
    return found


def _method(layer: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next(
        (part for part in layer.body if isinstance(part, ast.FunctionDef) and part.name == name), None
    )


def _parameters(
    layer: ast.ClassDef, docs: dict[str, str]
) -> tuple[tuple[Param, ...], tuple[str, ...], frozenset[str]]:
    init = _method(layer, "__init__")
    if init is None:
        return (), (), frozenset()
    given = init.args
    if given.vararg or given.kwarg:
        text = "__init__ can't take *args or **kwargs: name each parameter"
        raise CodeFault(init.lineno, text)
    plain = [*given.posonlyargs, *given.args][1:]
    defaults = dict(zip([a.arg for a in plain[::-1]], given.defaults[::-1], strict=False))
    defaults |= {
        a.arg: value
        for a, value in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if value is not None
    }
    params, sizes = [], []
    for argument in (*plain, *given.kwonlyargs):
        if argument.arg in _OF_RULES or argument.arg.startswith("_"):
            text = "a parameter can't be called {name}: take another name"
            raise CodeFault(argument.lineno, text, name=argument.arg)
        if argument.arg in defaults:
            doc = docs.get(argument.arg, "")
            params.append(_param(argument, defaults[argument.arg], doc))
        else:
            sizes.append(argument.arg)
    return tuple(params), tuple(sizes), frozenset(a.arg for a in given.kwonlyargs)


def _param(argument: ast.arg, given: ast.expr, doc: str) -> Param:
    name, line = argument.arg, argument.lineno
    try:
        default = _stored(ast.literal_eval(given))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise CodeFault(
            line, "the default of {name} must be a plain number, text or tuple", name=name
        ) from None
    param = _of_kind(name, default, argument.annotation, doc, line)
    try:
        return replace(param, default=param.check(default))
    except ParamError as error:
        raise CodeFault(line, error.template, **error.values) from None


def _stored(value: object) -> Value:
    if isinstance(value, (tuple, list)):
        return tuple(_stored(part) for part in value)
    if isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(value)


def _of_kind(name: str, default: Value, annotation: ast.expr | None, doc: str, line: int) -> Param:
    """The parameter that an annotation asks for; without one, that of its default."""
    kind = ast.unparse(annotation).replace(" ", "") if annotation is not None else _kind_of(default)
    if kind.startswith("Literal[") and isinstance(annotation, ast.Subscript):
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        options = tuple(part.value for part in parts if isinstance(part, ast.Constant))
        if options and all(isinstance(option, str) for option in options):
            return Choice(name, default, doc, options=cast(tuple[str, ...], options))
    makers: dict[str, Param] = {
        "bool": Bool(name, default, doc),
        "int": Int(name, default, doc),
        "float": Float(name, default, doc),
        "str": Text(name, default, doc),
        "tuple[int,...]": Ints(name, default, doc, count=0),
        "tuple[float,...]": Numbers(name, default, doc),
    }
    if kind in makers:
        return makers[kind]
    if re.fullmatch(r"tuple\[int(,int)*\]", kind):
        return Ints(name, default, doc, count=kind.count("int"))
    text = "the type of {name} must be int, float, bool, str, Literal or a tuple of numbers, not {kind}"
    raise CodeFault(line, text, name=name, kind=kind[:40])


def _kind_of(value: Value) -> str:
    if isinstance(value, tuple):
        whole = all(isinstance(part, int) and not isinstance(part, bool) for part in value)
        return "tuple[int,...]" if whole else "tuple[float,...]"
    return type(value).__name__


def _shape_line(layer: ast.ClassDef) -> ShapeLine | None:
    parts: list[ast.ClassDef | ast.FunctionDef | None] = [layer, _method(layer, "forward")]
    for part in parts:
        first = part.body[0] if part is not None and ast.get_docstring(part) else None
        for at, line in enumerate(
            (ast.get_docstring(part, clean=False) or "").split("\n") if part and first else ()
        ):
            if line.strip().startswith("shape:"):
                try:
                    return read_shape_line(line.strip().removeprefix("shape:"))
                except ShapeLineError as error:
                    number = first.lineno + at if first else layer.lineno
                    raise CodeFault(number, error.template, **error.values) from None
    return None


def _inputs(forward: ast.FunctionDef, shape: ShapeLine | None, docs: dict[str, str]) -> tuple[Port, ...]:
    given, line = forward.args, forward.lineno
    if given.kwarg or given.kwonlyargs:
        raise CodeFault(line, "forward can't take **kwargs or arguments by name only")
    plain = [*given.posonlyargs, *given.args][1:]
    free = len(plain) - len(given.defaults)
    ports = [
        Port(a.arg, dtype="any", optional=at >= free, doc=docs.get(a.arg, "")) for at, a in enumerate(plain)
    ]
    if given.vararg:
        ports.append(Port(given.vararg.arg, dtype="any", variadic=True, doc=docs.get(given.vararg.arg, "")))
    if not ports:
        raise CodeFault(line, "forward needs an argument: what comes in")
    if shape is None:
        return tuple(ports)
    if len(shape.inputs) != len(ports):
        text = "the shape line says {said} inputs, forward takes {taken}"
        raise CodeFault(line, text, said=len(shape.inputs), taken=len(ports))
    wrong = next((s.name for s, p in zip(shape.inputs, ports, strict=True) if s.name not in ("", p.name)), "")
    if wrong:
        raise CodeFault(line, "the shape line names the input {name}, forward does not", name=wrong)
    said = zip(ports, shape.inputs, strict=True)
    return tuple(replace(port, axes=part.axes, dtype=part.dtype or "float") for port, part in said)


def _outputs(forward: ast.FunctionDef, shape: ShapeLine | None) -> tuple[Port, ...]:
    returns = forward.returns
    count = 1
    if (
        isinstance(returns, ast.Subscript)
        and isinstance(returns.value, ast.Name)
        and returns.value.id == "tuple"
    ):
        count = len(returns.slice.elts) if isinstance(returns.slice, ast.Tuple) else 1
    if shape is not None and returns is not None and len(shape.outputs) != count:
        text = "the shape line says {said} outputs, forward returns {taken}"
        raise CodeFault(forward.lineno, text, said=len(shape.outputs), taken=count)
    if shape is not None:
        several = len(shape.outputs) > 1
        return tuple(
            Port(part.name or (f"y{at}" if several else "y"), part.axes, part.dtype or "any")
            for at, part in enumerate(shape.outputs, 1)
        )
    return (
        (Port("y", dtype="any"),)
        if count == 1
        else tuple(Port(f"y{at}", dtype="any") for at in range(1, count + 1))
    )


def _check_sizes(layer: ast.ClassDef, sizes: tuple[str, ...], shape: ShapeLine | None) -> None:
    axes = {axis for part in shape.inputs for axis in part.axes.split()} if shape else set()
    lost = next((name for name in sizes if name not in axes), "")
    if lost:
        init = _method(layer, "__init__")
        text = "{name} needs a default, or must be an axis of an input in the shape line"
        raise CodeFault(init.lineno if init else layer.lineno, text, name=lost)


def _imports(tree: ast.Module) -> tuple[str, ...]:
    """One line a name, as records have them."""
    lines = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            lines += [f"import {ast.unparse(name)}" for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            lines += [f"from {node.module} import {ast.unparse(name)}" for name in node.names]
    of_head = ("import torch", "from torch import nn", "from torch import Tensor", "import torch.nn as nn",
               "import torch.nn.functional as F", "from torch.nn import functional as F")  # fmt: skip
    return tuple(dict.fromkeys(line for line in lines if line not in of_head))


def _body(code: str, tree: ast.Module) -> str:
    """The text as it was written, but for its imports and its own docstring."""
    lines = code.split("\n")
    for at, node in enumerate(tree.body):
        is_doc = at == 0 and isinstance(node, ast.Expr)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or is_doc:
            lines[node.lineno - 1 : node.end_lineno] = [""] * (
                (node.end_lineno or node.lineno) - node.lineno + 1
            )
    return "\n".join(line.rstrip() for line in lines).strip("\n")
