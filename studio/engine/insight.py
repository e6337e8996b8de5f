"""What the window asks of a trained network: one sample, its worst mistakes, a text it writes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.engine.build import RunError
from studio.engine.export import export_run
from studio.engine.trained import Trained, load_trained
from studio.text import tr

Progress = Callable[[float, str], None]
_CHUNK = 256  # samples evaluated at a time
_LONGEST = 20_000  # characters of a text
_SHOWN_NUMBERS = 6  # features that describe a row of a table


def predict(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The shares of the classes for one grey picture.

    Args:
        args: run: folder; pixels: base64 of height times width bytes.
        progress: not told anything, it is quick.

    Raises:
        RunError: the run can't be used, or reads no pictures of this size.
    """
    trained = load_trained(Path(str(args["run"])))
    scores = trained.run(_picture(trained, str(args.get("pixels", ""))))[0]
    shares = trained.shares(scores.flatten(1))[0].tolist()
    return {
        "classes": [
            [name, share] for name, share in zip(class_names(trained, len(shares)), shares, strict=True)
        ]
    }


def mistakes(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The wrong answers on the test samples, the most confident first; of guessed numbers the farthest off.

    Args:
        args: run: folder; count: how many at most.
        progress: told how far it is.

    Raises:
        RunError: the run can't be used, or its data has neither classes nor a number to guess.
    """
    trained = load_trained(Path(str(args["run"])))
    wrong = _wrong_classes if label_field(trained) else _wrong_numbers
    found = wrong(trained, progress)
    worst = found[: max(0, int(args.get("count", 10)))]
    return {"mistakes": [{**item, **shown_sample(trained, item["index"])} for item in worst]}


def sample(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """One test sample as the network sees it, with what it should say and what it says.

    Args:
        args: run: folder; position: in the test part, counted round and round.
        progress: not told anything, it is quick.

    Raises:
        RunError: the run can't be used, or its data has neither classes nor a number to guess.
    """
    trained = load_trained(Path(str(args["run"])))
    data = trained.data()
    part = data.part("test", "validation")
    place = int(args.get("position", 0)) % len(part)
    chosen = part[place : place + 1]
    about = {"position": place, "count": len(part), **shown_sample(trained, int(chosen))}
    label = label_field(trained)
    if not label:
        truth, answer = (float(values[0]) for values in _numbers(trained, chosen))
        return {**about, "truth": f"{truth:.4g}", "answer": f"{answer:.4g}", "classes": []}
    shares = trained.shares(trained.run(*trained.batch(chosen))[0].flatten(1))[0]
    names = class_names(trained, len(shares))
    truth_at = int(data.loaded.raw(label, chosen).reshape(-1)[0])
    classes = [[name, share] for name, share in zip(names, shares.tolist(), strict=True)]
    return {**about, "truth": names[truth_at], "answer": names[int(shares.argmax())], "classes": classes}


def generate_text(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """A text that goes on from a beginning, one character or word piece at a time.

    Args:
        args: run: folder; prompt: the beginning, unknown characters are dropped; length: tokens to add;
            temperature: 0 takes the likeliest token, 1 draws by the network's own shares; seed: of the draws.
        progress: told how far it is.

    Raises:
        RunError: the run can't be used, or its network reads no text.
    """
    trained = load_trained(Path(str(args["run"])))
    data = trained.data()
    spelling, field = data.loaded.spelling, data.loaded.field(trained.main.field)
    if spelling is None or field.kind != "tokens":
        raise RunError(tr("This network does not read characters. Open a run of a text model."))
    length = min(max(0, int(args.get("length", 400))), _LONGEST)
    temperature = float(args.get("temperature", 0.8))
    generator = torch.Generator().manual_seed(int(args.get("seed", trained.plan.seed)))
    ids = spelling.encode(str(args.get("prompt", ""))) or spelling.encode("\n") or [0]
    blank = (spelling.encode(" ") or [0])[0]
    prompt = spelling.decode(ids)
    window = field.shape[0]
    for step in range(length):
        if step % 50 == 0:
            progress(step / length, tr("Writing"))
        ids.append(_next(_last_scores(trained, ids[-window:], window, blank), temperature, generator))
    text = spelling.decode(ids)
    return {"text": text, "prompt": prompt}


def export(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Writes the run's network as ONNX: run, path and perhaps network; see ``export_run``."""
    return export_run(
        Path(str(args["run"])), Path(str(args["path"])), progress, network=str(args.get("network", ""))
    )


def label_field(trained: Trained) -> str:
    """The field that holds the classes, "" where there is none."""
    return next((field.name for field in trained.data().loaded.fields if field.kind == "label"), "")


def _wrong_classes(trained: Trained, progress: Progress) -> list[dict[str, Any]]:
    data, label = trained.data(), label_field(trained)
    found: list[dict[str, Any]] = []
    for part in parts_to_look_through(trained, progress):
        shares = trained.shares(trained.run(*trained.batch(part))[0].flatten(1))
        truth = data.loaded.raw(label, part).reshape(-1)
        names = class_names(trained, shares.shape[-1])
        best, answers = shares.max(-1)
        for row in (answers != truth).nonzero().flatten().tolist():
            share, answer, right = float(best[row]), names[int(answers[row])], names[int(truth[row])]
            found.append({"index": int(part[row]), "truth": right, "answer": answer, "share": share})
    found.sort(key=lambda item: (-item["share"], item["index"]))
    return found


def _wrong_numbers(trained: Trained, progress: Progress) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts_to_look_through(trained, progress):
        truths, answers = _numbers(trained, part)
        for index, truth, answer in zip(part.tolist(), truths.tolist(), answers.tolist(), strict=True):
            off = abs(truth - answer)
            found.append({"index": index, "truth": f"{truth:.4g}", "answer": f"{answer:.4g}", "off": off})
    found.sort(key=lambda item: (-item["off"], item["index"]))
    return found


def _numbers(trained: Trained, part: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers that were to be guessed and those that were, both (n,) in the unit of the data.

    Raises:
        RunError: the data has no single number to guess.
    """
    data = trained.data()
    target = next((field for field in data.loaded.fields if field.name == "target"), None)
    if target is None or target.kind not in ("number", "series"):
        raise RunError(
            tr("This network answers with neither classes nor a number, so nothing is simply wrong.")
        )
    scaling = data.batches.scaling[target.name]
    truth = data.loaded.raw(target.name, part).float().reshape(len(part), -1)[:, 0]
    scores = trained.run(*trained.batch(part))[0].float().reshape(len(part), -1)[:, :1]
    return truth, scaling.undo(scores)[:, 0]


def parts_to_look_through(trained: Trained, progress: Progress) -> Iterator[Tensor]:
    """The test samples (without any the validation ones) in pieces, telling how far it is."""
    indices = trained.data().part("test", "validation")
    for begin in range(0, len(indices), _CHUNK):
        progress(begin / len(indices), tr("Looking through the test samples"))
        yield indices[begin : begin + _CHUNK]


def _picture(trained: Trained, text: str) -> Tensor:
    """Grey bytes as the network receives a picture: raw units of the set, then the run's scaling."""
    data = trained.data()
    field = data.loaded.field(trained.main.field)
    if field.kind != "image":
        raise RunError(tr("This network reads no pictures. Look at its mistakes instead."))
    channels, height, width = field.shape
    try:
        pixels = base64.b64decode(text, validate=True)
    except binascii.Error:
        pixels = b""
    if len(pixels) != height * width:
        raise RunError(
            tr(
                "The network reads pictures of {width} x {height} pixels, but got {count} bytes. Draw again.",
                width=width,
                height=height,
                count=len(pixels),
            )
        )
    grey = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(1, 1, height, width)
    raw = grey.float().mul_(data.loaded.raw_max / 255).expand(1, channels, height, width).clone()
    return data.batches.scaling[field.name].apply_(raw)


def class_names(trained: Trained, count: int) -> tuple[str, ...]:
    """Class names for ``count`` shares; numbers where the data has other names than the output has classes."""
    if len(trained.classes) == count:
        return trained.classes
    return (*trained.classes[:count], *(str(number) for number in range(len(trained.classes), count)))


def shown_sample(trained: Trained, index: int) -> dict[str, Any]:
    """A sample as the window can show it: grey pixels, or its first numbers as text."""
    data = trained.data()
    field = data.loaded.field(trained.main.field)
    raw = data.loaded.raw(field.name, torch.tensor([index]))[0]
    if field.kind == "image":
        grey = (raw.float().mean(0) * (255 / data.loaded.raw_max)).round().clamp(0, 255).to(torch.uint8)
        height, width = grey.shape
        pixels = base64.b64encode(bytes(grey.flatten().tolist())).decode()
        return {"width": width, "height": height, "pixels": pixels}
    if field.kind == "tokens" and data.loaded.spelling is not None:
        text = data.loaded.spelling.decode(raw.tolist())
        return {"width": 0, "height": 0, "pixels": "", "text": text}
    numbers = raw.flatten()[:_SHOWN_NUMBERS].tolist()
    columns = field.columns if len(field.columns) > 1 else ()
    parts = [
        f"{columns[place]} {number:.4g}" if place < len(columns) else f"{number:.4g}"
        for place, number in enumerate(numbers)
    ]
    return {"width": 0, "height": 0, "pixels": "", "text": ", ".join(parts)}


def _last_scores(trained: Trained, ids: list[int], window: int, blank: int) -> Tensor:
    """The scores of the token that follows, (vocabulary,)."""
    try:
        scores = trained.run(torch.tensor([ids]))[0]
    except RuntimeError:  # a network that takes whole windows only: blanks stand before the beginning
        scores = trained.run(torch.tensor([[blank] * (window - len(ids)) + ids]))[0]
    return scores[0, -1] if scores.dim() == 3 else scores[0]


def _next(scores: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature <= 0:
        return int(scores.argmax())
    shares = torch.softmax(scores.double() / temperature, -1)
    return int(torch.multinomial(shares, 1, generator=generator))
