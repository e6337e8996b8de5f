"""Every record of the catalogue holds what palette, forms, help, analysis and translations read from it."""

from __future__ import annotations

import ast
import math
import string
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.graph.expression import parse
from studio.graph.sizes import Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE, find, is_random
from studio.layers.optimizers import ALGORITHMS
from studio.layers.params import Choice, ParamError
from studio.layers.ports import example_ports, kinds_of, output_ports
from studio.layers.render import assignment, render, repeated_inputs
from studio.layers.schedule_records import SCHEDULES
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError
from studio.layers.text import NamedInt, build_text, plain
from studio.layers.values import values
from studio.text import load

ROOT = Path(__file__).parents[2]
JAPANESE: dict[str, str] = load("ja")
SPECS = list(CATALOGUE.values())
EXAMPLES = [(spec, example) for spec in SPECS for example in spec.examples]
PROMISED = """Data Noise Constant Input Output View Linear Conv1d Conv2d ConvTranspose2d Embedding
PerceptronStep LSTM GRU RNN MultiheadAttention ReLU LeakyReLU GELU Sigmoid Tanh Softmax
LayerNorm BatchNorm1d BatchNorm2d Dropout MaxPool2d AvgPool2d AdaptiveAvgPool2d Flatten Reshape
Add Multiply Concat Select MSE CrossEntropy BCEWithLogits PerceptronLoss Accuracy
MeanAbsoluteError Optimizer Block Repeat Scan EMA"""
FIXES = {"insert": (2, 3), "set": (3,), "set_source_features": (3,), "unplug": (2,)}


def inputs_of(spec: LayerSpec, example: Example) -> tuple[TensorSpec, ...]:
    """The input specs of an example: whole numbers where the port, or a target's lower rank, wants them."""
    specs = []
    for port, shape in zip(example_ports(spec, example), example.inputs, strict=True):
        labels = port.name == "target" and len(shape) < len(example.inputs[0])
        sizes: tuple[Size, ...] = tuple(symbol(size) if isinstance(size, str) else size for size in shape)
        usual = {"float": "float32", "int": "int64", "bool": "bool", "complex": "complex64"}
        dtype = next(dtype for kind, dtype in usual.items() if kind in kinds_of(port))
        dtype = "int64" if labels else dtype
        specs.append(TensorSpec(sizes, dtype))
    return tuple(specs)


def values_of(spec: LayerSpec, example: Example) -> SimpleNamespace:
    """The parameters of an example, with the ports that it wires."""
    wired = frozenset(port.name for port in example_ports(spec, example))
    return values(spec, example.params, wired=wired)  # type: ignore[arg-type]


def shape_of(
    name: str, params: dict[str, object], *shapes: tuple[int | str, ...], **options: object
) -> list[str]:
    """The first output's shape of a layer with these inputs."""
    spec = CATALOGUE[name]
    made = Example(params, shapes, ())
    return [str(size) for size in spec.shape(values_of(spec, made), inputs_of(spec, made))[0].shape]


def test_every_promised_layer_is_there() -> None:
    assert set(PROMISED.split()) <= set(CATALOGUE)
    assert find("Conv2d") is CATALOGUE["Conv2d"]
    assert find("os.system") is None


def test_the_palette_lists_category_by_category() -> None:
    order = [list(Category).index(spec.category) for spec in SPECS]
    assert order == sorted(order)
    assert set(order) == set(range(len(Category)))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_record_leaves_no_gap(spec: LayerSpec) -> None:
    assert spec.summary.endswith(".") and len(spec.summary) <= 110
    assert spec.source and spec.onnx and spec.pitfalls and spec.keywords and spec.examples
    assert spec.formula or spec.traits.role == "view"
    for port in (*spec.inputs, *spec.outputs):
        assert port.doc.endswith("."), port
    for param in spec.params:
        assert param.doc.endswith(".") and param.label, param
        assert param.check(param.default) == param.default
        assert not isinstance(param, Choice) or param.default in param.options
    names = [param.name for param in spec.params]
    assert len(set(names)) == len(names)
    assert {field for _, field, _, _ in string.Formatter().parse(spec.short) if field} <= set(names)


