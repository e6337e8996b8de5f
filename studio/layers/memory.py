"""LSTMs that torch lacks: over pictures (ConvLSTM), and with gates that look at the memory (peepholes)."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Int
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_CONV_CELL = '''
class ConvLSTMCell(nn.Module):
    """One step of an LSTM whose states are pictures: x (N, C, H, W), h and c (N, hidden, H, W)."""

    def __init__(self, channels: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, kernel, padding="same")

    def forward(
        self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        if h is None or c is None:
            h = c = x.new_zeros(x.shape[0], self.hidden, *x.shape[2:])
        i, f, g, o = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
'''
_CONV = '''
class ConvLSTM(nn.Module):
    """Reads pictures one after the other.

    x (N, T, C, H, W) -> all states (N, T, hidden, H, W), the last h and c.
    """

    def __init__(self, channels: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.cell = ConvLSTMCell(channels, hidden, kernel)

    def forward(
        self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        states = []
        for step in x.unbind(1):
            h, c = self.cell(step, h, c)
            states.append(h)
        return torch.stack(states, 1), h, c
'''
_PEEP_CELL = '''
class PeepholeLSTMCell(nn.Module):
    """One step of an LSTM whose gates see the memory: x (N, F), h and c (N, hidden)."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Linear(features + hidden, 4 * hidden)
        self.peep = nn.Parameter(torch.empty(3, hidden).uniform_(-0.1, 0.1))

    def forward(
        self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        if h is None or c is None:
            h = c = x.new_zeros(x.shape[0], self.hidden)
        i, f, g, o = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        to_i, to_f, to_o = self.peep
        kept = torch.sigmoid(f + to_f * c) * c
        c = kept + torch.sigmoid(i + to_i * c) * torch.tanh(g)
        return torch.sigmoid(o + to_o * c) * torch.tanh(c), c
'''
_PEEP = '''
class PeepholeLSTM(nn.Module):
    """Reads a sequence: x (N, T, F) -> all states (N, T, hidden), the last h and c."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.cell = PeepholeLSTMCell(features, hidden)

    def forward(
        self, x: Tensor, h: Tensor | None = None, c: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        states = []
        for step in x.unbind(1):
            h, c = self.cell(step, h, c)
            states.append(h)
        return torch.stack(states, 1), h, c
'''
_GERS = "Gers and Schmidhuber, Recurrent Nets that Time and Count, 2000, eq. 3 to 8"
_SHI = "Shi et al., Convolutional LSTM Network, 2015, eq. 3, without the peepholes"


def _states(p: SimpleNamespace, inputs: Specs, state: TensorSpec) -> None:
    if ("h" in p.wired) != ("c" in p.wired):
        only = "h" if "h" in p.wired else "c"
        raise ShapeError(
            "an LSTM starts from a state and a memory, but only {port} is wired: wire both or none",
            (("unplug", only),),
            port=only,
        )
    for given in inputs[1:]:
        if given.shape != state.shape:
            raise ShapeError(
                "the state before must be {wanted}, but it is {given}",
                wanted=show(state.shape),
                given=show(given.shape),
            )


def _kind(name: str, summary: str, pitfalls: str, examples: tuple[Example, ...]) -> LayerSpec:
    """The record of one of the four: over pictures or rows, one step or a whole sequence."""
    conv, whole = name.startswith("Conv"), not name.endswith("Cell")
    inside = ("C H W" if conv else "F").split()
    first = 2 if whole else 1  # the axis of channels or features

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        x = inputs[0]
        fixed(x.shape[first], inside[0])
        if whole:
            fixed(x.shape[1], "T")
        state = TensorSpec((x.shape[0], p.hidden, *x.shape[first + 1 :]), x.dtype)
        _states(p, inputs, state)
        steps = TensorSpec((x.shape[0], x.shape[1], *state.shape[1:]), x.dtype)
        return (steps, state, state) if whole else (state, state)

    def weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
        taken = fixed(inputs[0].shape[first], inside[0]) + p.hidden
        window = (p.kernel_size, p.kernel_size) if conv else ()
        found: dict[str, tuple[int, ...]] = {} if conv else {"peep": (3, p.hidden)}
        found |= {"gates.weight": (4 * p.hidden, taken, *window), "gates.bias": (4 * p.hidden,)}
        return {f"cell.{name}": size for name, size in found.items()} if whole else found

    def flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
        x = inputs[0].shape
        places = x[first + 1 :] if conv else ()
        steps = (x[1],) if whole else ()
        window = p.kernel_size**2 if conv else 1
        return product((8 * p.hidden * window, x[first] + p.hidden, *places, *steps))

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        sizes = (p.hidden, p.kernel_size) if conv else (p.hidden,)
        return build_text(name, inputs[0].shape[first], *sizes), ""

    axes = "N T " * whole + "N " * (not whole) + " ".join(inside)
    held = " ".join(("N K", *inside[1:]))
    what = "pictures" if conv else "features"
    hidden = Int("hidden", 64, "Channels or numbers in the state.", label="State size", min=1, max=2**20)
    kernel = Int(
        "kernel_size", 3, "Height and width of a filter.", unit="px", label="Kernel size", min=1, max=31
    )
    states = (
        Port(
            "h",
            held,
            doc="The last state." if whole else "The state after the step, which is the answer too.",
        ),
        Port("c", held, doc="The last memory." if whole else "The memory after the step."),
    )
    x_doc = f"A sequence of {what}." if whole else f"The {what} of one step."
    every = (Port("y", f"N T {held[2:]}", doc="The state after each step."),) if whole else ()
    cell = _CONV_CELL if conv else _PEEP_CELL
    return LayerSpec(
        name=name,
        category=Category.SEQUENCE,
        summary=summary,
        formula=r"c' = f \odot c + i \odot g, \quad h' = o \odot \tanh(c')"
        + (
            r", \quad f = \sigma(w_f \star [x; h] + b_f)"
            if conv
            else r", \quad f = \sigma(W_f [x; h] + p_f \odot c)"
        ),
        inputs=(
            Port("x", axes, doc=x_doc),
            Port("h", held, optional=True, doc="The state before; zeros when nothing is wired."),
            Port("c", held, optional=True, doc="The memory before; zeros when nothing is wired."),
        ),
        outputs=(*every, *states),
        params=(hidden, kernel) if conv else (hidden,),
        shape=shape,
        weights=weights,
        flops=flops,
        torch=Torch(text=text, support=(cell, _CONV if conv else _PEEP) if whole else (cell,)),
        source=_SHI if conv else _GERS,
        onnx="Conv, activations and arithmetic." if conv else "Gemm, activations and arithmetic.",
        traits=Traits(learned=True),
        examples=examples,
        short="{hidden}",
        keywords=("recurrent", "memory", "gate", "ConvLSTM2D", "video", "nowcasting")
        if conv
        else ("recurrent", "memory", "gate", "peephole", "timing"),
        pitfalls=pitfalls,
        group="" if whole else "One step",
    )


CONV_LSTM = _kind(
    "ConvLSTM",
    "Reads pictures one after the other with a memory that is a picture too.",
    "Each step waits for the one before, and every state is kept for learning: short clips of small pictures.",
    (
        Example({"hidden": 4}, (("N", 3, 2, 6, 5),), ("N", 3, 4, 6, 5), 880),
        Example(
            {"hidden": 3, "kernel_size": 1},
            (("N", 2, 1, 4, 4), ("N", 3, 4, 4), ("N", 3, 4, 4)),
            ("N", 2, 3, 4, 4),
            60,
        ),
    ),
)
CONV_LSTM_CELL = _kind(
    "ConvLSTMCell",
    "One step of an LSTM over pictures: new state and memory from a picture and those before.",
    "Put it in a Scan, which hands the state on; ConvLSTM reads a whole sequence by itself.",
    (
        Example({"hidden": 4}, (("N", 2, 6, 5),), ("N", 4, 6, 5), 880),
        Example(
            {"hidden": 3, "kernel_size": 1},
            (("N", 1, 4, 4), ("N", 3, 4, 4), ("N", 3, 4, 4)),
            ("N", 3, 4, 4),
            60,
        ),
    ),
)
PEEPHOLE_LSTM = _kind(
    "PeepholeLSTM",
    "Reads a sequence like an LSTM whose gates see the memory itself, so it can time and count.",
    "Slower than LSTM, which runs all its steps in one call; take it where exact moments matter.",
    (
        Example({"hidden": 8}, (("N", 5, 6),), ("N", 5, 8), 504),
        Example({"hidden": 4}, (("N", 2, 3), ("N", 4), ("N", 4)), ("N", 2, 4), 140),
    ),
)
PEEPHOLE_LSTM_CELL = _kind(
    "PeepholeLSTMCell",
    "One step of an LSTM whose gates see the memory: new state and memory from those before.",
    "Put it in a Scan, which hands the state on; PeepholeLSTM reads a whole sequence by itself.",
    (
        Example({"hidden": 8}, (("N", 6),), ("N", 8), 504),
        Example({"hidden": 4}, (("N", 3), ("N", 4), ("N", 4)), ("N", 4), 140),
    ),
)
LAYERS = (CONV_LSTM, PEEPHOLE_LSTM, CONV_LSTM_CELL, PEEPHOLE_LSTM_CELL)
