"""Graph to PyTorch text. Writes torch, never imports it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.analysis.model import Analysis
from studio.codegen.classes import Classes
from studio.codegen.data_text import data_files, data_script, held_parts
from studio.codegen.meters import meter_lines
from studio.codegen.optimizers import algorithm_texts
from studio.codegen.readme import readme
from studio.codegen.scope import CodeError, Scope, attribute, class_name, draws_random, variable
from studio.codegen.settings import training_settings
from studio.codegen.sizes import sizes_text
from studio.codegen.support import own_names, support_imports, support_texts, used_specs
from studio.codegen.training import Plan, train_script
from studio.codegen.training_class import FOLLOW, TrainingText, check
from studio.codegen.uses import Uses
from studio.document.model import Document
from studio.graph.model import Source
from studio.layers.sources import DRAWN

__all__ = ["Code", "CodeError", "generate"]

_HEAD = '''"""{title}: drawn in Tsumiki Studio."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Update = Callable[[str, Tensor], None]


@dataclass
class Evaluation:
    """What one batch gives: losses by name; for each metric the predictions and the targets."""

    losses: dict[str, Tensor]
    metrics: dict[str, tuple[Tensor, Tensor]]
'''


_UPDATE = "Update = Callable[[str, Tensor], None]\n"
_ACTS = "Acts = Callable[[str], bool]\n"


@dataclass(frozen=True)
class Code:
    """The source of a drawing.

    Attributes:
        files: file name -> text; model.py, train.py, data.py, README.md.
        names: path on the canvas -> attribute in its class.
        lines: path on the canvas -> line numbers in model.py, from 1.
        class_name: of the network.
        training: what the trainer needs beside the text: optimizers, losses, metrics, data, outputs.
        data_files: what data.py reads in its folder "data" -> file in resources/data, "" for the user's own sets.
    """

    files: Mapping[str, str]
    names: Mapping[str, str]
    lines: Mapping[str, tuple[int, ...]]
    class_name: str
    training: Mapping[str, Any] = field(default_factory=dict)
    data_files: Mapping[str, str] = field(default_factory=dict)


def generate(document: Document, analysis: Analysis) -> Code:
    """The source of ``document``, the same bytes each time.

    Raises:
        CodeError: the drawing has errors; ``analysis`` names them.
    """
    uses = Uses(document, analysis)
    scope = uses.main
    found = check(scope)
    outputs = _outputs(scope, found.losses)
    inputs = _inputs(scope, outputs)
    specs = used_specs(scope)
    classes = Classes(uses, own_names(specs))
    title = class_name(document.title) if document.title else "Network"
    network = classes.network(title, outputs, inputs, _chosen(scope, outputs, inputs))
    main_name = classes.done[-1].name
    training = TrainingText(scope, network, outputs, inputs)
    training.builds["network"] = f"{main_name}({'sizes' if classes.takes_sizes else ''})"
    training_lines = training.lines()
    measured = meter_lines(training.meters)
    written = "\n".join(
        line for lines in (training_lines, measured, *(c.lines for c in classes.done)) for line in lines
    )
    settings = training_settings(scope, found, training, outputs, inputs)
    support = [*support_texts(specs, written), *algorithm_texts(settings["optimizers"])]
    if "follow(self." in written:
        support.append(FOLLOW)
    head = _HEAD.replace(_UPDATE, _UPDATE + _ACTS) if training.is_gated else _HEAD
    head = with_imports(head, own_imports(written, support_imports(specs, "\n".join((written, *support)))))
    text = "\n\n".join((head.format(title=document.title or "A network"), *(f"{s}\n" for s in support)))
    text += sizes_text(document.params, scope.names, written)
    lines: dict[str, tuple[int, ...]] = {}
    names: dict[str, str] = {}
    for made in classes.done:
        start = text.count("\n") + 3
        text += "\n\n" + "\n".join(made.lines) + "\n"
        for path, places in made.places.items():
            lines[path] = tuple(start + place for place in places)
        names |= made.names
    start = text.count("\n") + 3
    for node, places in training.places.items():
        lines[node] = (*lines.get(node, ()), *(start + place for place in places))
    names |= training.names
    text += "\n\n" + "\n".join(training_lines) + "\n"
    text += "\n\n" + "\n".join(measured) + "\n" if measured else ""
    text, removed = _without_unused(text)
    lines = {path: tuple(number - removed for number in numbers) for path, numbers in lines.items()}
    files = {
        "model.py": text,
        "train.py": train_script(_plan(scope, document, settings)),
        "data.py": data_script(settings["data"], document.data),
        "README.md": readme(document.title, main_name, data_files(settings["data"]), bool(measured)),
    }
    return Code(files, names, lines, main_name, settings, data_files(settings["data"]))


def _chosen(scope: Scope, outputs: list[Source], inputs: dict[tuple[str, str], str]) -> list[str]:
    """The nodes of the network: what the outputs need, without what is given."""
    given = {node for node, _ in inputs}
    wanted = scope.upstream({source.node for source in outputs}) - given
    return [name for name in scope.order if name in wanted and scope.role(name) != "output"]


def own_imports(text: str, others: list[str]) -> list[str]:
    """``others`` and the imports beyond torch that the classes themselves need."""
    needs = {"import math": r"\bmath\.", "import copy": r"\bcopy\.", "from typing import Self": r"\bSelf\b"}
    needs["from torchmetrics import Metric"] = r"\bMetric\b"
    return sorted({*others, *(line for line, use in needs.items() if re.search(use, text))})


def with_imports(head: str, lines: list[str]) -> str:
    """The head of model.py with the import ``lines`` sorted in as a formatter would."""
    standard = ["from collections.abc import Callable", "from dataclasses import dataclass"]
    last = "from torch import Tensor, nn"
    ours = [line for line in lines if line.startswith(("from torch.", "from torchmetrics"))]
    plain = [line for line in lines if line.startswith("import ")]
    named = [line for line in lines if not line.startswith("import ") and line not in ours]
    head = head.replace("\n".join(standard), "\n".join([*plain, *sorted([*standard, *named])]))
    return head.replace(last, "\n".join([last, *joined(ours)]))


def joined(lines: list[str]) -> list[str]:
    """Imports with one line a module: "from a import b" and "from a import c" become "from a import b, c"."""
    modules: dict[str, list[str]] = {}
    for line in lines:
        module, _, name = line.partition(" import ")
        modules.setdefault(module, []).append(name)
    return [f"{module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]


def _plan(scope: Scope, document: Document, settings: dict[str, Any]) -> Plan:
    metrics = {name: (entry["layer"], scope.input_specs(name)) for name, entry in settings["metrics"].items()}
    weights = {
        entry["name"]: [f"training.{prefix}" for prefix in entry["trains"]]
        for entry in settings["optimizers"]
    }
    parts = held_parts(settings["data"])
    return Plan(document.run, settings, weights, metrics, parts, draws_random(scope))


def _outputs(scope: Scope, losses: list[str]) -> list[Source]:
    """What the network gives: what the Output nodes read, else what the losses compare with their targets."""
    nodes = [
        name for name in scope.order if scope.role(name) == "output" and scope.node(name).layer == "Output"
    ]
    found = [scope.sources(name)[0][1] for name in nodes if scope.sources(name)]
    if not found:
        found = [source for name in losses for port, source in scope.sources(name) if port == "input"]
    unique = {(source.node, scope.port(source)): source for source in found}
    return list(unique.values())


def _inputs(scope: Scope, outputs: list[Source]) -> dict[tuple[str, str], str]:
    """What the network takes: fields of Data, noise and steps drawn for it, by the names they get in forward."""
    found: dict[tuple[str, str], str] = {}
    inside = scope.upstream({source.node for source in outputs})
    for name in scope.order:
        if name not in inside:
            continue
        for _, source in scope.sources(name):
            if scope.node(source.node).layer not in ("Data", *DRAWN):
                continue
            port = scope.port(source)
            made = variable(port if scope.node(source.node).layer == "Data" else source.node)
            while made in found.values() and found.get((source.node, port)) != made:
                made = f"{attribute(source.node)}_{made}"
            found.setdefault((source.node, port), made)
    if not found:
        raise CodeError("The network reads no data: wire a Data node to it.")
    return found


def _without_unused(text: str) -> tuple[str, int]:
    """The text without imports nobody uses, and how many lines that took away."""
    head, _, body = text.partition("\n\n\n@dataclass")
    removed = 0
    for line, use in (("import torch\n", "torch."), ("import torch.nn.functional as F\n", "F.")):
        if not any(use in part and f"#{use}" not in part for part in body.splitlines() if _uses(part, use)):
            head = head.replace(line, "", 1)
            removed += 1
    return head + "\n\n\n@dataclass" + body, removed


def _uses(line: str, name: str) -> bool:
    code = line.split("  #")[0]
    at = code.find(name)
    return at >= 0 and (at == 0 or not (code[at - 1].isalnum() or code[at - 1] in "_."))
