"""The record made from a text: shapes from the shape line, text for model.py, answers of a worker."""

from __future__ import annotations

import pytest

from studio.analysis import asked
from studio.graph.model import Node, Source
from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers import record_of
from studio.layers.answers import Answer, Question, learn, open_questions
from studio.layers.custom import custom_record
from studio.layers.render import render
from studio.layers.shape_line import ShapeLineError, read_shape_line
from studio.layers.spec import LayerSpec, ShapeError
from studio.layers.values import values

N, T = symbol("N"), symbol("T")


def code(shape: str, arguments: str = "", forward: str = "x", name: str = "A") -> str:
    line = f'    """Does it.\n\n    {shape}\n    """\n\n' if shape else ""
    init = f"    def __init__(self, {arguments}):\n        pass\n\n" if arguments else ""
    return f"class {name}(nn.Module):\n{line}{init}    def forward(self, {forward}):\n        return x\n"


def shapes(text: str, *inputs: tuple[object, ...], params: dict[str, object] | None = None) -> list[str]:
    spec = custom_record(text)
    wired = frozenset(port.name for port, _ in zip(spec.inputs, inputs, strict=False))
    p = values(spec, params or {}, wired=wired)  # type: ignore[arg-type]
    found = spec.shape(p, tuple(TensorSpec(shape) for shape in inputs))  # type: ignore[arg-type]
    return [" ".join(map(str, one.shape)) for one in found]


def texts(text: str, *inputs: tuple[object, ...], params: dict[str, object] | None = None) -> tuple[str, str]:
    spec = custom_record(text)
    names = [port.name for port, _ in zip(spec.inputs, inputs, strict=False)]
    p = values(spec, params or {}, wired=frozenset(names))  # type: ignore[arg-type]
    specs = tuple(TensorSpec(shape) for shape in inputs)  # type: ignore[arg-type]
    return render(spec, p, specs, {name: [name] for name in names}, "mine")


@pytest.mark.parametrize(
    ("line", "arguments", "given", "expected"),
    [
        ("shape: N C H W -> N 2*C H//2 W//2", "", (N, 3, 8, 7), "N 6 4 3"),
        ("shape: N * -> N * 4", "", (N, 5, 6), "N 5 6 4"),
        ("shape: N T E -> N T+1 E", "", (N, T, 8), "N T + 1 8"),
        ("shape: N C -> N width", "width: int = 12", (N, 3), "N 12"),
        ("shape: N C -> N sizes[1] min(C,2)+1", "sizes=(4, 9)", (N, 3), "N 9 3"),
        ("shape: N C -> N C if wide else 1", "", (N, 3), ""),
    ],
)
def test_the_shape_line_is_worked_out(
    line: str, arguments: str, given: tuple[object, ...], expected: str
) -> None:
    if not expected:
        with pytest.raises(ShapeLineError):
            read_shape_line(line.removeprefix("shape:"))
        return
    assert shapes(code(line, arguments), given) == [expected]


def test_sizes_of_inputs_reach_the_constructor() -> None:
    text = code("shape: N channels H W -> N channels H W", "channels, reduce: int = 4, *, act: str = 'relu'")
    assert texts(text, (N, 6, 8, 8)) == ("A(6)", "self.mine(x)")
    assert texts(text, (N, 6, 8, 8), params={"reduce": 2, "act": "tanh"})[0] == 'A(6, reduce=2, act="tanh")'
    with pytest.raises(ShapeError, match="plain number"):
        texts(text, (N, T, 8, 8))


def test_an_argument_left_out_makes_the_next_ones_named() -> None:
    text = code("", forward="x, a=None, b=None")
    spec = custom_record(text)
    p = values(spec, {}, wired=frozenset({"x", "b"}))
    call = render(spec, p, (TensorSpec((N,)),) * 2, {"x": ["u"], "b": ["v"]}, "mine")[1]
    assert call == "self.mine(u, b=v)"


