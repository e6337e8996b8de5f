"""Pictures that a trained network makes by itself: from noise, from a code, or by taking noise away step by step.

A value inside the network is replaced by a hook on the module that gives it: the code that Reparameterize would
draw, or the noisy picture that NoiseSchedule would mix. So whatever is drawn around it is run as it is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.analysis.generators import Generator, find_generator, find_redrawing
from studio.engine.build import RunError
from studio.engine.trained import Trained, load_trained
from studio.text import tr

Progress = Callable[[float, str], None]
_MOST = 256  # pictures at a time
_MOST_SHOWN = 20  # steps of a diffusion that are shown


@dataclass(frozen=True)
class Wish:
    """What is to be made.

    Attributes:
        count: how many pictures.
        seed: of the noise.
        labels: (count,) classes, where the network is told one.
        code: (count, size) codes or noise; None draws them.
    """

    count: int
    seed: int
    labels: Tensor | None = None
    code: Tensor | None = None


def generate_pictures(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """New pictures.

    Args:
        args: run: folder; count: how many; seed: of the noise; label: place of the class, -1 for all in turn; code:
            numbers to decode instead of noise, one list for one picture; shown: how many steps of a diffusion
            are to be told.
        progress: told how far it is.

    Returns:
        kind, pictures, and of a diffusion steps: [{"step", "pictures"}, …] from noise to picture.

    Raises:
        RunError: the run can't be used, or its drawing makes no pictures.
    """
    trained = load_trained(Path(str(args["run"])))
    generator = generator_of(trained)
    wish = _wish(generator, args)
    if generator.kind != "diffusion":
        return {"kind": generator.kind, "pictures": shown(trained, make(trained, generator, wish))}
    places = _shown_steps(_steps(trained, generator), int(args.get("shown", 10)))
    told: list[dict[str, Any]] = []
    made = torch.empty(0)
    for step, made in diffuse(trained, generator, wish):
        if step in places:
            told.append({"step": step, "pictures": shown(trained, made)})
        progress(1 - step / len(range(_steps(trained, generator))), tr("Taking noise away"))
    return {"kind": generator.kind, "pictures": shown(trained, made), "steps": told}


def redraw(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Test pictures beside what the network makes of them.

    Args:
        args: run: folder; position: of the first in the test part, counted round and round; count: how many.
        progress: not told anything, it is quick.

    Raises:
        RunError: the run can't be used, or its network makes no pictures of pictures.
    """
    trained = load_trained(Path(str(args["run"])))
    found = find_redrawing(trained.document, analyze(trained.document))
    if found is None:
        raise RunError(tr("This network makes no pictures out of pictures. Look at its mistakes instead."))
    node, _, field = found[0].partition(".")
    data = trained.data(node)
    part = data.part("test", "validation")
    count = min(max(1, int(args.get("count", 8))), _MOST)
    chosen = part[(int(args.get("position", 0)) + torch.arange(count)) % len(part)]
    values = _inputs(trained, Wish(count, trained.plan.seed), {}, "")
    before = data.values(chosen)
    values = [
        before[item.field] if item.node == node else value
        for item, value in zip(trained.inputs, values, strict=True)
    ]
    after = trained.run(*values)[_place(trained, found[1])]
    return {"before": shown(trained, before[field], node), "after": shown(trained, after, node)}


def generator_of(trained: Trained) -> Generator:
    """How a run makes pictures.

    Raises:
        RunError: it makes none.
    """
    found = find_generator(trained.document, analyze(trained.document))
    if found is None:
        raise RunError(tr("This drawing makes no pictures by itself: no noise or code leads to an Output."))
    return found


def make(trained: Trained, generator: Generator, wish: Wish) -> Tensor:
    """Pictures (count, C, H, W) from noise or codes, in the scale the network learned.

    Raises:
        RunError: the code has another number of numbers than the network reads.
    """
    noise = torch.Generator().manual_seed(wish.seed)
    code = wish.code
    if code is None:
        code = _draw(trained, generator, wish.count, noise)
    if generator.kind == "noise":
        values = _inputs(trained, wish, {generator.node: code}, generator.label)
        return trained.run(*values)[_place(trained, generator.output)]
    values = _inputs(trained, wish, {}, generator.label)
    with _instead(_module(trained, generator.node), lambda: code):
        return trained.run(*values)[_place(trained, generator.output)]


