"""Every algorithm: torch's own arguments, a run that learns, resumes to the bit and is the same in train.py."""

from __future__ import annotations

import inspect
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.engine.checkpoints import load_newest
from studio.engine.control import Control
from studio.engine.optimizers import make_optimizer
from studio.engine.session import Session
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import RunReader, create_run
from studio.layers import CATALOGUE
from studio.layers.optimizers import ALGORITHM, ALGORITHMS, LEFT_OUT, PARAMS, arguments_of
from studio.layers.params import Float
from tests.engine.runs import MODEL, TRAINING, make_run, make_trainer
from tests.engine.test_generated_code import python, written

NAMES = [record.name for record in ALGORITHMS]
RATES = {"Adadelta": 1.0, "LBFGS": 0.1, "LARS": 10.0, "Rprop": 0.001, "Lion": 0.001}


def entry(name: str, **more: Any) -> dict[str, Any]:
    """An Optimizer's entry in training.json."""
    made = {"name": "adam", "algorithm": name, "learning_rate": RATES.get(name, 0.01), "trains": []}
    if name == "LBFGS":  # many looks at one small batch lead away from the others
        made |= {"max_iter": 3, "line_search_fn": "strong_wolfe"}
    return {**made, "schedule": "cosine", "momentum": 0.9, "weight_decay": 0.01, **more}


def plan_of(name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A model that holds the algorithm, and the training that names it."""
    support = f"import math\n{ALGORITHM[name].support}\n\nclass Net("
    return MODEL.replace("class Net(", support), {**TRAINING, "optimizers": [entry(name, **more)]}


def run_session(folder: Path) -> None:
    """A whole attempt without its process; the tests' threads stay as they are."""
    threads = torch.get_num_threads()
    try:
        assert Session(folder, Control(folder)).run() == 0
    finally:
        torch.set_num_threads(threads)


def everything(folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor], Any, list[float]]:
    """Weights, tensors and numbers of the optimizer, and losses at the end of a run."""
    found = load_newest(folder)
    assert found is not None
    reader = RunReader(folder)
    reader.poll()
    losses = reader.series["train.loss"].values
    return dict(found.weights), dict(found.optimizer), found.state.optimizer, list(losses)


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_and_resumes_to_the_bit(name: str, tmp_path: Path) -> None:
    model, training = plan_of(name)
    whole, broken = (
        make_run(tmp_path / where, model=model, training=training, epochs=1) for where in ("whole", "broken")
    )
    run_session(whole)
    trainer = make_trainer(broken)
    trainer.train_until(7)
    trainer.write()
    trainer._save(is_best=False)
    trainer.saver.wait()
    trainer.train_until(9)  # steps that the crash takes away again
    run_session(broken)
    first, second = everything(whole), everything(broken)
    for mine, other in zip(first[:2], second[:2], strict=True):
        assert mine.keys() == other.keys()
        assert all(torch.equal(tensor, other[key]) for key, tensor in mine.items())
    assert first[1] or first[2], "there is something to restore"
    assert first[2:] == second[2:]
    assert sum(first[3][-3:]) < sum(first[3][:3])


MIXES: dict[str, dict[str, Any]] = {
    "accumulate": {"accumulate": 3, "clip": 0.5},
    "groups": {"groups": ["network.hidden"], "group_rates": [0.1], "decay_matrices_only": True},
    "plateau": {"schedule": "plateau", "patience": 0, "gamma": 0.5, "warmup": 0.1},
}


@pytest.mark.parametrize("mix", MIXES)
def test_what_is_around_the_algorithm_resumes_too(mix: str, tmp_path: Path) -> None:
    model, training = plan_of("AdamW", **MIXES[mix])
    whole, broken = (
        make_run(tmp_path / where, model=model, training=training, epochs=3) for where in ("whole", "broken")
    )
    run_session(whole)
    trainer = make_trainer(broken)
    trainer.train_until(28)  # 28 is no multiple of 3: gradients wait for more batches
    trainer.write()
    trainer._save(is_best=False)
    trainer.saver.wait()
    run_session(broken)
    first, second = everything(whole), everything(broken)
    assert all(torch.equal(tensor, second[0][key]) for key, tensor in first[0].items())
    assert all(torch.equal(tensor, second[1][key]) for key, tensor in first[1].items())
    assert first[2:] == second[2:]


