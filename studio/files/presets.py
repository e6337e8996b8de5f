"""The shipped networks: ``presets/<family>/<name>.json``, project files like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from studio import places
from studio.document.edits import set_value
from studio.document.model import Document
from studio.document.plain import field_of, run_from_plain, run_to_plain, typed, value_from_plain
from studio.files.errors import FileError
from studio.files.project import Project, load_project

# In this order they are offered; others follow.
FAMILIES = ("cnn", "roots", "tabular", "sequence", "transformer", "generative", "learning")


@dataclass(frozen=True, slots=True)
class Size:
    """A named size, as in ``preset:gpt:small``, and how many weights it has."""

    name: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset's card. ``sizes`` may follow its name."""

    name: str
    family: str
    title: str
    summary: str
    parameters: int
    sizes: tuple[Size, ...]
    path: Path


class Face(msgspec.Struct):
    """What a card says of a preset before anybody opens it."""

    title: str = ""
    about: dict[str, Any] = {}


def preset_face(name: str) -> Face:
    """Title and description of a preset, read without building its drawing.

    Raises:
        FileError: the file is damaged.
    """
    path = _paths()[name]
    try:
        return msgspec.json.decode(path.read_bytes(), type=Face)
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(str(path), str(error), "Install the studio again") from error


def preset_family(name: str) -> str:
    """The family a preset belongs to, the name of its folder."""
    return _paths()[name].parent.name


def preset_bytes(name: str) -> bytes:
    """The preset's file as it is."""
    return _paths()[name].read_bytes()


def preset_names() -> list[str]:
    """The names of all presets, in the order in which they are offered."""
    return list(_paths())


def load_preset(name: str, size: str = "") -> Document:
    """The preset ``name``, in one of its named sizes.

    Raises:
        FileError: there is no such preset, or it has no such size.
    """
    path = _paths().get(name)
    if path is None:
        raise FileError(
            f"preset:{name}", "there is no such preset", "Take one of {names}", names=", ".join(_paths())
        )
    document = load_project(path).document
    return sized(document, size, f"preset:{name}:{size}") if size else document


def list_presets() -> list[Preset]:
    """All presets, in the order in which they are offered."""
    return [_card(name, path) for name, path in _paths().items()]


def open_named(name: str) -> Project:
    """A project as the command line names it: a file, ``preset:NAME`` or ``preset:NAME:SIZE``.

    Raises:
        FileError: it can't be used.
    """
    if not name.startswith("preset:"):
        return load_project(Path(name))
    _, preset, *size = name.split(":")
    return Project(load_preset(preset, ":".join(size)))


@cache
def _paths() -> dict[str, Path]:
    found = sorted(places.presets().glob("*/*.json"))
    known = {family: rank for rank, family in enumerate(FAMILIES)}
    found.sort(key=lambda path: (known.get(path.parent.name, len(known)), not path.stem.startswith("lenet")))
    return {path.stem: path for path in found}


def _card(name: str, path: Path) -> Preset:
    document = load_project(path).document
    parameters = document.expect.get("parameters", 0)
    sizes = [(size, _size_of(document, size, name)) for size in document.sizes]
    return Preset(
        name,
        path.parent.name,
        document.title,
        str(document.about.get("summary", "")),
        parameters if isinstance(parameters, int) else 0,
        tuple(Size(size, field_of(plain, "parameters", int, name, 0)) for size, plain in sizes),
        path,
    )


def sized(document: Document, size: str, place: str = "") -> Document:
    """``document`` in one of its named sizes: its values for the parameters, its run settings, its promises.

    Raises:
        FileError: it has no such size, or a value does not fit.
    """
    if size not in document.sizes:
        names = ", ".join(document.sizes) or "-"
        raise FileError(place or size, "the preset has no such size", "Take one of {names}", names=names)
    plain = _size_of(document, size, place or size)
    for name, value in field_of(plain, "values", dict, place, {}).items():
        document = set_value(document, name, value_from_plain(value, f"{place} {name}"))
    promised = ("parameters", "outputs")
    expect = {name: value for name, value in document.expect.items() if name not in promised}
    expect |= {name: plain[name] for name in promised if name in plain}
    changed = field_of(plain, "run", dict, place, {})
    run = run_from_plain({**run_to_plain(document.run), **changed}, f"{place} run")
    return replace(document, title=f"{document.title} ({size})", expect=expect, run=run)


def _size_of(document: Document, size: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = typed(document.sizes[size], dict, f"{place} sizes {size}")
    return found
