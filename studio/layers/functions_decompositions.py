"""Matrices taken apart (SVD, QR, Cholesky), and the cross product of vectors."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.functions import function
from studio.layers.functions_products import one_kind
from studio.layers.rules import Specs, broadcast, fixed
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch

_GROUP = "Matrices"
_A = {"A": "called x, as in the other layers"}
_NO_OPERATOR = "ONNX has no such operator."
_MATRICES = (Port("x", "* R K", doc="Matrices, one or many."),)


def _smaller(x: TensorSpec) -> tuple[tuple[Size, ...], Size, Size, int]:
    """What stands before the matrix, its rows and columns, and the smaller of both."""
    *many, rows, columns = x.shape
    return tuple(many), rows, columns, min(fixed(rows, "R"), fixed(columns, "K"))


def _svd_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    many, rows, columns, least = _smaller(inputs[0])
    shapes = ((*many, rows, least), (*many, least), (*many, least, columns))
    return tuple(TensorSpec(shape, inputs[0].dtype) for shape in shapes)


def _qr_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    many, rows, columns, least = _smaller(inputs[0])
    return tuple(
        TensorSpec(shape, inputs[0].dtype) for shape in ((*many, rows, least), (*many, least, columns))
    )


def _cholesky_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    rows, columns = inputs[0].shape[-2:]
    if rows != columns:
        raise ShapeError(
            "{layer} needs square matrices, gets {rows} by {columns}",
            layer="Cholesky",
            rows=rows,
            columns=columns,
        )
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _cross_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec(broadcast([one.shape for one in inputs], "Cross"), one_kind("Cross", inputs)),)


SVD = function(
    "SVD",
    "Takes matrices apart into two rotations and how much each direction is stretched.",
    r"X = U \operatorname{diag}(s) V^\top",
    inputs=_MATRICES,
    outputs=(
        Port("u", "* R M", doc="The directions that come out, one in each column."),
        Port("s", "* M", doc="How much each is stretched, the largest first."),
        Port("vh", "* M K", doc="The directions that go in, one in each row."),
    ),
    shape=_svd_shape,
    torch=Torch(call="torch.linalg.svd({x}, full_matrices=False)"),
    examples=(
        Example({}, (("N", 4, 3),), ("N", 4, 3)),
        Example({}, ((2, 5),), (2, 2)),
    ),
    pitfalls="The signs of the directions are free, so learn from s alone; equal values make gradients explode.",
    group=_GROUP,
    torch_name="torch.linalg.svd",
    onnx=_NO_OPERATOR,
    exportable=False,
    keywords=("singular values", "PCA", "rank", "low rank"),
    differs={**_A, "full_matrices": "never: only the directions that matter", "driver": "torch chooses"},
)
QR = function(
    "QR",
    "Takes matrices apart into directions at right angles and a triangle.",
    r"X = Q R",
    inputs=_MATRICES,
    outputs=(
        Port("q", "* R M", doc="Directions of length 1 at right angles, one in each column."),
        Port("r", "* M K", doc="A triangle of zeros below."),
    ),
    shape=_qr_shape,
    torch=Torch(call="torch.linalg.qr({x})"),
    examples=(
        Example({}, (("N", 4, 3),), ("N", 4, 3)),
        Example({}, ((2, 5),), (2, 2)),
    ),
    pitfalls="Gradients need columns that do not depend on each other, and no more columns than rows.",
    group=_GROUP,
    torch_name="torch.linalg.qr",
    onnx=_NO_OPERATOR,
    exportable=False,
    keywords=("orthogonal", "Gram-Schmidt", "least squares"),
    differs={**_A, "mode": "always reduced: only the directions that matter"},
)
CHOLESKY = function(
    "Cholesky",
    "Takes the root of covariance matrices: a triangle that gives the matrix when multiplied by itself.",
    r"X = L L^\top",
    inputs=(Port("x", "* D D", doc="Symmetric matrices that stretch every direction, such as covariances."),),
    outputs=(Port("y", "* D D", doc="Triangles, zeros above the diagonal."),),
    shape=_cholesky_shape,
    torch=Torch(call="torch.linalg.cholesky_ex({x}).L"),
    examples=(Example({}, (("N", 4, 4),), ("N", 4, 4)), Example({}, (("N", 2, 6, 6),), ("N", 2, 6, 6))),
    pitfalls="Only the lower half is read. A matrix that is no covariance gives numbers without a meaning: add a small"
    " number to its diagonal.",
    group=_GROUP,
    torch_name="torch.linalg.cholesky",
    onnx=_NO_OPERATOR,
    exportable=False,
    keywords=("covariance", "positive definite", "root", "Gaussian", "whitening"),
    differs={**_A, "upper": "Transpose after it does it"},
)
CROSS = function(
    "Cross",
    "Gives the vector at right angles to two others, as long as the area they span.",
    r"y = x \times z",
    inputs=(
        Port("x", "* 3", doc="Vectors of three numbers."),
        Port("other", "* 3", doc="Vectors of three numbers; size 1 stretches."),
    ),
    outputs=(Port("y", "* 3", doc="One vector for each pair."),),
    shape=_cross_shape,
    torch=Torch(call="torch.linalg.cross(*torch.broadcast_tensors({x}, {other}))"),
    examples=(Example({}, (("N", 3), ("N", 3)), ("N", 3)), Example({}, (("N", 5, 3), (1, 3)), ("N", 5, 3))),
    pitfalls="Parallel vectors give 0. The order matters: turned around, the sign turns too.",
    group=_GROUP,
    torch_name="torch.linalg.cross",
    onnx="Gather, Mul and Sub.",
    keywords=("cross product", "normal", "vector product", "torch.cross"),
    differs={"input": "called x, as in the other layers", "dim": "the last axis, whose size is 3"},
)
LAYERS: tuple[LayerSpec, ...] = (CROSS, SVD, QR, CHOLESKY)
