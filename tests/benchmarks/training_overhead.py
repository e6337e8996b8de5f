"""What training through the studio costs over a loop written by hand: ``python -m tests.benchmarks.training_overhead``.

Both sides train the same network on the same data with the same seeds and record the loss of every step. Rounds of
the two alternate, so that a busy machine hurts both alike; process CPU time of one thread is compared. The A/A ratio
is the bare loop against itself: how far from 1 a ratio can be by chance. Validation and checkpoints are off, metrics
are written as in a run.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.edits import set_run
from studio.document.model import Document
from studio.engine.build import RunData, build_training, load_data, load_model, open_data, read_plan
from studio.engine.control import Control
from studio.engine.data import Batches
from studio.engine.recorder import Recorder
from studio.engine.trainer import Trainer
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import create_run
from studio.graph.model import Graph, Node, Source

_EPOCHS = 100_000  # more than any benchmark reaches
Round = Callable[[], None]


class HandLeNet(nn.Module):
    """LeNet-5 as one would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.AvgPool2d(2)
        self.linear1 = nn.Linear(400, 120)
        self.linear2 = nn.Linear(120, 84)
        self.logits = nn.Linear(84, 10)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 1, 28, 28) -> (N, 10)."""
        x = self.pool1(torch.tanh(self.conv1(image)))
        x = self.pool2(torch.tanh(self.conv2(x))).flatten(1)
        x = torch.tanh(self.linear1(x))
        x = torch.tanh(self.linear2(x))
        return self.logits(x)


class HandMLP(nn.Module):
    """784-128-10."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(784, 128)
        self.logits = nn.Linear(128, 10)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 1, 28, 28) -> (N, 10)."""
        return self.logits(torch.relu(self.hidden(image.flatten(1))))


class BareLoop:
    """A training loop by hand, over batches gathered from bytes in memory; it does what the drawing says, no less."""

    def __init__(self, net: nn.Module, loss: nn.Module, data: Batches, algorithm: str) -> None:
        loaded = data._loaded
        self.images, self.labels = loaded.tensors["image"], loaded.tensors["label"]
        self.indices, self.size = data._indices, data.batch_size
        self.net, self.loss = net, loss
        scaling = data.scaling["image"]
        self.subtract, self.divide = scaling.subtract[0], scaling.divide[0]
        kind: Any = torch.optim.SGD if algorithm == "SGD" else torch.optim.AdamW
        extra = {} if algorithm == "SGD" else {"weight_decay": 0.0}
        self.optimizer = kind(net.parameters(), lr=1e-3, fused=True, **extra)
        self.losses: list[float] = []
        self._chosen: list[Tensor] = []
        self._epoch = 0

    def steps(self, count: int) -> None:
        """Trains ``count`` steps."""
        for _ in range(count):
            if not self._chosen:
                order = torch.randperm(
                    len(self.indices), generator=torch.Generator().manual_seed(self._epoch)
                )
                self._chosen = list(self.indices[order].split(self.size))[::-1]
                self._epoch += 1
            chosen = self._chosen.pop()
            image = self.images.index_select(0, chosen).float()
            if self.subtract:
                image.sub_(self.subtract)
            image.div_(self.divide)
            loss = self.loss(self.net(image), self.labels.index_select(0, chosen))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.losses.append(loss.item())


def measure(first: Round, second: Round, rounds: int) -> dict[str, Any]:
    """CPU time of ``second`` over ``first``: median of the rounds' ratios, with a 95 % interval by resampling."""
    times: list[tuple[float, float, float]] = []
    for number in range(rounds + 3):
        row = {}
        order: list[tuple[str, Round]] = [("a", first), ("b", second), ("aa", first)]
        random.Random(number).shuffle(order)
        for name, work in order:
            begin = time.process_time()
            work()
            row[name] = time.process_time() - begin
        if number >= 3:  # warm by now
            times.append((row["a"], row["b"], row["aa"]))
    ratios = [b / ((a + aa) / 2) for a, b, aa in times]
    low, high = interval(ratios)
    return {
        "ratio": round(statistics.median(ratios), 4),
        "interval": [round(low, 4), round(high, 4)],
        "a_a": round(statistics.median(aa / a for a, _, aa in times), 4),
        "bare_us": round(1e6 * statistics.median(a for a, _, _ in times), 1),
        "rounds": rounds,
    }


