"""What flows through a wire: a shape of sizes and a dtype."""

from __future__ import annotations

from dataclasses import dataclass

from studio.graph.sizes import Size

FLOATS = ("float32", "float16", "bfloat16", "float64")
INTS = ("int64", "int32", "int16", "int8", "uint8")
COMPLEX = ("complex64", "complex128")
_KINDS = {
    name: kind for kind, names in (("float", FLOATS), ("int", INTS), ("complex", COMPLEX)) for name in names
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape, dtype ("float32", "int64", "bool", …) and, where known, what the numbers mean.

    ``classes`` is the number of distinct values of integers 0…classes-1 (labels, tokens), 0 when unknown.
    ``axes`` names the axes ("N C H W"), "" when unknown.
    """

    shape: tuple[Size, ...]
    dtype: str = "float32"
    classes: int = 0
    axes: str = ""

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(str(size) for size in self.shape)}]"


def is_float(spec: TensorSpec) -> bool:
    """Whether the values are floating point."""
    return spec.dtype in FLOATS


def kind_of(spec: TensorSpec) -> str:
    """The kind of numbers: "float", "int", "complex" or "bool"."""
    return _KINDS.get(spec.dtype, "bool")
