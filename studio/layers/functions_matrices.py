"""Matrices as layers: triangles, diagonals, inverses, determinants, equations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.functions import Written, function
from studio.layers.functions_products import inner_fits, one_kind
from studio.layers.params import Int
from studio.layers.rules import Specs, axes_of, broadcast, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text

_GROUP = "Matrices"
_CALLED = {"input": "called x, as in the other layers"}
_SQUARE = (Port("x", "* D D", doc="Square matrices, one or many."),)
_SQUARES = (Example({}, (("N", 4, 4),), ("N", 4, 4)), Example({}, (("N", 2, 6, 6),), ("N", 2, 6, 6)))
_ONE_EACH = (Example({}, (("N", 4, 4),), ("N",)), Example({}, (("N", 2, 6, 6),), ("N", 2)))
_NO_OPERATOR = "ONNX has no such operator."


def _triangle(name: str, summary: str, tex: str, pitfalls: str, words: tuple[str, ...]) -> LayerSpec:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        return (inputs[0],)

    word = name.lower()
    return function(
        name,
        summary,
        tex,
        inputs=(Port("x", "* R K", "any", doc="Matrices, one or many."),),
        outputs=(Port("y", "* R K", "any", doc="The same shape, with zeros on one side."),),
        params=(
            Int(
                "diagonal",
                0,
                "The last diagonal that is kept: 0 is the main one, positive ones lie above it.",
                label="Diagonal",
                essential=False,
            ),
        ),
        shape=shape,
        torch=Torch(
            text=lambda p, inputs: ("", build_text(f"{{x}}.{word}", *((p.diagonal,) if p.diagonal else ())))
        ),
        examples=(
            Example({}, (("N", 4, 4),), ("N", 4, 4)),
            Example({"diagonal": 1}, (("T", "T"),), ("T", "T")),
        ),
        short="{diagonal}",
        pitfalls=pitfalls,
        group=_GROUP,
        torch_name=f"torch.{word}",
        onnx="Trilu.",
        keywords=(*words, "triangle", "Trilu"),
        differs=_CALLED,
    )


TRIL = _triangle(
    "Tril",
    "Keeps the lower triangle of matrices and sets the rest to 0.",
    r"y_{ij} = x_{ij} \, [\,j \le i + d\,]",
    "Of ones it makes the mask that lets each step see earlier ones only.",
    ("lower triangular", "causal mask"),
)
TRIU = _triangle(
    "Triu",
    "Keeps the upper triangle of matrices and sets the rest to 0.",
    r"y_{ij} = x_{ij} \, [\,j \ge i + d\,]",
    "Of ones, from the first diagonal above on, it marks what a step may not see.",
    ("upper triangular", "future"),
)

_OFFSET = Int("offset", 0, "Which diagonal: 0 is the main one, positive ones lie above it.", label="Diagonal")
_DIM1 = Int("dim1", -2, "The axis of the rows.", label="Axis of rows", essential=False)
_DIM2 = Int("dim2", -1, "The axis of the columns.", label="Axis of columns", essential=False)


def _diagonal_size(offset: int, rows: Size, columns: Size) -> Size:
    if isinstance(rows, int) and isinstance(columns, int):
        size = min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns)
        if size < 1:
            raise ShapeError(
                "a matrix of {rows} rows and {columns} columns has no diagonal {offset}",
                rows=rows,
                columns=columns,
                offset=offset,
            )
        return size
    if rows != columns:
        raise ShapeError(
            "the length of the diagonal of {rows} rows and {columns} columns is not known: make them equal",
            rows=rows,
            columns=columns,
        )
    return rows - abs(offset)


def _diagonal_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    rows, columns = axes_of((p.dim1, p.dim2), len(shape), "Diagonal")
    size = _diagonal_size(p.offset, shape[rows], shape[columns])
    kept = tuple(axis for at, axis in enumerate(shape) if at not in (rows, columns))
    return (TensorSpec((*kept, size), inputs[0].dtype, inputs[0].classes),)


DIAGONAL = function(
    "Diagonal",
    "Takes the diagonal of matrices.",
    r"y_i = x_{ii}",
    inputs=(Port("x", "* R K", "any", doc="Matrices, one or many."),),
    outputs=(Port("y", "* D", "any", doc="The diagonals."),),
    params=(_OFFSET, _DIM1, _DIM2),
    shape=_diagonal_shape,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text("{x}.diagonal", offset=(p.offset, 0), dim1=(p.dim1, 0), dim2=(p.dim2, 1)),
        )
    ),
    examples=(
        Example({}, (("N", 4, 6),), ("N", 4)),
        Example({"offset": 1}, (("N", "T", "T"),), ("N", "T - 1")),
    ),
    short="{offset}",
    pitfalls="Of a table of similarities it holds each thing with itself. Sum after it is the trace.",
    group=_GROUP,
    torch_name="torch.diagonal",
    onnx="EyeLike, or GatherND.",
    keywords=("MatrixDiagPart", "trace", "main diagonal"),
    differs={
        **_CALLED,
        "dim1": "the last axes, since the first is the batch",
        "dim2": "the last axes, since the first is the batch",
    },
)


def _matrix_diag_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    size = inputs[0].shape[-1] + abs(p.offset)
    return (TensorSpec((*inputs[0].shape[:-1], size, size), inputs[0].dtype),)


MATRIX_DIAG = function(
    "MatrixDiag",
    "Puts vectors on the diagonal of matrices of zeros.",
    r"y_{ii} = x_i",
    inputs=(Port("x", "* F", "any", doc="Vectors, one or many."),),
    outputs=(Port("y", "* D D", "any", doc="Square matrices."),),
    params=(_OFFSET,),
    shape=_matrix_diag_shape,
    torch=Torch(
        text=lambda p, inputs: ("", build_text("torch.diag_embed", Written("{x}"), offset=(p.offset, 0)))
    ),
    examples=(
        Example({}, (("N", 4),), ("N", 4, 4)),
        Example({"offset": -1}, (("N", 2, 3),), ("N", 2, 4, 4)),
    ),
    short="{offset}",
    pitfalls="To scale rows it is a detour: Multiply by the vector instead.",
    group=_GROUP,
    torch_name="torch.diag_embed",
    onnx="Unsqueeze, Where and EyeLike.",
    keywords=("diag_embed", "diagonal matrix", "covariance"),
    differs={
        **_CALLED,
        "dim1": "always the last axes: MoveAxis moves them",
        "dim2": "always the last axes: MoveAxis moves them",
    },
)


def _same_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _square(name: str, x: TensorSpec) -> None:
    """Refuses matrices that are not square."""
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise ShapeError(
            "{layer} needs square matrices, gets {rows} by {columns}", layer=name, rows=rows, columns=columns
        )


def _number_each(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec(inputs[0].shape[:-2], inputs[0].dtype),)


def _of_square(name: str, summary: str, tex: str, call: str, pitfalls: str, **rest: Any) -> LayerSpec:
    """A function of square matrices; most of them ONNX can't say."""
    each = rest.pop("each", False)
    rule = _number_each if each else _same_shape

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        _square(name, inputs[0])
        return rule(p, inputs)

    rest.setdefault("onnx", _NO_OPERATOR)
    rest.setdefault("exportable", False)
    return function(
        name,
        summary,
        tex,
        inputs=_SQUARE,
        outputs=(
            Port("y", "*", doc="One number for each matrix.")
            if each
            else Port("y", "* D D", doc="Square matrices."),
        ),
        shape=shape,
        torch=Torch(call=call),
        examples=_ONE_EACH if each else _SQUARES,
        pitfalls=pitfalls,
        group=_GROUP,
        **rest,
    )


