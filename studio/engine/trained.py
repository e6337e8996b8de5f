"""The network a run has trained, ready to be asked: best weights, inputs and outputs by name, data as it was scaled."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from studio.analysis.configure import own_names
from studio.document.model import Document
from studio.engine.build import Plan, RunError, build_training, load_data, read_plan
from studio.engine.checkpoints import checkpoint_steps, load_best
from studio.engine.data import Batches, DataError, LoadedSet
from studio.files.project import parse_project
from studio.graph.model import Node
from studio.layers import record_of
from studio.layers.sources import DRAWN
from studio.layers.values import values
from studio.text import tr

_KEPT = 2  # networks kept loaded: the run that is shown and the one before it


@dataclass(frozen=True)
class NetworkInput:
    """One argument of the network's forward.

    Attributes:
        name: of the argument, and of the input in an exported file.
        node: the Data node it comes from, "" for what is drawn at random.
        field: of that node, "" for what is drawn at random.
        noise: name of the node that draws it, "" for data.
    """

    name: str
    node: str = ""
    field: str = ""
    noise: str = ""


@dataclass(frozen=True)
class NodeData:
    """The data of one Data node: raw values, the parts, and batches with the run's scaling."""

    loaded: LoadedSet
    split: dict[str, Tensor]
    batches: Batches

    def part(self, *names: str) -> Tensor:
        """The sample indices of the first of these parts that has any."""
        return next((self.split[name] for name in names if len(self.split[name])), self.split["train"])

    def values(self, indices: Tensor) -> dict[str, Tensor]:
        """The fields of these samples as the network receives them."""
        return self.batches.evaluation(indices, len(indices)).batch(0, 0)