def diffuse(trained: Trained, generator: Generator, wish: Wish) -> Iterator[tuple[int, Tensor]]:
    """The pictures (count, C, H, W) before each step from the last to the first, and at step 0 those left in the end.

    Source: Ho, Jain and Abbeel, Denoising Diffusion Probabilistic Models, 2020, algorithm 2.
    """
    noise = torch.Generator().manual_seed(wish.seed)
    schedule = cast(Any, _module(trained, generator.node))
    steps, place = _steps(trained, generator), _place(trained, generator.output)
    x = torch.randn((wish.count, *generator.shape), generator=noise)
    yield steps, x
    for step in reversed(range(steps)):
        t = torch.full((wish.count,), step)
        values = _inputs(trained, wish, {generator.clock: t}, generator.label)
        with _instead(schedule, lambda: x):  # noqa: B023 - read while this step runs
            guess = trained.run(*values)[place]
        fresh = torch.randn(x.shape, generator=noise) if step else torch.zeros_like(x)
        x = schedule.step_back(x, t, guess, fresh)
        yield step, x


def shown(trained: Trained, pictures: Tensor, node: str = "") -> list[dict[str, Any]]:
    """Pictures (N, C, H, W) as grey bytes, brought back from the scale of the Data node they imitate."""
    data = trained.data(node or _pictures_node(trained))
    field = next(field for field in data.loaded.fields if field.kind == "image")
    raw = data.batches.scaling[field.name].undo(pictures.float())
    grey = (raw.mean(1) * (255 / data.loaded.raw_max)).round().clamp(0, 255).to(torch.uint8)
    height, width = grey.shape[1:]
    return [
        {"width": width, "height": height, "pixels": base64.b64encode(picture.numpy().tobytes()).decode()}
        for picture in grey
    ]


def _wish(generator: Generator, args: dict[str, Any]) -> Wish:
    count = min(max(1, int(args.get("count", 16))), _MOST)
    code = args.get("code")
    rows = None
    if code is not None:
        count, rows = 1, torch.tensor([[float(number) for number in code]])
        if generator.size != rows.shape[1]:
            text = "The network reads codes of {size} numbers, but got {count}. Set all sliders."
            raise RunError(tr(text, size=generator.size, count=rows.shape[1]))
    label = int(args.get("label", -1))
    labels = torch.arange(count) % max(1, len(generator.classes))
    if 0 <= label < len(generator.classes):
        labels = torch.full((count,), label)
    return Wish(count, int(args.get("seed", 0)), labels if generator.label else None, rows)


def _steps(trained: Trained, generator: Generator) -> int:
    return len(cast(Any, _module(trained, generator.node)).beta)


def _shown_steps(steps: int, count: int) -> set[int]:
    """Evenly spread places from ``steps``, which is noise, to 0."""
    count = min(max(2, count), _MOST_SHOWN, steps + 1)
    return {round(steps * place / (count - 1)) for place in range(count)}


def _inputs(trained: Trained, wish: Wish, given: dict[str, Tensor], label: str) -> list[Tensor]:
    """What forward takes: given values by their node, labels, and for the rest real samples and noise."""
    values = list(trained.batch(torch.arange(wish.count)))
    for place, item in enumerate(trained.inputs):
        if item.noise in given and not item.node:
            values[place] = given[item.noise]
        elif label and f"{item.node}.{item.field}" == label and wish.labels is not None:
            values[place] = wish.labels
    return values


def _draw(trained: Trained, generator: Generator, count: int, noise: torch.Generator) -> Tensor:
    """Codes as they are in training: normal, or as the Noise node says."""
    node = trained.document.main.nodes[generator.node]
    shape = (count, generator.size)
    if generator.kind == "noise":
        item = next(item for item in trained.inputs if item.noise == generator.node)
        place = trained.inputs.index(item)
        shape = tuple(trained.batch(torch.arange(count))[place].shape)  # type: ignore[assignment]
    if node.params.get("distribution") == "uniform":
        return torch.rand(shape, generator=noise)
    return torch.randn(shape, generator=noise)


@contextmanager
def _instead(module: nn.Module, value: Callable[[], Tensor]) -> Iterator[None]:
    """What a module gives is replaced while this lasts."""
    hook = module.register_forward_hook(lambda _, given, gave: value())
    try:
        yield
    finally:
        hook.remove()


def _module(trained: Trained, node: str) -> nn.Module:
    module = getattr(trained.network, trained.plan.names.get(node, node), None)
    assert isinstance(module, nn.Module)  # Reparameterize and NoiseSchedule are modules
    return module


def _place(trained: Trained, output: str) -> int:
    return trained.outputs.index(output) if output in trained.outputs else 0


def _pictures_node(trained: Trained) -> str:
    """The Data node whose pictures the network imitates: the first with pictures."""
    for node in trained.plan.training["data"]:
        if any(field.kind == "image" for field in trained.data(node).loaded.fields):
            return str(node)
    raise RunError(
        tr("The drawing has no Data node with pictures, so nobody knows how bright they should be.")
    )
