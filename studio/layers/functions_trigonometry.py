"""Angles: sines, cosines, tangents, their inverses and their hyperbolic relatives."""

from __future__ import annotations

from studio.layers.dtypes import real
from studio.layers.functions import of_two, on_each
from studio.layers.spec import LayerSpec

_GROUP = "Trigonometry"


def _angle(
    name: str, summary: str, formula: str, pitfalls: str, onnx: str = "", words: tuple[str, ...] = ()
) -> LayerSpec:
    """A function of torch under the record's own name, with an ONNX operator of that name unless said."""
    return on_each(
        name,
        summary,
        formula,
        f"{{x}}.{name.lower()}()",
        pitfalls,
        group=_GROUP,
        torch_name=f"torch.{name.lower()}",
        onnx=onnx or f"{name}.",
        keywords=(*words, name.lower()),
    )


LAYERS: tuple[LayerSpec, ...] = (
    _angle(
        "Sin",
        "Takes the sine of every angle.",
        r"y = \sin x",
        "Angles in radians. As an activation (SIREN) it wants weights that start small.",
        words=("sine", "wave", "SIREN", "periodic"),
    ),
    _angle(
        "Cos",
        "Takes the cosine of every angle.",
        r"y = \cos x",
        "Angles in radians. With Sin it turns an hour or a direction into two smooth numbers.",
        words=("cosine", "wave", "periodic"),
    ),
    _angle(
        "Tan",
        "Takes the tangent of every angle.",
        r"y = \tan x",
        "Infinite at a quarter turn, and its gradient with it.",
        words=("tangent", "slope"),
    ),
    _angle(
        "Asin",
        "Gives the angle whose sine it is.",
        r"y = \arcsin x",
        "Only for numbers between -1 and 1; the gradient is infinite at both ends.",
        words=("arcsine", "arcsin", "ASin"),
    ),
    _angle(
        "Acos",
        "Gives the angle whose cosine it is.",
        r"y = \arccos x",
        "Only for numbers between -1 and 1; of a cosine similarity it makes an angle.",
        words=("arccosine", "arccos", "ACos", "angle between"),
    ),
    _angle(
        "Atan",
        "Gives the angle whose tangent it is.",
        r"y = \arctan x",
        "Flat far from 0. It can't tell opposite directions apart: Atan2 can.",
        words=("arctangent", "arctan", "ATan", "squash"),
    ),
    of_two(
        "Atan2",
        "Gives the angle of the point with height x and width other, all the way around.",
        r"y = \operatorname{atan2}(x_1, x_2)",
        "torch.atan2({x}, {other})",
        "The height comes first. The result jumps from π to -π behind the origin.",
        dtype=real,
        docs=("The height: the sine side.", "The width: the cosine side; size 1 stretches."),
        group=_GROUP,
        torch_name="torch.atan2",
        onnx="Atan, Div and Where.",
        keywords=("arctan2", "ATan2", "direction", "polar angle", "heading"),
    ),
    of_two(
        "Hypot",
        "Gives the length of the line to the point with these two coordinates.",
        r"y = \sqrt{x_1^2 + x_2^2}",
        "({x}.square() + {other}.square()).sqrt()",
        "Of the two outputs of an edge filter it makes the strength of the edge; no gradient at 0, 0.",
        takes="float",
        group=_GROUP,
        torch_name="torch.hypot",
        onnx="Mul, Add and Sqrt.",
        keywords=("hypotenuse", "Pythagoras", "distance", "gradient magnitude", "Sobel"),
    ),
    _angle(
        "Sinh",
        "Takes the hyperbolic sine of every number.",
        r"y = \frac{e^{x} - e^{-x}}{2}",
        "Grows as fast as Exp on both sides: keep the inputs small.",
        words=("hyperbolic sine",),
    ),
    _angle(
        "Cosh",
        "Takes the hyperbolic cosine of every number.",
        r"y = \frac{e^{x} + e^{-x}}{2}",
        "Grows as fast as Exp on both sides. Its logarithm is a loss that forgives outliers.",
        words=("hyperbolic cosine", "log-cosh", "catenary"),
    ),
    _angle(
        "Asinh",
        "Undoes Sinh: a logarithm that takes negative numbers as well.",
        r"y = \ln (x + \sqrt{x^2 + 1})",
        "Tames values that reach from very negative to very positive.",
        words=("inverse hyperbolic sine", "arcsinh", "ASinh", "symmetric log"),
    ),
    _angle(
        "Acosh",
        "Undoes Cosh.",
        r"y = \ln (x + \sqrt{x^2 - 1})",
        "Only for numbers from 1 on. It gives distances in hyperbolic space.",
        words=("inverse hyperbolic cosine", "arccosh", "ACosh"),
    ),
    _angle(
        "Atanh",
        "Undoes Tanh.",
        r"y = \frac{1}{2} \ln \frac{1 + x}{1 - x}",
        "Only for numbers between -1 and 1; infinite at both ends.",
        words=("inverse hyperbolic tangent", "arctanh", "ATanh"),
    ),
    _angle(
        "Deg2Rad",
        "Turns degrees into radians.",
        r"y = \frac{\pi}{180} x",
        "Sin and Cos take radians: put it before them when the data has degrees.",
        onnx="Mul.",
        words=("degrees", "radians", "angle unit"),
    ),
    _angle(
        "Rad2Deg",
        "Turns radians into degrees.",
        r"y = \frac{180}{\pi} x",
        "For people to read; networks learn better from Sin and Cos of an angle.",
        onnx="Mul.",
        words=("degrees", "radians", "angle unit"),
    ),
)
