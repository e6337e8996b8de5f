"""The dtype rules of functions against torch's own promotion, for every pair of dtypes."""

from __future__ import annotations

import itertools

import pytest
import torch

from studio.graph.spec import COMPLEX, FLOATS, INTS, TensorSpec, kind_of
from studio.layers.dtypes import beside_number, promoted, real, summed, with_phase, without_phase

DTYPES = ("bool", *INTS, *FLOATS, *COMPLEX)
SHAPES = ((), (2,))


def one(spec: TensorSpec) -> torch.Tensor:
    return torch.ones([2] * len(spec.shape), dtype=getattr(torch, spec.dtype))


@pytest.mark.parametrize("first", DTYPES)
def test_two_dtypes_meet_as_in_torch(first: str) -> None:
    for second, left, right in itertools.product(DTYPES, SHAPES, SHAPES):
        specs = (TensorSpec(left, first), TensorSpec(right, second))
        wanted = torch.result_type(one(specs[0]), one(specs[1]))
        if wanted != torch.complex32:  # torch hardly calculates with it, and no port has it
            assert f"torch.{promoted(specs)}" == str(wanted), specs


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_dtype_changes_as_in_torch(dtype: str) -> None:
    x = one(TensorSpec((2,), dtype))
    assert f"torch.{summed(dtype)}" == str(x.sum().dtype)
    assert f"torch.{beside_number(dtype, 2.0)}" == str((x * 2).dtype)
    assert f"torch.{beside_number(dtype, 0.5)}" == str((x * 0.5).dtype)
    assert f"torch.{real(dtype)}" == str((x / x).dtype)
    if kind_of(TensorSpec((), dtype)) == "complex":
        assert f"torch.{without_phase(dtype)}" == str(x.abs().dtype)
        assert with_phase(without_phase(dtype)) == dtype
