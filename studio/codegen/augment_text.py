"""The part of data.py that moves, turns, mirrors and roughens training pictures: the trainer's rule, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.codegen.template import fill

_TEXT = '''


def signed(value: int) -> int:
    """The int64 with the same 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def scramble(value: int) -> int:
    """Splitmix64 of one number: 64 bits without a pattern."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
    return value ^ (value >> 31)


def scrambled(values: Tensor) -> Tensor:
    """Splitmix64 of each int64."""
    values = values + signed(0x9E3779B97F4A7C15)
    values = values ^ ((values >> 30) & (2**34 - 1))
    values = values * signed(0xBF58476D1CE4E5B9)
    values = values ^ ((values >> 27) & (2**37 - 1))
    values = values * signed(0x94D049BB133111EB)
    return values ^ ((values >> 31) & (2**33 - 1))


def uniform(keys: Tensor, stream: int) -> Tensor:
    """Float32 numbers in [0, 1), one for each key, other ones for another stream."""
    bits = scrambled(keys ^ signed(scramble(stream)))
    return ((bits >> 40) & (2**24 - 1)).float() * 2.0**-24


def changed(images: Tensor, rows: Tensor, seed: int, epoch: int) -> Tensor:
    """Pictures (N, C, H, W), each changed in its own way in each epoch."""
    keys = scrambled(rows ^ signed(scramble(scramble(seed) ^ epoch) >> 1))
    move| images = moved(images, keys)
    turn| images = turned(images, keys)
    noise| images = images + «noise» * «largest» * normal(images.shape, keys)
    return images
move|
move|
move| def moved(images: Tensor, keys: Tensor) -> Tensor:
move|     """Whole pixels only; what comes in from outside is 0."""
move|     height, width = images.shape[-2:]
move|     y = torch.arange(height).expand(len(images), -1)
move|     x = torch.arange(width).expand(len(images), -1)
flip|     x = torch.where((uniform(keys, 1) < 0.5)[:, None], width - 1 - x, x)
shift|     y = y - ((uniform(keys, 2) * «span»).long() - «shift»)[:, None]
shift|     x = x - ((uniform(keys, 3) * «span»).long() - «shift»)[:, None]
move|     inside_y, inside_x = (y >= 0) & (y < height), (x >= 0) & (x < width)
move|     y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
move|     places = (y[:, :, None] * width + x[:, None, :]).flatten(1)
move|     places = places[:, None].expand(-1, images.shape[1], -1)
move|     images = images.flatten(2).gather(2, places).view_as(images)
move|     return images * (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
turn|
turn|
turn| def turned(images: Tensor, keys: Tensor) -> Tensor:
turn|     """About the middle, by at most «rotation» degrees."""
turn|     ratio = images.shape[2] / images.shape[3]
turn|     angle = (uniform(keys, 4) * 2 - 1) * math.radians(«rotation»)
turn|     cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
turn|     first = torch.stack([cosine, -sine * ratio, zero], dim=1)
turn|     second = torch.stack([sine / ratio, cosine, zero], dim=1)
turn|     matrix = torch.stack([first, second], dim=1)
turn|     grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
turn|     return F.grid_sample(images, grid, align_corners=False)
noise|
noise|
noise| def normal(shape: torch.Size, keys: Tensor) -> Tensor:
noise|     """Normal numbers, by Box and Muller."""
noise|     pixels = torch.arange(math.prod(shape[1:]))
noise|     places = scrambled(keys[:, None] + pixels * signed(0x94D049BB133111EB))
noise|     radius = (-2 * (1 - uniform(places, 5)).log()).sqrt()
noise|     return (radius * (2 * math.pi * uniform(places, 6)).cos()).view(shape)
'''


def augments(settings: Mapping[str, Any]) -> bool:
    """Whether a Data node changes training pictures."""
    return any(settings.get(name) for name in ("shift", "rotation", "flip", "noise"))


def augment_lines(settings: Mapping[str, Any], largest: float) -> list[str]:
    """The functions, two blank lines before them.

    Args:
        settings: of the Data node.
        largest: the largest raw value of a picture.
    """
    shift = int(settings.get("shift") or 0)
    flags = {name for name in ("shift", "flip", "noise") if settings.get(name)}
    flags |= {"turn"} if settings.get("rotation") else set()
    flags |= {"move"} if flags & {"shift", "flip"} else set()
    fields: dict[str, str | list[str]] = {
        "shift": str(shift),
        "span": str(2 * shift + 1),
        "rotation": repr(float(settings.get("rotation") or 0.0)),
        "noise": repr(float(settings.get("noise") or 0.0)),
        "largest": repr(largest),
    }
    return ["", "", *fill(_TEXT, flags, fields)]