def test_sizes_that_contradict_are_refused() -> None:
    twice = code("shape: N C, N C -> N C", forward="x, y")
    with pytest.raises(ShapeError, match="C is 4 here, but 3 elsewhere"):
        shapes(twice, (N, 3), (N, 4))
    own = code("shape: N width -> N width", "width: int = 8")
    with pytest.raises(ShapeError, match="width is 3 here, but 8"):
        shapes(own, (N, 3))
    with pytest.raises(ShapeError, match="needs N C H W"):
        shapes(code("shape: N C H W -> N C"), (N, 3))


def question_of(text: str, *inputs: tuple[object, ...]) -> Question:
    with pytest.raises(ShapeError, match="not known"):
        shapes(text, *inputs)
    return open_questions()[-1]


def test_without_a_shape_line_a_worker_is_asked() -> None:
    text = code("", name="AskedOnce")
    question = question_of(text, (N, T, 8))
    assert (question.build, question.call) == ("AskedOnce()", "layer(x0)")
    learn(question, Answer((TensorSpec((N, 2)),), {"weight": (3, 2)}))
    assert shapes(text, (N, T, 8)) == ["N 2"] and question not in open_questions()
    spec = custom_record(text)
    inputs = (TensorSpec((N, T, 8)),)
    assert spec.weights and spec.weights(values(spec, {}, wired=frozenset({"x"})), inputs) == {
        "weight": (3, 2)
    }


def test_a_shape_line_that_lies_is_told() -> None:
    text = code("shape: N C -> N C", name="Liar")
    assert shapes(text, (N, 7)) == ["N 7"]
    learn(open_questions()[-1], Answer((TensorSpec((N, 8)),)))
    with pytest.raises(ShapeError, match="says N 7, but it gives N 8"):
        shapes(text, (N, 7))


def test_what_does_not_run_is_told_with_its_line() -> None:
    text = code("", name="Faulty")
    learn(question_of(text, (N, 7)), Answer(error="TypeError: no", line=3))
    with pytest.raises(ShapeError, match="line 3: TypeError: no"):
        shapes(text, (N, 7))


def results(question: Question, rule: object) -> dict[str, object]:
    """What a worker would send for a layer that gives the shape ``rule(*sizes of the first input)``."""
    tries = asked.request_of(question)["tries"]
    return {"outputs": [[[rule(*one[0]["shape"]), "float32"]] for one in tries], "weights": {}}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("name", "rule", "expected"),
    [
        ("Same", lambda n, t, e: [n, t, e], "N T 8"),
        ("Half", lambda n, t, e: [n, t // 2, 4], "N T//2 4"),
        ("More", lambda n, t, e: [n, 2 * t + 1], "N 2T + 1"),
        ("Sum", lambda n, t, e: [n + t - 3], "N + T - 3"),
        ("Product", lambda n, t, e: [n * t], "can't be told"),
        ("Axes", lambda n, t, e: [n] * (1 + (n > 40)), "number of its axes"),
    ],
)
def test_sizes_are_recognized_from_tries(name: str, rule: object, expected: str) -> None:
    text = code("", name=name)
    question = question_of(text, (N, T, 8))
    asked.take(question, results(question, rule))
    if expected.startswith("N"):
        assert shapes(text, (N, T, 8)) == [expected]
    else:
        with pytest.raises(ShapeError, match=expected):
            shapes(text, (N, T, 8))


@pytest.mark.parametrize("junk", [{}, {"outputs": [[[["a"], "f"]]]}, {"outputs": 3}, {"outputs": []}])
def test_garbage_from_a_worker_becomes_an_error(junk: dict[str, object]) -> None:
    text = code("", name="Garbage" + str(len(str(junk))))
    question = question_of(text, (N, 3))
    asked.take(question, junk)
    with pytest.raises(ShapeError, match="does not run"):
        shapes(text, (N, 3))


def test_a_text_with_a_mistake_keeps_its_wires() -> None:
    node = Node("a", "Custom", {"code": "class A("}, {"x": (Source("b"),), "mask": (Source("c"),)})
    spec = record_of(node)
    assert isinstance(spec, LayerSpec) and [port.name for port in spec.inputs] == ["x", "mask"]
    assert record_of(Node("a", "Custom")) is record_of(Node("b", "Custom"))