def with_optimizer(document: Document, **params: Any) -> Document:
    """The drawing with parameters of its Optimizer set."""
    node = next(node for node in document.main.nodes.values() if node.layer == "Optimizer")
    return replace(document, main=document.main.with_node(node.with_params(params)))


DRAWN: dict[str, dict[str, Any]] = {
    **{name: {"algorithm": name, "learning_rate": RATES.get(name, 0.01)} for name in NAMES},
    "mix": {
        "algorithm": "SGD",
        "momentum": 0.9,
        "nesterov": True,
        "accumulate": 3,
        "clip_value": 0.01,
        "decay_matrices_only": True,
        "weight_decay": 0.1,
        "groups": ("hidden",),
        "group_rates": (0.3,),
        "schedule": "plateau",
        "patience": 1,
        "warmup": 0.2,
    },
    "then": {"algorithm": "NAdam", "schedule": "cyclic", "period": 2, "then": "linear"},
}


def test_train_py_gives_the_same_losses_for_all(tmp_path: Path) -> None:
    """One process runs every train.py; the studio's own losses are compared to the bit."""
    preset = load_preset("mlp-xor")
    hidden = next(node.id for node in preset.main.nodes.values() if node.layer == "Linear")
    expected: dict[str, list[float]] = {}
    for name, params in DRAWN.items():
        params = {key: (hidden,) if key == "groups" else value for key, value in params.items()}
        document = with_optimizer(replace(preset, run=replace(preset.run, epochs=12, batch_size=2)), **params)
        document = replace(document, run=replace(document.run, device="cpu"))
        code = generate(document, analyze(document))
        run = create_run(tmp_path / "runs" / name, project_bytes(document), code, document.run)
        run_session(run)
        expected[name] = everything(run)[3]
        written(code, tmp_path / name)
    script = (
        "import json, os, sys\nfound = {}\n"
        f"for name in {list(DRAWN)!r}:\n"
        f"    os.chdir(os.path.join({str(tmp_path)!r}, name)); sys.path[0] = os.getcwd()\n"
        "    for module in ('train', 'model', 'data'):\n        sys.modules.pop(module, None)\n"
        "    import train\n    found[name] = train.train()\n"
        "print(json.dumps(found))"
    )
    found = json.loads(python(tmp_path, "-c", script).splitlines()[-1])
    assert found == expected
    apart = {tuple(losses) for losses in expected.values()}
    assert len(apart) >= len(expected) - 2, "only AdamW and SGDW are as Adam and SGD: nothing decays here"


@pytest.mark.parametrize("record", [r for r in ALGORITHMS if not r.support], ids=lambda r: r.name)
def test_arguments_and_defaults_are_torchs(record: Any) -> None:
    signature = inspect.signature(getattr(torch.optim, record.name).__init__).parameters
    how = {"self", "params", "lr", "foreach", "maximize", "capturable", "differentiable", "fused"}
    named = {argument.name for argument in record.arguments}
    assert named <= set(signature)
    assert not set(signature) - how - named - set(record.differs)
    for argument in record.arguments:
        if argument.name not in record.differs:
            assert argument.default == signature[argument.name].default, argument
            value, _ = arguments_of(record, {})[argument.name]
            assert value == argument.default, argument


def test_every_algorithm_of_torch_is_here_or_has_a_reason() -> None:
    theirs = {name for name in vars(torch.optim) if name[0].isupper()}
    assert theirs <= set(NAMES) | set(LEFT_OUT)
    assert set(LEFT_OUT) <= theirs and not set(LEFT_OUT) & set(NAMES)


