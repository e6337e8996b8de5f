"""Layers that read a sequence step by step: RNN, LSTM and GRU."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Float, Int, Param
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import (
    Category,
    CostRule,
    Example,
    LayerSpec,
    Port,
    ShapeError,
    Torch,
    Traits,
    WeightRule,
)
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
_TRAITS = Traits(learned=True, random=True)


def _widths(p: SimpleNamespace) -> tuple[int, int]:
    """Numbers in the state that is shown (narrowed by a projection), and directions."""
    return getattr(p, "proj_size", 0) or p.hidden_size, 2 if p.bidirectional else 1


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, time, features = inputs[0].shape
    fixed(features, "F")
    if p.dropout and p.num_layers < 2:
        raise ShapeError(
            "dropout acts between stacked layers, but there is one layer only: set dropout to 0",
            (("set", "dropout", "0"),),
        )
    shown, ways = _widths(p)
    state = TensorSpec((p.num_layers * ways, batch, shown), inputs[0].dtype)
    if "h0" in p.wired:
        _check_state("h0", inputs[1], state)
    return (TensorSpec((batch, time, ways * shown), inputs[0].dtype), state)


def _check_state(port: str, given: TensorSpec, wanted: TensorSpec) -> None:
    if given.shape != wanted.shape:
        raise ShapeError(
            "the first state on {port} must be {wanted}, but it is {given}",
            port=port,
            wanted=show(wanted.shape),
            given=show(given.shape),
        )


def _lstm_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if p.proj_size >= p.hidden_size:
        raise ShapeError(
            "the output of {narrow} must be narrower than the state of {wide}: set 0 for no narrowing",
            (("set", "proj_size", "0"),),
            narrow=p.proj_size,
            wide=p.hidden_size,
        )
    if ("h0" in p.wired) != ("c0" in p.wired):
        only = "h0" if "h0" in p.wired else "c0"
        raise ShapeError(
            "an LSTM starts from a state and a memory, but only {port} is wired: wire both or none",
            (("unplug", only),),
            port=only,
        )
    output, state = _shape(p, inputs)
    memory = TensorSpec((*state.shape[:2], p.hidden_size), state.dtype)
    if "c0" in p.wired:
        _check_state("c0", inputs[2], memory)
    return (output, state, memory)


def _weights(gates: int) -> WeightRule:
    """The weight rule of a cell with so many gates; the gates stand one below the other in each matrix."""

    def rule(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
        ways = ("", "_reverse") if p.bidirectional else ("",)
        shown, _ = _widths(p)
        rows, width = gates * p.hidden_size, fixed(inputs[0].shape[2], "F")
        found: dict[str, tuple[int, ...]] = {}
        for layer in range(p.num_layers):
            for way in ways:
                found[f"weight_ih_l{layer}{way}"] = (rows, width)
                found[f"weight_hh_l{layer}{way}"] = (rows, shown)
                if p.bias:
                    found[f"bias_ih_l{layer}{way}"] = found[f"bias_hh_l{layer}{way}"] = (rows,)
                if shown != p.hidden_size:
                    found[f"weight_hr_l{layer}{way}"] = (shown, p.hidden_size)
            width = len(ways) * shown
        return found

    return rule


def _flops(gates: int) -> CostRule:
    """Every matrix meets one vector in each step."""

    def rule(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
        _, time, features = inputs[0].shape
        hidden, (shown, ways) = p.hidden_size, _widths(p)
        wide = fixed(features, "F") + shown + (p.num_layers - 1) * (ways * shown + shown)
        narrowing = shown * hidden * p.num_layers if shown != hidden else 0
        return product((2 * ways * (gates * hidden * wide + narrowing), time))

    return rule


def _text(module: str) -> Torch:
    """How the layer is built, and called with the states that are wired."""
    lstm = module == "nn.LSTM"

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        build = build_text(
            module,
            inputs[0].shape[2],
            p.hidden_size,
            num_layers=(p.num_layers, 1),
            nonlinearity=(getattr(p, "nonlinearity", "tanh"), "tanh"),
            bias=(p.bias, True),
            batch_first=(True, False),
            dropout=(p.dropout, 0.0),
            bidirectional=(p.bidirectional, False),
            proj_size=(getattr(p, "proj_size", 0), 0),
        )
        if lstm and "h0" in p.wired:
            return build, "{self}({x}, ({h0}, {c0}))"
        return build, ""

    return Torch(text=text, targets="{y}, ({h}, {c})" if lstm else "")


_X = Port("x", "N T F", doc="A sequence: time steps of features.")
_H0 = Port("h0", "L N H", optional=True, doc="The state to start from; zeros when nothing is wired.")
_C0 = Port("c0", "L N H", optional=True, doc="The memory to start from; zeros when nothing is wired.")
_OUTPUT = Port("y", "N T H", doc="What the last layer says at each step.")
_STATE = Port("h", "L N H", doc="The last state of each layer, and direction.")
_CELL = Port("c", "L N H", doc="The last memory of each layer, and direction.")
_PARAMS: tuple[Param, ...] = (
    Int("hidden_size", 64, "Numbers in the state, so in each output.", label="State size", min=1, max=2**24),
    Int("num_layers", 1, "Layers stacked one on the other.", label="Layers", min=1, max=256),
    Bool(
        "bidirectional",
        False,
        "Reads the sequence from both ends; outputs are twice as wide.",
        label="Both directions",
        essential=False,
    ),
    Float(
        "dropout",
        0.0,
        "Share of the numbers between stacked layers that are set to 0 in training.",
        label="Dropout",
        essential=False,
        min=0,
        max=1,
    ),
    Bool("bias", True, "Add learned constants.", label="Bias", essential=False),
)
_DIFFERS = {
    "input_size": NOT_TYPED,
    "batch_first": "always on: the batch is the first axis everywhere here",
}

LSTM = LayerSpec(
    name="LSTM",
    category=Category.SEQUENCE,
    summary="Reads a sequence step by step with a memory that gates write, keep and erase.",
    formula=r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)",
    inputs=(_X, _H0, _C0),
    outputs=(_OUTPUT, _STATE, _CELL),
    params=(
        *_PARAMS,
        Int(
            "proj_size",
            0,
            "Narrows what each step gives and hands on to so many numbers; 0 leaves it as it is.",
            label="Output size",
            essential=False,
            min=0,
            max=2**24,
        ),
    ),
    shape=_lstm_shape,
    weights=_weights(GATES["LSTM"]),
    flops=_flops(GATES["LSTM"]),
    torch=_text("nn.LSTM"),
    source="Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; forget gate: Gers et al., 2000",
    onnx="LSTM, one for each layer; a narrowed output can't be exported.",
    kept_back={"proj_size": "ONNX's LSTM has no projection."},
    traits=_TRAITS,
    examples=(
        Example({"hidden_size": 128}, (("N", 64, 32),), ("N", 64, 128), 82944),
        Example(
            {"hidden_size": 8, "num_layers": 2, "bidirectional": True},
            (("N", "T", 4),),
            ("N", "T", 16),
            2560,
        ),
        Example(
            {"hidden_size": 8},
            (("N", 6, 4), (1, "N", 8), (1, "N", 8)),
            ("N", 6, 8),
            448,
        ),
    ),
    short="{hidden_size}",
    keywords=("recurrent", "memory", "text", "time series", "sequence", "bilstm", "lstmProjected", "nn.LSTM"),
    pitfalls="Clip the gradient at about 1; for one answer a sequence take the last step with Select.",
    torch_name="nn.LSTM",
    differs=_DIFFERS,
)

GRU = LayerSpec(
    name="GRU",
    category=Category.SEQUENCE,
    summary="Reads a sequence like an LSTM, with two gates and no separate memory.",
    formula=r"h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}",
    inputs=(_X, _H0),
    outputs=(_OUTPUT, _STATE),
    params=_PARAMS,
    shape=_shape,
    weights=_weights(GATES["GRU"]),
    flops=_flops(GATES["GRU"]),
    torch=_text("nn.GRU"),
    source="Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014",
    onnx="GRU with linear_before_reset.",
    traits=_TRAITS,
    examples=(
        Example({"hidden_size": 16}, (("N", 24, 1),), ("N", 24, 16), 912),
        Example({"hidden_size": 5, "bias": False}, (("N", "T", 3),), ("N", "T", 5), 120),
        Example({"hidden_size": 6}, (("N", 7, 2), (1, "N", 6)), ("N", 7, 6), 180),
    ),
    short="{hidden_size}",
    keywords=("recurrent", "gate", "time series", "sequence", "nn.GRU"),
    pitfalls="A quarter cheaper than an LSTM and often as good.",
    torch_name="nn.GRU",
    differs=_DIFFERS,
)

RNN = LayerSpec(
    name="RNN",
    category=Category.SEQUENCE,
    summary="Reads a sequence step by step; each state depends on the one before.",
    formula=r"h_t = \tanh(W_x x_t + W_h h_{t-1} + b)",
    inputs=(_X, _H0),
    outputs=(_OUTPUT, _STATE),
    params=(
        *_PARAMS,
        Choice(
            "nonlinearity",
            "tanh",
            "The activation of the state.",
            label="Activation",
            essential=False,
            options=("tanh", "relu"),
        ),
    ),
    shape=_shape,
    weights=_weights(GATES["RNN"]),
    flops=_flops(GATES["RNN"]),
    torch=_text("nn.RNN"),
    source="Elman, Finding Structure in Time, 1990",
    onnx="RNN.",
    traits=_TRAITS,
    examples=(
        Example({"hidden_size": 16}, (("N", 24, 1),), ("N", 24, 16), 304),
        Example({"hidden_size": 4, "num_layers": 2}, (("N", "T", 3),), ("N", "T", 4), 76),
        Example({"hidden_size": 6}, (("N", 7, 2), (1, "N", 6)), ("N", 7, 6), 60),
    ),
    short="{hidden_size}",
    keywords=("recurrent", "Elman", "SimpleRNN", "sequence", "nn.RNN"),
    pitfalls="Forgets after some ten steps; LSTM and GRU were made to mend that.",
    torch_name="nn.RNN",
    differs=_DIFFERS,
)

LAYERS = (LSTM, GRU, RNN)
