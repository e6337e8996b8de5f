"""One step of a recurrent layer, for loops drawn by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Int, Param
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.sequence import GATES
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, features = inputs[0].shape
    fixed(features, "F")
    state = TensorSpec((batch, p.hidden_size), inputs[0].dtype)
    for given in inputs[1:]:
        if given.shape != state.shape:
            raise ShapeError(
                "the state before must be {wanted}, but it is {given}",
                wanted=show(state.shape),
                given=show(given.shape),
            )
    return (state,)


def _lstm_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if ("h" in p.wired) != ("c" in p.wired):
        only = "h" if "h" in p.wired else "c"
        raise ShapeError(
            "an LSTM starts from a state and a memory, but only {port} is wired: wire both or none",
            (("unplug", only),),
            port=only,
        )
    return _shape(p, inputs) * 2


def _cell(
    kind: str,
    words: tuple[str, str, str],
    source: str,
    keywords: tuple[str, ...],
    parameters: tuple[int, int],
) -> LayerSpec:
    """The record of one step of this kind; ``parameters`` are the weights of its two examples."""
    gates, lstm, module = GATES[kind], kind == "LSTM", f"{kind}Cell"

    def weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
        rows = gates * p.hidden_size
        found: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, fixed(inputs[0].shape[1], "F")),
            "weight_hh": (rows, p.hidden_size),
        }
        return {**found, "bias_ih": (rows,), "bias_hh": (rows,)} if p.bias else found

    def flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
        return product((2 * gates * p.hidden_size, inputs[0].shape[1] + p.hidden_size))

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        build = build_text(
            f"nn.{module}",
            inputs[0].shape[1],
            p.hidden_size,
            bias=(p.bias, True),
            nonlinearity=(getattr(p, "nonlinearity", "tanh"), "tanh"),
        )
        return build, "{self}({x}, ({h}, {c}))" if lstm and "h" in p.wired else ""

    state = Port("h", "N H", optional=True, doc="The state before; zeros when nothing is wired.")
    memory = Port("c", "N H", optional=True, doc="The memory before; zeros when nothing is wired.")
    after = Port("h", "N H", doc="The state after the step, which is the answer too.")
    kept = Port("c", "N H", doc="The memory after the step.")
    width = Int(
        "hidden_size", 64, "Numbers in the state, so in each output.", label="State size", min=1, max=2**24
    )
    params: tuple[Param, ...] = (
        width,
        Bool("bias", True, "Add learned constants.", label="Bias", essential=False),
    )
    if kind == "RNN":
        options = ("tanh", "relu")
        doc = "The activation of the state."
        choice = Choice("nonlinearity", "tanh", doc, label="Activation", essential=False, options=options)
        params = (*params, choice)
    x = ("N", 6)
    states = (("N", 8),) * (2 if lstm else 1)
    return LayerSpec(
        name=module,
        category=Category.SEQUENCE,
        summary=words[0],
        formula=words[1],
        inputs=(Port("x", "N F", doc="The features of one step."), state, *((memory,) if lstm else ())),
        outputs=(after, kept) if lstm else (after,),
        params=params,
        shape=_lstm_shape if lstm else _shape,
        weights=weights,
        flops=flops,
        torch=Torch(text=text),
        source=source,
        onnx="Gemm, activations and arithmetic.",
        traits=Traits(learned=True),
        examples=(
            Example({"hidden_size": 8}, (x, *states), ("N", 8), parameters[0]),
            Example({"hidden_size": 8, "bias": False}, (x, *states), ("N", 8), parameters[1]),
        ),
        short="{hidden_size}",
        keywords=("recurrent", "step", "loop", "cell", f"nn.{module}", *keywords),
        pitfalls=words[2],
        group="One step",
        torch_name=f"nn.{module}",
        differs={"input_size": NOT_TYPED},
        no_gradient={"weight_hh": "meets only zeros while no state is wired"},
    )


RNN_CELL = _cell(
    "RNN",
    (
        "One step of an RNN: the new state from an input and the state before.",
        r"h' = \tanh(W_x x + W_h h + b)",
        "Put it in a Scan, which hands the state on; for a whole sequence at once RNN is much faster.",
    ),
    "Elman, Finding Structure in Time, 1990",
    ("Elman", "SimpleRNNCell"),
    (128, 112),
)
LSTM_CELL = _cell(
    "LSTM",
    (
        "One step of an LSTM: new state and memory from an input and those before.",
        r"c' = f \odot c + i \odot g, \quad h' = o \odot \tanh(c')",
        "Put it in a Scan, which hands the state on; for a whole sequence at once LSTM is much faster.",
    ),
    "Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gate: Gers et al., 2000",
    ("memory", "gate"),
    (512, 448),
)
GRU_CELL = _cell(
    "GRU",
    (
        "One step of a GRU: the new state from an input and the state before.",
        r"h' = (1 - z) \odot n + z \odot h",
        "Put it in a Scan, which hands the state on; for a whole sequence at once GRU is much faster.",
    ),
    "Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014",
    ("gate",),
    (384, 336),
)
LAYERS = (LSTM_CELL, GRU_CELL, RNN_CELL)