@dataclass
class Trained:
    """A run's network in eval mode on the CPU.

    Attributes:
        plan: the run's files.
        training: the whole Training module.
        document: the drawing.
        step: of the checkpoint the weights come from; -1 for fresh weights.
    """

    plan: Plan
    training: nn.Module
    document: Document
    step: int
    _data: dict[str, NodeData] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.plan.folder

    @property
    def network(self) -> nn.Module:
        """What lies between the sources and the Output nodes."""
        found = getattr(self.training, "network", None)
        if not isinstance(found, nn.Module):
            raise RunError(tr("The drawing has no network of its own. Add an Output node and train again."))
        return found

    @cached_property
    def inputs(self) -> tuple[NetworkInput, ...]:
        """The arguments of forward, in order."""
        keys: dict[str, str] = dict(self.plan.training.get("inputs", {}))
        nodes = list(self.plan.training["data"])
        names = [
            name for name in inspect.signature(self.network.forward).parameters if name in keys or not keys
        ]
        return tuple(self._input(name, keys.get(name, name), nodes) for name in names)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what the network gives, the main one first."""
        return tuple(self.plan.training["outputs"])

    @property
    def main(self) -> NetworkInput:
        """The first input that is data.

        Raises:
            RunError: the network reads noise alone.
        """
        for item in self.inputs:
            if item.node:
                return item
        raise RunError(tr("This network reads no data, so there is no sample to show it."))

    def data(self, node: str = "") -> NodeData:
        """The data of a Data node, "" for the one the main input comes from; loaded once.

        Raises:
            DataError: it can't be read.
        """
        node = node or self.main.node
        if node not in self._data:
            settings = self.plan.training["data"][node]
            loaded, split = load_data(settings)
            size = int(self.plan.settings.get("batch_size", 64))
            batches = Batches(
                loaded, split["train"], size, self.plan.seed, settings.get("scale", "none"), shuffle=False
            )
            self._data[node] = NodeData(loaded, split, batches)
        return self._data[node]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names of the label that belongs to the main input, () when it has none."""
        try:
            fields = self.data().loaded.fields
        except (RunError, DataError):
            fields = ()
        return next((item.classes for item in fields if item.classes), ())

    @cached_property
    def head(self) -> str:
        """How the main output says a class: "shares", "probability", "logit" (of one score) or "scores"."""
        layers = [node.layer for node in self.document.main.nodes.values()]
        node = self._output_layer()
        if node is not None and node.layer == "Softmax":
            return "shares"
        if node is not None and node.layer == "Sigmoid":
            return "probability"
        return "logit" if "BCEWithLogits" in layers or "PerceptronLoss" in layers else "scores"

    def batch(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Real inputs of forward: these samples of the main Data node; other nodes go round."""
        found: dict[str, dict[str, Tensor]] = {}
        for node in {item.node for item in self.inputs if item.node}:
            data = self.data(node)
            chosen = indices if node == self.main.node else indices % len(data.split["train"])
            found[node] = data.values(chosen)
        return tuple(
            found[item.node][item.field] if item.node else self._noise(item.noise, len(indices))
            for item in self.inputs
        )

    def run(self, *values: Tensor) -> tuple[Tensor, ...]:
        """The outputs for a batch."""
        with torch.inference_mode():
            found = self.network(*values)
        return tuple(found) if isinstance(found, (tuple, list)) else (found,)

    def shares(self, scores: Tensor) -> Tensor:
        """The main output (N, K) or (N, 1) as shares of the classes (N, classes)."""
        scores = scores.float()
        if scores.dim() == 1:
            scores = scores[:, None]
        if scores.shape[-1] == 1:
            second = scores if self.head == "probability" else torch.sigmoid(scores)
            return torch.cat([1 - second, second], -1)
        return scores if self.head == "shares" else torch.softmax(scores, -1)

    def _input(self, name: str, key: str, nodes: list[str]) -> NetworkInput:
        if not key:
            noise = next((id for id, node in self.document.main.nodes.items() if node.layer in DRAWN), "")
            named = name if name in self.document.main.nodes else noise
            return NetworkInput(name, noise=named)
        node, dot, field_name = key.partition(".")
        return NetworkInput(name, node, field_name) if dot else NetworkInput(name, nodes[0], key)

    def _noise(self, node: str, count: int) -> Tensor:
        placed = self.document.main.nodes[node]
        spec = record_of(placed)
        assert spec is not None
        params = values(spec, placed.params, own_names(self.document.params))
        generator = torch.Generator().manual_seed(self.plan.seed)
        if placed.layer == "RandomTimestep":
            return torch.randint(params.steps, (count,), generator=generator)
        draw = torch.rand if params.distribution == "uniform" else torch.randn
        return draw((count, *params.shape), generator=generator)

    def _output_layer(self) -> Node | None:
        """The node whose value is the main output."""
        nodes = self.document.main.nodes
        name = self.outputs[0] if self.outputs else ""
        node = nodes.get(name)
        if node is not None and node.layer == "Output" and node.inputs:
            node = nodes.get(next(iter(node.inputs.values()))[0].node)
        return node


_loaded: dict[tuple[str, int, int], Trained] = {}


def load_trained(run: Path, *, fresh: bool = False) -> Trained:
    """The network of a run with its best weights, else the newest ones; kept loaded until a new checkpoint comes.

    Args:
        run: its folder.
        fresh: take the weights its seed gives when there is no checkpoint.

    Raises:
        RunError: the folder holds no run, or nothing was trained yet.
    """
    run = Path(run).resolve()
    if not (run / "model.py").is_file():
        raise RunError(tr("{folder} holds no run. Choose one that studio runs lists.", folder=run))
    steps = checkpoint_steps(run)
    key = (str(run), steps[-1] if steps else -1, (run / "model.py").stat().st_mtime_ns)
    if key not in _loaded:
        found = _load(run, fresh=fresh)
        while len(_loaded) >= _KEPT:
            _loaded.pop(next(iter(_loaded)))
        _loaded[key] = found
    return _loaded[key]


def _load(run: Path, *, fresh: bool) -> Trained:
    plan = read_plan(run)
    document = parse_project((run / "project.json").read_bytes(), "project.json").document
    training = build_training(run, plan.seed)
    best = load_best(run)
    if best is None and not fresh:
        raise RunError(tr("This run has no checkpoint yet. Wait for its first one, or train longer."))
    if best is not None:
        try:
            training.load_state_dict(dict(best.weights))
        except RuntimeError as error:
            text = tr("The checkpoint {name} does not fit model.py. Train again.", name=best.folder.name)
            raise RunError(text) from error
    for place, entry in (plan.training.get("averages") or {}).items():
        if entry.get("stands_in"):  # what is shown and exported is the average
            average, source = training.get_submodule(place), training.get_submodule(entry["of"])
            source.load_state_dict(average.state_dict())
    training.eval()
    return Trained(plan, training, document, best.state.step if best else -1)
