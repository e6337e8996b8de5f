"""The five lines of Python that use an exported file with only onnxruntime, numpy and pillow."""

from __future__ import annotations

from typing import Any

import torch

from studio.engine.trained import Trained
from studio.layers.datasets import DataField


def snippet(trained: Trained, file: str) -> str:
    """The five lines for ``file``; "" for a network no single sample can be shown to (several inputs, or noise)."""
    if len(trained.inputs) != 1 or not trained.inputs[0].node:
        return ""
    field = trained.data().loaded.field(trained.main.field)
    if field.kind == "tokens":
        return _text(trained, field, file)
    image = field.kind == "image"
    lines = (
        "import json, numpy, onnxruntime" + (", PIL.Image" if image else ""),
        f"net = onnxruntime.InferenceSession({file!r})",
        "about = json.loads(net.get_modelmeta().custom_metadata_map['usage'])",
        f"x = ({_picture(field) if image else _row(trained, field)} - about['subtract']) / about['divide']",
        _answer(trained),
    )
    return "\n".join(lines) + "\n"


def usage(trained: Trained) -> dict[str, Any]:
    """What the snippet reads from the file: x = (raw - subtract) / divide, pixels from 0 to 255; what answers mean.

    Numbers are nested as the sample's axes are, so that they stretch over it.
    """
    if len(trained.inputs) != 1 or not trained.inputs[0].node:
        return {}
    data = trained.data()
    field = data.loaded.field(trained.main.field)
    found: dict[str, Any] = {"classes": list(trained.classes), "columns": list(field.columns)}
    if field.name in data.batches.scaling:
        scaling = data.batches.scaling[field.name]
        factor = 255 / data.loaded.raw_max if field.kind == "image" else 1.0
        for name, numbers in (("subtract", scaling.subtract), ("divide", scaling.divide)):
            found[name] = (
                torch.tensor(numbers, dtype=torch.float64)
                .mul(factor)
                .reshape(-1, *[1] * scaling.rank)
                .tolist()
            )
    target = _target(trained)
    if target:
        scaling = data.batches.scaling[target]
        found["target"] = {"subtract": list(scaling.subtract), "divide": list(scaling.divide)}
    return found


def _picture(field: DataField) -> str:
    channels, height, width = field.shape
    shape = "[None, None]" if channels == 1 else ".transpose(2, 0, 1)[None]"
    mode = "L" if channels == 1 else "RGB"
    return f'numpy.array(PIL.Image.open("picture.png").convert("{mode}").resize(({width}, {height}))){shape}'


def _row(trained: Trained, field: DataField) -> str:
    data = trained.data()
    raw = data.loaded.raw(field.name, data.part("test", "validation")[:1])[0].reshape(-1).tolist()
    numbers = ", ".join(f"{number:.6g}" for number in raw)
    shape = "" if len(field.shape) == 1 else f".reshape(1, {', '.join(map(str, field.shape))})"
    return f"numpy.array([[{numbers}]]){shape}"


def _text(trained: Trained, field: DataField, file: str) -> str:
    """The lines for a text, "" where its tokens stand for nothing."""
    data = trained.data()
    ids = data.loaded.raw(field.name, data.part("test", "validation")[:1])[0].tolist()
    run = f"net.run(None, {{{trained.main.name!r}: x}})[0]"
    start = f"import numpy, onnxruntime\nnet = onnxruntime.InferenceSession({file!r})\n"
    label = next((item for item in data.loaded.fields if item.kind == "label"), None)
    if label is not None:
        return (
            f"{start}x = numpy.array([{ids}], 'int64')\n"
            f"print({list(label.classes)!r}[net.run([{trained.outputs[0]!r}], "
            f"{{{trained.main.name!r}: x}})[0].argmax()])\n"
        )
    if data.loaded.merges:
        return (
            f"import json\n{start}"
            "pieces = [bytes([number]) for number in range(256)]\n"
            "for a, b in json.loads(net.get_modelmeta().custom_metadata_map['merges']):\n"
            "    pieces.append(pieces[a] + pieces[b])\n"
            f"x = numpy.array([{ids}], 'int64')\n"
            f"print(repr(pieces[{run}[0, -1].argmax()].decode(errors='replace')))\n"
        )
    if not data.loaded.characters:
        return ""
    window = field.shape[0]
    beginning = "".join(data.loaded.characters[number] for number in ids)
    return (
        f"{start}known = net.get_modelmeta().custom_metadata_map['characters']\n"
        f"x = numpy.array([[known.index(c) for c in {beginning!r}.rjust({window})[-{window}:]]], 'int64')\n"
        f"print(repr(known[{run}[0, -1].argmax()]))\n"
    )


def _answer(trained: Trained) -> str:
    """The line that runs the network and prints what it says."""
    run = f"net.run(None, {{{trained.main.name!r}: x.astype('float32')}})[0]"
    width = _width(trained)
    if trained.classes and width == len(trained.classes):
        return f"print(about['classes'][{run}.argmax()])"
    if len(trained.classes) == 2 and width == 1:
        border = 0.5 if trained.head == "probability" else 0
        return f"print(about['classes'][int({run}.item() > {border})])"
    if _target(trained):
        return f"print({run}[0] * about['target']['divide'] + about['target']['subtract'])"
    return f"print({run})"


def _width(trained: Trained) -> int:
    """Numbers the main output gives for one sample."""
    index = trained.data().part("test", "validation")[:1]
    return int(torch.numel(trained.run(*trained.batch(index))[0]))


def _target(trained: Trained) -> str:
    """The field the network predicts as a number, "" when there is none that fits."""
    data = trained.data()
    for field in data.loaded.fields:
        if field.name != trained.main.field and field.kind in ("number", "series"):
            size = 1
            for length in field.shape:
                size *= length
            if size == _width(trained):
                return field.name
    return ""