INVERSE = _of_square(
    "Inverse",
    "Inverts square matrices.",
    r"Y = X^{-1}",
    "torch.linalg.inv({x})",
    "A matrix without an inverse stops the run; nearly such ones explode. Solve is better where it fits.",
    torch_name="torch.linalg.inv",
    keywords=("BatchInv", "matrix inverse", "inv"),
    differs={"A": "called x, as in the other layers"},
)
DETERMINANT = _of_square(
    "Determinant",
    "Gives the determinant of square matrices: by how much they change a volume.",
    r"y = \det X",
    "torch.linalg.det({x})",
    "Of large matrices it over- or underflows: LogDet does not.",
    each=True,
    onnx="Det.",
    exportable=True,
    torch_name="torch.linalg.det",
    keywords=("BatchDet", "det", "volume"),
    differs={"A": "called x, as in the other layers"},
)
LOG_DET = _of_square(
    "LogDet",
    "Gives the logarithm of the size of the determinant of square matrices.",
    r"y = \ln |\det X|",
    "torch.linalg.slogdet({x}).logabsdet",
    "A normalizing flow adds it up over its layers. Minus infinity for a matrix without an inverse.",
    each=True,
    torch_name="torch.linalg.slogdet",
    keywords=("BatchLogdet", "slogdet", "log determinant", "flow", "torch.logdet"),
    differs={"A": "called x, as in the other layers"},
)