@pytest.mark.parametrize(("spec", "example"), EXAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_an_example_holds(spec: LayerSpec, example: Example) -> None:
    p = values_of(spec, example)
    if spec.traits.role in ("block", "input"):
        with pytest.raises(AssertionError):
            spec.shape(p, ())
        return
    inputs = inputs_of(spec, example)
    outputs = spec.shape(p, inputs)
    if spec.outputs:
        assert len(outputs) == len(output_ports(spec, vars(p)))
    assert tuple(map(str, outputs[0].shape if outputs else ())) == tuple(map(str, example.output))
    weights = spec.weights(p, inputs) if spec.weights else {}
    assert sum(math.prod(shape) for shape in weights.values()) == example.parameters
    if spec.traits.learned:
        assert weights


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_japanese_is_complete(spec: LayerSpec) -> None:
    texts = [f"layer:{spec.name}", spec.summary, spec.pitfalls, spec.category.value]
    texts += [spec.group] if spec.group else []
    texts += (
        [] if spec.exportable or spec.traits.role != "layer" else [spec.onnx]
    )  # the reason, shown to the user
    texts += [port.doc for port in (*spec.inputs, *spec.outputs)]
    texts += spec.differs.values()
    texts += [text for param in spec.params for text in (param.doc, param.label)]
    texts += [param.unit for param in spec.params if param.unit.isalpha() and param.unit != "px"]
    missing = [text for text in texts if not is_japanese(JAPANESE.get(text, ""))]
    assert not missing


def test_japanese_of_where_algorithms_and_schedules_differ() -> None:
    texts = [why for record in (*ALGORITHMS, *SCHEDULES) for why in record.differs.values()]
    assert texts and not [text for text in texts if not is_japanese(JAPANESE.get(text, ""))]


def test_japanese_of_every_error() -> None:
    templates = set(error_templates())
    assert len(templates) > 25
    for template in templates:
        assert is_japanese(JAPANESE.get(template, "")), template
        assert fields(JAPANESE[template]) == fields(template), template


def test_japanese_of_what_data_gives() -> None:
    for key in ("digits-28x28", "austen", "airline", "iris", "diabetes"):
        ports = output_ports(CATALOGUE["Data"], {"set": key})
        assert ports and all(is_japanese(JAPANESE[port.doc]) for port in ports)


def error_templates() -> list[str]:
    """The first argument of each ShapeError and ParamError of the package."""
    found = []
    for path in (ROOT / "studio/layers").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ShapeError", "ParamError"):
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno} is no literal"
                found.append(str(node.args[0].value))
    return found


