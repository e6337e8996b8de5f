"""Which dtype comes out where several kinds of numbers meet, as torch promotes them."""

from __future__ import annotations

from studio.graph.spec import COMPLEX, FLOATS, INTS, TensorSpec

_RANK = {"bool": 0, **dict.fromkeys(INTS, 1), **dict.fromkeys(FLOATS, 2), **dict.fromkeys(COMPLEX, 3)}
_SIGNED = ("int8", "int16", "int32", "int64")
_LARGEST_WHOLE = 1e15  # floats beyond it are not written as whole numbers


def promoted(inputs: tuple[TensorSpec, ...]) -> str:
    """The dtype of an operation on all ``inputs``; a scalar counts only where it is of a higher kind.

    Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    with_axes, without = "", ""
    for given in inputs:
        if given.shape:
            with_axes = _joined(with_axes, given.dtype)
        else:
            without = _joined(without, given.dtype)
    if not with_axes or not without or _RANK[with_axes] >= _RANK[without]:
        return with_axes or without
    if _RANK[without] == 3 and _RANK[with_axes] == 2:
        return "complex128" if with_axes == "float64" else "complex64"
    return without


def _joined(one: str, other: str) -> str:
    if not one or one == other:
        return other
    low, high = sorted((one, other), key=_RANK.__getitem__)
    if _RANK[low] < _RANK[high]:
        wide = low == "float64" and high == "complex64"
        return "complex128" if wide else high
    if _RANK[high] == 3:
        return "complex128"
    if _RANK[high] == 2:
        return "float64" if "float64" in (one, other) else "float32"
    if "uint8" in (one, other):
        signed = other if one == "uint8" else one
        return "int16" if signed == "int8" else signed
    return max(one, other, key=_SIGNED.index)


def real(dtype: str) -> str:
    """What a function of real numbers gives: whole numbers and yes or no become float32."""
    return dtype if _RANK[dtype] >= 2 else "float32"


def summed(dtype: str) -> str:
    """What a sum gives: whole numbers and yes or no are counted in int64."""
    return dtype if _RANK[dtype] >= 2 else "int64"


def without_phase(dtype: str) -> str:
    """The dtype of a size or an angle: that of the parts of a complex number."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def with_phase(dtype: str) -> str:
    """The complex dtype whose parts are of ``dtype``."""
    return {"float64": "complex128", "complex128": "complex128"}.get(dtype, "complex64")


def is_whole(value: float) -> bool:
    """Whether code writes ``value`` as a whole number, so that whole numbers stay whole."""
    return float(value).is_integer() and abs(value) < _LARGEST_WHOLE and not hasattr(value, "text")


def beside_number(dtype: str, value: float) -> str:
    """The dtype of an operation of a tensor and a plain number."""
    if dtype == "bool":
        return "int64" if is_whole(value) else "float32"
    return dtype if is_whole(value) else real(dtype)