def _solve_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    dtype = one_kind("Solve", inputs)
    _square("Solve", x)
    if other.shape == x.shape[:-1]:
        raise ShapeError(
            "Solve would take {shape} for single columns: give the right sides one axis more, of size 1",
            shape=show(other.shape),
        )
    inner_fits("Solve", x.shape[-1], other.shape[-2])
    many = broadcast([x.shape[:-2], other.shape[:-2]], "Solve")
    return (TensorSpec((*many, *other.shape[-2:]), dtype),)


SOLVE = function(
    "Solve",
    "Solves systems of linear equations.",
    r"X Y = B",
    inputs=(*_SQUARE, Port("other", "* D K", doc="The right sides, one in each column.")),
    outputs=(Port("y", "* D K", doc="The solutions, one in each column."),),
    shape=_solve_shape,
    torch=Torch(call="torch.linalg.solve({x}, {other})"),
    examples=(
        Example({}, (("N", 4, 4), ("N", 4, 2)), ("N", 4, 2)),
        Example({}, (("N", 3, 3), (3, 1)), ("N", 3, 1)),
    ),
    pitfalls="A matrix without an inverse stops the run: add a small number to its diagonal.",
    group=_GROUP,
    torch_name="torch.linalg.solve",
    onnx=_NO_OPERATOR,
    exportable=False,
    keywords=("linear equations", "least squares", "ridge", "inverse"),
    differs={
        "A": "called x, as in the other layers",
        "B": "called other, as in the other layers",
        "left": "the unknown stands on the right",
    },
)


def _trace_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _diagonal_size(0, *inputs[0].shape[-2:])
    return (TensorSpec(inputs[0].shape[:-2], inputs[0].dtype),)


TRACE = function(
    "Trace",
    "Adds up the diagonal of matrices.",
    r"y = \sum_i x_{ii}",
    inputs=(Port("x", "* R K", doc="Matrices, one or many."),),
    outputs=(Port("y", "*", doc="One number for each matrix."),),
    shape=_trace_shape,
    torch=Torch(call="{x}.diagonal(dim1=-2, dim2=-1).sum(-1)"),
    examples=_ONE_EACH,
    pitfalls="For each sample by itself; torch.trace knows no batch.",
    group=_GROUP,
    torch_name="torch.trace",
    onnx="Diagonal by GatherND, and ReduceSum.",
    keywords=("diagonal sum", "tr"),
    differs=_CALLED,
)


LAYERS: tuple[LayerSpec, ...] = (
    TRIL,
    TRIU,
    DIAGONAL,
    MATRIX_DIAG,
    INVERSE,
    DETERMINANT,
    LOG_DET,
    SOLVE,
    TRACE,
)