def fields(text: str) -> set[str]:
    """The {names} in a template."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def is_japanese(text: str) -> bool:
    """Whether a text has kana or kanji in it."""
    return any("\u3040" <= letter <= "\u30ff" or "\u4e00" <= letter <= "\u9fff" for letter in text)


WRONG = [
    (
        "Linear",
        {},
        [("N", 64, 7, 7)],
        "Linear needs N F, gets N 64 7 7: insert Flatten",
        ("insert", "Flatten"),
    ),
    ("Conv2d", {}, [("N", 400)], "Conv2d needs N C H W on x, gets N 400", None),
    ("Conv2d", {"kernel_size": 5}, [("N", 1, 3, 9)], "a window of 5 does not fit into 3 + 2×0 along H", None),
    ("Conv2d", {"groups": 2}, [("N", 3, 9, 9)], "3 input and 32 output channels", ("set", "groups", "1")),
    ("Conv1d", {"padding": "same", "stride": 2}, [("N", 3, 9)], "stride 1 only", ("set", "stride", "1")),
    (
        "Conv1d",
        {"padding": 5, "padding_mode": "circular"},
        [("N", 3, 4)],
        "the edge of 5 can't be copied out of 4",
        ("set", "padding_mode", "zeros"),
    ),
    ("ReflectionPad1d", {"padding": 4}, [("N", 3, 4)], "out of 4: at most 3", None),
    ("ZeroPad1d", {"padding": (-2, -2)}, [("N", 3, 4)], "cutting 4 leaves nothing of 4", None),
    ("MaxUnpool1d", {}, [("N", 3, 4), ("N", 3)], "needs N C L on indices, gets", None),
    ("FractionalMaxPool2d", {"kernel_size": 6}, [("N", 3, 8, 8)], "4 windows of 6 do not fit into 8", None),
    ("GLU", {}, [("N", 5)], "its size 5 is not even", None),
    ("PReLU", {"per_channel": True}, [(3,)], "1 axis has none", ("set", "per_channel", "false")),
    ("Hardtanh", {"min_val": 2.0}, [("N", 5)], "the lower end 2.0 must lie below", None),
    ("MaxPool2d", {"padding": 2}, [("N", 1, 8, 8)], "padding 2×2 is more than half", ("set", "padding", "0")),
    ("Add", {}, [("N", 8, 4), ("N", 9, 4)], "Add needs equal shapes, gets N 8 4 and N 9 4", None),
    ("Concat", {}, [("N", 8, 4), ("N", 8, 5)], "Concat joins along axis 1", None),
    ("Reshape", {"shape": (3, 5)}, [("N", 16)], "Reshape can't make 3 5 of N 16", None),
    ("Select", {"dim": 0}, [("N", 16)], "one sample out of the batch", None),
    ("Select", {"index": 16}, [("N", 16)], "choose -16 to 15", None),
    ("Softmax", {"dim": 2}, [("N", 16)], "choose -2 to 1", None),
    ("Embedding", {}, [("N", 16)], "needs whole numbers", None),
    ("MultiheadAttention", {"num_heads": 5}, [("N", 4, 16)], "evenly: set 4", ("set", "num_heads", "4")),
    ("LSTM", {"dropout": 0.5}, [("N", 4, 16)], "set dropout to 0", ("set", "dropout", "0")),
    ("CrossEntropy", {}, [("N", 64, 75), ("N", 64)], "the last: set -1", ("set", "class_axis", "-1")),
    ("MSE", {}, [("N", 3), ("N", 1)], "gets N 3 and N 1", ("set_source_features", "1", "input")),
    ("Optimizer", {}, [("N", 3)], "one number; it gets N 3", None),
    ("Not", {}, [("N", 3)], "needs yes or no on x", ("insert", "NotEqualScalar")),
    ("Real", {}, [("N", 3)], "needs complex numbers on x", ("insert", "FFT")),
    ("MatMul", {}, [("N", 3, 4), ("N", 3, 4)], "gets 4 and 3: insert Transpose", None),
    ("Einsum", {"equation": "ni,nj"}, [("N", 3), ("N", 3)], "can't read “ni,nj”", None),
    ("Einsum", {"equation": "ni,ni->n"}, [("N", 3), ("N", 4)], "“i” two sizes, 3 and 4", None),
    ("GridSample", {}, [("N", 3, 8, 8), ("N", 8, 8, 3)], "needs N P Q 2 on grid, gets N 8 8 3", None),
    ("Interpolate", {"mode": "cubic"}, [("N", 3, 8)], "cubic needs pictures", ("set", "mode", "linear")),
    ("Interpolate", {"scale_factor": 1.5}, [("N", 3, "T")], "can't scale the named size T by 1.5", None),
    ("Diagonal", {"offset": 4}, [("N", 3, 4)], "no diagonal 4", None),
    ("DivideScalar", {"other": 0.0}, [("N", 3)], "nothing can be divided by 0", None),
    ("Var", {"dim": (1,)}, [("N", 1)], "divides by 0", ("set", "correction", "0")),
    ("TopK", {"k": 9}, [("N", 3)], "9 can't be taken from 3 along axis 1", ("set", "k", "3")),
    ("Permute", {"dims": (0, 1)}, [("N", 3, 4)], "each axis of N 3 4 once", None),
    ("Sum", {"dim": (0, -2)}, [("N", 3)], "names an axis twice: 0, 0", None),
    ("Slice", {"start": 3}, [("N", 3)], "takes nothing of 3 along axis 1", None),
    ("Split", {"split_sizes": (1, 1)}, [("N", 3)], "can't cut axis 1 of size 3", None),
    ("Chunk", {"chunks": 4}, [("N", 6)], "can't cut axis 1 of size 6", None),
    ("Pad", {"pad": (9, 9), "mode": "reflect"}, [("N", 3, 8)], "at most 7 from an axis of 8", None),
    ("Bucketize", {"boundaries": (1.0, 0.5)}, [("N", 3)], "limits that rise", None),
    ("Gather", {}, [("N", 3), ("N", 3, 4)], "gets N 3 4", None),
]


@pytest.mark.parametrize(
    ("layer", "params", "shapes", "message", "fix"),
    WRONG,
    ids=[f"{row[0]}-{at}" for at, row in enumerate(WRONG)],
)
def test_an_error_names_the_sizes(
    layer: str,
    params: dict[str, object],
    shapes: list[tuple[int | str, ...]],
    message: str,
    fix: tuple[str, ...] | None,
) -> None:
    with pytest.raises(ShapeError) as caught:
        spec = CATALOGUE[layer]
        inputs = tuple(
            TensorSpec(tuple(symbol(s) if isinstance(s, str) else s for s in shape))
            if at == 0 or len(shape) == len(shapes[0])
            else TensorSpec(tuple(symbol(s) if isinstance(s, str) else s for s in shape), "int64")
            for at, shape in enumerate(shapes)
        )
        spec.shape(values(spec, params), inputs)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert str(caught.value) == caught.value.template.format(**caught.value.values)
    assert (fix in caught.value.fixes) if fix else True
    for made in caught.value.fixes:
        assert len(made) in FIXES[made[0]]


def test_classes_of_data_and_scores_must_agree() -> None:
    spec = CATALOGUE["CrossEntropy"]
    scores, labels = TensorSpec((symbol("N"), 12)), TensorSpec((symbol("N"),), "int64", 10)
    with pytest.raises(
        ShapeError, match="10 classes in the data, 12 outputs into CrossEntropy: set 10"
    ) as caught:
        spec.shape(values(spec, {}), (scores, labels))
    assert caught.value.fixes == (("set_source_features", "10", "input"),)


def test_tokens_go_through_an_embedding_first() -> None:
    tokens = TensorSpec((symbol("N"), 64), "int64", 75)
    with pytest.raises(ShapeError, match="insert Embedding") as caught:
        CATALOGUE["Linear"].shape(values(CATALOGUE["Linear"], {}), (tokens,))
    assert caught.value.fixes == (("insert", "Embedding"), ("insert", "Cast"))
    spec = CATALOGUE["Embedding"]
    assert spec.weights and spec.weights(values(spec, {}), (tokens,)) == {"weight": (75, 64)}


def test_sizes_may_stay_symbols() -> None:
    assert shape_of("Conv1d", {"kernel_size": 3, "padding": 1}, ("N", 2, "T")) == ["N", "32", "T"]
    assert shape_of("Conv2d", {"kernel_size": 3}, ("N", 2, "H", "H")) == ["N", "32", "H - 2", "H - 2"]
    assert shape_of("Concat", {"dim": 1}, ("N", 1, 8), ("N", "T", 8)) == ["N", "T + 1", "8"]
    assert shape_of("Flatten", {}, ("N", "T", 8)) == ["N", "8T"]


def test_a_window_that_sticks_out_is_counted_as_torch_does() -> None:
    params = {"kernel_size": 2, "stride": 3, "ceil_mode": True}
    assert shape_of("MaxPool1d", params, ("N", 1, 6)) == ["N", "1", "2"]  # a third would start beyond the end
    assert shape_of("MaxPool1d", params, ("N", 1, 7)) == ["N", "1", "3"]
    assert shape_of("MaxPool1d", params, ("N", 1, "T")) == ["N", "1", "(T + 2)//3"]


def test_data_gives_the_fields_of_its_set() -> None:
    spec = CATALOGUE["Data"]
    assert [port.name for port in output_ports(spec, {"set": "austen"})] == ["tokens", "next"]
    assert output_ports(spec, {"set": "nowhere"}) == ()
    tokens, following = spec.shape(values(spec, {"set": "austen", "window": 100}), ())
    assert tokens.shape == following.shape == (symbol("N"), 100)
    assert tokens.classes == 75 and tokens.dtype == "int64" and tokens.axes == "N T"
    image, label = spec.shape(values(spec, {}), ())
    assert image.shape == (symbol("N"), 1, 28, 28) and label.classes == 10
    with pytest.raises(ShapeError, match="nowhere"):
        spec.shape(values(spec, {"set": "nowhere"}), ())


def test_the_users_own_set_comes_from_its_schema() -> None:
    spec = CATALOGUE["Data"]
    schemas = {
        "cats": {
            "fields": [
                {"name": "image", "shape": [3, 32, 32], "dtype": "float32", "kind": "image", "axes": "C H W"},
                {"name": "label", "shape": [], "dtype": "int64", "kind": "label", "classes": ["cat", "dog"]},
            ]
        }
    }
    assert [port.axes for port in output_ports(spec, {"set": "cats"}, schemas)] == ["N C H W", "N"]
    image, label = spec.shape(values(spec, {"set": "cats"}, schemas=schemas), ())
    assert image.shape[1:] == (3, 32, 32) and label.classes == 2


def test_values_are_checked_and_completed() -> None:
    spec = CATALOGUE["Conv2d"]
    p = values(spec, {"out_channels": parse("4 * width"), "kernel_size": 5}, {"width": 8})
    assert (p.out_channels, p.kernel_size, p.stride, p.bias) == (32, (5, 5), (1, 1), True)
    for params, word in (
        ({"out_channels": 0}, "out_channels"),
        ({"colour": 1}, "colour"),
        ({"bias": 1}, "bias"),
    ):
        with pytest.raises(ParamError, match=word):
            values(spec, params)  # type: ignore[arg-type]
    with pytest.raises(ParamError, match="out_channels"):
        values(spec, {"out_channels": parse("width")})
    assert values(spec, {"padding": "same"}).padding == "same"
    with pytest.raises(ParamError, match="padding needs 2 whole numbers"):
        values(spec, {"padding": "wide"})


def text_of(
    name: str, params: dict[str, object], *shapes: tuple[int | str, ...], **given: tuple[str, ...]
) -> str:
    """The call of a layer with these inputs."""
    spec = CATALOGUE[name]
    p = values(spec, params, wired=frozenset(given))  # type: ignore[arg-type]
    return render(spec, p, inputs_of(spec, Example(params, shapes, ())), given, "node")[1]


def test_calls_read_as_written_by_hand() -> None:
    image = ("N", 6, 5, 5)
    assert text_of("Flatten", {}, image, x=("a + b",)) == "(a + b).flatten(1)"
    assert text_of("Tanh", {}, image, x=("a + b",)) == "torch.tanh(a + b)"
    assert text_of("Add", {}, image, image, x=("a", "self.f(a + 1)")) == "a + self.f(a + 1)"
    assert text_of("Multiply", {}, image, image, x=("a + b", "c")) == "(a + b) * c"
    assert text_of("Concat", {}, image, image, x=("a + b", "c")) == "torch.cat([a + b, c], 1)"
    assert text_of("Linear", {}, ("N", 8), x=("a + b",)) == "self.node(a + b)"
    shared = text_of("Linear", {"weight_of": "token"}, ("N", 8), x=("a",), weight_of=("self.embed",))
    assert shared == "F.linear(a, self.embed.weight)"
    both = {"query": ("a",), "key": ("b",)}
    words = ("N", 4, 8)
    assert (
        text_of("MultiheadAttention", {}, words, words, **both) == "self.node(a, b, b, need_weights=False)[0]"
    )
    assert text_of("Noise", {}, batch=("image",)) == "torch.randn(len(image), 16, device=image.device)"


def test_inputs_that_a_call_repeats_are_named() -> None:
    spec = CATALOGUE["MultiheadAttention"]
    x = (TensorSpec((symbol("N"), 4, 8)),)
    assert repeated_inputs(spec, values(spec, {}), x) == {"query"}
    assert not repeated_inputs(CATALOGUE["Tanh"], values(CATALOGUE["Tanh"], {}), x)


def test_unused_outputs_are_not_named() -> None:
    def left(layer: str, names: dict[str, str]) -> str:
        return assignment(CATALOGUE[layer], values(CATALOGUE[layer], {}), names, "f(x)")[0]

    assert left("LSTM", {"y": "x"}) == "x, _"
    assert left("LSTM", {"y": "x", "c": "memory"}) == "x, (_, memory)"
    assert left("GRU", {"h": "state"}) == "_, state"
    assert left("Linear", {"y": "x"}) == "x"
    assert left("Output", {}) == "_"


def test_the_first_of_several_values_is_unpacked() -> None:
    spec = CATALOGUE["MultiheadAttention"]
    assert assignment(spec, values(spec, {}), {"y": "seen"}, "f(x)[0]") == ("seen, _", "f(x)")
    select = CATALOGUE["Select"]
    assert assignment(select, values(select, {}), {"y": "first"}, "f(x)[0]") == ("first", "f(x)[0]")


def test_numbers_with_names_keep_them() -> None:
    width = NamedInt(8, "sizes.width")
    assert build_text("nn.Linear", width, 4, bias=(True, True)) == "nn.Linear(sizes.width, 4)"
    assert build_text("nn.LSTM", 4, num_layers=(NamedInt(1, "depth"), 1)) == "nn.LSTM(4, num_layers=depth)"


def test_cards_show_values_shortly() -> None:
    assert [plain(value) for value in ((5, 5), (3, 1), (4,), 0.001, "SGD")] == [
        "5",
        "3×1",
        "4",
        "0.001",
        "SGD",
    ]


def test_random_only_where_something_is_drawn() -> None:
    lstm, dropout = CATALOGUE["LSTM"], CATALOGUE["Dropout"]
    assert not is_random(lstm, values(lstm, {}))
    assert is_random(lstm, values(lstm, {"dropout": 0.1, "num_layers": 2}))
    assert is_random(dropout, values(dropout, {})) and not is_random(dropout, values(dropout, {"p": 0.0}))
    assert is_random(CATALOGUE["Noise"], values(CATALOGUE["Noise"], {}))


def test_parameters_say_how_many_outputs_there_are() -> None:
    spec = replace(
        CATALOGUE["Conv2d"],
        outputs=(Port("y", times="out_channels"), Port("bias", times="bias"), Port("at", times="stride")),
    )
    assert [port.name for port in output_ports(spec, {"out_channels": 2})] == [
        "y1",
        "y2",
        "bias",
        "at1",
        "at2",
    ]
    assert [port.name for port in output_ports(spec, {"out_channels": 1, "bias": False, "stride": "x"})] == [
        "y1",
        "at1",
        "at2",
    ]
    p = values(spec, {"out_channels": 2, "bias": False, "stride": 1})
    assert assignment(spec, p, {"y2": "right"}, "f(x)")[0] == "_, right, _, _"


def test_an_example_names_the_ports_it_wires() -> None:
    spec = CATALOGUE["MultiheadAttention"]
    assert [port.name for port in example_ports(spec, Example({}, ((), ()), ()))] == ["query", "key"]
    passed_over = Example({}, ((), ()), (), wired=("query", "value"))
    assert [port.name for port in example_ports(spec, passed_over)] == ["query", "value"]
    assert values_of(spec, passed_over).wired == {"query", "value"}