def test_parameters_are_shown_where_they_apply() -> None:
    spec = CATALOGUE["Optimizer"]
    defaults = {param.name: param.default for param in spec.params}

    def shown(**chosen: Any) -> set[str]:
        return {param.name for param in spec.params if param.applies(chosen, defaults)}

    assert "momentum" in shown(algorithm="SGD") and "betas" not in shown(algorithm="SGD")
    assert "betas" in shown() and "momentum" not in shown()
    assert "accumulate" not in shown(algorithm="LBFGS") and "history_size" in shown(algorithm="LBFGS")
    assert "patience" in shown(schedule="plateau") and "then" not in shown(schedule="plateau")
    assert all(isinstance(param, Float) or param.label for param in PARAMS.values())


class _Own:
    """A module that holds the texts of the algorithms that torch lacks."""


def own(name: str, weights: list[Tensor], **arguments: Any) -> torch.optim.Optimizer:
    """One of our own algorithms, from its text."""
    space: dict[str, Any] = {"torch": torch, "math": math, "Tensor": Tensor}
    exec(ALGORITHM[name].support, space)  # our own text, of a test
    made: torch.optim.Optimizer = space[name](weights, **arguments)
    return made


def moved(make: Any) -> Tensor:
    """A weight after five steps down a bowl."""
    weight = nn.Parameter(torch.tensor([[1.0, -2.0], [3.0, 0.5]]))
    optimizer = make([weight])
    for _ in range(5):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    return weight.detach()


def test_ours_equal_torchs_where_they_meet() -> None:
    for nesterov in (False, True):
        ours = moved(lambda w, n=nesterov: own("SGDW", w, lr=0.1, momentum=0.9, nesterov=n))
        theirs = moved(lambda w, n=nesterov: torch.optim.SGD(w, 0.1, momentum=0.9, nesterov=n))
        assert torch.allclose(ours, theirs)
    wide = {"final_lr": 0.1, "gamma": 1e-12}  # bounds so wide that they hold nothing back
    assert torch.allclose(
        moved(lambda w: own("AdaBound", w, lr=0.1, **wide)), moved(lambda w: torch.optim.Adam(w, 0.1))
    )
    lamb = moved(lambda w: own("LAMB", w, lr=0.1))
    assert not torch.allclose(lamb, moved(lambda w: torch.optim.Adam(w, 0.1)))


def test_lion_goes_by_signs_alone() -> None:
    weight = nn.Parameter(torch.tensor([2.0, -3.0, 0.0]))
    optimizer = own("Lion", [weight], lr=0.5)
    weight.grad = torch.tensor([0.001, -100.0, 0.0])
    optimizer.step()
    assert weight.tolist() == [1.5, -2.5, 0.0]


def test_lars_and_lamb_measure_steps_by_the_weights() -> None:
    for name, more in (("LARS", {"momentum": 0.0, "trust": 0.01}), ("LAMB", {})):
        sizes = []
        for scale in (1.0, 1000.0):
            weight = nn.Parameter(torch.full((2, 2), 3.0))
            optimizer = own(name, [weight], lr=0.1, **more)
            weight.grad = torch.full((2, 2), scale)
            optimizer.step()
            sizes.append(float((weight.detach() - 3).norm()))
        assert sizes[0] == pytest.approx(sizes[1], rel=1e-4) and sizes[0] > 0, name


def test_muon_splits_weights_and_keeps_one_state() -> None:
    weights = [nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4))]
    optimizer = own("Muon", weights, lr=0.01)
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    optimizer.step()
    assert set(optimizer.state[weights[0]]) == {"momentum_buffer"}
    assert "exp_avg" in optimizer.state[weights[1]]
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1]


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="os.system"):
        make_optimizer({"algorithm": "os.system"}, {})
    with pytest.raises(ValueError, match="Lion"):
        make_optimizer({"algorithm": "Lion"}, {"w": nn.Parameter(torch.zeros(1))}, sys.__name__)
