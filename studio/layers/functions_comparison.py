"""Questions with yes or no as the answer, and what is done with the answers."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.dtypes import is_whole, promoted
from studio.layers.functions import function, number_text, of_two, on_each, with_number, yes_or_no
from studio.layers.params import Bool, Float
from studio.layers.rules import Specs, broadcast
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits

_GROUP = "Compare"
_QUESTION = Traits(differentiable=False)


def _comparison(
    name: str, sign: str, tex: str, word: str, summary: str, pitfalls: str, onnx: str, words: tuple[str, ...]
) -> LayerSpec:
    """A comparison of two wires, written with an operator."""
    return of_two(
        name,
        summary,
        rf"y = [x_1 {tex} x_2]",
        f"{{x}} {sign} {{other}}",
        pitfalls,
        dtype=yes_or_no,
        group=_GROUP,
        torch_name=f"torch.{word}",
        onnx=onnx,
        keywords=(*words, sign),
        traits=_QUESTION,
    )


def _threshold(
    name: str, sign: str, tex: str, word: str, summary: str, pitfalls: str, onnx: str, words: tuple[str, ...]
) -> LayerSpec:
    """A comparison with a number that the user types."""
    return with_number(
        name,
        summary,
        rf"y = [x {tex} c]",
        f"{{x}} {sign} {{other}}",
        pitfalls,
        value=Float("other", 0.0, "What is compared with.", label="Number"),
        dtype=lambda dtype, value: "bool",
        outputs=(Port("y", "*", "bool", doc="Yes or no, of the same shape."),),
        group=_GROUP,
        torch_name=f"torch.{word}",
        onnx=onnx,
        keywords=(*words, sign),
        traits=_QUESTION,
    )


COMPARISONS = (
    _comparison(
        "Equal",
        "==",
        "=",
        "eq",
        "Says where two values are equal.",
        "Real numbers are seldom equal to the last digit: IsClose asks with a tolerance.",
        "Equal.",
        ("same", "eq", "match"),
    ),
    _comparison(
        "NotEqual",
        "!=",
        r"\ne",
        "ne",
        "Says where two values differ.",
        "Real numbers nearly always differ in some digit.",
        "Equal and Not.",
        ("differ", "ne", "unequal", "change"),
    ),
    _comparison(
        "Greater",
        ">",
        ">",
        "gt",
        "Says where the first value is larger than the second.",
        "No gradient passes an answer of yes or no.",
        "Greater.",
        ("larger", "gt", "more", "above"),
    ),
    _comparison(
        "GreaterEqual",
        ">=",
        r"\ge",
        "ge",
        "Says where the first value is at least as large as the second.",
        "No gradient passes an answer of yes or no.",
        "GreaterOrEqual.",
        ("at least", "ge", "GreaterOrEqual"),
    ),
    _comparison(
        "Less",
        "<",
        "<",
        "lt",
        "Says where the first value is smaller than the second.",
        "No gradient passes an answer of yes or no.",
        "Less.",
        ("smaller", "lt", "below", "causal mask"),
    ),
    _comparison(
        "LessEqual",
        "<=",
        r"\le",
        "le",
        "Says where the first value is at most as large as the second.",
        "No gradient passes an answer of yes or no.",
        "LessOrEqual.",
        ("at most", "le", "LessOrEqual"),
    ),
)

THRESHOLDS = (
    _threshold(
        "EqualScalar",
        "==",
        "=",
        "eq",
        "Says where a value equals one number.",
        "Finds a class or a token; real numbers are seldom equal to the last digit.",
        "Equal.",
        ("same", "padding token", "eq"),
    ),
    _threshold(
        "NotEqualScalar",
        "!=",
        r"\ne",
        "ne",
        "Says where a value differs from one number.",
        "With the padding token it makes the mask of what is real text.",
        "Equal and Not.",
        ("differ", "padding mask", "nonzero", "ne"),
    ),
    _threshold(
        "GreaterScalar",
        ">",
        ">",
        "gt",
        "Says where a value is larger than one number.",
        "A probability above 0.5 is the usual decision; no gradient passes it.",
        "Greater.",
        ("threshold", "above", "binarize", "gt"),
    ),
    _threshold(
        "GreaterEqualScalar",
        ">=",
        r"\ge",
        "ge",
        "Says where a value is at least as large as one number.",
        "No gradient passes an answer of yes or no.",
        "GreaterOrEqual.",
        ("threshold", "at least", "ge"),
    ),
    _threshold(
        "LessScalar",
        "<",
        "<",
        "lt",
        "Says where a value is smaller than one number.",
        "No gradient passes an answer of yes or no.",
        "Less.",
        ("threshold", "below", "lt"),
    ),
    _threshold(
        "LessEqualScalar",
        "<=",
        r"\le",
        "le",
        "Says where a value is at most as large as one number.",
        "No gradient passes an answer of yes or no.",
        "LessOrEqual.",
        ("threshold", "at most", "le"),
    ),
)


def _close_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "torch.isclose({x}, {other}, rtol={rtol}, atol={atol})"


IS_CLOSE = of_two(
    "IsClose",
    "Says where two values are equal up to a tolerance.",
    r"y = [\,|x_1 - x_2| \le a + r |x_2|\,]",
    "",
    "For comparisons of measured or computed numbers, which are never equal to the last digit.",
    dtype=yes_or_no,
    takes="float",
    params=(
        Float("rtol", 1e-5, "Tolerance as a share of the second value.", label="Relative tolerance", min=0),
        Float("atol", 1e-8, "Tolerance as a number.", label="Absolute tolerance", min=0),
    ),
    torch=Torch(text=_close_text),
    group=_GROUP,
    torch_name="torch.isclose",
    onnx="Sub, Abs and LessOrEqual.",
    keywords=("almost equal", "tolerance", "allclose"),
    differs={"equal_nan": "what is not a number is close to nothing; NanToNum mends it first"},
    traits=_QUESTION,
)


def _property(
    name: str, summary: str, tex: str, pitfalls: str, onnx: str, words: tuple[str, ...]
) -> LayerSpec:
    word = name.lower()
    return on_each(
        name,
        summary,
        tex,
        f"torch.{word}({{x}})",
        pitfalls,
        dtype=yes_or_no,
        takes="float",
        group=_GROUP,
        torch_name=f"torch.{word}",
        onnx=onnx,
        keywords=words,
        traits=_QUESTION,
    )


IS_NAN = _property(
    "IsNaN",
    "Says where a value is not a number.",
    r"y = [x \ne x]",
    "Finds missing entries of a table; Where puts something in their place.",
    "IsNaN.",
    ("not a number", "missing", "broken"),
)
IS_INF = _property(
    "IsInf",
    "Says where a value is infinite.",
    r"y = [\,|x| = \infty\,]",
    "Infinity mostly comes from a division by 0, a logarithm of 0 or too large an exponent.",
    "IsInf.",
    ("infinite", "overflow"),
)
IS_FINITE = _property(
    "IsFinite",
    "Says where a value is a plain number: neither infinite nor broken.",
    r"y = [\,|x| < \infty\,]",
    "Together with All it tells whether a whole batch is sound.",
    "IsInf, IsNaN, Or and Not.",
    ("sound", "valid", "plain number"),
)


def _logic(
    name: str, word: str, tex: str, sign: str, summary: str, pitfalls: str, words: tuple[str, ...]
) -> LayerSpec:
    return of_two(
        name,
        summary,
        rf"y = x_1 {tex} x_2",
        f"{{x}} {sign} {{other}}",
        pitfalls,
        takes="bool",
        docs=("Yes or no.", "Yes or no; size 1 stretches."),
        group=_GROUP,
        torch_name=f"torch.{word}",
        onnx=f"{name}.",
        keywords=(*words, sign),
        traits=_QUESTION,
    )


AND = _logic(
    "And",
    "logical_and",
    r"\land",
    "&",
    "Yes where both are yes.",
    "Joins masks: a position must be allowed by each of them.",
    ("both", "LogicalAnd", "intersection"),
)
OR = _logic(
    "Or",
    "logical_or",
    r"\lor",
    "|",
    "Yes where at least one is yes.",
    "Joins masks: one that allows a position is enough.",
    ("either", "LogicalOr", "union"),
)
XOR = _logic(
    "Xor",
    "logical_xor",
    r"\oplus",
    "^",
    "Yes where exactly one is yes.",
    "Says where two masks differ. A single perceptron can't learn it: the drawing of 1969.",
    ("exclusive or", "LogicalXor", "differ"),
)

NOT = on_each(
    "Not",
    "Turns yes into no and no into yes.",
    r"y = \lnot x",
    "torch.logical_not({x})",
    "Masks of torch differ in sense: some say what to keep, others what to leave out.",
    takes="bool",
    dtype=yes_or_no,
    inputs=(Port("x", "*", "bool", doc="Yes or no."),),
    outputs=(Port("y", "*", "bool", doc="Yes or no, of the same shape."),),
    group=_GROUP,
    torch_name="torch.logical_not",
    onnx="Not.",
    keywords=("invert", "LogicalNot", "opposite", "complement", "~"),
    traits=_QUESTION,
)


def _where_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = broadcast([given.shape for given in inputs], "Where")
    return (TensorSpec(shape, promoted(inputs[1:])),)


WHERE = function(
    "Where",
    "Takes one value where the condition says yes, and the other where it says no.",
    r"y = \begin{cases} x_1 & c \\ x_2 & \lnot c \end{cases}",
    inputs=(
        Port("condition", "*", "bool", doc="Yes takes the first value, no the second."),
        Port("x", "*", "any", doc="Taken where the condition says yes."),
        Port("other", "*", "any", doc="Taken where the condition says no."),
    ),
    outputs=(Port("y", "*", "any", doc="One value of the stretched shape."),),
    shape=_where_shape,
    torch=Torch(call="torch.where({condition}, {x}, {other})"),
    examples=(
        Example({}, (("N", 8), ("N", 8), ("N", 8)), ("N", 8)),
        Example({}, (("N", "T", 1), ("N", "T", 6), (6,)), ("N", "T", 6)),
    ),
    pitfalls="A broken number on the side that is not taken still breaks the gradient: mend it before.",
    group=_GROUP,
    torch_name="torch.where",
    onnx="Where.",
    keywords=("choose", "if else", "conditional", "select by mask", "switch"),
    differs={"input": "called x, as in the other layers"},
)


def _filled_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, mask = inputs
    shape = broadcast([x.shape, mask.shape], "MaskedFill")
    if x.dtype.startswith(("int", "uint")) and not is_whole(p.value):
        raise ShapeError(
            "whole numbers can't be filled with {value}: choose a whole number, or insert Cast",
            (("insert", "Cast"),),
            value=p.value,
        )
    return (TensorSpec(shape, x.dtype),)


def _filled_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    if p.infinite:
        return "", "{x}.masked_fill({mask}, -torch.inf)"
    return "", f"{{x}}.masked_fill({{mask}}, {number_text(p.value)})"


def _fill_or_hide_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if p.infinite and inputs[0].dtype.startswith(("int", "uint")):
        raise ShapeError("whole numbers have no infinity: insert Cast", (("insert", "Cast"),))
    return _filled_shape(p, inputs)


MASKED_FILL = function(
    "MaskedFill",
    "Puts one number wherever the mask says yes.",
    r"y = \begin{cases} c & m \\ x & \lnot m \end{cases}",
    inputs=(
        Port("x", "*", "number", doc="Any numbers."),
        Port("mask", "*", "bool", doc="Yes where the number is put; size 1 stretches."),
    ),
    outputs=(Port("y", "*", "number", doc="One value of the stretched shape."),),
    params=(
        Float("value", 0.0, "What is put there.", label="Number"),
        Bool(
            "infinite",
            False,
            "Puts minus infinity instead, which Softmax turns into a share of 0.",
            label="Minus infinity",
            essential=False,
        ),
    ),
    shape=_fill_or_hide_shape,
    torch=Torch(text=_filled_text),
    examples=(
        Example({}, (("N", 8), ("N", 8)), ("N", 8)),
        Example({"infinite": True}, (("N", 4, "T", "T"), ("T", "T")), ("N", 4, "T", "T")),
    ),
    short="{value}",
    pitfalls="A row of scores that is hidden altogether becomes no numbers after Softmax.",
    group=_GROUP,
    torch_name="torch.Tensor.masked_fill",
    onnx="Where.",
    keywords=("mask", "hide", "attention mask", "fill", "padding"),
    differs={"infinite": "a number field can't hold infinity"},
)

LAYERS: tuple[LayerSpec, ...] = (
    *COMPARISONS,
    *THRESHOLDS,
    IS_CLOSE,
    IS_NAN,
    IS_INF,
    IS_FINITE,
    AND,
    OR,
    XOR,
    NOT,
    WHERE,
    MASKED_FILL,
)
