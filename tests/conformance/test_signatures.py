"""Parameters are called and preset as torch calls and presets them, unless the record says why not."""

from __future__ import annotations

import inspect
import re

import pytest
import torch
import torch.nn.functional
from torch import nn

from studio.layers import CATALOGUE
from studio.layers.spec import LayerSpec

NAMED = [spec for spec in CATALOGUE.values() if spec.torch_name and spec.traits.role != "optimizer"]
# What torch asks and the drawing answers by itself: sizes come with the wire, place and kind of numbers with the run.
_WIRE = (
    "in_channels in_features in1_features in2_features num_features normalized_shape embed_dim d_model input_size"
    " num_channels num_parameters vocab_size self args kwargs size input_dim encoder_layer"
    " decoder_layer input other source tensors tensor"
)
_RUN = (
    "device dtype inplace out out_dtype generator layout memory_format requires_grad pin_memory training"
    " size_average reduce batch_first track_running_stats need_weights"
)
OURS = frozenset({"weight_of"})  # a drawing may share the weight of another node
_OLD = "min_value max_value"  # torch's own word for them is deprecated
FROM_THE_WIRE = frozenset(_WIRE.split())
FROM_THE_RUN = frozenset((*_RUN.split(), *_OLD.split()))


def torch_object(spec: LayerSpec) -> object:
    """What of torch the record is."""
    first, *rest = spec.torch_name.split(".")
    places: dict[str, object] = {"nn": nn, "F": torch.nn.functional, "torch": torch, "Tensor": torch.Tensor}
    place = places.get(first, torch)
    for part in rest if first in places else (first, *rest):
        place = getattr(place, part)
    return place


def torch_parameters(spec: LayerSpec) -> dict[str, object] | None:
    """Name -> default, inspect's empty where there is none; None for builtins that do not tell."""
    thing = torch_object(spec)
    try:
        found = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing)  # type: ignore[arg-type,misc]
    except (ValueError, TypeError):
        return _documented(thing)
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    rows = {name: one.default for name, one in found.parameters.items() if one.kind not in kinds}
    inner = getattr(nn, f"{getattr(thing, '__name__', '')}Layer", None)
    if inner is not None and {"encoder_layer", "decoder_layer"} & set(
        rows
    ):  # a stack takes a layer; ours takes its parameters
        rows |= {name: one.default for name, one in inspect.signature(inner.__init__).parameters.items()}
    return rows if set(rows) - {"self"} else None


def _documented(thing: object) -> dict[str, object] | None:
    """What a builtin's text says it takes, over all the forms it gives: "softmax(input, dim, *, dtype=None) -> …"."""
    text = getattr(thing, "__doc__", None) or ""
    name = getattr(thing, "__name__", "")
    rows: dict[str, object] = {}
    for form in re.findall(rf"(?:^|function:: ){re.escape(name)}\((.*?)\)(?:\s*->|$)", text, re.MULTILINE):
        for part in _arguments(form):
            word, _, default = part.partition("=")
            word, _, kind = word.partition(":")
            word = word.strip().lstrip("\\*")
            if word and word != "/" and "Tensor" not in kind:
                empty = inspect.Parameter.empty
                rows[word] = (
                    _literal(default.strip()) if default and rows.get(word, empty) is empty else empty
                )
    return rows or None


def _arguments(form: str) -> list[str]:
    """Split at the commas outside of brackets."""
    parts, depth = [""], 0
    for letter in form:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _literal(text: str) -> object:
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return text.strip("\"'")


def complaints(spec: LayerSpec) -> list[str]:
    """How the record's parameters are not torch's, without a reason in ``differs``."""
    theirs = torch_parameters(spec)
    if theirs is None:
        return []
    ours = {param.name: param for param in spec.params}
    ports = {port.name for port in spec.inputs}
    said = set(re.findall(r"\w+", " ".join(spec.differs.values())))  # "called other" names the new word too
    found = []
    for name, param in ours.items():
        if name in spec.differs or name in OURS or (name not in theirs and name in said):
            continue
        if name not in theirs:
            found.append(f"{name} is no parameter of {spec.torch_name}")
        elif not _equal(param.default, theirs[name]):
            found.append(f"{name} is {param.default!r} by default, in torch {theirs[name]!r}")
    asked = [name for name, default in theirs.items() if default is inspect.Parameter.empty]
    inputs = set(asked[: max(1, len(spec.inputs))]) if not inspect.isclass(torch_object(spec)) else set()
    for name in theirs:
        known = (
            name.startswith("_")
            or name in said
            or name in ours
            or name in spec.differs
            or name in ports
            or name in FROM_THE_WIRE
            or name in FROM_THE_RUN
        )
        if not known and name not in inputs:
            found.append(f"{name} of {spec.torch_name} is missing")
    return found


def _equal(ours: object, theirs: object) -> bool:
    if theirs is inspect.Parameter.empty:
        return True  # torch asks; a drawing starts with something
    if callable(theirs):
        return ours == getattr(theirs, "__name__", "")
    if isinstance(ours, tuple) and isinstance(theirs, (int, float)):
        return all(_equal(one, theirs) for one in ours)
    if isinstance(theirs, (list, tuple)) and isinstance(ours, tuple):
        return tuple(ours) == tuple(theirs)
    if theirs is None:
        return isinstance(ours, str) or ours in (
            None,
            (),
            0,
            False,
        )  # a choice says by name what None stands for
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return float(ours) == float(theirs)
    return ours == theirs


@pytest.mark.parametrize("spec", NAMED, ids=lambda spec: spec.name)
def test_parameters_are_torchs_or_the_record_says_why(spec: LayerSpec) -> None:
    assert not complaints(spec)


@pytest.mark.parametrize(
    "spec", [one for one in CATALOGUE.values() if one.differs], ids=lambda spec: spec.name
)
def test_each_difference_is_real_and_has_its_reason(spec: LayerSpec) -> None:
    theirs = torch_parameters(spec) if spec.torch_name else None
    names = {param.name for param in spec.params} | set(theirs or {})
    for name, why in spec.differs.items():
        assert len(why.split()) >= 2, f"{spec.name}.{name}: say why in words"
        is_class = theirs is not None and inspect.isclass(torch_object(spec))
        assert name in names or not is_class, f"{spec.name} excuses {name}, which nobody has"
