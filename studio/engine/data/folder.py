"""A folder of images as a data set: one sub-folder a class.

A file that can't be used never stops the import and never disappears silently: the report names it and says
why.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from studio.engine.data.dataset import DataError, LoadedSet
from studio.layers.datasets import DataField

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LARGEST_DEFAULT = 64  # pixels a side when the caller chooses no size: what a laptop trains in minutes
LIMIT_BYTES = 4 << 30  # pixels kept in memory, in bytes
PREVIEW = 20
_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B")
_IMAGE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,  # Pillow raises it for a broken PNG
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that was left out, and why; `path` is relative to the folder."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What an import found.

    Attributes:
        classes: class name -> samples read; 0 for a class folder without a usable image.
        bad: every file left out.
        sizes: (width, height) in pixels -> number of images of that size, as found.
        size: (width, height) that all samples have now.
        colour: "grey" or "rgb".
        preview: up to 20 sample paths, taken evenly over all samples.
    """

    classes: dict[str, int]
    bad: tuple[BadFile, ...]
    sizes: dict[tuple[int, int], int]
    size: tuple[int, int]
    colour: str
    preview: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One file whose header is an image's."""

    path: Path
    label: str
    size: tuple[int, int]
    grey: bool


def load_folder(
    folder: Path,
    size: tuple[int, int] | None = None,
    colour: str | None = None,
    progress: Progress | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> tuple[LoadedSet, FolderReport]:
    """Reads a folder of images, every sub-folder a class; deeper folders belong to the class above them.

    Args:
        folder: holds the class folders.
        size: (width, height) in pixels of all samples; None takes the most common size, no side over 64.
            Pictures of another shape are stretched.
        colour: "grey" or "rgb"; None takes "grey" when every picture is grey.
        progress: called with (files done, files) while pixels are read; may raise to cancel.
        limit_bytes: refuse more pixels than this.

    Returns:
        The set, image (N, C, H, W) uint8 and label (N,) int64, and the report.

    Raises:
        DataError: no such folder, no class folders, no usable image, a wrong argument, or too many pixels.
    """
    if colour not in (None, "grey", "rgb") or (size is not None and min(size) < 1):
        raise DataError(f"Colour {colour!r} and size {size} must be grey or rgb and at least 1x1 pixels.")
    names = _class_folders(folder)
    bad: list[BadFile] = []
    found = list(_scan(folder, names, bad))
    if not found:
        raise DataError(
            f"{folder} has no image that can be read ({len(bad)} files were left out). Put PNG or JPEG files "
            "into one folder for each class."
        )
    sizes = Counter(item.size for item in found)
    size = size or _common_size(sizes)
    colour = colour or ("grey" if all(item.grey for item in found) else "rgb")
    _check_memory(len(found), size, colour, limit_bytes)
    pixels, kept = _read_all(folder, found, size, colour, bad, progress)
    return _assemble(folder, names, pixels, kept, bad, sizes, size, colour)


def _check_memory(count: int, size: tuple[int, int], colour: str, limit_bytes: int) -> None:
    """Refuses what would not fit into memory."""
    needed = count * size[0] * size[1] * (1 if colour == "grey" else 3)
    if needed > limit_bytes:
        raise DataError(
            f"{count} images of {size[0]}x{size[1]} pixels in {colour} need {needed >> 20} MB, over the "
            f"limit of {limit_bytes >> 20} MB. Choose a smaller size."
        )


def _class_folders(folder: Path) -> list[str]:
    """Names of the class folders, sorted."""
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Choose a folder that holds one folder for each class.")
    try:
        names = sorted(item.name for item in folder.iterdir() if item.is_dir() and item.name[0] != ".")
    except OSError as error:
        raise DataError(
            f"The folder {folder} can't be read ({error.strerror}). Check its permissions."
        ) from error
    if not names:
        raise DataError(
            f"{folder} has no folders in it. Make one folder for each class, named after the class, and put "
            "its images inside."
        )
    return names


def _scan(folder: Path, names: list[str], bad: list[BadFile]) -> Iterator[_Found]:
    """Every file with an image's header, in a fixed order; the others go to `bad`."""
    for path in sorted(item for item in folder.iterdir() if item.is_file() and item.name[0] != "."):
        bad.append(BadFile(path.name, "lies beside the class folders, so it has no class"))
    for name in names:
        for parent, folders, files in os.walk(folder / name):
            folders.sort()
            for file in sorted(files):
                if file.startswith(".") or file == "Thumbs.db":
                    continue  # made by file managers, not by the user
                path = Path(parent, file)
                try:
                    yield _header(path, name)
                except _IMAGE_ERRORS as error:
                    bad.append(BadFile(path.relative_to(folder).as_posix(), _reason(path, error)))


def _header(path: Path, label: str) -> _Found:
    """Size and colour of an image, without reading its pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            grey = image.mode in _GREY_MODES
            return _Found(path, label, image.size, grey)


def _reason(path: Path, error: Exception) -> str:
    """Why a file was left out, in words for the user."""
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "has too many pixels"
    if path.suffix.lower() not in EXTENSIONS:
        return f"is not an image ({path.suffix or 'no extension'})"
    if isinstance(error, UnidentifiedImageError):
        return "is empty" if path.stat().st_size == 0 else "is not an image in a known format"
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read: {error.strerror}"
    return f"is damaged: {error}"


def _common_size(sizes: Counter[tuple[int, int]]) -> tuple[int, int]:
    """The most common size, shrunk in proportion until no side is over 64 pixels."""
    # Among equally common ones the smallest, so that the answer doesn't hang on the order of files.
    (width, height), _ = min(sizes.items(), key=lambda item: (-item[1], item[0]))
    factor = min(1.0, LARGEST_DEFAULT / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _read_all(
    folder: Path,
    found: list[_Found],
    size: tuple[int, int],
    colour: str,
    bad: list[BadFile],
    progress: Progress | None,
) -> tuple[np.ndarray, list[_Found]]:
    """Pixels of every readable image, (N, C, H, W) uint8, and which files they are."""
    channels = 1 if colour == "grey" else 3
    pixels = np.empty((len(found), channels, size[1], size[0]), dtype=np.uint8)
    kept: list[_Found] = []
    for done, item in enumerate(found, 1):
        try:
            pixels[len(kept)] = _pixels(item.path, size, colour)
            kept.append(item)
        except _IMAGE_ERRORS as error:
            bad.append(BadFile(item.path.relative_to(folder).as_posix(), _reason(item.path, error)))
        if progress is not None:
            progress(done, len(found))
    return pixels[: len(kept)], kept


def _pixels(path: Path, size: tuple[int, int], colour: str) -> np.ndarray:
    """One image as (C, H, W) uint8, upright as its camera meant it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as opened:
            image: Image.Image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):
                # Pillow would clip 16 bits at 255 and make the picture white.
                image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
            elif image.mode == "F":
                raise ValueError("its pixels are floats without a known range")
            image = image.convert("L" if colour == "grey" else "RGB")
            if image.size != size:
                image = image.resize(size, Image.Resampling.BILINEAR)
            array = np.asarray(image)
    return array[None] if colour == "grey" else array.transpose(2, 0, 1)


def _assemble(
    folder: Path,
    names: list[str],
    pixels: np.ndarray,
    kept: list[_Found],
    bad: list[BadFile],
    sizes: Counter[tuple[int, int]],
    size: tuple[int, int],
    colour: str,
) -> tuple[LoadedSet, FolderReport]:
    """The set and the report; a class without a usable image is no class."""
    if not kept:
        raise DataError(f"None of the {len(bad)} files in {folder} can be read. Replace the damaged images.")
    counts = Counter(item.label for item in kept)
    classes = tuple(name for name in names if counts[name])
    label = torch.tensor([classes.index(item.label) for item in kept])
    paths = tuple(item.path.relative_to(folder).as_posix() for item in kept)
    fields = (
        DataField("image", tuple(pixels.shape[1:]), "float32", "image", "C H W"),
        DataField("label", (), "int64", "label", classes=classes),
    )
    tensors = {"image": torch.from_numpy(pixels), "label": label}
    loaded = LoadedSet(str(folder), fields, tensors, raw_max=255.0, name_of=paths)
    every = max(1, -(-len(paths) // PREVIEW))
    report = FolderReport(
        {name: counts[name] for name in names}, tuple(bad), dict(sizes), size, colour, paths[::every]
    )
    return loaded, report