def interval(values: list[float], draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of the median, by drawing the values anew again and again."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(draws))
    return medians[int(0.025 * draws)], medians[int(0.975 * draws)]


def lenet_document() -> Document:
    """The preset, without random changes to pictures: the loop by hand has none."""
    document = load_preset("lenet5")
    digits, adam = document.main.nodes["digits"], document.main.nodes["adam"]
    plain = digits.with_params({"shift": 0, "rotation": 0.0})
    constant = adam.with_params({"schedule": "constant", "learning_rate": 0.001})
    return document.with_graph("", document.main.with_nodes((plain, constant)))


def mlp_document() -> Document:
    """784-128-10 with plain SGD: a step takes about half a millisecond."""
    params: dict[str, Any] = {"set": "digits-28x28", "scale": "0..1", "split": (4000, 500, 500)}
    nodes = [
        Node("digits", "Data", params),
        Node("flatten", "Flatten", {}, {"x": (Source("digits", "image"),)}),
        Node("hidden", "Linear", {"out_features": 128}, {"x": (Source("flatten"),)}),
        Node("relu", "ReLU", {}, {"x": (Source("hidden"),)}),
        Node("logits", "Linear", {"out_features": 10}, {"x": (Source("relu"),)}),
        Node("prediction", "Output", {}, {"x": (Source("logits"),)}),
        Node(
            "loss", "CrossEntropy", {}, {"input": (Source("logits"),), "target": (Source("digits", "label"),)}
        ),
        Node("sgd", "Optimizer", {"algorithm": "SGD", "learning_rate": 0.001}, {"loss": (Source("loss"),)}),
    ]
    return Document(title="MLP", main=Graph().with_nodes(nodes))


def make_trainer(root: Path, document: Document) -> Trainer:
    """A run's own trainer; evaluation and checkpoints off, metrics on."""
    document = set_run(document, epochs=_EPOCHS, batch_size=64, seed=1, device="cpu")
    code = generate(document, analyze(document))
    folder = create_run(root, project_bytes(document), code, document.run)
    plan = read_plan(folder)
    training = build_training(folder, 1)
    data = RunData(open_data(plan).train, None, None, None)
    control = Control(folder)
    control.start()
    trainer = Trainer(plan, training, data, Recorder(folder), control)
    trainer.saves = False
    return trainer


def compare_loops(
    root: Path, document: Document, hand: tuple[nn.Module, nn.Module], steps: int, rounds: int
) -> dict[str, Any]:
    """The studio's trainer over a loop by hand, with a network and a loss by hand."""
    trainer = make_trainer(root, document)
    algorithm = trainer.plan.training["optimizers"][0]["algorithm"]
    bare = BareLoop(*hand, trainer.data.train._first, algorithm)
    found = measure(
        lambda: bare.steps(steps),
        lambda: bool(trainer.train_until(trainer.state.step + steps)) or None,
        rounds,
    )
    trainer.control.close()
    return found


def compare_modules(root: Path, rounds: int) -> dict[str, Any]:
    """Forward and backward of the generated LeNet-5 over the one by hand."""
    document = lenet_document()
    code = generate(document, analyze(document))
    folder = create_run(root, project_bytes(document), code, document.run)
    generated, hand = getattr(load_model(folder), code.class_name)(), HandLeNet()
    batch = torch.rand(64, 1, 28, 28)

    def work(net: nn.Module) -> Round:
        def once() -> None:
            for _ in range(4):
                net(batch).sum().backward()

        return once

    return measure(work(hand), work(generated), rounds)


def compare_loaders(rounds: int) -> dict[str, Any]:
    """torch's DataLoader over the studio's batches, images as floats in both: how many times as fast."""
    loaded, split = load_data({"set": "digits-28x28", "split": [4000, 500, 500], "split_seed": 0})
    chosen, size = split["train"], 128
    batches = Batches(loaded, chosen, size, seed=1)
    images, labels = loaded.tensors["image"][chosen], loaded.tensors["label"][chosen]
    loader = DataLoader(TensorDataset(images, labels), batch_size=size, shuffle=True)
    epochs = iter(range(1_000_000))

    def theirs() -> None:
        for image, _ in loader:
            image.float().div_(255)

    def ours() -> None:
        for _ in batches.epoch(next(epochs)):
            pass

    return measure(ours, theirs, max(20, rounds // 10))


def main() -> None:
    """Measures everything and prints one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="one line")
    parser.add_argument("--rounds", type=int, default=200)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with tempfile.TemporaryDirectory() as folder:
        root, smooth = Path(folder), nn.CrossEntropyLoss(label_smoothing=0.1)
        parts = {
            "module": compare_modules(root, args.rounds),
            "mlp": compare_loops(root, mlp_document(), (HandMLP(), nn.CrossEntropyLoss()), 40, args.rounds),
            "lenet": compare_loops(root, lenet_document(), (HandLeNet(), smooth), 8, args.rounds),
            "loader": compare_loaders(args.rounds),
        }
    result = {
        "module_ratio": parts["module"]["ratio"],
        "mlp_ratio": parts["mlp"]["ratio"],
        "lenet_ratio": parts["lenet"]["ratio"],
        "dataloader_speedup": parts["loader"]["ratio"],
        "parts": parts,
    }
    print(json.dumps(result, indent=None if args.json else 1))


if __name__ == "__main__":
    main()
